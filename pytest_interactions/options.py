"""The options, their permitted values and the order of their sources; no other module decides on these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from pytest_interactions.conversions import (
    Speed,
    boolean,
    choice,
    chunking,
    count,
    days,
    faults,
    function,
    items,
    listed,
    names,
    near,
    pace,
    size,
    text,
    url,
)
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


class Options(NamedTuple):  # a dataclass takes three times as long to make, at each start of pytest
    """All options of one cassette, validated.

    `chunking` is `"event"`, `"whole"` or a number of bytes; `pace` is in seconds, or a speed; `max_age` is in days,
    `media_threshold` and `max_size` are in bytes.
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
    pace: float | Speed = 0.0
    fault: tuple[Any, ...] = ()
    wording: Wording = Wording.IGNORE
    fail_on: FailOn = FailOn.CHANGED
    samples: int = 1
    max_requests: int | None = None
    max_tokens: int | None = None
    media_threshold: int = 64 * 1024
    max_size: int = 128 * 2**20
    store: str = ""
    store_media: bool = False
    before_record_request: Callable[[Any], Any] | None = None
    before_record_response: Callable[[Any], Any] | None = None
    normalize_request: Callable[[Any], Any] | None = None

    @property
    def matched_by(self) -> tuple[str, ...]:
        """Return what a recording must share with a request that it matches; in a sequence that is the default."""
        return DEFAULT_MATCH_ON if self.match_on == SEQUENCE else self.match_on

    def __repr__(self) -> str:
        secret = ("redact", "store")  # the URL of a store may have a login in it, and a failing test prints all this
        shown = {name: value for name, value in self._asdict().items() if name not in secret}
        return f"Options({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def _match_on(value: Any) -> tuple[str, ...]:
    given = names(value)
    known = (*MATCHERS, *SEQUENCE)
    for name in given:
        if name not in known:
            raise OptionError(f"{name!r} is not one of {listed(known)}{near(name, known)}")
    if SEQUENCE[0] in given and given != SEQUENCE:
        raise OptionError("'sequence' stands alone: recordings answer in their order, whatever else a request says")
    if not given:
        raise OptionError(f"it is empty, so every request would match; name some of {listed(MATCHERS)}")
    return given


def _samples(value: Any) -> int:
    number = count(value)
    if number is None or number > MOST_SAMPLES:
        raise OptionError(f"{value!r} is not a number from 1 to {MOST_SAMPLES}")
    return number


class Spec(NamedTuple):
    """The conversion, help text and kind of one option.

    `word`: what stands for its value in the help. `adds`: all sources add to it. `several`: it is a list, but the last
    source wins. `on`: it is a switch. `flag`: the command line and the ini file have it.
    """

    convert: Callable[[Any], Any]
    help: str = ""
    adds: bool = False
    several: bool = False
    on: bool = False
    flag: bool = True
    word: str = ""


SPECS: Final[Mapping[str, Spec]] = {
    "record_mode": Spec(
        choice(RecordMode),
        "what is replayed and recorded: none (default), once, new_episodes, all, rewrite, off or verify",
        word="MODE",
    ),
    "cassette_dir": Spec(text, "directory of the cassettes, below the test's project (default: cassettes)", word="DIR"),
    "match_on": Spec(
        _match_on,
        f"what a recording must share with a request, some of: {', '.join(MATCHERS)}, or sequence alone "
        f"(default: {','.join(DEFAULT_MATCH_ON)})",
        several=True,
        word="WHAT",
    ),
    "unplayed": Spec(
        choice(Unplayed),
        "recorded exchanges that the test did not ask for: fail (default), warn or ignore",
        word="RESULT",
    ),
    "differing": Spec(
        choice(Differing),
        "requests that differ from the recordings that answered them in sequence: fail (default) or warn",
        word="RESULT",
    ),
    "lint": Spec(
        choice(Lint), "what the API would refuse of the test's requests: warn (default), error or off", word="RESULT"
    ),
    "max_age": Spec(
        days,
        "how old a replayed cassette may be, in days or weeks, as in 90, 90d or 12w (default: any age)",
        word="DAYS",
    ),
    "stale": Spec(
        choice(Stale),
        "what is replayed and older than max_age, or of a retired model: warn (default) or fail",
        word="RESULT",
    ),
    "retired_models": Spec(
        names,
        "names of models and agents that are no more, with models/ before them or not, in any case",
        adds=True,
        word="NAMES",
    ),
    "keep_headers": Spec(names, "names of headers to keep beside the usual ones", adds=True, word="NAMES"),
    "redact": Spec(
        items,
        "more to take out: a text, re:PATTERN, or a JSON path such as $.input[0].email; one a line",
        adds=True,
        word="WHAT",
    ),
    "rules": Spec(
        items,
        "more rules for keys: a file in gitleaks's format, from the rootdir on, or detect-secrets; one a line",
        adds=True,
        word="RULES",
    ),
    "skip_rules": Spec(
        names, "ids of rules for keys that are not to be used, as a finding shows them", adds=True, word="IDS"
    ),
    "allowed_hosts": Spec(
        names,
        "what is reached in every mode and never recorded: a host, host:port, or *.example.com",
        adds=True,
        word="HOSTS",
    ),
    "recorded_hosts": Spec(
        names,
        "addresses of the test's own servers that are recorded though they are not the API's",
        adds=True,
        word="HOSTS",
    ),
    "fast_forward": Spec(boolean, "skip sleeps and time-outs during replay", on=True, word="BOOL"),
    "fast_sdk": Spec(
        boolean, "keep, during replay, what google-genai makes anew at each call (default: true)", on=True, word="BOOL"
    ),
    "chunking": Spec(
        chunking,
        "how a replayed stream arrives, in chunks of: event (default), whole, or a number of bytes",
        word="SIZE",
    ),
    "pace": Spec(
        pace,
        "how fast replayed answers come: recorded, a factor of that such as 4x, or seconds between the events of a "
        "stream (default: 0)",
        word="PACE",
    ),
    "fault": Spec(
        faults,
        "what goes wrong during replay: such as 'error: 429, retry_after: 30, on: 2', or storm",
        several=True,
        word="FAULT",
    ),
    "wording": Spec(
        choice(Wording), "verify: how much of texts is compared: ignore (default), similar or same", word="HOW"
    ),
    "fail_on": Spec(
        choice(FailOn),
        "verify: the severity that fails a test: breaking, changed (default), cosmetic or never",
        word="SEVERITY",
    ),
    "samples": Spec(
        _samples, "verify: how often a test may run until its behaviour is the recorded one (default: 1)", word="N"
    ),
    "max_requests": Spec(
        count, "verify: live requests of the whole run, after which none is sent (default: any)", word="N"
    ),
    "max_tokens": Spec(
        count, "verify: tokens of the whole run, after which no request is sent (default: any)", word="N"
    ),
    "media_threshold": Spec(
        size, "bytes above which media in base64 go to files beside the cassette (default: 65536)", word="BYTES"
    ),
    "max_size": Spec(
        size,
        "bytes that the bodies of a cassette may have when they are unpacked (default: 134217728); its file may have "
        "eight times as many",
        word="BYTES",
    ),
    "store": Spec(url, "URL of the cassettes that are not in the tree, as fsspec has it (default: none)", word="URL"),
    "store_media": Spec(boolean, "keep media alone in the store, and cassettes in the tree", on=True, word="BOOL"),
    "before_record_request": Spec(
        function, "a function that changes a request, or returns None to let it through unrecorded", flag=False
    ),
    "before_record_response": Spec(
        function, "a function that changes a response, or returns None to drop its exchange", flag=False
    ),
    "normalize_request": Spec(function, "a function that changes a request where it is compared", flag=False),
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
        known = "" if closest(name, SPECS) else f" Options: {listed(SPECS)}."
        raise OptionError(f"{source}: there is no option {name!r}{near(name, SPECS)}{known}")
    try:
        return SPECS[name].convert(value)
    except OptionError as error:
        raise OptionError(f"{source}: {name}: {error}") from None
