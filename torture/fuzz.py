"""The promises, of what hypothesis draws."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from pytest_interactions.api.exchange import Exchange
from torture import promises, strategies
from torture.cassettes import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torture import Outcome

_CHUNKS: Final = st.lists(st.integers(1, 9), max_size=30)
_AS_JSON: Final = (
    b'{"version":1,"interactions":[{"request":{"method":"GET","uri":"http://h/","headers":{},"body":null},"response":'
    b'{"status":{"code":200,"message":"OK"},"headers":{},"body":{"string":"a"}}}]}'
)


def codec(examples: int, seed: int = 0) -> Outcome:
    """Read streams in any chunks."""
    return drawn(promises.codec, examples, seed, strategies.STREAM | st.binary(max_size=80), _CHUNKS)


def loader(examples: int, seed: int = 0) -> Outcome:
    """Read any bytes, and cassettes that were mutated."""
    return drawn(promises.loader, examples, seed, st.binary(max_size=120) | strategies.mutated(real_files()))


def round_trip(examples: int, seed: int = 0) -> Outcome:
    """Write any exchanges that can be recorded, and read them."""
    exchanges = st.lists(strategies.EXCHANGE.filter(promises.can_be_recorded), max_size=3)
    return drawn(promises.round_trip, examples, seed, exchanges)


def matcher(examples: int, seed: int = 0) -> Outcome:
    """Make keys of any requests."""
    return drawn(promises.matcher, examples, seed, strategies.EXCHANGE, strategies.JSON)


def redactor(examples: int, seed: int = 0) -> Outcome:
    """Redact any exchanges."""
    return drawn(promises.redactor, examples, seed, strategies.EXCHANGE, strategies.STREAM, strategies.STREAM)


def folding(examples: int, seed: int = 0) -> Outcome:
    """Fold any events, and print any interactions."""
    events = st.lists(strategies.EVENT, max_size=6)
    return drawn(promises.folding, examples, seed, events, strategies.INTERACTION, strategies.EXCHANGE)


def real_files() -> list[bytes]:
    """Return the four cassettes, and one in JSON."""
    with TemporaryDirectory(prefix="torture-") as scratch:
        return [*(cassette.raw for cassette in recorded(Path(scratch))), _AS_JSON]


def drawn(promise: Callable[..., None], examples: int, seed: int, *arguments: st.SearchStrategy[Any]) -> Outcome:
    """Draw examples, try each, and return how many there were, and the smallest that fails in each way."""
    cases = 0

    @seeded(seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        report_multiple_bugs=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
    )
    @given(st.tuples(*arguments))
    def test(values: tuple[Any, ...]) -> None:
        nonlocal cases
        cases += 1
        try:
            promise(*values)
        except Exception as error:
            error.add_note(f"drawn: {[_shown(value) for value in values]}")
            raise

    try:
        test()
    except Exception as error:  # noqa: BLE001 - it is what was looked for
        return cases, [_told(each) for each in _single(error)]
    return cases, []


def _single(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _single(each)
    else:
        yield error


def _told(error: BaseException) -> str:
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    place = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at is not None else ""
    notes = getattr(error, "__notes__", [""])
    return f"{type(error).__name__} in {place}: {str(error)[:300]} {notes[0][:1500]}".replace("\n", " ")


def _shown(value: Any) -> Any:
    """Return a value whose repr shows all of it."""
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    if isinstance(value, Exchange):
        return (*promises.but_bodies(value), value.request.body, value.response.body)
    return value
