"""What vcrpy's own stubs (requests, urllib3, aiohttp, …) ask of a cassette, answered by ours."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from vcr.cassette import Cassette as VcrCassette

from pytest_interactions.api.exchange import Exchange, Request
from pytest_interactions.cassette.recorder import Recording
from pytest_interactions.files import convert

if TYPE_CHECKING:
    from pytest_interactions.errors import StreamEndedError


class StubbedCassette(VcrCassette):  # type: ignore[misc] # vcrpy has no types
    """vcrpy's cassette with all that its stubs call brought to `answer`."""

    write_protected = False  # a miss is raised by can_play_response_for, with the same words for every client

    @abstractmethod
    def passes(self, host: str, port: int | None) -> bool:
        """Whether a request to `host` is none of the cassette's business."""

    @abstractmethod
    def would_play(self, live: Request) -> bool:
        """Whether `answer` would replay; raises what it would raise."""

    @abstractmethod
    def answer(self, live: Request) -> Exchange | Recording | None:
        """Find what answers a request, or take its place among the recordings."""

    @abstractmethod
    def whole(self, exchange: Exchange) -> Exchange:
        """The exchange with its media in it."""

    @abstractmethod
    def read_too_far(self, exchange: Exchange) -> StreamEndedError:
        """Make the error for a response that is read further than it was recorded."""

    def filter_request(self, request: Any) -> Any:
        """Say whether vcrpy's stubs are to look at `request` at all."""
        return None if self.passes(request.host, request.port) else request

    def can_play_response_for(self, request: Any) -> bool:
        """Whether a recording answers vcrpy's `request`; raises as `answer` does."""
        return self.filter_request(request) is not None and self.would_play(convert.from_vcr_request(request))

    def play_response(self, request: Any) -> dict[str, Any]:
        """The recorded response to vcrpy's `request`, as vcrpy's dict.

        Raises:
            ConnectionResetError: The connection broke when it was recorded.
            StreamEndedError: The app stopped reading when it was recorded; these clients read to the end.
        """
        exchange = self.answer(convert.from_vcr_request(request))
        assert isinstance(exchange, Exchange)  # noqa: S101 - can_play_response_for has just found it
        if exchange.cut is not None and exchange.cut.by == "connection":
            raise ConnectionResetError(exchange.cut.message)
        if exchange.cut is not None:
            raise self.read_too_far(exchange)
        return convert.to_vcr_response(self.whole(exchange).response)

    def append(self, request: Any, response: dict[str, Any]) -> None:
        """Record what vcrpy's stubs have sent and received."""
        if self.filter_request(request) is None:
            return
        recording = self.answer(convert.from_vcr_request(request))
        if isinstance(recording, Recording):
            recording.finish(convert.from_vcr_response(response))
