"""What recording and replaying cost, measured beside the others; `make benchmark` runs all of it."""
