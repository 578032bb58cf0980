"""Makes all exchanges of the attack that need no server, in batches in which the same secrets are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from attack import bodies
from attack.credentials import credential
from attack.draw import generator
from attack.judge import Judge, Planted
from attack.keys import KINDS, key
from attack.odd_places import ODD_PLACES
from attack.places import PLACES, Place
from attack.signatures import signature
from attack.spellings import SPELLINGS, Spelling, folded, nested
from attack.streams import split
from attack.values import known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from attack.values import Secret

#: The families of secrets that any text may hold.
KNOWN: Final = "known value"
KEY: Final = "service's key"

#: How many are planted of each part, of 100 000 and more in all.
SIZES: Final = {"known": 46_000, "keys": 38_000, "split": 18_000, "signatures": 7_500, "logins": 8_000}
_BATCH: Final = 600
_OF_EACH_SOURCE: Final = 30
_FOLDS: Final = ("google-api-key",)  # a key of another kind has no fixed length, so that no one can tell where it ends


def batches(part: str, size: int, seed: int = 0) -> Iterator[tuple[Judge, Iterator[Planted]]]:
    """Yield judges, each with exchanges to judge, until `size` secrets are planted of a part of `SIZES`."""
    for number in range(0, size, _BATCH):
        dice = generator(part, number, seed)
        secrets, drawn = known(dice, _OF_EACH_SOURCE)
        numbers = range(number, min(number + _BATCH, size))
        yield Judge(secrets), (_planted(part, dice, drawn, n) for n in numbers)


def _planted(part: str, dice: Random, drawn: list[Secret], number: int) -> Planted:
    if part == "signatures":
        return signature(dice, number)
    if part == "logins":
        return credential(dice, number)
    is_key = part == "keys" or (part == "split" and number % 2 == 1)
    secret = key(dice, KINDS[number % len(KINDS)]) if is_key else dice.choice(drawn)
    family = KEY if is_key else KNOWN
    if part == "split":
        return split(dice, secret, family, number // 2)
    return _WAYS[number // (len(KINDS) if is_key else 1) % len(_WAYS)](dice, secret, family)


def _spelled(spelling: Spelling) -> Callable[[Random, Secret, str], Planted]:
    return lambda dice, secret, family: spelled(dice, secret, family, spelling)


def spelled(
    dice: Random, secret: Secret, family: str, spelling: Spelling, places: tuple[Place, ...] = PLACES
) -> Planted:
    """Plant a secret in an encoding at one of the places."""
    text, place = spelling.spell(dice, secret), dice.choice(places)
    while place.one_line and not (text.isascii() and text.isprintable()):
        place = dice.choice(places)
    return Planted(
        f"{family}, {spelling.name}",
        f"{secret.kind}, {place.name}",
        secret.value,
        place.put(dice, text),
        lambda item: (read for said in place.read(item) for read in spelling.read(said)),
    )


def _nested(dice: Random, secret: Secret, family: str) -> Planted:
    return spelled(dice, secret, family, nested(dice))


def _folded(dice: Random, secret: Secret, family: str) -> Planted:
    if family == KEY:
        secret = key(dice, dice.choice(_FOLDS))
    whole = Spelling("folded over lines", lambda dice, _: folded(dice, secret), lambda text: [text])
    return spelled(dice, secret, family, whole)


def _odd(dice: Random, secret: Secret, family: str) -> Planted:
    planted = spelled(dice, secret, family, dice.choice(SPELLINGS), ODD_PLACES)
    return replace(planted, row=f"{family}, in an odd place", kind=f"{planted.kind}, {planted.row}")


#: All ways to plant a secret in one text.
_WAYS: Final[tuple[Callable[[Random, Secret, str], Planted], ...]] = (
    *map(_spelled, SPELLINGS),
    *(_nested, _folded, _odd, bodies.unicode, bodies.ebcdic, bodies.compressed, bodies.media),
)
