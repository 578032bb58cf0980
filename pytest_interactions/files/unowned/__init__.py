"""Cassettes, media and snapshots that no test owns: found, and deleted.

`owned` is what the collected tests of a suite own, `search` finds what is left, `sources` tells what else in a project
may ask for a file, and `deleting` deletes. What is in doubt counts as owned.
"""
