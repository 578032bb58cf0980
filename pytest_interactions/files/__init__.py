"""A cassette on the disk: its text, its media, and how they are written without loss."""
