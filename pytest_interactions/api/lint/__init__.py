"""What the API would refuse in a request, by the answers before it."""
