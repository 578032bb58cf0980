"""The guard, which is in force where no cassette is: no call to the API goes by unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_interactions.api.hosts import is_allowed
from pytest_interactions.cassette import messages
from pytest_interactions.cassette.matching import is_api
from pytest_interactions.errors import InteractionsError, UnseenRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.recording import Recording
    from pytest_interactions.cassette.tape import Tape

_Error = TypeVar("_Error", bound=InteractionsError)


class Guard:
    """Stands where a test's cassette is not: in its wider fixtures, of which each may have a cassette of its own.

    Attributes:
        replays: Whether the test replays.
        failures: The errors that the guard has raised, which the app may have swallowed.
    """

    def __init__(
        self,
        *,
        replays: bool,
        allowed: Sequence[str],
        fixture: Callable[[], tuple[str, str]],
        note: Callable[[str], None],
    ) -> None:
        """Guard a test.

        Args:
            replays: Whether the test replays, so that a call is refused; it is noted else.
            allowed: The hosts that may be reached all the same.
            fixture: Tells the fixture that runs, by its name and scope.
            note: Takes what is to be told at the end of the run.
        """
        self.failures: list[InteractionsError] = []
        self.replays = replays
        self._allowed = allowed
        self._fixture = fixture
        self._note = note

    def passes(self, host: str, port: int | None) -> bool:
        """Return whether a request to `host` may be sent in any case."""
        return bool(self._allowed) and is_allowed(host, port, self._allowed)

    def answer(self, live: Request) -> Tape | Recording | None:
        """Let a request pass, if it is none to the API; nothing is recorded.

        Raises:
            UnseenRequestError: It is, and the test replays.
        """
        __tracebackhide__ = True
        if not is_api(live):
            return None
        name, scope = self._fixture()
        if self.replays:
            raise self.failed_with(UnseenRequestError(messages.unseen(live, name, scope)))
        self._note(messages.unrecorded(live, name, scope))
        return None

    def refuse_socket(self, live: Request, client: str) -> None:  # noqa: ARG002 - a cassette says who opens it
        """Let a WebSocket be opened as `answer` lets a request pass, whoever opens it."""
        __tracebackhide__ = True
        self.answer(live)

    def failed_with(self, error: _Error) -> _Error:
        """Remember and return an error that the app may swallow."""
        self.failures.append(error)
        return error


if TYPE_CHECKING:
    #: What is asked for the answer to a request.
    Answering: TypeAlias = Cassette | Guard
