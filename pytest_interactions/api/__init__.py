"""What the Interactions API is: its messages, streams and models. No I/O happens here."""
