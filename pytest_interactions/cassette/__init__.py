"""The cassette in memory: its matching, record modes, recording and replay."""
