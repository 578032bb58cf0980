"""`pytest-interactions demo`."""
