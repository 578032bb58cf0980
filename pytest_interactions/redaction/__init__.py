"""What must never reach the disk, and how it is taken out. Pure functions only."""
