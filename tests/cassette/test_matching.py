"""Which requests are the same, and how two that aren't are told apart in words."""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.exchange import Request
from pytest_interactions.api.hosts import is_loopback
from pytest_interactions.cassette.closest import explain
from pytest_interactions.cassette.differences import Parts, differences
from pytest_interactions.cassette.matching import canonical_path, is_api, is_beside, key_of, kind_of
from pytest_interactions.options import DEFAULT_MATCH_ON, MATCHERS

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = "https://generativelanguage.googleapis.com"
CREATE = f"{REAL}/v1beta/interactions"
LIVE = "wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage"
BIDI = "GenerativeService.BidiGenerateContent"


def differing(recorded: Request, live: Request) -> Iterator[str]:
    """The lines that tell how a request differs from a recorded one."""
    return (difference.line() for difference in differences(Parts(recorded), Parts(live)))


def _post(body: Any, uri: str = CREATE) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method="POST", uri=uri, body=raw)


def _get(uri: str) -> Request:
    return Request(method="GET", uri=uri)


def _image(data: str) -> Request:
    return _post({"input": [{"type": "image", "data": data, "mime_type": "image/png"}]})


def _upload(boundary: str | None, data: bytes = b"data") -> Request:
    line = b"--" + (boundary or "none").partition(";")[0].strip('"').encode()
    body = b"%s\r\ncontent-type: text/plain\r\n\r\n%s\r\n%s--\r\n" % (line, data, line)
    kind = "multipart/form-data" + (f"; Boundary={boundary}" if boundary else "")
    return Request(method="POST", uri=f"{REAL}/upload/v1beta/files", headers={"content-type": [kind]}, body=body)


def _same(a: Request, b: Request, *match_on: str) -> bool:
    return key_of(a, match_on or DEFAULT_MATCH_ON) == key_of(b, match_on or DEFAULT_MATCH_ON)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (_post({"a": 1, "b": [2]}), _post(b'{ "b": [2],\n "a": 1 }')),
        (_post(b'{"input": "\\ud800"}'), _post(b'{ "input": "\\ud800"}')),
        (_post({"input": "x"}), _post({"input": "x", "stream": False, "store": True, "background": False})),
        (_post({"input": "x"}), _post({"input": "x", "previous_interaction_id": None})),
        (_post({"input": [{"text": "x"}]}), _post({"input": [{"text": "x", "annotations": None}]})),
        (_post({"stream": True}), _post({"stream": True}, f"{CREATE}?alt=sse")),
        (_post({}), _post({}, f"{REAL}/v1/interactions")),
        (_post({}), _post({}, "http://127.0.0.1:8080/v1alpha/interactions")),
        (_post({}), _post({}, "http://gateway.example/v1beta/interactions")),
        (
            _post({}),
            _post({}, "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p/locations/l/interactions"),
        ),
        (_get(f"{CREATE}/x?stream=false&a=1&b=2"), _get(f"{CREATE}/x?b=2&a=1")),
        (_get(f"{CREATE}/x?include_input=false&alt=json"), _get(f"{CREATE}/x")),
        (_get(f"{REAL}/v1beta/files/f"), _get("http://localhost:1/v1/files/f")),
        (_get(f"{REAL}/download/v1beta/files/f"), _get("http://api.localhost:1/download/v1/files/f")),
        (
            _get("https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/models"),
            _get("https://aiplatform.googleapis.com/v1beta1/projects/q/locations/global/models"),
        ),
        (_post(b"raw", f"{REAL}/upload/v1beta/files"), _post(b"raw", "http://[::1]:1/upload/v1/files")),
        (_upload("1f3a"), _upload('"9c 0e"')),
        (_upload("1f3a"), _upload("9c0e; charset=utf-8")),
        (_upload(None), _upload(None)),
        (_get("https://h:443/p?b=1&a=2"), _get("https://h/p?a=2&b=1")),
        (_get("http://h:80/p"), _get("http://h/p")),
        (_get(f"{CREATE}/x/"), _get(f"{CREATE}/x")),
        (_image("-__-"), _image("+//+")),
        (_image("+//+"), _image(f"pytest-interactions-media:{sha256(bytes([251, 255, 254])).hexdigest()[:32]}.png")),
        (_post(b'"data": "no JSON"'), _post(b'"data": "no JSON"')),
        (_get(f"{CREATE}/x?tag=1&a=0&tag=2"), _get(f"{CREATE}/x?a=0&tag=1&tag=2")),
        (_post(b'{"a": 1}'), _post(b'{"a": 1.0}')),
        (_post(b'{"a": -0, "b": 0.1}'), _post(b'{"a": 0.0e5, "b": 0.10}')),
        (_post(b'{"a": 1e400}'), _post(b'{"a": 10.0E+399}')),
        (_post(b'{"a": "\\ud800", "b": 2.5}'), _post(b'{"b": 25e-1, "a": "\\ud800"}')),
        (_post(b'{"a": 1, "a": 2}'), _post(b'{"a": 1, "a": 2}')),
        (_post(b'{"data": "+//+", "n": 1.0}'), _post(b'{"data": "-__-", "n": 10e-1}')),
    ],
)
def test_what_means_the_same_matches(a: Request, b: Request) -> None:
    """Key order, white space, query order, spelt-out defaults, API versions, API hosts make no difference; nor 1.0."""
    assert _same(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (_post({"input": "x"}), _post({"input": "y"})),
        (_post({"input": "x"}), _post({"input": "x", "store": False})),
        (_post({"input": "x"}), _post({"input": "x", "stream": True})),
        (_post({"input": "x"}), _post({"input": "x", "stream": 0})),
        (_post({"input": [1, 2]}), _post({"input": [2, 1]})),
        (_post({"a": 1}), _post({"a": True})),
        (_get(f"{CREATE}/x?tag=1&tag=2"), _get(f"{CREATE}/x?tag=2&tag=1")),
        (_get(f"{CREATE}/x?k=%FE"), _get(f"{CREATE}/x?k=%FF")),
        (_get(f"{CREATE}/x?k=%C3"), _get(f"{CREATE}/x?k=%EF%BF%BD")),
        (_post(b'{"a": 12345678901234567.89}'), _post(b'{"a": 12345678901234567.88}')),
        (_post(b'{"a": 1e400}'), _post(b'{"a": 1e401}')),
        (_post(b'{"a": 1e12345678901}'), _post(b'{"a": 1e12345678902}')),
        (_post(b'{"a": 0.1}'), _post(b'{"a": 0.10000000000000001}')),
        (_post(b'{"a": 1e400}'), _post(b'{"a": {"text": "1E+400"}}')),
        (_post(b'{"a": 1e5000}'), _post(b'{"a": "1E+5000"}')),
        (_post(b'{"a": 1, "a": 2}'), _post(b'{"a": 3, "a": 2}')),
        (_post(b'{"a": 1, "a": 2}'), _post(b'{"a": 2}')),
        (_post(b'{"data": "+//+", "n": 1e400}'), _post(b'{"data": "+//+", "n": 1e401}')),
        (_post(b"raw"), _post(b"row")),
        (_get(f"{CREATE}/x"), _get(f"{CREATE}/y")),
        (_get(f"{CREATE}/x"), _get(f"{CREATE}/x?include_input=true")),
        (_get("https://a.example/p"), _get("https://b.example/p")),
        (_get("https://a.example/p"), _get("http://a.example/p")),
        (_post({"stream": False}, "https://a.example/p"), _post({}, "https://a.example/p")),
        (_get("https://a.example/v1/p"), _get("https://a.example/v2/p")),
        (_get("https://a.example/v1/p?alt=sse"), _get("https://a.example/v1/p")),
        (_get("https://a.example/v1/p?alt=json"), _get("https://a.example/v1/p")),
        (_get(f"{REAL}/v1beta/files?alt=media"), _get(f"{REAL}/v1beta/files")),
        (_get("https://a.example/p?flag="), _get("https://a.example/p")),
        (_get(f"{REAL}/upload/v1beta/files"), _get(f"{REAL}/v1beta/files")),
        (_image("+//+"), _image("+///")),
        (_get("http://localhost:1/status"), _get("http://localhost:2/status")),
        (_get("http://127.0.0.1:1/files/f"), _get(f"{REAL}/v1beta/files/f")),
        (_upload("1f3a"), _upload("1f3a", b"other")),
        (_get(f"{CREATE}/x"), Request(method="DELETE", uri=f"{CREATE}/x")),
        (_get(f"{CREATE}/live"), _get(f"{CREATE}/live".replace("https", "wss"))),
        (_get(f"{LIVE}.v1beta.{BIDI}"), _get(f"{LIVE}.v1beta.{BIDI}Constrained")),
        (_get(f"ws://gateway.example/ws/x.v1beta.{BIDI}"), _get(f"ws://gateway.example/ws/x.v1.{BIDI}")),
    ],
)
def test_what_differs_does_not_match(a: Request, b: Request) -> None:
    """Any difference that the API, another host or the app's own data may mean something by is one."""
    assert not _same(a, b)


@pytest.mark.parametrize("field", ["arguments", "result", "parameters", "schema", "response_format"])
def test_a_null_of_the_apps_own_counts(field: str) -> None:
    """In what the app or the model wrote, and at its place, a null says something; around it, it does not."""
    assert not _same(_post({"tools": [{field: {"unit": None}}]}), _post({"tools": [{field: {}}]}))
    assert not _same(_post({field: {"a": {"b": None}}}), _post({field: {"a": {}}}))
    assert not _same(_post({"tools": [{field: None}]}), _post({"tools": [{}]}))
    assert _same(_post({"tools": [{field: {}, "b": None}], "c": None}), _post({"tools": [{field: {}}]}))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (f"{CREATE}/x/cancel?alt=json", "/interactions/x/cancel"),
        (f"{REAL}/v1beta/files/f", "/files/f"),
        (f"{REAL}/upload/v1beta/files", "/upload/files"),
        (f"{LIVE}.v1beta.{BIDI}?key=k", f"/ws/google.ai.generativelanguage.{BIDI}"),
        (f"ws://localhost:9/ws/google.ai.generativelanguage.v1.{BIDI}", f"/ws/google.ai.generativelanguage.{BIDI}"),
        ("wss://generativelanguage.googleapis.com/ws/other", "/ws/other"),
        ("https://a.example/v1/p", "/v1/p"),
    ],
)
def test_a_path_is_known_without_what_any_may_replace(uri: str, path: str) -> None:
    """The API's versions go, what else there is stays."""
    assert canonical_path(_get(uri)) == path


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        ("scheme", _get("http://a.example:1/p"), False),
        ("host", _get("https://b.example/p"), False),
        ("port", _get("https://a.example:444/p"), False),
        ("uri", _get("https://a.example/p?"), False),
        ("headers", Request(method="GET", uri="https://a.example/p", headers={"range": ["bytes=0-1"]}), False),
        ("method", _get("https://other.example/q"), True),
    ],
)
def test_match_on_chooses_what_is_compared(name: str, other: Request, same: bool) -> None:
    """Each name of match_on compares that part alone."""
    assert _same(_get("https://a.example/p"), other, name) is same


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("api.localhost", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::1%lo", True),
        ("10.0.0.1", False),
        ("example.com", False),
    ],
)
def test_loopback_is_known_by_name_and_number(host: str, expected: bool) -> None:
    """Names and addresses of this machine itself are loopback, others aren't."""
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("query", "other", "same"),
    [
        ("a=1&key=REDACTED", "a=1", True),
        ("access_token=REDACTED&a=1&key=REDACTED", "a=1", True),
        ("stamp=REDACTED", "", True),
        ("key=&API_KEY=", "", True),
        ("key=REDACTED&a=1", "key=REDACTED&a=2", False),
        ("key=REDACTED", "key=demo", False),
        ("note=not-REDACTED", "", False),
        ("upload_id=redacted-0f0f", "upload_id=redacted-1f1f", False),
        ("upload_id=redacted-0f0f", "", False),
        ("page=", "", False),
    ],
)
def test_a_credential_in_a_query_is_no_difference(query: str, other: str, same: bool) -> None:
    """What is redacted whole is not compared, nor a key that is empty: a recorder may have left it out."""
    a, b = (_get(f"https://a.example/p?{text}") for text in (query, other))
    assert _same(a, b) is same
    assert (not list(differing(a, b))) is same


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"x-api-key": ["REDACTED"], "accept": ["a"]}, True),
        ({"authorization": ["Bearer REDACTED"], "accept": ["a"]}, True),
        ({"accept": ["a", "REDACTED"]}, True),
        ({"accept": ["a"], "x-client": ["one REDACTED two"]}, False),
        ({"accept": ["a"], "x-client": ["one"]}, False),
        ({"accept": ["b"], "x-api-key": ["REDACTED"]}, False),
    ],
)
def test_a_credential_in_a_header_is_no_difference(headers: dict[str, list[str]], same: bool) -> None:
    """Where headers are compared, one that holds a credential alone is not."""
    a, b = (Request(method="GET", uri="https://a.example/", headers=each) for each in (headers, {"accept": ["a"]}))
    assert _same(a, b, "headers") is same


LONG = "The quick brown fox jumps over the lazy dog. " * 5


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ({"a": {"b": [1]}}, {"a": {"b": [2]}}, ["a.b[0]: 1 -> 2"]),
        (
            {"tools": [{"parameters": {"properties": {}}}]},
            {"tools": [{"parameters": {"properties": {"unit": {}}}}]},
            ["tools[0].parameters.properties.unit: added"],
        ),
        ({"a": 1, "b": 2}, {"b": 2, "c": 3}, ["a: removed", "c: added"]),
        ({"l": [1, 2]}, {"l": [1]}, ["l[1]: removed"]),
        ({"l": [1]}, {"l": [1, 2]}, ["l[1]: added"]),
        ({"a": 1}, {"a": True}, ["a: 1 -> true"]),
        ([1], {"a": 1}, ['body: [1] -> {"a": 1}']),
        (b'{"a": 1e5000, "b": [1]}', b'{"a": 1e5001, "b": 1.0}', ["a: 1E+5000 -> 1E+5001", "b: [1] -> 1"]),
        (b'{"a": [1e5000]}', b'{"a": 1}', ['a: ["1E+5000"] -> 1']),
        (b'{"a": 1.0}', b'{"a": 1}', []),
        (b'{"a": 1, "a": 2}', b'{"a": 2}', ['body: "{\\"a\\": 1, \\"a\\": 2}" -> "{\\"a\\": 2}"']),
        (b"old text", b"new text", ['body: "old text" -> "new text"']),
        (b"\xff", b"{}", ['body: "1 bytes that are not text" -> "{}"']),
        ({"a": list(range(40))}, {"a": "x"}, [f"a: [{', '.join(map(str, range(40)))}"[:63] + '... -> "x"']),
        (
            {"t": LONG + "end"},
            {"t": LONG + "fin"},
            ['t: ..." over the lazy dog. end" -> ..." over the lazy dog. fin"'],
        ),
        (
            {"t": LONG},
            {"t": "The slow"},
            ['t: "The quick brown fox jumps over the lazy dog. The quick brown"... -> "The slow"'],
        ),
    ],
)
def test_differences_are_named_field_by_field(old: Any, new: Any, lines: list[str]) -> None:
    """Each changed, added or removed field is one line with its place; long texts are shown where they differ."""
    assert list(differing(_post(old), _post(new))) == lines


def test_a_boundary_is_no_difference() -> None:
    """What separates the parts of an upload is not named, what is in them is."""
    [line] = differing(_upload("1f3a", b"old"), _upload("9c0e", b"new"))
    assert "old" in line
    assert "1f3a" not in line
    assert list(differing(_upload("1f3a"), _upload("9c0e"))) == []


def test_differences_beside_the_body_are_named() -> None:
    """Method, path and query are named before the body."""
    old = Request(method="GET", uri="https://a.example/p?x=1")
    new = Request(method="POST", uri="https://a.example/q?x=2&y=3")
    assert list(differing(old, new)) == [
        "method: GET -> POST",
        "path: https://a.example/p -> https://a.example/q",
        'query.x: "1" -> "2"',
        "query.y: added",
    ]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("tag=x&tag=y", "tag=y&tag=x", ['query.tag[0]: "x" -> "y"', 'query.tag[1]: "y" -> "x"']),
        ("tag=x", "tag=x&tag=y", ['query.tag: "x" -> ["x", "y"]']),
        ("k=%FE", "k=%ff", ['query.k: "%FE" -> "%FF"']),
    ],
)
def test_differences_of_a_query_are_named(old: str, new: str, lines: list[str]) -> None:
    """The values of a name that is there several times are a list, and bytes that are no text are shown as sent."""
    assert list(differing(_get(f"https://a.example/p?{old}"), _get(f"https://a.example/p?{new}"))) == lines


_NUMBERS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    st.integers(0, 10**25),
    st.just("") | st.from_regex(r"\A\.[0-9]{1,20}\Z"),
    st.just("") | st.from_regex(r"\A[eE][+-]?[0-9]{1,3}\Z"),
)


@given(_NUMBERS, _NUMBERS)
def test_numbers_are_the_same_whose_decimal_value_is(one: str, other: str) -> None:
    """However two numbers are written, they are one exactly where their values are."""
    digits, _, power = one.lower().partition("e")
    again = f"{digits}{'' if '.' in digits else '.'}00E{power or 0}"
    assert _same(_post(f"[{one}]".encode()), _post(f"[ {again}]".encode()))
    assert _same(_post(f"[{one}]".encode()), _post(f"[{other}]".encode())) is (Decimal(one) == Decimal(other))


@pytest.mark.parametrize(("one", "other"), [(2**53, 2**53 + 1), (10**30, 10**30 + 1), (0.1, 0.1000000000000001)])
def test_numbers_that_a_float_would_round_stay_different(one: float, other: float) -> None:
    """An id of a database may be as large."""
    assert not _same(_post({"input": one}), _post({"input": other}))


def _history(first: Any, second: Any, name: str = "id") -> Request:
    """A history of generateContent's, with these ids of two calls and their results."""
    calls = [{"functionCall": {"name": "f", name: each}} for each in (first, second)]
    results = [{"function_response": {"name": "f", name: each}} for each in (second, first)]
    contents = [{"role": "model", "parts": [*calls, {"text": "x"}]}, {"parts": results}]
    return _post({"contents": contents}, f"{REAL}/v1beta/models/m:generateContent")


def test_the_ids_of_calls_are_the_same_where_they_link_the_same() -> None:
    """Some frameworks draw them anew in each run."""
    assert _same(_history("a", "b"), _history("x", "y"))
    assert not _same(_history("a", "b"), _history("a", "a"))
    assert not _same(_history("a", "b", "name"), _history("x", "y", "name"))
    assert not _same(_history(1, 2), _history(3, 4))


@pytest.mark.parametrize("contents", [["x"], [{"parts": "x"}], [{"parts": ["x"]}], [{"parts": [{"functionCall": 1}]}]])
def test_contents_of_any_shape_are_compared(contents: Any) -> None:
    """Whatever has such a field may be another API's."""
    uri = "https://h.example/x"
    assert _same(_post({"contents": contents}, uri), _post({"contents": contents, "n": 1.0} | {"n": 1}, uri)) is False
    assert _same(_post({"contents": contents}, uri), _post(json.dumps({"contents": contents}, indent=1).encode(), uri))


def test_a_part_of_a_resource_is_not_another_part() -> None:
    """Which bytes are wanted is in a header."""
    whole, *parts = (_get(f"{REAL}/v1beta/files/f") for _ in range(4))
    for part, wanted in zip(parts, ("bytes=0-9", "bytes=10-19", "bytes=0-9"), strict=True):
        part.headers["range"] = [wanted]
    assert _same(parts[0], parts[2])
    assert not _same(parts[0], parts[1])
    assert not _same(parts[0], whole)
    assert list(differing(parts[0], parts[1])) == ["path: /files/f bytes=0-9 -> /files/f bytes=10-19"]


def _explained(live: Request, *recorded: tuple[Request, bool], same: tuple[int, ...] = ()) -> str:
    return explain(live, recorded, cassette=Path("c.yaml"), same=same, rerecord="pytest --again").text


def test_the_closest_recorded_request_is_shown() -> None:
    """Of several recorded requests the one with the fewest differences is compared, unplayed before played."""
    text = _explained(
        _post({"a": 1, "b": 2}),
        (_post({"a": 9, "b": 9}), False),
        (_post({"a": 1, "b": 3}), True),
        (_post({"a": 1, "b": 4}), False),
    )
    assert text.splitlines()[-4:] == [
        "The closest of 3 recorded: exchange 3 (not played yet), POST /interactions",
        "  b: 4 -> 2",
        "",
        "If the app is wrong, mend it. To record it again: pytest --again",
    ]


def test_a_long_difference_is_cut() -> None:
    """Beyond seven differences their number is enough."""
    text = _explained(_post({}), (_post({str(n): n for n in range(20)}), True))
    assert "(already played)" in text
    assert "  ... and 13 more" in text


def test_an_empty_cassette_says_so() -> None:
    """Where nothing is recorded there is nothing to compare with."""
    assert "The cassette holds no exchange." in _explained(_post({}))


def test_a_body_too_deep_to_walk_is_compared_by_its_bytes() -> None:
    """Nesting that can be parsed and not walked raises nothing, and is told from other nesting."""
    deep = b'{"input": ' + b"[" * 900 + b"null" + b"]" * 900 + b"}"
    assert _same(_post(deep), _post(deep))
    assert not _same(_post(deep), _post(deep.replace(b"null", b"1")))


@pytest.mark.parametrize("uri", ["http://[", "http://h:99999/v1/interactions", "http://\u2100.com/"])
def test_what_is_no_uri_matches_itself(uri: str) -> None:
    """A cassette that somebody edited may hold it; it is the answer to no request, and no error."""
    request, other = Request(method="GET", uri=uri), Request(method="GET", uri="http://h/v1/interactions")
    assert key_of(request, MATCHERS) == key_of(request.unparsed(), MATCHERS)
    assert key_of(request, MATCHERS) != key_of(other, MATCHERS)


@pytest.mark.parametrize(
    ("real", "local"),
    [
        (f"{LIVE}.v1beta.{BIDI}", f"ws://127.0.0.1:8080/ws/google.ai.generativelanguage.v1alpha.{BIDI}"),
        (
            "wss://us-central1-aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent",
            "ws://localhost/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent",
        ),
        ("wss://generativelanguage.googleapis.com/v1beta/interactions/live", "ws://127.0.0.1:8/v1/interactions/live"),
    ],
)
def test_a_live_session_is_the_apis_wherever_it_is_served(real: str, local: str) -> None:
    """A server of this machine stands for the API, and its version is no difference; what runs beside it does not."""
    assert _same(_get(real), _get(local))
    assert kind_of(_get(real)) == kind_of(_get(local))
    assert kind_of(_get(real))[0] == "WEBSOCKET"
    assert is_api(_get(local))
    assert not is_beside(_get(local), [])
    assert is_beside(_get("ws://127.0.0.1:9222/devtools/browser/1"), [])


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        (CREATE, ("gemini-api", "interactions")),
        ("http://127.0.0.1:8/v1/interactions/v1_a", ("gemini-api", "interactions/*")),
        (f"{CREATE}/v1_a/cancel?x=1", ("gemini-api", "interactions/*/cancel")),
        (f"{REAL}/v1beta/models", ("gemini-api", "models")),
        (f"{REAL}/v1beta/models/gemini:generateContent?alt=sse", ("gemini-api", "models/*:generateContent")),
        (f"{REAL}/upload/v1beta/files", ("gemini-api", "upload/files")),
        (f"{REAL}/download/v1beta/files/a:download", ("gemini-api", "download/files/*:download")),
        (f"{REAL}/v1beta/fileSearchStores/a/documents/b", ("gemini-api", "fileSearchStores/*/documents/*")),
        (
            "https://aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/g:predict",
            ("gemini-api", "publishers/*/models/*:predict"),
        ),
        ("https://example.com/weather/paris?x=1", ("https://example.com:443", "/weather/paris")),
    ],
)
def test_a_kind_of_request_leaves_out_the_names_in_the_api(uri: str, kind: tuple[str, str]) -> None:
    """A model, a file, an interaction; the path on another host tells what is asked for."""
    assert kind_of(_get(uri)) == ("GET", *kind)
    assert kind_of(_post({}, uri)) == ("POST", *kind)
