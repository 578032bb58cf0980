"""The port that `emulate` and `serve` are given."""

from argparse import ArgumentTypeError


def port(text: str) -> int:
    """Return the number of a TCP port; argparse says what is wrong with a text that is none."""
    number = int(text)
    if not 0 <= number < 2**16:
        raise ArgumentTypeError(f"{text} is no port: give a number from 0 to 65535")
    return number
