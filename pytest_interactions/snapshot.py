"""The syrupy extension behind `snapshot_steps`: a conversation's transcript, one file per snapshot."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.transcript import render
from pytest_interactions.files.candidates import Changed
from pytest_interactions.redaction.secrets import of_this_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from syrupy.types import PropertyFilter, PropertyMatcher, PropertyPath, SerializableData

__all__ = ["StepsAssertion", "StepsExtension", "StructureExtension", "snapshots_of", "steps_snapshot"]


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


class StepsAssertion(SnapshotAssertion):
    """syrupy's assertion on a transcript, whose call also accepts `text`."""

    redact: Callable[[str], str] = staticmethod(str)

    def __repr__(self) -> str:
        return "<snapshot of steps>"  # the whole text would stand before the difference

    def __call__(self, *, text: bool = True, **options: Any) -> SnapshotAssertion:
        """Change this one assertion: `text=False` leaves wording out, the other options are syrupy's own."""
        if not text:
            options.setdefault("extension_class", StructureExtension)
        if options.get("matcher") is not None:
            options["matcher"] = _redacting(self.redact, options["matcher"])
        return super().__call__(**options)

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
