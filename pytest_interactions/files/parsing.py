"""The reader of a cassette for what the quick one leaves: any YAML or JSON, with the line of what is wrong."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import yaml

from pytest_interactions.api import bounds
from pytest_interactions.files import convert, frames, media
from pytest_interactions.files.marks import Marked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.api.exchange import Exchange

_CONFLICT: Final = re.compile(r"^(<{7}|>{7})( .*)?$", re.MULTILINE)
_ALIAS: Final = re.compile(r"(?<![^\s\[{,])\*[^\s\[\]{},]")
_METHOD: Final = re.compile(r"[A-Z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, section 5.6.2, in upper case
_URI: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\x00-\x20\x7f/?#][^\x00-\x20\x7f]*")
_MARKS: Final = ("exchanges", "incomplete")
_CUT_BY: Final = ("app", "connection")
_MOST_OF_A_STATUS: Final = 999


class Unusable(Exception):  # noqa: N818 - what it says is part of an error's text
    """A text is no cassette: the line on which that shows, and what is wrong."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


class _Mapping(dict[Any, Any]):
    """A mapping of a YAML text, with the line on which it begins, from 1."""

    line = 1


def read(raw: bytes, limit: int) -> Marked:
    """Return what a cassette holds: ours or any vcrpy version 1 cassette, in YAML or in JSON.

    Raises:
        Unusable: The bytes are no cassette.
        TooLargeError: They stand for more than the bound.
    """
    text = _text(raw)
    data = _from_json(text) if text.lstrip().startswith("{") else None
    if data is None:
        data = _from_yaml(text, limit)
    if not isinstance(data, dict) or not isinstance(data.get("interactions"), list):
        raise Unusable(1, "this is not a cassette (no list of interactions)")
    if str(data.get("version", 1)) != "1":
        raise Unusable(1, f"this is a cassette of version {data['version']!r}, and 1 is the only one that is known")
    metadata = data["metadata"] if isinstance(data.get("metadata"), dict) else {}
    more = {name: value for name, value in metadata.items() if name not in _MARKS}
    marked = Marked(incomplete=bool(metadata.get("incomplete")), count=_count(metadata), metadata=more)
    for number, item in enumerate(data["interactions"]):
        line = getattr(item, "line", 1)
        try:
            exchange = _exchange(item)
        except ValueError as error:
            raise Unusable(line, f"interactions[{number}] is not a recorded exchange ({error})") from None
        marked.exchanges.append(exchange)
        marked.digests.append(str(item["digest"]) if "digest" in item else None)
        marked.lines.append(line)
    return marked


def _text(raw: bytes) -> str:
    if not raw.strip():
        raise Unusable(1, "the file is empty")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(raw.count(b"\n", 0, error.start) + 1, "this is not UTF-8") from None
    conflict = _CONFLICT.search(text)
    if conflict:
        raise Unusable(text.count("\n", 0, conflict.start()) + 1, "a merge conflict is left in the file")
    return text


# --- YAML and JSON ---


def _from_json(text: str) -> Any:
    """Return the value of JSON, which may have escapes that YAML lacks; `None` if the text is none."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError:
        return None
    except RecursionError:
        raise Unusable(1, "it is nested too deep") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise Unusable(1, f"the key {twice!r} is there twice")
    return found


def _from_yaml(text: str, limit: int) -> Any:
    try:
        bounds.check_depth(text)
        if _ALIAS.search(text):
            bounds.check_aliases(text, limit)
        return _reader()(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise Unusable(mark.line + 1 if mark else 1, f"this is not YAML ({error.problem})") from None
    except yaml.reader.ReaderError as error:
        raise Unusable(text.count("\n", 0, error.position) + 1, f"this is not YAML ({error.reason})") from None
    except (ValueError, TypeError, LookupError, AttributeError):  # of PyYAML, which a value surprises
        raise Unusable(1, "this is not YAML (a value can't be read)") from None
    except RecursionError:
        raise Unusable(1, "it is nested too deep") from None


def _mapping(loader: Any, node: yaml.MappingNode) -> Iterator[dict[Any, Any]]:
    """Construct a mapping, in the two steps that PyYAML wants; refuse what an editor of a cassette can't have meant."""
    found = _Mapping()
    found.line = node.start_mark.line + 1
    seen = set()
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if key.tag == "tag:yaml.org,2002:merge":
            raise Unusable(line, "merge keys (<<) are not read in cassettes: write out what they stand for")
        if isinstance(key.value, str) and key.value in seen:
            raise Unusable(line, f"the key {key.value!r} is there twice")
        seen.add(str(key.value))
    yield found
    found.update(loader.construct_mapping(node))


@lru_cache(maxsize=1)
def _reader() -> Callable[[str], Any]:
    return convert.yaml_reader(_mapping)


# --- one exchange ---


def _count(metadata: dict[Any, Any]) -> int | None:
    count = metadata.get("exchanges")
    if count is not None and type(count) is not int:
        raise Unusable(1, "metadata.exchanges is no number")
    return count


def _exchange(item: Any) -> Exchange:
    """Return an exchange; raise `ValueError`, which shows nothing of it, if it can't be one."""
    try:
        exchange = convert.from_vcr_item(item)
    except KeyError as error:
        raise ValueError(f"it has no {error}") from None
    except (TypeError, ValueError, AttributeError):
        raise ValueError("a part of it is not what it should be") from None
    if exchange.response.has_messages:
        exchange.response = exchange.response.with_body(frames.of_list(item.get(frames.KEY, [])))
    request, response, cut = exchange.request, exchange.response, exchange.cut
    if not _METHOD.fullmatch(request.method):
        raise ValueError("its method is none of HTTP's")
    if not is_url(request.uri):
        raise ValueError("its uri is no URL")
    if not 0 <= response.status <= _MOST_OF_A_STATUS:
        raise ValueError("its status is none of HTTP's")
    if cut is not None and cut.by not in _CUT_BY:
        raise ValueError(f"what cut it is not one of {', '.join(_CUT_BY)}")
    if media.is_misspelt(request.body) or media.is_misspelt(response.body):
        raise ValueError("a reference to a media file in it is misspelt")
    return exchange


def is_url(uri: str) -> bool:
    """Return whether `uri` is an absolute URL with a host, and with a port that there is, if it names one."""
    try:
        parts = urlsplit(uri)
        return bool(_URI.fullmatch(uri) and parts.hostname) and parts.port != 0
    except ValueError:  # of a bracket that nothing closes, or of a port out of range
        return False
