from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pytest_interactions.api.exchange import Response
from pytest_interactions.redaction.anywhere import OPAQUE, SECRET, redact_anywhere
from pytest_interactions.redaction.signatures import is_placeholder, redact_signature
from tests.redaction.support import SIGNATURE, answer, redactor

VALUE = "opaque-5f4dcc3b5aa765d61d83"


def wrapped(value: Any) -> list[Any]:
    """Documents with a value at depths where nothing else tells what it is."""
    return [
        value,
        [value],
        {"response": {"steps": [value]}},
        {"extra_content": {"google": value}},
        {"batch": {"input_config": {"requests": [{"request": value}]}}},
    ]


@pytest.mark.parametrize("name", [*OPAQUE, *SECRET, "thoughtSignature", "environmentKey", "apiKeyString"])
def test_a_field_with_a_name_of_its_own_is_redacted_at_any_depth(name: str) -> None:
    """What is opaque stays different from others, and what opens an account does not; examples stay."""
    for document in wrapped({name: VALUE, "other": VALUE}):
        clean = json.dumps(redact_anywhere(document))
        assert clean.count(VALUE) == 1
        assert ("REDACTED" in clean) is not (redact_signature(VALUE) in clean)
        again = json.loads(clean)
        assert redact_anywhere(again) is again
    for example in ("a short one", "", "words that are no token at all", 7, None, {"type": "string"}):
        document = {name: example}
        assert redact_anywhere(document) is document


def test_a_steps_signature_is_redacted_at_any_depth() -> None:
    """By the type beside it; that of anything else is the user's."""
    for kind in ("thought", "function_call", "google_search_result", "thinking"):
        for document in wrapped({"type": kind, "signature": SIGNATURE}):
            assert SIGNATURE not in json.dumps(redact_anywhere(document))
    for mine in (
        {"type": "invoice", "signature": SIGNATURE},
        {"signature": SIGNATURE},
        {"type": 1, "signature": SIGNATURE},
    ):
        assert redact_anywhere(mine) is mine
    for mine in ({"type": "thought", "signature": "short"}, {"type": "thought", "signature": "of words " * 10}):
        assert redact_anywhere(mine) is mine


def test_other_fields_are_known_by_what_is_around_them() -> None:
    """A replicated voice's key, a consent to it, and what looks random in a field for a key of anyone's."""
    drawn = "5f4dcc3b5aa765d61d8327deb882cf99"
    assert redact_anywhere({"voice": {"type": "replicated", "key": "abc"}}) == {
        "voice": {"type": "replicated", "key": "REDACTED"}
    }
    speech = {"generation_config": {"speech_config": [{"voice": "voicekey_Zx81mQp02LrT7"}, {"voice": "Kore"}]}}
    assert redact_anywhere(speech) == {
        "generation_config": {"speech_config": [{"voice": "REDACTED"}, {"voice": "Kore"}]}
    }
    assert "REDACTED" in str(redact_anywhere({"result": json.dumps(speech)}))
    consent = {"voice_consent_signature": {"signature": VALUE}}
    assert redact_anywhere(consent) == {"voice_consent_signature": {"signature": redact_signature(VALUE)}}
    assert redact_anywhere(redact_anywhere(consent)) == redact_anywhere(consent)
    for name in ("api_key", "apiKey", "tavily_api_key", "exaApiKey", "secret_access_key"):
        assert redact_anywhere([{name: drawn}]) == [{name: "REDACTED"}]
        for mine in ({name: "your-key"}, {name: "REDACTED"}, {name: {"type": "string"}}):
            assert redact_anywhere(mine) is mine
    mine = {"key": drawn, "voice_consent_signature": "yes", "monkey": drawn}
    assert redact_anywhere(mine) is mine


def test_a_history_within_a_text_is_redacted() -> None:
    """JSON in JSON, in the result of a tool; text that only looks so stays, however deep."""
    history = json.dumps([{"type": "thought", "signature": SIGNATURE}, {"n": 1.50}])
    clean = redactor().response(answer({"input": [{"type": "function_result", "result": history}]})).json()
    assert json.loads(clean["input"][0]["result"]) == [
        {"type": "thought", "signature": redact_signature(SIGNATURE)},
        {"n": 1.5},
    ]
    for text in ('{"signature": no JSON', "my signature", '{"signature": "mine"}', "[" * 100_000 + '"_key"'):
        assert redact_anywhere(text) is text


def test_a_signature_has_one_placeholder_in_all_its_spellings() -> None:
    """A client writes it in the other alphabet, or without padding, when it sends the history again."""
    raw = bytes(range(256))[:-1] + b"?"
    for extra in (b"", b"a", b"ab"):
        standard = base64.b64encode(raw + extra).decode()
        urlsafe = base64.urlsafe_b64encode(raw + extra).decode()
        spellings = {standard, urlsafe, standard.rstrip("="), urlsafe.rstrip("=")}
        assert len({redact_signature(spelling) for spelling in spellings}) == 1
    assert is_placeholder(redact_signature(raw.decode("latin-1")))
    assert redact_signature("not/base64 + at all") != redact_signature("not/base64 - at all")


@pytest.mark.parametrize("name", ["signature", "thoughtSignature", "encrypted_content"])
def test_a_signature_that_broke_off_is_redacted(name: str) -> None:
    """In the last event of a stream, and in a body that is no whole JSON; a text about one is left alone."""
    begin = json.dumps({"steps": [{"type": "thought", name: "x"}]}).partition('"x"')[0] + '"'
    for cut in (16, 40, len(SIGNATURE)):
        part = SIGNATURE[:cut]
        for kind, before in (("application/json", ""), ("text/event-stream", "data: ")):
            response = Response(status=200, headers={"content-type": [kind]}, body=f"{before}{begin}{part}".encode())
            clean = redactor().response(response)
            assert clean.body.decode() == f"{before}{begin}{redact_signature(part)}"
            assert redactor().response(clean).body == clean.body
    text = Response(status=200, headers={}, body=f'the "signature": "{SIGNATURE[:30]}"'.encode())
    assert redactor().response(text) is text
