"""What holds for any document, secret, place and encoding; `HYPOTHESIS_PROFILE=thorough` tries thousands of each."""

from __future__ import annotations

import copy
import json
import os
import string
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pytest_interactions.api import sse
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.cassette.matching import key_of
from pytest_interactions.files.layout import dumps
from pytest_interactions.files.storage import loads
from pytest_interactions.options import Options
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets
from tests.redaction.support import ENCODINGS, JSON, SIGNATURE, URL, holds

settings.register_profile("bounded", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=3000, deadline=None)
CASES = settings(
    settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "bounded")),
    suppress_health_check=[HealthCheck.too_slow],
)

texts = st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
names = st.sampled_from(
    ["a", "token", "signature", "api_key", "headers", "env", "value", "key", "type", "name", "text", "arguments"]
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | texts, inner, max_size=3), max_leaves=8
)
steps = st.fixed_dictionaries(
    {"type": st.sampled_from(["thought", "function_call", "google_search_result", "model_output", "novel"])},
    optional={
        "signature": st.just("") | st.just(SIGNATURE) | texts,
        "arguments": values,
        "result": values,
        "content": st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": texts}), max_size=2),
        "id": texts,
    },
)
tools = st.fixed_dictionaries(
    {"type": st.sampled_from(["function", "mcp_server", "retrieval"])},
    optional={"parameters": values, "headers": st.dictionaries(texts, texts, max_size=2), "name": texts},
)
documents = st.fixed_dictionaries(
    {"model": texts},
    optional={
        "id": texts,
        "input": texts | st.lists(steps, max_size=3),
        "steps": st.lists(steps, max_size=3),
        "tools": st.lists(tools, max_size=2),
        "response_format": values,
        "environment": values,
        "error": st.fixed_dictionaries({"message": texts}),
    },
)
# The words around a body. A secret that is one of them by chance would be found in any cassette.
_FRAME = dumps(
    [
        Exchange(
            request=Request(method="POST", uri=URL, headers=dict(JSON)),
            response=Response(status=200, reason="OK", headers=dict(JSON)),
        )
    ]
)
secrets = st.text(string.ascii_letters + string.digits + '+/=-_.~!&é😀 "\\', min_size=10, max_size=30).filter(
    lambda text: len(set(text)) > 6 and "REDACTED" not in text and text.strip() == text and text not in _FRAME
)
encodings = st.sampled_from(list(ENCODINGS.values()))


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, Any]:
    """A secret, and a document that holds it somewhere in some encoding, with something before and after."""
    secret, document = draw(secrets), draw(documents)
    written = f"{draw(texts)} {draw(encodings)(secret)} {draw(texts)}"
    holders = list(_containers(document))
    holder = draw(st.sampled_from(holders))
    if isinstance(holder, list):
        holder.insert(draw(st.integers(0, len(holder))), written)
    elif draw(st.booleans()):
        holder[written] = draw(scalars)
    else:
        holder[draw(names)] = written
    return secret, document


@CASES
@given(case=planted(), is_ascii=st.booleans())
def test_a_written_file_never_holds_the_secret_and_still_matches(case: tuple[str, Any], *, is_ascii: bool) -> None:
    """For any document the cassette's text is clean, and read back it answers the same request."""
    secret, document = case
    body = json.dumps(document, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    live = Request(method="POST", uri=URL, headers=dict(JSON), body=body)
    known = Secrets([secret])
    redact = Redactor(secrets=known)
    exchange = Exchange(
        request=redact.request(live),
        response=redact.response(Response(status=200, reason="OK", headers=dict(JSON), body=body)),
    )
    text = dumps([exchange])
    assert not holds(text.encode("utf-8", "surrogatepass"), secret)
    assert scan(text, known) == []
    read = loads(text.encode("utf-8", "surrogatepass"), path=None).exchanges[0]  # type: ignore[arg-type]
    match_on = Options().match_on
    assert key_of(redact.request(read.request), match_on) == key_of(redact.request(live), match_on)


@CASES
@given(planted(), st.lists(st.integers(0, 40), max_size=3))
def test_a_secret_in_any_pieces_never_stays_in_a_stream(case: tuple[str, Any], cuts: list[int]) -> None:
    """However a text with the secret is cut into deltas, joined it holds none; a second time nothing changes."""
    secret, _ = case
    text = f"before {secret} after"
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    events = [{"index": 0, "delta": {"type": "text", "text": piece}, "event_type": "step.delta"} for piece in pieces]
    body = "".join(f"event: step.delta\ndata: {json.dumps(event)}\n\n" for event in events).encode()
    redact = Redactor(secrets=Secrets([secret]))
    changed = redact.response(Response(status=200, headers={"content-type": ["text/event-stream"]}, body=body))
    joined = "".join(event.json()["delta"]["text"] for event in sse.decode(changed.body))
    assert joined == "before REDACTED after"
    assert redact.response(changed) is changed


@CASES
@given(case=planted(), stream=st.booleans())
def test_redaction_is_idempotent(case: tuple[str, Any], *, stream: bool) -> None:
    """What was redacted once is passed on as it is, headers, URL and all."""
    secret, document = case
    redact = Redactor(secrets=Secrets([secret]))
    body = json.dumps(document).encode()
    request = redact.request(Request(method="POST", uri=f"{URL}?key={secret}&x=1", headers=dict(JSON), body=body))
    assert redact.request(request) is request
    headers = {"content-type": ["text/event-stream" if stream else "application/json"], "location": [secret]}
    response = redact.response(Response(status=200, headers=headers, body=b"data: " * stream + body))
    assert redact.response(response) is response


@CASES
@given(documents)
def test_redaction_changes_nothing_but_what_it_replaces(document: Any) -> None:
    """Every value that differs afterwards is a placeholder at one of the API's places; the input is not touched."""
    before = copy.deepcopy(document)
    request = Request(method="POST", uri=URL, headers=dict(JSON), body=json.dumps(document).encode())
    parsed = request.json()
    changed = Redactor(secrets=Secrets()).request(request)
    assert parsed == json.loads(json.dumps(before))
    for path, old, new in _differences(before, changed.json()):
        assert isinstance(old, str)
        assert old
        is_signature = path[-1] == "signature" and path[0] in {"input", "steps"} and len(path) == 3
        is_secret = (path[0] == "tools" and path[2] == "headers") or path[0] == "environment"
        assert (is_signature and new.startswith("redactedSignature")) or (is_secret and new == "REDACTED"), path


@CASES
@given(st.binary(max_size=200), secrets, st.binary(max_size=200))
def test_all_other_bytes_of_any_body_stay(before: bytes, secret: str, after: bytes) -> None:
    """Text or not, what stands around a secret is kept byte by byte."""
    assume(b"data:" not in before and b"event:" not in before)
    body = b"\x00" + before + b"\n" + secret.encode() + b"\n" + after
    changed = Redactor(secrets=Secrets([secret])).response(Response(status=200, body=body)).body
    assert changed == b"\x00" + before + b"\nREDACTED\n" + after


def _containers(value: Any) -> Any:
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)


def _differences(old: Any, new: Any, path: tuple[Any, ...] = ()) -> Any:
    if isinstance(old, dict) and isinstance(new, dict) and list(old) == list(new):
        for name, item in old.items():
            yield from _differences(item, new[name], (*path, name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, item in enumerate(old):
            yield from _differences(item, new[place], (*path, place))
    elif old != new or type(old) is not type(new):
        yield path, old, new
