"""The exit statuses of all commands."""

from enum import IntEnum


class Status(IntEnum):
    """How a command ended; of two the worse one is the greater."""

    OK = 0
    #: A secret is in a file, or the demo differs from what was expected.
    FOUND = 1
    #: Something could not be done, read or saved.
    FAILED = 2
