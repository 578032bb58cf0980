"""The Interactions API: its messages, streams and models. No I/O happens here."""
