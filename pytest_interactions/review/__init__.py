"""The review: candidates and conflicts, looked at on a terminal, accepted or rejected by one key."""
