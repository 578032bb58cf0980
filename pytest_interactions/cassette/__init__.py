"""What answers a request from its recordings, or records it on the side."""
