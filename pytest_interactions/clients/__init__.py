"""The HTTP clients whose traffic is recorded and replayed, and which cassette is in force for them."""
