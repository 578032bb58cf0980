"""A torture of the whole package: processes killed, files damaged, hostile input, and what is drawn at random.

Each condition is a function in a module of its own.
"""

#: What a condition returns: how many cases it tried, and a line for each that failed.
Outcome = tuple[int, list[str]]


class NotHereError(Exception):
    """A condition can't be tried on this machine; the message says why."""
