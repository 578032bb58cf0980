"""What differs at each recording is in no snapshot, and each field that google-genai knows was judged."""

from __future__ import annotations

import importlib
import typing
from typing import TYPE_CHECKING, Any

import pytest
from google.genai import __version__
from google.genai._gaos.types import interactions as sdk
from pydantic import BaseModel

from pytest_interactions.api import volatile
from pytest_interactions.api.behaviour import behaviour_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The fields that last, by the reason.
LASTING = {
    "what is said or done": """
        type content text summary name arguments result is_error code language queries urls function_names status
        message error details style speaker
    """,
    "where in the text, the sound or the file it is said": "start_index end_index start_offset end_offset page_number",
    "what a source is": """
        annotations title source file_name custom_metadata places place_id review_snippets review_id url uri
        document_uri
    """,
    "which tool it is, and how it was declared": """
        server_name search_type retrieval_type description short_description parameters defer_loading
    """,
    "media, and how they are made and read": """
        data mime_type channels rate sample_rate resolution processing fps content_layers page_options start_page
        end_page sheet_index spreadsheet_options visible_cells
    """,
}
#: The unions that steps, deltas, contents and annotations are, and what an error is.
UNIONS = ("step", "stepdeltadata", "content", "annotation", "functionresultsubcontent", "thoughtsummarycontent")


def _models(annotation: Any, seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """All models of the SDK in a type, at any depth."""
    annotation = getattr(annotation, "__value__", annotation)
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    if is_model and annotation not in seen and not annotation.__name__.startswith("Unknown"):
        seen.add(annotation)
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation, seen)
    for argument in typing.get_args(annotation):
        yield from _models(argument, seen)


def _fields() -> set[str]:
    """The names of all fields of steps and of what is in them."""
    models: list[Any] = [sdk.Error]
    for name in UNIONS:
        tables = vars(importlib.import_module(f"{sdk.__name__}.{name}"))
        models += next(value for key, value in tables.items() if key.endswith("_VARIANTS")).values()
    seen: set[type[BaseModel]] = set()
    found = (model for each in models for model in _models(each, seen))
    return {field.alias or name for model in found for name, field in model.model_fields.items()}


@pytest.mark.skipif(int(__version__.partition(".")[0]) < 3, reason="its fields are those of version 3")
def test_each_field_is_in_the_table_or_lasts() -> None:
    """A field that is new in the SDK fails here until it is judged."""
    lasting = {name for names in LASTING.values() for name in names.split()}
    assert _fields() - volatile.FIELDS == lasting
    assert not lasting & volatile.FIELDS


def test_each_row_of_the_table_has_its_reason() -> None:
    names = [name for row in volatile.TABLE if not row.part for name in row.fields]
    assert len(names) == len(set(names))
    assert all(row.why for row in volatile.TABLE)


def shown(*steps: dict[str, Any]) -> list[Any]:
    """The steps as a snapshot has them."""
    (turn,) = behaviour_of({"status": "completed", "steps": list(steps)})
    shown: list[Any] = turn["steps"]
    return shown


@pytest.mark.parametrize("name", sorted(volatile.FIELDS))
def test_a_field_of_the_table_is_not_shown(name: str) -> None:
    """In a step, nor deeper in what a tool of the API returned; but in the results of the app's own functions it is."""
    result = [{"places": [{"name": "Café", name: "v0latile"}]}]
    step = {"type": "google_maps_result", name: "v0latile", "result": result}
    assert shown(step) == [
        {"type": "google_maps_result", "call": "google_maps", "result": [{"places": [{"name": "Café"}]}]}
    ]
    own = {"type": "function_result", "name": "f", "result": {name: "lasts"}}
    assert shown(own)[0]["result"] == {name: "lasts"}


@pytest.mark.parametrize("name", ["url", "uri", "document_uri"])
@pytest.mark.parametrize(
    ("url", "left"),
    [
        (
            "https://vertexaisearch.cloud.google.com/grounding-api-redirect/AUZ1",
            "https://vertexaisearch.cloud.google.com/grounding-api-redirect/…",
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/files/a-1:download?alt=media",
            "https://generativelanguage.googleapis.com/v1beta/files/…:download?alt=media",
        ),
        ("fileSearchStores/mine-x1/documents/atxt-y2", "fileSearchStores/…/documents/…"),
        ("gs://bucket/prefix/123/sample_0.mp4", "gs://bucket/….mp4"),
        ("gs://bucket/123", "gs://bucket/…"),
        (
            "https://storage.googleapis.com/b/o.png?X-Goog-Date=2&X-Goog-Signature=a1&x=2",
            "https://storage.googleapis.com/…",
        ),
        ("https://storage.googleapis.com/b/o.png?X-Goog-Signature=a1", "https://storage.googleapis.com/…"),
        ("https://storage.googleapis.com/public/o.png", "https://storage.googleapis.com/public/o.png"),
        ("https://example.com/files/a?x=gs", "https://example.com/files/a?x=gs"),
    ],
)
def test_of_a_url_only_what_lasts_is_shown(name: str, url: str, left: str) -> None:
    part = {"type": "image", name: url}
    assert shown({"type": "model_output", "content": [part]})[0]["content"] == [{**part, name: left}]


def test_what_is_the_apps_own_is_whole() -> None:
    """The metadata of its documents, and the parameters of its functions, in the results of the API's tools."""
    metadata = [{"id": "7", "score": 1}]
    parameters = {"properties": {"id": {"type": "string"}}}
    found = {"type": "file_search_result", "result": [{"file_name": "a.txt", "custom_metadata": metadata}]}
    tools = {"type": "tool_search_result", "result": [{"name": "f", "type": "function", "parameters": parameters}]}
    (documents, functions) = shown(found, tools)
    assert documents["result"][0]["custom_metadata"] == metadata
    assert functions["result"][0]["parameters"] == parameters
