"""The reading and writing of cassette files: errors name the place, and nothing is ever lost."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.bounds import BODIES_IN_A_FILE, LARGEST_BODY, Room, larger
from pytest_interactions.errors import (
    CassetteFormatError,
    CassetteNotFoundError,
    CassetteWriteError,
    SecretLeakError,
    TooLargeError,
)
from pytest_interactions.files import convert, decisions, disk, items, layout, marks, media, pace, parsing, reading
from pytest_interactions.files.origin import UNKNOWN, Origin
from pytest_interactions.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.redaction.gate import Gate

#: The suffixes of cassettes in YAML; one in JSON can be named.
SUFFIXES: Final = (".yaml", ".yml")
DEFAULT_THRESHOLD: Final = Options().media_threshold
_RESTORE: Final = "restore it, or record it again with record mode 'rewrite'."


@dataclass(slots=True)
class Contents:
    """The contents of a cassette file.

    Attributes:
        exchanges: The exchanges.
        incomplete: Whether it is a first recording whose test failed.
        origin: When it was recorded, and by what.
        memo: What is computed of it once, by its kind.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    incomplete: bool = False
    origin: Origin = UNKNOWN
    memo: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)


def load(path: Path, limit: int = LARGEST_BODY) -> Contents:
    """Read a cassette: ours, or any vcrpy version 1 cassette, as YAML or JSON.

    Args:
        path: The file.
        limit: The bytes that a body may have when it is unpacked; a whole file may have some times as many.

    Raises:
        CassetteNotFoundError: There is no such file.
        CassetteFormatError: The file is not a cassette, is damaged, or was edited; the message names file, line and
            what to do.
        TooLargeError: The file, or what it unpacks to, is too large.
    """
    return loads(read_bytes(path, limit), path, limit)


def read_bytes(path: Path, limit: int = LARGEST_BODY) -> bytes:
    """Read the bytes of a cassette; the arguments and the errors are those of `load`.

    What a killed process has begun to put in its place is put there first.
    """
    raw = _read(path, limit)
    return _read(path, limit) if decisions.finish(path) else raw


def _read(path: Path, limit: int) -> bytes:
    try:
        return disk.read(path, limit * BODIES_IN_A_FILE)
    except (FileNotFoundError, NotADirectoryError):
        raise CassetteNotFoundError(f"{path}: no such cassette.") from None
    except OSError as error:
        raise CassetteFormatError(f"{path}: can't be read: {error.strerror}.") from None


def loads(raw: bytes, path: Path, limit: int = LARGEST_BODY, *, edited: bool = False) -> Contents:
    """Read the bytes of a cassette; errors are those of `load`, and name `path`.

    Args:
        raw: The bytes.
        path: The path for errors.
        limit: As `load` has it.
        edited: Whether edits are taken as they are; not so what no edit can mean, such as JSON that is cut short.
    """
    try:
        marked = reading.read(raw) or parsing.read(raw, limit)
        room = Room(limit)
        exchanges = [_opened(exchange, room) for exchange in marked.exchanges]
        damage = marks.damage(marked, exchanges, edited=edited)
        if damage is not None:
            meant = "" if edited else f" If you meant it: pytest-interactions check --fix {path}"
            raise _unusable(path, *damage, advice=_RESTORE + meant)
    except parsing.Unusable as error:
        raise _unusable(path, error.line, error.problem) from None
    except TooLargeError as error:
        raise TooLargeError(f"{path}: {error}. To read it, {larger(limit * 10)}") from None
    pace.read(marked.metadata, exchanges)
    return Contents(exchanges, incomplete=marked.incomplete, origin=Origin.read(marked.metadata))


def _opened(exchange: Exchange, room: Room) -> Exchange:
    """Return an exchange of a file with the body of its response decoded."""
    response = convert.decoded(exchange.response, room)
    return exchange if response is exchange.response else replace(exchange, response=response)


def save(
    path: Path,
    contents: Contents,
    gate: Gate,
    *,
    media_threshold: int = DEFAULT_THRESHOLD,
    written: Callable[[Exchange], bytes] = items.unwritten,
) -> None:
    """Write a cassette in one step, so that readers find the old file or the new one.

    One exchange at a time is laid out, checked by `gate` and written, so that a large cassette needs little more memory
    than its exchanges. Media above `media_threshold` bytes go to files of their own. What `written` returns is the text
    of an exchange as it was laid out before: it is taken if `gate` has checked it, and nothing has changed since.

    Raises:
        CassetteWriteError: The directory can't be written; the message says where the recording was kept, if it was.
        SecretLeakError: The gate refused a text; the message says why, and where the rest was kept.
    """
    try:
        write(path, contents, gate, media_threshold, written=written)
    except SecretLeakError as leak:
        kept = _keep_cleaned(path, contents, gate, media_threshold)
        found = str(leak).partition("\n")[2].split("\n")[0].strip()
        headline = f"not written, as it would hold {found}"
        raise SecretLeakError(f"{path} was not written, as {leak}\n{kept}", headline=headline) from None
    except OSError as error:
        elsewhere = _keep_elsewhere(path, contents, gate, media_threshold)
        kept = (
            f"The recording was kept in {elsewhere}: copy it to its place when that can be written, or record again."
            if elsewhere
            else "The next recording takes up what could be written of this one. Make room for it."
        )
        in_the_way = f" ({error.filename})" if error.filename and Path(error.filename).exists() else ""
        message = f"{path}: can't be written: {error.strerror}{in_the_way}. {kept}"
        raise CassetteWriteError(message, is_kept=elsewhere is not None) from error


def _keep_elsewhere(path: Path, contents: Contents, gate: Gate, media_threshold: int) -> Path | None:
    """Write a cassette to a new directory of this machine's temporary ones; return `None` if nothing can be written."""
    try:
        elsewhere = Path(tempfile.mkdtemp(prefix="pytest-interactions-")) / path.name
        write(elsewhere, contents, gate, media_threshold)
    except OSError:
        return None
    return elsewhere


def _keep_cleaned(path: Path, contents: Contents, gate: Gate, media_threshold: int) -> str:
    option = "@pytest.mark.interactions(redact=['$.input[0].email'])"
    advice = (
        f"name these, or a pattern or JSON path for them, with the option redact, as in {option}, and record again."
    )
    aside = path.with_name(f"{path.stem}.redacted.yaml")
    disk.not_a_link(aside)
    try:
        written = write(aside, contents, gate, media_threshold, edit=gate.cleaned)
        if not written:
            aside.unlink()
    except OSError:
        written = 0
    if not written:
        return f"To get on, {advice}"
    return f"It was kept in {aside} with these replaced or left out: look at it, and put it in its place; or {advice}"


def write(  # noqa: PLR0913 - the two last are of one caller each
    path: Path,
    contents: Contents,
    gate: Gate,
    media_threshold: int,
    *,
    edit: Callable[[str], str] | None = None,
    written: Callable[[Exchange], bytes] = items.unwritten,
) -> int:
    """Write the media, then the text that refers to them; delete what is left over. Return the number of exchanges.

    What killed processes have left is deleted too, so whoever writes must hold the lock of `path`. If `edit` is given,
    it changes each text, and exchanges that the gate refuses even then are left out.

    Raises:
        SecretLeakError: The gate refused a text; nothing was written.
        OSError: The directory can't be written; the file is as it was.
    """
    paces: Sequence[Exchange | items.Item] = contents.exchanges
    if edit is None:
        made: Iterable[items.Item] = items.checked(contents.exchanges, gate, media_threshold, written)
    else:
        made = list(items.edited(contents.exchanges, gate, media_threshold, edit))
        paces = made
    count, origin = len(paces), _without_secrets(contents.origin, gate)
    for left in disk.temporaries(path):
        left.unlink(missing_ok=True)
    directory = media.directory_of(path)
    files: dict[str, bytes] = {}
    used: set[str] = set()
    with disk.replacing(path) as file:
        seconds, times = [each.seconds for each in paces], [each.times for each in paces]
        head = layout.head(count, incomplete=contents.incomplete, origin=origin, seconds=seconds, times=times)
        file.write(head.encode())
        for item in made:
            files |= item.media
            used |= media.references_in(item.text)
            file.write(item.text)
        for name, data in files.items():
            if not (directory / name).exists():
                with disk.replacing(directory / name) as medium:
                    medium.write(data)
    media.delete(directory, keep=used | media_of_others(path))
    return count


def _without_secrets(origin: Origin, gate: Gate) -> Origin:
    """Return an origin redacted; what the gate refuses even so is left out, as no reader needs it."""
    if origin == UNKNOWN:
        return origin
    redacted = origin.redacted(gate.text)
    try:
        gate.check_text(0, "\n".join([redacted.by, redacted.client, redacted.api_revision, *redacted.models]))
    except SecretLeakError:
        return Origin(recorded=origin.recorded)
    return redacted


def remove(path: Path) -> None:
    """Delete a cassette with its media, and what killed processes have left; whoever asks must hold its lock."""
    for file in disk.temporaries(path):
        file.unlink()
    media.delete(media.directory_of(path), keep=media_of_others(path))
    path.unlink(missing_ok=True)


def media_of_others(path: Path) -> set[str]:
    """Return the names of the media to which cassettes refer that share its directory, as `x.json` with `x.yaml`."""
    directory = media.directory_of(path)
    if not directory.is_dir():
        return set()
    beside = {directory.with_name(directory.stem + suffix) for suffix in (*SUFFIXES, ".json", "")} - {path}
    sharing = [each for each in beside if each.is_file() and media.directory_of(each) == directory]
    return set().union(*(media.references_in(disk.read(each)) for each in sharing))


def signature(path: Path) -> tuple[int, ...] | None:
    """Return a value that changes when the file is changed or replaced; `None` if there is no file.

    It begins with the time of the file, and the time of its entry, which no copy takes over.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _unusable(path: Path, line: int, problem: str, advice: str = "") -> CassetteFormatError:
    advice = advice or "restore it, or record it again with record mode 'rewrite'."
    return CassetteFormatError(f"{path}:{line}: {problem}. The file was left as it is: {advice}", line=line)
