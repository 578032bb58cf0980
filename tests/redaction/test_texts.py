from __future__ import annotations

from typing import Any

from pytest_interactions.redaction.texts import map_texts, texts

DOCUMENT: dict[str, Any] = {"a": [1, None, "b", {"c": ["d", "e"]}], "f": "g", "h": {}}


def test_a_document_of_which_no_text_changes_is_the_same_object() -> None:
    """Also if each text is replaced by an equal one."""
    assert map_texts(DOCUMENT, lambda text: "".join(list(text))) is DOCUMENT


def test_every_text_and_name_is_changed() -> None:
    """In lists and objects at any depth; all else stays."""
    assert map_texts(DOCUMENT, str.upper) == {"A": [1, None, "B", {"C": ["D", "E"]}], "F": "G", "H": {}}
    assert map_texts("a", str.upper) == "A"
    assert map_texts(1.5, str.upper) == 1.5


def test_names_that_become_one_are_told_apart() -> None:
    """However many there are; their order and their values stay."""
    fields = map_texts({"a": 1, "b": 2, "c": 3}, lambda _: "x")
    assert list(fields.items()) == [("x", 1), ("xREDACTED", 2), ("xREDACTEDREDACTED", 3)]


def test_texts_are_listed_in_order_with_their_paths() -> None:
    """The names of fields are no texts of their own."""
    assert list(texts(DOCUMENT)) == [("$.a[2]", "b"), ("$.a[3].c[0]", "d"), ("$.a[3].c[1]", "e"), ("$.f", "g")]
