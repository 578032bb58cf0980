"""The type of the argument `--port`, for `emulate` and `serve`."""

from argparse import ArgumentTypeError


def port(text: str) -> int:
    """Return `text` as the number of a TCP port.

    Raises:
        ArgumentTypeError: The number is out of range.
        ValueError: The text is no number.
    """
    number = int(text)
    if not 0 <= number < 2**16:
        raise ArgumentTypeError(f"{text} is no port: give a number from 0 to 65535")
    return number
