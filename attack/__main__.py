"""Plants secrets in traffic, counts those that would be written, and fails if there are any.

With `harmless`, it runs texts without a secret instead, and counts those that redaction changes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attack import recordings, suite
from attack.table import Table, put_between

if TYPE_CHECKING:
    from attack.judge import Planted

_FEW: Final = 50  # of which one is planted where only a few are wanted


def main() -> int:
    """Run the attack, print its table and what leaked, and return the status."""
    parser = argparse.ArgumentParser(prog="python -m attack", description=__doc__)
    parser.add_argument(
        "part", nargs="?", choices=[*suite.SIZES, "recordings", "harmless"], help="only this; default: all"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks in this file")
    parser.add_argument("--quick", action="store_true", help="plant few secrets, for development")
    parser.add_argument("--show", type=int, default=5, metavar="N", help="show up to N leaks of each class")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="plant other secrets than those of seed 0")
    chosen = parser.parse_args()
    if chosen.part == "harmless":
        from attack import harmless

        return harmless.run()
    table = Table()
    _attack(table, chosen.part, _FEW if chosen.quick else 1, chosen.seed)
    _say(table.text())
    _show(table.leaks, chosen.show)
    if chosen.write:
        page = put_between(chosen.write.read_text("utf-8"), table.text())
        chosen.write.write_text(page, encoding="utf-8")
    return 1 if table.leaks else 0


def _attack(table: Table, part: str | None, divisor: int, seed: int) -> None:
    for name, size in suite.SIZES.items():
        if part in (None, name):
            for judge, exchanges in suite.batches(name, size // divisor, seed):
                for planted in exchanges:
                    table.add(planted, judge.outcome(planted))
    if part in (None, "recordings"):
        recordings.run(table, divisor, seed)


def _show(leaks: list[Planted], most: int) -> None:
    shown: dict[str, int] = {}
    for planted in leaks:
        shown[planted.row] = shown.get(planted.row, 0) + 1
        if shown[planted.row] <= most:
            _say(f"\nLEAK {planted.row} ({planted.kind}): {planted.secret!r}\n{excerpt(planted)}")


def excerpt(planted: Planted) -> str:
    """Return all of an exchange, as Python."""
    request, response, cut = planted.exchange.request, planted.exchange.response, planted.exchange.cut
    sent = f"  {request.method} {request.uri!r} {request.headers} {request.body!r}"
    received = f"  {response.status} {response.reason!r} {response.headers} {response.body!r}"
    return f"{sent}\n{received}" + (f"\n  {cut}" if cut else "")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command prints


if __name__ == "__main__":
    sys.exit(main())
