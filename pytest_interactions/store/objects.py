"""The objects of a store: their names, by which anybody can tell whether one is whole."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The directories of a store, and of a cache: cassettes, and the media files that they refer to.
CASSETTES: Final = "cassettes"
MEDIA: Final = "media"
_BEGUN: Final = re.compile(r"\.[0-9a-f]{32}\.tmp$")
_NAME: Final = re.compile(rf"{CASSETTES}/[0-9a-f]{{64}}\.yaml|{MEDIA}/[0-9a-f]{{32}}\.[a-z0-9]{{1,8}}")


def digest_of(data: bytes) -> str:
    """Return the digest by which a cassette with these bytes is named: SHA-256, in hexadecimal digits."""
    return sha256(data).hexdigest()


def of_cassette(digest: str) -> str:
    """Return the name of the object of a cassette with this digest."""
    return f"{CASSETTES}/{digest}.yaml"


def of_media(names: Iterable[str]) -> list[str]:
    """Return the names of the objects of media files, which are named by digests already."""
    return [f"{MEDIA}/{name}" for name in sorted(names)]


def is_name(name: str) -> bool:
    """Return whether an object may have this name, so that no other file of a store is taken for one."""
    return _NAME.fullmatch(name) is not None


def is_begun(name: str) -> bool:
    """Return whether a file of a store has the name of one that was to become an object when its process was killed."""
    return is_name(_BEGUN.sub("", name))


def is_whole(name: str, data: bytes) -> bool:
    """Return whether an object of this name has these bytes."""
    return digest_of(data).startswith(name.rpartition("/")[2].partition(".")[0])
