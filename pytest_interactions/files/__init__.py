"""A cassette on the disk: its text, its media, and the code that writes them without loss."""
