"""The review: what candidates would change, and how both sides of a conflict differ, looked at on a terminal, accepted or rejected by one key."""
