"""The exit statuses of all commands."""

from enum import IntEnum


class Status(IntEnum):
    """An exit status; the worse of two is the greater."""

    OK = 0
    #: `scan` or `redact` leaves a secret in a file, `adopt` leaves something to do, a section of the demo fails, or two
    #: cassettes differ that `show` or `diff` compares.
    FOUND = 1
    #: Something could not be done, read or saved.
    FAILED = 2
