"""The reading and writing of cassette files: errors name the place, and nothing is ever lost."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from uuid import uuid4

import yaml
from filelock import FileLock

from pytest_interactions.api.digests import IN_MEDIA_NAME, hex_digest
from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError, CassetteWriteError, SecretLeakError
from pytest_interactions.files import convert, layout, media, reading
from pytest_interactions.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.redaction.gate import Gate

_CONFLICT: Final = re.compile(r"^(<{7}|>{7})( .*)?$", re.MULTILINE)
DEFAULT_THRESHOLD: Final = Options().media_threshold


@dataclass(slots=True)
class Contents:
    """The contents of a cassette file; `incomplete` marks a first recording whose test failed."""

    exchanges: list[Exchange] = field(default_factory=list)
    incomplete: bool = False


def load(path: Path) -> Contents:
    """Read a cassette: ours, or any vcrpy version 1 cassette, as YAML or JSON.

    Raises:
        CassetteNotFoundError: There is no such file.
        CassetteFormatError: The file is not a cassette; the message names file, line and what to do.
    """
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise CassetteNotFoundError(f"{path}: no such cassette.") from None
    except OSError as error:
        raise CassetteFormatError(f"{path}: can't be read: {error.strerror}.") from None
    return loads(raw, path)


def loads(raw: bytes, path: Path) -> Contents:
    """Read the bytes of a cassette; errors are those of `load`, and name `path`."""
    contents = reading.read(raw)
    if contents is not None:
        return Contents(*contents)
    text = _text(raw, path)
    try:
        data = convert.deserialized(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unusable(path, line, f"this is not YAML ({error.problem})") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _unusable(path, line, f"this is not YAML ({error.reason})") from None
    except ValueError as error:
        raise _unusable(path, 1, f"this is not YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(data, dict) or not isinstance(data.get("interactions"), list):
        raise _unusable(path, 1, "this is not a cassette (no list of interactions)")
    exchanges = []
    for number, item in enumerate(data["interactions"]):
        try:
            exchanges.append(convert.from_vcr_item(item))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            line = _line_of(text, number)
            raise _unusable(path, line, f"interactions[{number}] is not a recorded exchange ({error!r})") from None
    metadata = data.get("metadata")
    return Contents(exchanges, incomplete=isinstance(metadata, dict) and bool(metadata.get("incomplete")))


def save(path: Path, contents: Contents, gate: Gate, *, media_threshold: int = DEFAULT_THRESHOLD) -> None:
    """Write a cassette in one step, so that readers find the old file or the new one.

    One exchange at a time is laid out, checked by `gate` and written, so that a large cassette needs little more memory
    than its exchanges. Media above `media_threshold` bytes go to files of their own.

    Raises:
        CassetteWriteError: The directory can't be written; the message says where the recording was kept.
        SecretLeakError: The gate refused a text; the message says why, and where the rest was kept.
    """
    try:
        write(path, contents, gate, media_threshold)
    except SecretLeakError as leak:
        kept = _keep_cleaned(path, contents, gate, media_threshold)
        raise SecretLeakError(f"{path} was not written, as {leak}\n{kept}") from None
    except OSError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="pytest-interactions-")) / path.name
        write(elsewhere, contents, gate, media_threshold)
        raise CassetteWriteError(
            f"{path}: can't be written: {error.strerror}. The recording was kept in {elsewhere}: copy it to its place, "
            "or make the directory writable and record again."
        ) from error


def _keep_cleaned(path: Path, contents: Contents, gate: Gate, media_threshold: int) -> str:
    advice = "name these, or a pattern or JSON path for them, with the option redact, and record again."
    aside = path.with_name(f"{path.stem}.redacted.yaml")
    try:
        written = write(aside, contents, gate, media_threshold, edit=gate.cleaned)
        if not written:
            aside.unlink()
    except OSError:
        written = 0
    if not written:
        return f"To get on, {advice}"
    return f"It was kept in {aside} with these replaced or left out: look at it, and put it in its place; or {advice}"


def write(
    path: Path, contents: Contents, gate: Gate, media_threshold: int, edit: Callable[[str], str] | None = None
) -> int:
    """Write the media, then the text that refers to them; delete unused media last. Return the number of exchanges.

    If `edit` is given, it changes each text, and exchanges that the gate refuses even then are left out.

    Raises:
        SecretLeakError: The gate refused a text; nothing was written.
        OSError: The directory can't be written; the file is as it was.
    """
    written = 0
    directory = media.directory_of(path)
    files: dict[str, bytes] = {}
    used: set[str] = set()
    with replacing(path) as file:
        file.write(layout.head(incomplete=contents.incomplete, empty=not contents.exchanges).encode())
        for number, exchange in enumerate(contents.exchanges):
            redacted = gate.redact_again(exchange).unparsed()  # so that its parsed values are soon freed
            moved, new_files = media.extract(redacted, media_threshold)
            text = layout.exchange_text(moved)
            try:
                if edit is None:
                    gate.check(number, redacted, text)
                else:
                    text = edit(text)
                    gate.check_text(number, text)
                for data in new_files.values():
                    gate.check_text(number, data.decode("latin-1"))
            except SecretLeakError:
                if edit is None:
                    raise
                continue  # nothing can clean it, such as a compressed body; the rest is worth keeping
            files |= new_files
            used |= media.references(text)
            file.write(text.encode())
            written += 1
        for name, data in files.items():
            if not (directory / name).exists():
                with replacing(directory / name) as medium:
                    medium.write(data)
    _delete_media(directory, keep=used)
    return written


def remove(path: Path) -> None:
    """Delete a cassette with its media."""
    _delete_media(media.directory_of(path))
    path.unlink()


def _delete_media(directory: Path, keep: Container[str] = ()) -> None:
    """Delete the media files of `directory` but those to `keep`, and the directory if it is empty then."""
    for file in list(directory.iterdir()) if directory.is_dir() else ():
        if media.is_name(file.name) and file.name not in keep:
            file.unlink()
    with suppress(OSError):  # it does not exist, or there are files in it
        directory.rmdir()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that replaces `path` in one step at the end; make the directory if needed.

    Raises:
        OSError: The directory can't be written; `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:80]}.{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes of this machine from writing `path`; the lock is outside the project's directory."""
    directory = Path(tempfile.gettempdir()) / f"pytest-interactions-locks-{_user()}"
    directory.mkdir(exist_ok=True)
    with FileLock(directory / f"{hex_digest(os.fsencode(path.absolute()), IN_MEDIA_NAME)}.lock"):
        yield


def signature(path: Path) -> tuple[int, int, int] | None:
    """Return a value that changes when another process replaces the file; `None` if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "")


def _text(raw: bytes, path: Path) -> str:
    if not raw.strip():
        raise _unusable(path, 1, "the file is empty")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable(path, raw.count(b"\n", 0, error.start) + 1, "this is not UTF-8") from None
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        raise _unusable(path, line, "a merge conflict is left in the file")
    return text


def _unusable(path: Path, line: int, problem: str) -> CassetteFormatError:
    return CassetteFormatError(
        f"{path}:{line}: {problem}. The file was left as it is: restore it, or record it again with "
        "record mode 'rewrite'."
    )


def _line_of(text: str, number: int) -> int:
    """Return the line on which the item `number` of `interactions` begins; it is needed for errors only."""
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    items = next(value for key, value in root.value if key.value == "interactions")
    return int(items.value[number].start_mark.line) + 1
