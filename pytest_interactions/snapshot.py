"""The syrupy extension behind `snapshot_steps`: a conversation's transcript, one file per snapshot."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from syrupy.assertion import DiffMode, SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.terminal import context_style, received_style, snapshot_style

from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.expected.messages import calls_of, messages_of
from pytest_interactions.api.expected.reference import UnreadableError, read, written
from pytest_interactions.api.expected.tolerance import Tolerance
from pytest_interactions.api.expected.unlike import unlike
from pytest_interactions.api.expected.verdict import MATCHES, is_as_expected
from pytest_interactions.api.transcript import render
from pytest_interactions.errors import InteractionsError, OptionError, SnapshotFormatError, closest
from pytest_interactions.files.leaving import Changed
from pytest_interactions.redaction.secrets import of_this_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from syrupy.extensions.base import AbstractSyrupyExtension
    from syrupy.types import PropertyFilter, PropertyMatcher, PropertyPath, SerializableData, SerializedData

    from pytest_interactions.api.expected.tolerance import Tolerate
    from pytest_interactions.api.expected.verdict import Match

__all__ = [
    "MatchExtension",
    "StepsAssertion",
    "StepsExtension",
    "StructureExtension",
    "snapshots_of",
    "steps_snapshot",
]


class StepsExtension(SingleFileSnapshotExtension):
    """The syrupy extension that writes the transcript to `__snapshots__/<test module>/<test>.steps.txt`."""

    _write_mode = WriteMode.TEXT
    file_extension = "steps.txt"
    text: ClassVar[bool] = True  # whether wording counts

    def serialize(
        self,
        data: SerializableData,
        *,
        exclude: PropertyFilter | None = None,
        include: PropertyFilter | None = None,
        matcher: PropertyMatcher | None = None,
    ) -> str:
        """Return the transcript of `data`; the filters see the result of `api.behaviour.behaviour_of`.

        Raises:
            TypeError: `data` shows no steps.
        """
        return render(_filtered(behaviour_of(data, text=self.text), exclude, include, matcher))


class _Location(PyTestLocation):
    """A test's place without the secrets that a parameter brought into its name, which becomes that of a file."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("nodename", "testname"):
            object.__setattr__(self, name, of_this_run().matcher.redact(getattr(self, name)))

    @property
    def nodeid(self) -> str:
        return of_this_run().matcher.redact(super().nodeid)


class StructureExtension(StepsExtension):
    """The same extension without wording: step types, tools with their arguments, statuses, order."""

    text = False


class MatchExtension(StepsExtension):
    """The same extension for a snapshot that is a reference: it says what must happen, and not every word."""

    text = False
    match: Match = "strict"
    tolerance = Tolerance()
    is_replaced = False  # whether a snapshot that does not match is written anew

    def serialize(self, data: SerializableData, *, matcher: PropertyMatcher | None = None, **_: Any) -> str:
        """Return the reference that `data` would be."""
        return written(_filtered(behaviour_of(data, text=False), None, None, matcher))

    def matches(self, *, serialized_data: SerializableData, snapshot_data: SerializableData) -> bool:
        """Return whether a trajectory is as its reference says; see `is_as_expected`.

        Raises:
            UnreadableError: The snapshot is no reference.
            OptionError: `tolerate` names what no call has.
        """
        try:
            expected, received = messages_of(read(str(snapshot_data))), messages_of(read(str(serialized_data)))
        except UnreadableError:
            if self.is_replaced:
                return False
            raise
        self.tolerance.learn([*calls_of(expected), *calls_of(received)])
        return is_as_expected(expected, received, self.match, self.tolerance.fits)

    def diff_lines(self, serialized_data: SerializedData, snapshot_data: SerializedData) -> Iterator[str]:
        """Yield the lines of a transcript that has what differs alone."""
        styles = {"-": snapshot_style, "+": received_style, " ": context_style}
        expected, received = messages_of(read(str(snapshot_data))), messages_of(read(str(serialized_data)))
        for mark, text in unlike(expected, received, self.match, self.tolerance):
            yield styles[mark](f"{mark} {text}")


class StepsAssertion(SnapshotAssertion):
    """syrupy's assertion on a transcript, whose call also accepts `text`, `match` and `tolerate`."""

    redact: Callable[[str], str] = staticmethod(str)
    _used: AbstractSyrupyExtension | None = None
    #: The comparisons that were not judged; `None` where each is.
    unjudged: list[str] | None = None

    def __repr__(self) -> str:
        return "<snapshot of steps>"  # the whole text would stand before the difference

    def __call__(
        self, *, text: bool = True, match: Match | None = None, tolerate: Tolerate | None = None, **options: Any
    ) -> SnapshotAssertion:
        """Change this one assertion.

        Args:
            text: Whether wording counts; without it only structure does.
            match: How what happened is compared with the snapshot, which then says what must happen: `strict` (the
                same steps and calls in order), `unordered` (the same calls in any order), `subset` (no other calls),
                `superset` (at least these calls). Wording and results do not count.
            tolerate: With `match`, what may differ in the arguments of calls: names such as `["id"]` or
                `["get_weather.city"]`, a mapping of such names to functions of the expected and the received value or
                to modes, or one mode for all: `ignore`, `subset`, `superset`.
            **options: syrupy's own.

        Raises:
            OptionError: One can't have its value, or they don't go together.
        """
        if match is None and tolerate is not None:
            raise OptionError('snapshot_steps: tolerate goes with match; say match="strict", say, beside it.')
        if match is not None:
            return self._matching(_match(match), Tolerance(tolerate), options)
        if not text:
            options.setdefault("extension_class", StructureExtension)
        if options.get("matcher") is not None:
            options["matcher"] = _redacting(self.redact, options["matcher"])
        return super().__call__(**options)

    def _matching(self, match: Match, tolerance: Tolerance, options: dict[str, Any]) -> SnapshotAssertion:
        others = sorted(name for name in options if name != "name")
        if others:
            raise OptionError(
                f"snapshot_steps: {', '.join(others)} can't stand beside match; tolerate says what may differ."
            )
        super().__call__(extension_class=MatchExtension, **options)
        extension: Any = self.extension
        extension.match, extension.tolerance, extension.is_replaced = match, tolerance, self.update_snapshots
        return self

    def _assert(self, data: SerializableData) -> bool:
        if self.unjudged is not None:
            return self._left(self.unjudged)
        self._used = self.extension
        is_success = super()._assert(data)
        result = self.executions[self.num_executions - 1]
        if isinstance(result.exception, UnreadableError):
            raise SnapshotFormatError(
                f"{result.snapshot_location}:{result.exception.line}: {result.exception}. Mend the line, or write the "
                "snapshot anew with --snapshot-update."
            ) from None
        if isinstance(result.exception, InteractionsError):
            raise result.exception from None
        return is_success

    def _left(self, unjudged: list[str]) -> bool:
        unjudged.append(str(self.index))
        self._executions += 1
        self._post_assert()
        return True

    def with_defaults(self, **options: Any) -> StepsAssertion:
        """Return another assertion with other defaults; the arguments are syrupy's own."""
        other: StepsAssertion = super().with_defaults(**options)  # type: ignore[assignment] # of this class
        other.redact, other.unjudged = self.redact, self.unjudged
        return other

    def get_assert_diff(self, *, diff_mode: DiffMode = DiffMode.DETAILED) -> list[str]:
        """Return the lines of a failure, as the extension tells them that this assertion had."""
        own, self._extension = self._extension, self._used
        try:
            return super().get_assert_diff(diff_mode=diff_mode)
        finally:
            self._extension = own

    def failed(self) -> dict[Path, Changed]:
        """Return the snapshots that differ, each by its path."""
        return {
            Path(each.snapshot_location): Changed(
                str(each.asserted_data), None if each.recalled_data is None else str(each.recalled_data)
            )
            for each in self.executions.values()
            if not each.success and each.asserted_data
        }

    def held(self) -> list[Path]:
        """Return the paths of the snapshots that are as they were, or were written."""
        return [Path(each.snapshot_location) for each in self.executions.values() if each.success]


def _match(match: Any) -> Match:
    if match in MATCHES:
        return match  # type: ignore[no-any-return]
    near = closest(match, MATCHES)
    hint = f"; did you mean {near!r}?" if near else "."
    raise OptionError(f"snapshot_steps: match: {match!r} is not one of {', '.join(MATCHES)}{hint}")


def steps_snapshot(snapshot: SnapshotAssertion, redact: Callable[[str], str]) -> StepsAssertion:
    """Return the assertion of the fixture `snapshot_steps`, made from that of syrupy's fixture `snapshot`.

    `redact` takes the secrets out of a text: an SDK's own object holds them, and a snapshot must not.
    """
    options = {field.name: getattr(snapshot, field.name) for field in fields(snapshot) if field.init}
    options["test_location"] = _Location(snapshot.test_location.item)
    assertion = StepsAssertion(**{**options, "extension_class": StepsExtension, "matcher": _redacting(redact)})
    assertion.redact = redact
    return assertion


def keep_snapshots(config: Any, failed: Iterable[str]) -> None:
    """Have syrupy count the snapshots of `failed` tests as used, which these may not have come to.

    It would advise to delete them, and count those of a skipped test as used.
    """
    for nodeid in failed:
        config._syrupy.ran_item(nodeid, "skipped")  # noqa: SLF001 - there is no public way


def snapshots_of(item: Any) -> tuple[Path, str] | None:
    """Return the directory of a test's snapshots, and the name of its first; `None` if it is none that can have any."""
    try:
        location = _Location(item)
    except AttributeError:  # of another kind, such as a file of YAML
        return None
    name = StepsExtension.get_snapshot_name(test_location=location)
    return Path(StepsExtension.dirname(test_location=location)), name


def _redacting(redact: Callable[[str], str], matcher: PropertyMatcher | None = None) -> PropertyMatcher:
    """Return a matcher that redacts each text and then calls `matcher`."""

    def match(*, data: SerializableData, path: PropertyPath) -> SerializableData | None:
        clean = redact(data) if isinstance(data, str) else data
        return matcher(data=clean, path=path) if matcher else clean

    return match


def _filtered(
    data: Any,
    exclude: PropertyFilter | None,
    include: PropertyFilter | None,
    matcher: PropertyMatcher | None,
    path: PropertyPath = (),
) -> Any:
    """Return `data` as syrupy's own serializer would filter and match it."""
    if matcher:
        data = matcher(data=data, path=path)
    if not isinstance(data, dict | list):
        return data
    kept = {
        key: _filtered(value, exclude, include, matcher, (*path, (key, type(value))))
        for key, value in (data.items() if isinstance(data, dict) else enumerate(data))
        if not (exclude and exclude(prop=key, path=path)) and (not include or include(prop=key, path=path))
    }
    return kept if isinstance(data, dict) else list(kept.values())
