"""The arguments that `emulate` and `serve` share: where they listen, and to whom."""

from argparse import ArgumentParser, ArgumentTypeError


def add_listening(parser: ArgumentParser) -> None:
    """Declare the port, and who is let in."""
    parser.add_argument("--port", type=port, default=0, help="TCP port; 0 (default) chooses a free one")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name of this server that callers may use, NAME or NAME:PORT; may be given several times",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="a web page that may use this server, such as http://localhost:5173; may be given several times",
    )


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
