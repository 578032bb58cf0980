"""The review: what candidates would change, looked at on a terminal, accepted or rejected by one key."""
