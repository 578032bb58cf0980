"""The cassette, which answers a request from its recordings or records it."""

from __future__ import annotations

from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, TypeVar

from pytest_interactions.api.hosts import is_allowed
from pytest_interactions.cassette import judging, linting, messages
from pytest_interactions.cassette.account import Account
from pytest_interactions.cassette.filters import Filters
from pytest_interactions.cassette.index import Index
from pytest_interactions.cassette.life import BEGINNING, Life
from pytest_interactions.cassette.matching import is_websocket
from pytest_interactions.cassette.pacing import Pacing
from pytest_interactions.cassette.player import Player
from pytest_interactions.cassette.record_mode import AppliedMode, recovered
from pytest_interactions.cassette.recorded import Recorded
from pytest_interactions.cassette.recorder import Recorder
from pytest_interactions.cassette.refusals import Refusals
from pytest_interactions.cassette.sleeps import Sleeps
from pytest_interactions.cassette.sockets import Sockets
from pytest_interactions.cassette.tape import Tape
from pytest_interactions.cassette.timeline import Timeline
from pytest_interactions.cassette.uses import Use
from pytest_interactions.cassette.verifying import Verification
from pytest_interactions.cassette.view import View
from pytest_interactions.errors import CassetteFormatError, InteractionsError, UnsupportedClientError
from pytest_interactions.files import media
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import placeholder_in
from pytest_interactions.store.found import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_interactions.api.delays import Delays
    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.recording import Recording
    from pytest_interactions.options import Options, RecordMode
    from pytest_interactions.redaction.secrets import Secrets

_Error = TypeVar("_Error", bound=InteractionsError)


class Cassette(View):
    """The recorded traffic of one test, and the test's view of it.

    Attributes:
        path: The cassette's file, whether it exists or not.
        file: The file that is read: that one, or what there is of it in the cache of a store.
        media: The directory in which its large media are.
        record_mode: The record mode of `options`.
        options: The options of this cassette.
        failures: The errors that this cassette has raised, which the app may have swallowed.
        sleeps: The test's sleeps during replay.
        redactor: What takes the secrets out.
        account: What became of its exchanges.
        sockets: The recorded WebSockets that it plays.
        sequence: Its recordings that answer in their order (see the option `match_on`).
        verification: What compares a live run with the recording; `None` in other record modes than `verify`.
        recovered: Notes on recordings of killed processes that were put in their place.
    """

    def __init__(  # noqa: PLR0913 - a cassette is opened in one step
        self,
        path: Path,
        options: Options,
        secrets: Secrets,
        *,
        rerecord: Callable[[], str],
        begun: int | None = None,
        shared: bool = False,
        projects: Sequence[Path] = (),
        found: Found | None = None,
    ) -> None:
        """Open the cassette at `path`.

        Args:
            path: The cassette's file.
            options: The options of this cassette.
            secrets: The values that must not reach the disk; this cassette adds those of live requests.
            rerecord: Makes the command that records this cassette anew, for errors.
            begun: The start of this run, in nanoseconds as the times of files tell it. All tests record into a file
                that was written later.
            shared: Whether several tests use the cassette, so that each leaves the others' exchanges unplayed.
            projects: The directories whose cassettes it was looked for among, named where there is none.
            found: Where it is read, if it may be in a store.

        Raises:
            CassetteFormatError: The file exists and is no cassette.
        """
        self.path = path
        found = found or Found(path, media.directory_of(path))
        self.file = found.file
        self.options = options
        self.record_mode: RecordMode = options.record_mode
        self.failures: list[InteractionsError] = []
        self._filters = Filters(options, secrets)
        self.redactor = self._filters.redactor
        gate = Gate(self.redactor)
        self._projects = projects
        self._lock = RLock()
        self.media = found.media
        self._timeline = Timeline()
        self._bypassed: set[str] = set()
        self._life = Life(path)
        self.recovered = recovered(path, gate, options)
        self._mode = AppliedMode.at(path, options.record_mode, found, begun=begun, limit=options.max_size)
        self._index = Index(
            Recorded.of(self._mode.old),
            redacted=self._filters.redact_request,
            key=self._filters.key,
            state=self._filters.state,
        )
        self._refusals = Refusals(path, self._index, self._filters, rerecord=rerecord)
        self._player = Player(path, self._index, self._mode, self._filters, refusals=self._refusals, options=options)
        self.sequence, self.overrides, self.faults = self._player.sequence, self._player.overrides, self._player.faults
        self._recorder = Recorder(
            self._mode, self._filters, gate, media_threshold=options.media_threshold, outlived=self._life.outlived
        )
        self.account = Account(
            self._index,
            self._recorder,
            self._mode,
            filters=self._filters,
            refusals=self._refusals,
            faults=self.faults,
            options=options,
            shared=shared,
        )
        self.sockets = Sockets(
            self._index,
            self._filters,
            self._refusals,
            options,
            directory=self.media,
            mode=self._mode,
            faults=self.faults,
            failures=self.failures,
        )
        self.sleeps = Sleeps(skip=options.fast_forward)
        self.verification = Verification.of(self, self._mode, self._refusals, shared=shared)

    # --- the test's view ---

    @property
    def exchanges(self) -> list[Exchange]:
        """Return the test's requests so far with their responses, redacted, in the order of the requests."""
        return list(map(self.whole, self._timeline.copies()))

    @property
    def asked(self) -> list[Exchange]:
        """Return the same to look at only, with references to media that are in files of their own."""
        return self._timeline.exchanges()

    @property
    def all_played(self) -> bool:
        """Return whether the test asked for each recorded exchange."""
        return self.account.all_played

    @property
    def replays_only(self) -> bool:
        """Return whether nothing can be recorded, so that no network is needed."""
        return not self._mode.records

    def __len__(self) -> int:
        return len(self._index.exchanges) + len(self._recorder.exchanges())

    def __repr__(self) -> str:
        count = len(self.asked)
        return f"<cassette {self.path}: {count} exchange{'' if count == 1 else 's'}, record mode {self.record_mode}>"

    # --- playing and recording ---

    def bypass(self, origin: str) -> None:
        """Let requests to `origin` (`host:port`) through without playing or recording them."""
        self._bypassed.add(origin)

    def passes(self, host: str, port: int | None) -> bool:
        """Return whether a request to `host` bypasses the cassette."""
        allowed = self.options.allowed_hosts
        return f"{host}:{port}" in self._bypassed or (bool(allowed) and is_allowed(host, port, allowed))

    def answer(self, live: Request, *, is_to_api: bool = False) -> Tape | Recording | None:
        """Find the recorded response to a request, or begin to record the request.

        Args:
            live: The request.
            is_to_api: Whether it is known to be for the API, be that on this machine.

        Returns:
            A `Tape` to replay; a `Recording` if the request must be sent; `None` if it must be sent and no record is
            wanted of it, as a `before_record_request` hook says, or as it goes to a server of the test's own.

        Raises:
            CassetteNotFoundError: There is no cassette, and none may be made.
            CassetteMissError: There is no recording, and none may be made.
            ForkedError: This process was forked from the one that has opened the cassette.
            PlaceholderError: The request must be sent and carries a redaction placeholder.
            UnfinishedError: The cassette has closed.
        """
        __tracebackhide__ = True
        if not self._life.goes_on:
            request = self._filters.redact_request(live)
            return None if request is None or self._filters.is_beside(live) else self._life.refuse(request)
        is_played = not (self._mode.is_made_now and is_websocket(live))  # all handshakes of a run are equal
        if is_played and self._player.is_literal:
            self._filters.learn(live)
            with self._lock:
                played = self._player.literally(live)
                if played is not None:
                    return self._play(*played)
        request = self._filters.keep_request(live)
        if request is None:
            return None
        with self._lock:
            played = self._player.take(request) if is_played else None
            if played is not None:
                return self._play(*played)
            if not is_to_api and self._filters.is_beside(live):
                return None
            self._must_record(live, request)
            recording = self._recorder.begin(request, live.headers)
            self._timeline.add(recording)
            self._life.add(recording)
            return recording

    def _play(self, number: int, exchange: Exchange, delays: Delays | None = None) -> Tape:
        use = Use(exchange.request, self._life.outlived)
        self._life.add(use)
        dialogue = self.sockets.begin(number, exchange, use) if exchange.response.has_messages else None
        self._timeline.add(dialogue or exchange)
        if delays is not None:
            self.faults.late(number, use)
        return Tape(
            exchange=exchange,
            options=self.options,
            directory=self.media,
            remember=self.failed_with,
            read_too_far=self._refusals.read_too_far,
            lost_patience=partial(self._lost_patience, number),
            use=use,
            pacing=Pacing.of(exchange, self.options.pace, delays),
            dialogue=dialogue,
        )

    def _lost_patience(self, number: int) -> None:
        with self._lock:
            self.faults.lost_patience(number)

    def whole(self, exchange: Exchange) -> Exchange:
        """Return the exchange with its media in it; raise `CassetteFormatError` if a file is missing or was altered."""
        try:
            return media.whole(exchange, self.media)
        except CassetteFormatError as error:
            raise self.failed_with(error) from None

    def redacted(self, text: str) -> str:
        """Return `text` without secrets, as it would be recorded."""
        return self._filters.redactor.text(text)

    def failed_with(self, error: _Error) -> _Error:
        """Remember and return an error that the app may swallow."""
        self.failures.append(error)
        return error

    def _must_record(self, live: Request, request: Request) -> None:
        """Raise an error if the request must not be sent."""
        __tracebackhide__ = True
        if not self._mode.records:
            raise self.failed_with(self._missed(request))
        where = placeholder_in(live)
        if where is not None and (self._mode.keeps or self.verification is not None):
            raise self.failed_with(self._refusals.placeholder(request, where))
        if self.verification is not None:
            self.verification.before(request)

    def refuse_socket(self, live: Request, client: str) -> None:
        """Refuse a WebSocket of which no message can be recorded, if it would be recorded were it a request.

        Args:
            live: The request that opens it.
            client: What opens it: the name of a library.

        Raises:
            UnsupportedClientError: It is the cassette's.
        """
        __tracebackhide__ = True
        if self._filters.redact_request(live) is not None and not self._filters.is_beside(live):
            raise self.failed_with(UnsupportedClientError(messages.websocket(live, client)))

    def _missed(self, request: Request) -> InteractionsError:
        if self._mode.signature is None:
            return self.not_found(request)
        refused = linting.findings_in_next(request, self._timeline.exchanges(), self.options.lint)
        return self._refusals.missed(request, refused)

    def not_found(self, request: Request) -> InteractionsError:
        """Return the error for a request that needs a cassette, and has none."""
        return self._refusals.not_found(request, self._projects, self.options.cassette_dir)

    # --- the end ---

    @property
    def may_write(self) -> bool:
        """Return whether the file may be written at the end."""
        return self._mode.records and self._mode.keeps

    @property
    def is_open(self) -> bool:
        """Return whether it was opened in this process, and has not closed."""
        return self._life.goes_on

    def settle(self, is_at_work: Callable[[bool], bool]) -> None:
        """Wait before the end, for `life.PATIENCE` at most, for what was begun; what is unfinished then is a failure.

        Args:
            is_at_work: Tells whether threads that were begun inside, or works of pools, go on and may ask for more; of
                daemons too, if it is given `True`.
        """

        def may_ask(waited: float) -> bool:
            if self._mode.records:  # daemons often stay for ever, so they get the time to begin, and no more
                return is_at_work(waited < BEGINNING)
            return bool(self.account.missed_out()) and is_at_work(True)

        if self.is_open:
            for error in self._life.settle(may_ask, finished=lambda: self.may_write * len(self.account.recorded())):
                self.failed_with(error)

    def problem(self) -> InteractionsError | None:
        """Return an error that must fail the test: a swallowed one, or one of what was not played or not sent right."""
        if not self._life.is_here:
            return None  # who forked this process judges
        return judging.problem(self, self._timeline.exchanges())

    def findings(self) -> list[str]:
        """Return what the API would refuse of the test's requests so far, and where (see the option `lint`)."""
        return linting.findings(self._timeline.exchanges(), self.options.lint)

    def close(self, *, failed: bool) -> Path | None:
        """Save the recording; what is still used of it is not used any more.

        In a forked process nothing is, as all of it is the parent's. A first recording is saved even if the test
        `failed`, and a later run may continue it. A re-recording of a failed test is put beside the old file, which
        stays as it is.

        Returns:
            The file that was written; `None` if nothing was recorded.

        Raises:
            CassetteWriteError: The file can't be written; the message says where the recording was kept.
            SecretLeakError: The recording holds a secret; the message says where, and where the rest was kept.
        """
        if not self._life.is_here:
            return None
        self._life.end()
        if self.verification is not None:
            self.verification.end(failed=failed)
        return self._recorder.save(failed=failed)

    def withdraw(self) -> None:
        """Take what was saved back, if the test failed: it is run once more, and starts over."""
        self._recorder.withdraw()
