"""What is told of a run, or of cassettes without one: plain JSON, of which a page or a text is made.

All texts in it are without secrets. It is equal for equal runs, but for the times.
"""

from __future__ import annotations

from typing import Any, TypedDict

#: A line and its kind, as `api.transcript.Line` has them; in JSON it is a list.
TextLine = tuple[str, str]


class Run(TypedDict):
    """A run of tests, or the cassettes that were asked for.

    Attributes:
        title: What it is of.
        begun: When it began, in UTC: `2026-01-31T12:00:00Z`; `None` for cassettes.
        seconds: How long it took; `None` for cassettes.
        collected: How many tests there were to run; `None` if nobody knows.
        ended: Why it ended early; `""` if it did not.
        tests: The tests in the order of their ids, or an entry for each cassette.
    """

    title: str
    begun: str | None
    seconds: float | None
    collected: int | None
    ended: str
    tests: list[Test]


class Test(TypedDict):
    """A test.

    Attributes:
        id: Its id, or the path of a cassette.
        outcome: One of `OUTCOMES`.
        seconds: How long its phases took together; `None` for a cassette.
        attempts: How often it was run.
        phases: What its last attempt was, phase by phase, with its subtests.
        cassettes: The cassettes that it used: its own first, then those of wider scopes and of blocks.
        snapshots: Its snapshots of steps that differ.
    """

    id: str
    outcome: str
    seconds: float | None
    attempts: int
    phases: list[Phase]
    cassettes: list[Traced]
    snapshots: list[Change]


#: The outcomes of tests, those first that a person looks for first. The last three are those of cassettes.
OUTCOMES = (
    "failed",
    "error",
    "interrupted",
    "xpassed",
    "passed",
    "xfailed",
    "skipped",
    "waits",
    "incomplete",
    "recorded",
)


class Phase(TypedDict):
    """A phase of a test, a subtest, or its collection.

    Attributes:
        name: `setup`, `call`, `teardown`, `collection`, or a subtest's description.
        outcome: What became of it.
        seconds: How long it took.
        headline: What it came to, in one line; `""` if it passed.
        lines: What the terminal shows of its failure, or why it was skipped.
    """

    name: str
    outcome: str
    seconds: float
    headline: str
    lines: list[TextLine]


class Traced(TypedDict):
    """What a cassette holds, or what a test has exchanged through it.

    Attributes:
        path: Its file, which may not exist.
        user: The fixture whose it is; `""` for a block or a cassette that nobody uses.
        record_mode: The record mode; `""` for a cassette without a test.
        content: What `report.content.report_of` returns.
        bodies: One for each exchange of `content`.
        signed: For each turn of `content`, the numbers of its steps that carry a signature, from 0.
        media: The media of its steps, by the digests that `content` has of them.
        missing: What could not be read of it, such as a media file; `""` if all is there.
        recorded: What the cassette holds, where a test that failed has exchanged something else.
        candidate: What waits beside it for review.
    """

    path: str
    user: str
    record_mode: str
    content: dict[str, Any]
    bodies: list[Bodies]
    signed: list[list[int]]
    media: dict[str, Medium]
    missing: str
    recorded: Traced | None
    candidate: Waiting | None


class Bodies(TypedDict):
    """What an exchange carried; `events` is empty unless it was streamed, and `waits` unless it is known when."""

    request: Body
    response: Body
    events: list[Events]
    waits: list[Wait]


class Wait(TypedDict):
    """The time before an event of a stream, or before several that came soon after one another.

    Attributes:
        event: The number of the first event that ended it, from 1.
        count: How many events there are.
        start: The seconds since the request until it began.
        seconds: How long it was.
    """

    event: int
    count: int
    start: float
    seconds: float


class Body(TypedDict):
    """A body as text, of which the end may be `left` out: so many characters."""

    text: str
    left: int


class Events(TypedDict):
    """Events of a stream that follow one another and are of one kind.

    Attributes:
        type: Their type.
        about: What they are of: a step's number and the kind of delta.
        number: The number of the first, from 1.
        count: How many they are.
        start: The bytes of the stream before them.
        bytes: Their bytes.
        text: The text that they brought, up to a length.
    """

    type: str
    about: str
    number: int
    count: int
    start: int
    bytes: int
    text: str


class Medium(TypedDict):
    """A picture, sound, film or document.

    Attributes:
        type: The type by which a browser shows it; `""` if it shows none.
        declared: The type that stands beside it, which may be any text.
        bytes: Its size.
        data: It itself in base64; `None` if it is too large, or a report has no room left for it.
    """

    type: str
    declared: str
    bytes: int
    data: str | None


class Change(TypedDict):
    """How a text differs: `lines` are those of a diff."""

    path: str
    lines: list[TextLine]


class Waiting(TypedDict):
    """A candidate that waits beside a cassette: a recording, with the snapshots that belong to it, or these alone.

    Attributes:
        path: Its file.
        is_recording: Whether there is a recording.
        accept: The command that accepts it.
        same: Whether the behaviour is the same.
        lines: How the behaviour differs.
        snapshots: How the snapshots that belong to it differ.
    """

    path: str
    is_recording: bool
    accept: str
    same: bool
    lines: list[TextLine]
    snapshots: list[Change]
