"""The messages of a cassette's errors, but for the longest one: that of a miss, which `closest` has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_interactions.api.hosts import DEFAULT_PORTS
from pytest_interactions.api.paths import split
from pytest_interactions.cassette.differences import brief, title
from pytest_interactions.cassette.matching import is_api

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Request

#: Lines of one kind in a message, as nobody reads more.
SHOWN: Final = 7


def unsupported(client: str, host: str, port: int | None) -> str:
    """Say that a request was sent by a `client` that nothing is recorded of."""
    return (
        f"A request to {host}:{port} was refused: it was sent by {client} itself, of which nothing can be recorded or "
        f"replayed. Send it by httpx, say, or let it through in every mode: {_allowing(f'{host}:{port}')}."
    )


def websocket(live: Request, client: str) -> str:
    """Say that a WebSocket was refused, and nothing sent, as nothing is recorded of what this `client` opens."""
    url = split(live.uri)
    origin = f"{url.hostname}:{url.port or DEFAULT_PORTS.get(url.scheme)}"
    return (
        f"A WebSocket to {origin} was refused, and nothing was sent: it was opened by {client}, of which no message "
        "can be recorded or replayed. Open it by websockets.asyncio.client or websockets.sync.client, or give the app "
        f"the address of the fixture interactions_server. Or let it through in every mode: {_allowing(origin)}."
    )


def too_old(host: str, port: int | None) -> str:
    """Say that a WebSocket was refused, as the library that opens it is too old to be recorded."""
    return (
        f"A WebSocket to {host}:{port} was refused: nothing of it can be recorded by this version of websockets. "
        "Update that library, to 13.1 at least."
    )


def blocked(host: str) -> str:
    """Say that a connection to `host` was refused during replay."""
    return (
        f"A connection to {host} was refused: this test replays, and needs no network. If it must reach that host, say "
        f"so: {_allowing(host)}."
    )


def _allowing(host: str) -> str:
    return f"@pytest.mark.interactions(allowed_hosts={host!r})"


def several(cassettes: Iterable[Path]) -> str:
    """Say that a request may be any of these open `cassettes`', and what makes it one's."""
    names = ", ".join(map(str, cassettes))
    return (
        f"Several cassettes are open at once ({names}), and the code that sent this request is inside of none: it runs "
        "in a thread or task that was begun before them, so nothing tells whose request it is. Begin the thread or "
        "task inside the `with use_cassette(...)` block that it works for, or open one cassette around all of them."
    )


def unseen(live: Request, fixture: str, scope: str) -> str:
    """Say that a wider fixture's request to the API was refused, and which fixture has a cassette for it.

    Args:
        live: The request.
        fixture: The name of the fixture that is being set up; "" where none is.
        scope: Its scope.
    """
    who = f"the {scope}-scoped fixture {fixture} sends" if fixture else "a fixture sends after its set-up"
    return (
        f"{title(live)} was refused: no cassette sees what {who}, so it would go to the API in each run. "
        f"To have it recorded and replayed, {_seen(fixture, scope)}."
    )


def unrecorded(live: Request, fixture: str, scope: str) -> str:
    """Say that a wider fixture's request to the API was sent, and not recorded; the arguments are those of `unseen`."""
    who = f"the {scope}-scoped fixture {fixture}" if fixture else "a fixture after its set-up"
    return f"{title(live)} of {who} was sent and not recorded, and its replay will be refused: {_seen(fixture, scope)}"


def _seen(fixture: str, scope: str) -> str:
    """Say what makes a wider fixture's requests be seen. One of pytest's own, such as `setUpClass`, begins with `_`."""
    ask = f"ask for the fixture {scope}_interactions"
    if not fixture:
        return f"let that fixture {ask} (or the one of its own scope)"
    return f"let {fixture} {ask}" if not fixture.startswith("_") else f"send it in a fixture of yours, and there {ask}"


def again(rerecord: str) -> str:
    """Say how to go on where the app and a cassette differ: by the command `rerecord`, if the app is right."""
    return f"If the app is wrong, mend it. To record it again: {rerecord}"


def not_found(
    live: Request,
    *,
    cassette: Path,
    record: str,
    looked_in: Sequence[Path] = (),
    hints: Sequence[str] = (),
) -> str:
    """Say that there is no cassette for `live` yet, where it was looked for, and where it may be (see `elsewhere`)."""
    lines = [f"There is no cassette {cassette} yet, and this request needs one:", "", f"  {title(live)}", ""]
    if len(looked_in) > 1:
        lines.append(f"It was looked for in {' and in '.join(map(str, looked_in))}.")
    return "\n".join([*lines, *hints, *([""] if hints or lines[-1] else []), f"To record it: {record}"])


def elsewhere(namesakes: Sequence[Path], lock_file: Path | None) -> list[str]:
    """Say where a cassette that is not there may be: at other paths, or in the store of a lock file that names it."""
    moved = [f"One of that name is {path}. If it is this test's, move it, or set cassette_dir." for path in namesakes]
    if lock_file is None:
        return moved
    return [*moved, f"{lock_file} names it, so it is in a store: set the option store to the URL of that."]


def read_too_far(request: Request, *, cassette: Path, rerecord: str) -> str:
    """Say that the app reads the answer to `request` further than it was recorded."""
    return (
        f"{cassette}: the response to {request.method} {request.uri} was recorded only up to here: the app stopped "
        f"reading when it was recorded, and now reads on. To record it again: {rerecord}"
    )


def read_on(request: Request, *, cassette: Path) -> str:
    """Say that the app reads the answer to `request` on, though the cassette has closed."""
    return (
        f"{cassette} has closed, and the response to {request.method} {request.uri} is read on: what would come now is "
        "neither recorded nor replayed. Read it, or close it, inside the `with use_cassette(...)` block or the test."
    )


def too_late(request: Request, *, cassette: Path) -> str:
    """Say that `request` was begun inside of a cassette that has closed before it was sent."""
    return (
        f"{title(request)} was refused: it was begun inside of {cassette}, which has closed meanwhile. Join the "
        "thread, or await the task, inside the `with use_cassette(...)` block or the test."
    )


def unfinished(requests: Sequence[Request], *, cassette: Path, finished: int) -> str:
    """Say that somebody waits for the responses to `requests`, though the cassette closes; so many are `finished`."""
    listed = "\n".join(f"  {_asked(request)}" for request in requests)
    kept = f" What had finished is kept, exchanges: {finished}." if finished else ""
    return (
        f"{cassette}: at its end somebody still waits for the response to:\n{listed}\n\n"
        "Join the thread, or await the task, that has sent it (and close a stream that is not read to its end), inside "
        f"the `with use_cassette(...)` block or the test.{kept}"
    )


def forked(request: Request, *, cassette: Path) -> str:
    """Say that `request` of a forked process was refused, and how its requests are recorded and replayed."""
    return (
        f"{title(request)} was refused: a process sent it that was forked while {cassette} was open, and of such a "
        "process nothing is recorded or replayed. Give the test the fixture interactions_server, and let the child "
        "begin with os.environ.update(interactions_server.env), as "
        "multiprocessing.Pool(initializer=os.environ.update, initargs=(interactions_server.env,)) does."
    )


def already_open(cassette: Path) -> str:
    """Say that a cassette is opened a second time, and may be written at both ends."""
    return (
        f"{cassette} is open already in this process, and is recorded: each of the two would have a part of the "
        "traffic, and none could be replayed. Leave out the inner `with use_cassette(...)`, or give it another path."
    )


def unplayed(requests: Mapping[int, Request], of: int, *, cassette: Path, rerecord: str) -> str:
    """Say that the test did not ask for recorded `requests`, which are redacted; numbers are from 0, `of` so many."""
    listed = _indented([f"exchange {number + 1}: {_asked(each)}" for number, each in requests.items()])
    head = f"{cassette}: {len(requests)} of {of} recorded exchanges were not asked for:"
    return "\n".join([head, *listed, "", again(rerecord)])


#: How requests that differ pass; a test that says so already is not told.
MEANWHILE: Final = 'To pass meanwhile: @pytest.mark.interactions(differing="warn")'


def differing(lines: Sequence[str], count: int, *, cassette: Path, rerecord: str) -> str:
    """Say in `lines` what differs between `count` requests and the recordings that answered them in sequence."""
    number = f"{count} requests differ" if count > 1 else "1 request differs"
    head = f"{cassette}: {number} from what was recorded with the answers that were played:"
    return "\n".join([head, *(f"  {line}" for line in lines), "", again(rerecord), MEANWHILE])


def first_of(lines: Sequence[str], more: str = "more lines; --full-trace shows all") -> list[str]:
    """Return as many lines as a person reads, the last one saying how many `more` there are."""
    if len(lines) <= SHOWN + 1:
        return list(lines)
    return [*lines[:SHOWN], f"... and {len(lines) - SHOWN} {more}"]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in first_of(lines, "more")]


def _asked(request: Request) -> str:
    """Return what a request asks, in a few words: what is put in to the API, and of others the address."""
    if not is_api(request):
        return f"{request.method} {request.uri}"
    body = request.unparsed().json()
    asked = body.get("input") if isinstance(body, dict) else None
    return title(request) if asked is None else f"{title(request)}, input: {brief(asked)}"


def stale(concerns: Sequence[str], *, cassette: Path, rerecord: str) -> str:
    """Say what speaks against a cassette that was replayed, and how it is recorded again."""
    return f"{cassette} may not be what the API answers today: {'; '.join(concerns)}.\n\nTo record it again: {rerecord}"


def drifted(findings: Sequence[str], *, cassette: Path, rerecord: str) -> str:
    """Say how a live run differs from its recording, and how it is recorded again."""
    head = f"{cassette}: the live run differs from the recording:"
    return "\n".join([head, *_indented(findings), "", f"If what it does now is right, record it again: {rerecord}"])


def budget(request: Request, spent: str) -> str:
    """Say that a request was not sent, as what may be spent is used up."""
    return (
        f"{title(request)} was not sent: {spent}, and the tests of this run have used that up. What is left is not "
        "verified. Allow more, or verify fewer tests at once."
    )


def placeholder(request: Request, where: str, *, rerecord: str) -> str:
    """Say that `request` was not sent, as there is a placeholder at `where` in it: of redaction, or of a key."""
    head = f"{request.method} {request.uri.partition('?')[0]} was not sent: {where} holds a placeholder"
    if where.startswith("$"):  # in the body
        return (
            f"{head} that redaction put there, not the real value, so the API would refuse it. It came from the "
            f"cassette. Record a conversation as a whole, from its first turn: {rerecord}"
        )
    return (
        f"{head}, which stands for a real value that this run has not, so the API would refuse it. Set GEMINI_API_KEY, "
        "or log in to Google Cloud and name the project. Without either, `pytest-interactions emulate` is a local API."
    )


#: The attributes of vcrpy's cassette that tests read, and their replacements here.
OF_VCRPY: Final = {
    "data": "exchanges",
    "dirty": "record_mode and exchanges",
    "filter_request": "the option before_record_request",
    "play_count": "exchanges, or all_played",
    "play_counts": "exchanges, or all_played",
    "requests": "exchanges, each with its request",
    "responses": "exchanges, each with its response",
    "responses_of": "exchanges",
    "rewind": "a cassette opened anew: each test begins with nothing played",
    "rewound": "all_played",
    "write_protected": "replays_only",
}


def of_vcrpy(name: str) -> str:
    """Say that an attribute of vcrpy's cassette is missing, and name its replacement."""
    return f"this is no cassette of vcrpy's, so it has no {name!r}; use {OF_VCRPY[name]}."
