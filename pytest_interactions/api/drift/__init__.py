"""How a live run differs from its recording, by behaviour; no I/O."""
