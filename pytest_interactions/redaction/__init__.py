"""The removal of everything that must never reach the disk. Pure functions only."""
