"""The options, their permitted values and the order of their sources; no other module decides on these."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from itertools import chain
from typing import Any, Final, NamedTuple

from pytest_interactions.errors import OptionError, closest


class RecordMode(StrEnum):
    """The record modes: those of vcrpy, `rewrite` of pytest-recording, and two in which nothing is kept.

    Both run live. `verify` compares with the cassette by behaviour, `off` with nothing.
    """

    NONE = "none"
    ONCE = "once"
    NEW_EPISODES = "new_episodes"
    ALL = "all"
    REWRITE = "rewrite"
    OFF = "off"
    VERIFY = "verify"


#: The record modes in which all requests are sent, and nothing is kept.
LIVE: Final = (RecordMode.OFF, RecordMode.VERIFY)


class Unplayed(StrEnum):
    """The possible results of recorded exchanges that a test didn't ask for."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"


class Differing(StrEnum):
    """The possible results of requests that differ from the recordings which answered them in sequence."""

    FAIL = "fail"
    WARN = "warn"


class Stale(StrEnum):
    """The possible results of a replay that is older than `max_age`, or of models that are no more."""

    WARN = "warn"
    FAIL = "fail"


class Lint(StrEnum):
    """The possible results of requests that the API would refuse."""

    WARN = "warn"
    ERROR = "error"
    OFF = "off"


class Wording(StrEnum):
    """How much of the wording of texts is compared where a live run is verified."""

    IGNORE = "ignore"
    SIMILAR = "similar"
    SAME = "same"


class FailOn(StrEnum):
    """The severity from which on a difference from the recording fails a test."""

    BREAKING = "breaking"
    CHANGED = "changed"
    COSMETIC = "cosmetic"
    NEVER = "never"


#: The environment variables from which google-genai takes a key.
KEYS: Final = ("GEMINI_API_KEY", "GOOGLE_API_KEY")

#: The most times that one test is run live.
MOST_SAMPLES: Final = 100

MATCHERS: Final = ("method", "origin", "path", "query", "body", "scheme", "host", "port", "uri", "headers")
DEFAULT_MATCH_ON: Final = ("method", "origin", "path", "query", "body")
#: What stands alone in `match_on`: recordings answer in their order.
SEQUENCE: Final = ("sequence",)


_AGE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([dw]?)")


class Options(NamedTuple):  # a dataclass takes three times as long to make, at each start of pytest
    """All options of one cassette, validated.

    `chunking` is `"event"`, `"whole"` or a number of bytes; `pace` is in seconds, `max_age` in days, `media_threshold`
    and `max_size` are in bytes.
    The callables take and return vcrpy's types: a `vcr.request.Request`, or a response as vcrpy's dict. `None` means
    "do not record".
    """

    record_mode: RecordMode = RecordMode.NONE
    cassette_dir: str = "cassettes"
    match_on: tuple[str, ...] = DEFAULT_MATCH_ON
    unplayed: Unplayed = Unplayed.FAIL
    differing: Differing = Differing.FAIL
    lint: Lint = Lint.WARN
    max_age: float | None = None
    stale: Stale = Stale.WARN
    retired_models: tuple[str, ...] = ()
    keep_headers: tuple[str, ...] = ()
    redact: tuple[Any, ...] = ()
    rules: tuple[str, ...] = ()
    skip_rules: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    recorded_hosts: tuple[str, ...] = ()
    fast_forward: bool = False
    fast_sdk: bool = True
    chunking: str | int = "event"
    pace: float = 0.0
    wording: Wording = Wording.IGNORE
    fail_on: FailOn = FailOn.CHANGED
    samples: int = 1
    max_requests: int | None = None
    max_tokens: int | None = None
    media_threshold: int = 64 * 1024
    max_size: int = 128 * 2**20
    before_record_request: Callable[[Any], Any] | None = None
    before_record_response: Callable[[Any], Any] | None = None
    normalize_request: Callable[[Any], Any] | None = None

    @property
    def matched_by(self) -> tuple[str, ...]:
        """Return what a recording must share with a request that it matches; in a sequence that is the default."""
        return DEFAULT_MATCH_ON if self.match_on == SEQUENCE else self.match_on

    def __repr__(self) -> str:
        shown = {name: value for name, value in self._asdict().items() if name != "redact"}  # a failing test prints it
        return f"Options({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def _choice(kind: type[StrEnum]) -> Callable[[Any], StrEnum]:
    def convert(value: Any) -> StrEnum:
        try:
            return kind(value)
        except ValueError:
            raise OptionError(f"{value!r} is not one of {_listed(kind)}{_near(value, kind)}") from None

    return convert


def _names(value: Any) -> tuple[Any, ...]:
    """Return the names in a list, or in a text that separates them by commas or white space."""
    items = _items(value)
    if not all(isinstance(item, str) for item in items):
        raise OptionError(f"{value!r} is not a list of names")
    return tuple(" ".join(items).replace(",", " ").split())


def _items(value: Any) -> tuple[Any, ...]:
    """Return the items of a list, or of a text with one item on each line; an item may hold commas and spaces."""
    if isinstance(value, str):
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    if not isinstance(value, Iterable) or isinstance(value, bytes):
        raise OptionError(f"{value!r} is not a list")
    return tuple(chain.from_iterable(item.splitlines() if isinstance(item, str) else [item] for item in value))


def _match_on(value: Any) -> tuple[str, ...]:
    names = _names(value)
    known = (*MATCHERS, *SEQUENCE)
    for name in names:
        if name not in known:
            raise OptionError(f"{name!r} is not one of {_listed(known)}{_near(name, known)}")
    if SEQUENCE[0] in names and names != SEQUENCE:
        raise OptionError("'sequence' stands alone: recordings answer in their order, whatever else a request says")
    if not names:
        raise OptionError(f"it is empty, so every request would match; name some of {_listed(MATCHERS)}")
    return names


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in {"true", "yes", "on", "1", "", "false", "no", "off", "0"}:
        raise OptionError(f"{value!r} is neither true nor false")
    return text in {"true", "yes", "on", "1"}


def _chunking(value: Any) -> str | int:
    if str(value) in {"event", "whole"}:
        return str(value)
    if str(value).isdecimal() and int(value) > 0:
        return int(value)
    raise OptionError(f"{value!r} is not 'event', 'whole' or a number of bytes above 0")


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise OptionError(f"{value!r} is not a number of seconds") from None
    if not 0 <= seconds < float("inf"):
        raise OptionError(f"{value!r} is not a number of seconds from 0 up")
    return seconds


def _days(value: Any) -> float | None:
    if value is None:
        return None
    found = _AGE.fullmatch(str(value).strip())
    days = float(found[1]) * (7 if found[2] == "w" else 1) if found else 0.0
    if not days:
        raise OptionError(f"{value!r} is not a number of days above 0, such as 90, '90d' or '12w'")
    return days


def _size(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise OptionError(f"{value!r} is not a number of bytes")
    return int(value)


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).isdecimal() or not int(value):
        raise OptionError(f"{value!r} is not a number above 0")
    return int(value)


def _samples(value: Any) -> int:
    count = _count(value)
    if count is None or count > MOST_SAMPLES:
        raise OptionError(f"{value!r} is not a number from 1 to {MOST_SAMPLES}")
    return count


def _callable(value: Any) -> Callable[[Any], Any] | None:
    if value is not None and not callable(value):
        raise OptionError(f"{value!r} can't be called")
    return value  # type: ignore[no-any-return]


class Spec(NamedTuple):
    """The conversion, help text and kind of one option.

    `adds`: all sources add to it. `several`: it is a list, but the last source wins. `on`: it is a switch. `flag`: the
    command line and the ini file have it.
    """

    convert: Callable[[Any], Any]
    help: str = ""
    adds: bool = False
    several: bool = False
    on: bool = False
    flag: bool = True


SPECS: Final[Mapping[str, Spec]] = {
    "record_mode": Spec(_choice(RecordMode), "none (default), once, new_episodes, all, rewrite, off or verify"),
    "cassette_dir": Spec(
        lambda value: str(value).strip(), "directory of the cassettes, below the rootdir (default: cassettes)"
    ),
    "match_on": Spec(
        _match_on,
        f"what a recorded request must share (default: {','.join(DEFAULT_MATCH_ON)}), or sequence",
        several=True,
    ),
    "unplayed": Spec(_choice(Unplayed), "recorded exchanges not asked for: fail (default), warn or ignore"),
    "differing": Spec(
        _choice(Differing),
        "requests that differ from what answered them in sequence: fail (default) or warn",
    ),
    "lint": Spec(_choice(Lint), "requests that the API would refuse: warn (default), error or off"),
    "max_age": Spec(_days, "days that a replayed cassette may be old, as in 90, 90d or 12w (default: any number)"),
    "stale": Spec(_choice(Stale), "a replay older than max_age, or of a retired model: warn (default) or fail"),
    "retired_models": Spec(_names, "names of models and agents that are no more", adds=True),
    "keep_headers": Spec(_names, "names of headers to keep beside the usual ones", adds=True),
    "redact": Spec(_items, "more to redact: values, re:PATTERN or JSON paths, one a line", adds=True),
    "rules": Spec(_items, "more rules for keys: detect-secrets, or files in gitleaks's format, one a line", adds=True),
    "skip_rules": Spec(_names, "ids of rules for keys that are not to be used", adds=True),
    "allowed_hosts": Spec(_names, "hosts that may be reached, unrecorded, during replay too", adds=True),
    "recorded_hosts": Spec(_names, "addresses of this machine to record though they are not the API's", adds=True),
    "fast_forward": Spec(_boolean, "skip time.sleep and asyncio.sleep during replay", on=True),
    "fast_sdk": Spec(
        _boolean, "keep what google-genai makes anew at each call, during replay (default: true)", on=True
    ),
    "chunking": Spec(_chunking, "how replayed streams arrive: event (default), whole or a number of bytes"),
    "pace": Spec(_seconds, "seconds between the events of a replayed stream (default: 0)"),
    "wording": Spec(_choice(Wording), "verify: texts that are compared: ignore (default), similar or same"),
    "fail_on": Spec(
        _choice(FailOn), "verify: the severity that fails a test: breaking, changed (default), cosmetic or never"
    ),
    "samples": Spec(_samples, "verify: how often a test may run until its behaviour is the recorded one (default: 1)"),
    "max_requests": Spec(_count, "verify: live requests of the whole run, after which none is sent (default: any)"),
    "max_tokens": Spec(_count, "verify: tokens of the whole run, after which no request is sent (default: any)"),
    "media_threshold": Spec(_size, "bytes above which media go to a file beside the cassette (default: 65536)"),
    "max_size": Spec(_size, "bytes that a body in a cassette may have, unpacked (default: 134217728); a file, 8 times"),
    "before_record_request": Spec(_callable, flag=False),
    "before_record_response": Spec(_callable, flag=False),
    "normalize_request": Spec(_callable, flag=False),
}


_Source = tuple[str, Mapping[str, Any]]


def resolve(*sources: _Source) -> Options:
    """Return the options from sources, each a name for errors and its values; later sources win.

    Raises:
        OptionError: A name is unknown or a value can't be used. The message names the source and a similar name.
    """
    merged: dict[str, Any] = {}
    for source, values in sources:
        for name, value in values.items():
            converted = _convert(source, name, value)
            merged[name] = merged.get(name, ()) + converted if SPECS[name].adds else converted
    return Options(**merged)


def order(
    *, ini: Mapping[str, Any], config: Mapping[str, Any], flags: Mapping[str, Any], markers: Iterable[_Source]
) -> Options:
    """Resolve the options of one test: ini, then `interactions_config`, then flags, then markers.

    A marker describes its test, so it beats the command line. The record mode is the exception: the person who runs
    the tests decides whether they may touch the network.
    """
    sources = ("ini file", ini), ("interactions_config", config), ("command line", flags)
    record_mode = {name: value for name, value in flags.items() if name == "record_mode"}
    return resolve(*sources, *markers, ("command line", record_mode))


def _convert(source: str, name: str, value: Any) -> Any:
    if name not in SPECS:
        listed = "" if closest(name, SPECS) else f" Options: {_listed(SPECS)}."
        raise OptionError(f"{source}: there is no option {name!r}{_near(name, SPECS)}{listed}")
    try:
        return SPECS[name].convert(value)
    except OptionError as error:
        raise OptionError(f"{source}: {name}: {error}") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _near(value: Any, names: Iterable[str]) -> str:
    near = closest(value, names)
    return f"; did you mean {near!r}?" if near else "."
