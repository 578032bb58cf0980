from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions import OptionError
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.shapes import SHAPES
from tests.redaction.support import KEY, answer, redactor

if TYPE_CHECKING:
    from pathlib import Path

RULES = r"""
title = "rules"

[allowlist]
regexes = ["EXAMPLE$"]

[[rules]]
id = "acme-key"
description = "A key of Acme"
regex = '''(?i)\b(acme-[[:alnum:]]{8}(?-i:[A-Z]))\b'''
keywords = ["ACME"]
entropy = 2
[[rules.allowlists]]
stopwords = ["sample"]

[[rules]]
id = "late-flags"
regex = '''late:((?i)[a-f(\)]{4})end'''
secretGroup = 1

[[rules]]
id = "later-flags"
regex = '''^x(?i)(?:ab)+c'''

[[rules]]
id = "whole"
regex = '''whole[0-9]{4}\z'''

[[rules]]
id = "a-file"
path = '''\.pem$'''
"""


def found(text: str, **options: Any) -> list[str]:
    """What `scan` finds."""
    return [finding.kind for finding in scan(text, redactor(**options).secrets)]


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """A file of rules as gitleaks has them."""
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return str(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key ACME-12ab34cdZ.", ["a key (acme-key)"]),
        (r"key\\nacme-12ab34cdZ", ["a key (acme-key)"]),
        ("acme-12ab34cdz", []),
        ("acme-11111111A", ["a key (acme-key)"]),
        ("acme-aaaaaaaaA", []),
        ("acme-samplex1Z", []),
        ("late:aF)(end", ["a key (late-flags)"]),
        ("LATE:aFfaend", []),
        ("xABabC", ["a key (later-flags)"]),
        ("XABabC", []),
        ("it is whole1234", ["a key (whole)"]),
        ("whole1234 it is", []),
        ("nothing", []),
    ],
)
def test_the_rules_of_gitleaks_are_read(rules: str, text: str, expected: list[str]) -> None:
    """With keywords, entropy, allowed and stop words, and with Go's flags and classes; text is read without escapes."""
    assert found(text, rules=[rules]) == expected


def test_what_is_allowed_everywhere_is_no_finding(rules: str) -> None:
    """As an example of the documentation."""
    assert found("late:abcdend", rules=[rules]) == ["a key (late-flags)"]
    with open(rules, "a") as file:  # noqa: PTH123 - it is appended to
        file.write("[[rules]]\nid = 'example'\nregex = 'k-[A-Z]+'\n")
    assert found("k-EXAMPLE k-OTHER", rules=[rules]) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "can't be read: No such file or directory"),
        ("[[rules", "is no TOML: "),
        ("a = 1", "has no [[rules]]"),
        ("[[rules]]\nid = 'a'\nregex = '('\n", "rule a can't be used: "),
        ("[[rules]]\nregex = 'a'\n", "rule 1 can't be used: "),
    ],
)
def test_rules_that_cannot_be_used_are_named(tmp_path: Path, text: str | None, message: str) -> None:
    """With the file, and the rule in it."""
    path = tmp_path / "rules.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(OptionError) as caught:
        redactor(rules=[str(path)])
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_single_rules_are_switched_off(rules: str) -> None:
    """Others' by their ids, and this package's own."""
    assert found("acme-12ab34cdZ whole1234", rules=[rules], skip_rules=["whole"]) == ["a key (acme-key)"]
    assert found(f"key {KEY}", skip_rules=["google-api-key"]) == []
    kept = redactor(skip_rules=["google-api-key"]).response(answer({"text": KEY}))
    assert kept.json() == {"text": KEY}
    with pytest.raises(OptionError, match="there is no rule 'google-api-kay'; did you mean 'google-api-key'"):
        redactor(skip_rules=["google-api-kay"])


def test_the_plugins_of_detect_secrets_are_rules() -> None:
    """But for those that take any text for a secret."""
    text = "mailgun? IBM: cloud_iam_api_key = 'Yu3fJDbOmTQ8sVc0pXn1eRlKq2wGh4aZtYb5CdE6fGhI'"
    assert "a key (ibm-cloud-iam-key)" in found(text, rules=["detect-secrets"])
    assert found("password = 'hunter2' at 8.8.8.8", rules=["detect-secrets"]) == []
    ids = [shape.id for shape in SHAPES]
    assert len(set(ids)) == len(ids)


def test_detect_secrets_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it."""
    from pytest_interactions.redaction import rules

    rules._of.cache_clear()
    monkeypatch.setitem(sys.modules, "detect_secrets.core.plugins.util", None)
    with pytest.raises(OptionError, match="pip install"):
        redactor(rules=["detect-secrets"])
