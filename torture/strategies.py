"""What is drawn at random: JSON of any form, bodies, streams, exchanges, and real files that were mutated."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from pytest_interactions.api.exchange import Cut, Exchange, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

#: Any text, lone surrogates among it.
TEXTS: Final = st.text(st.characters(exclude_categories=()), max_size=12)

_KINDS: Final = st.sampled_from(
    [
        *("text", "image", "audio", "model_output", "user_input", "thought", "function_call", "function_result"),
        *("google_search_call", "google_search_result", "arguments_delta", "thought_summary", "thought_signature"),
        *("text_annotation_delta", "interaction.created", "interaction.status_update", "interaction.completed"),
        *("step.start", "step.delta", "step.stop", "content.start", "content.delta", "error", "done"),
    ]
)
_NAMES: Final = st.sampled_from(
    [
        *("text", "data", "content", "summary", "arguments", "result", "signature", "id", "call_id", "name", "uri"),
        *(
            "annotations",
            "is_error",
            "role",
            "steps",
            "outputs",
            "status",
            "errors",
            "input",
            "unknown_events",
            "usage",
        ),
        *("type", "event_type", "index", "delta", "step", "interaction", "error", "model", "tools", "headers", "env"),
        *("environment", "network", "allowlist", "transform", "parameters", "response_format", "mime_type", "stream"),
        *("api_key", "token", "key", "previous_interaction_id", "store", "background", "agent", "event_id", "created"),
    ]
)
_NUMBERS: Final = (
    st.integers()
    | st.sampled_from([2**53 + 1, -(2**63), 2**64, 10**30, -0.0, 1e22, 1e-7, 0.1, 5e-324, float("inf"), float("nan")])
    | st.floats()
)
_LEAVES: Final[st.SearchStrategy[Any]] = (
    st.none()
    | st.booleans()
    | _NUMBERS
    | TEXTS
    | _KINDS
    | st.sampled_from(["", "[", '{"a":', "QQ==", "data:image/png;base64,QQ==", "\ud800", "a\nb", "\r", "\x00", "\x85"])
)


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    typed = st.builds(
        lambda kind, rest: {"type": kind, **rest}, _KINDS | inner, st.dictionaries(_NAMES, inner, max_size=4)
    )
    as_text = st.builds(json.dumps, inner)
    return st.lists(inner, max_size=4) | st.dictionaries(_NAMES | TEXTS, inner, max_size=4) | typed | as_text


_FLAT: Final = st.recursive(_LEAVES, _grown, max_leaves=12)


def _nested(value: Any, depth: int, wraps: list[Callable[[Any], Any]]) -> Any:
    for level in range(depth):
        value = wraps[level % len(wraps)](value)
    return value


_WRAPS: Final[st.SearchStrategy[Callable[[Any], Any]]] = st.sampled_from(
    [
        lambda value: [value],
        lambda value: {"a": value},
        lambda value: {"type": "text", "content": value},
        lambda value: {"type": "function_result", "result": value},
        lambda value: [0, value],
    ]
)
_DEEP: Final = st.builds(
    _nested, _FLAT, st.sampled_from([20, 90, 180, 198, 200, 250]), st.lists(_WRAPS, min_size=1, max_size=3)
)


def _in_texts(value: Any, depths: list[int]) -> Any:
    for depth in depths:
        value = _nested(json.dumps(value), depth, [lambda inner: [inner]])
    return value


#: A deep document, which is a text in another, and so on.
_DEEP_IN_TEXT: Final = st.builds(_in_texts, _LEAVES, st.lists(st.sampled_from([3, 90, 190]), max_size=4))


#: Any JSON, of the API's words or not; one in many is deep.
JSON: Final[st.SearchStrategy[Any]] = st.one_of(_FLAT, _FLAT, _FLAT, _FLAT, _FLAT, _DEEP, _DEEP_IN_TEXT)

#: A step, a content, a delta: an object with a `type` that may be anything.
_STEP: Final = st.builds(
    lambda kind, rest: {**rest, "type": kind}, _KINDS | JSON, st.dictionaries(_NAMES, JSON, max_size=4)
)
#: An event, or what comes in the place of one.
EVENT: Final[st.SearchStrategy[Any]] = st.builds(
    lambda kind, index, rest: {**rest, "event_type": kind, "index": index},
    _KINDS | JSON,
    st.sampled_from([0, 0, 1, None, "odd", -1, 10**20, True, [0]]),
    st.dictionaries(
        st.sampled_from(["step", "delta", "content", "interaction", "error", "status"]), _STEP | JSON, max_size=3
    ),
) | st.dictionaries(_NAMES, JSON, max_size=4)
#: An interaction, or what comes in its place.
INTERACTION: Final[st.SearchStrategy[Any]] = st.dictionaries(
    st.sampled_from(["id", "status", "steps", "outputs", "errors", "unknown_events", "input", "usage", "model"]),
    st.lists(_STEP, max_size=4) | JSON,
    max_size=6,
)


def _dumped(value: Any, *, is_ascii: bool, indent: int | None) -> bytes:
    return json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode("utf-8", "surrogatepass")


#: JSON as it is sent.
JSON_TEXT: Final[st.SearchStrategy[bytes]] = st.builds(
    lambda value, is_ascii, indent: _dumped(value, is_ascii=is_ascii, indent=indent),
    JSON | INTERACTION,
    st.booleans(),
    st.sampled_from([None, None, 2]),
)
_EVENT_TEXT: Final = st.builds(
    lambda name, end, event: b"event: " + name.encode("utf-8", "surrogatepass") + end + b"data: " + event + end * 2,
    _KINDS | TEXTS,
    st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r"]),
    st.builds(lambda value: _dumped(value, is_ascii=True, indent=None), EVENT),
)
_PIECES: Final = st.sampled_from(
    [
        *(b"data:", b"data: ", b"event: ", b"id: ", b"retry:", b": ping", b"\n", b"\r", b"\r\n", b"\n\n", b"[DONE]"),
        *(b"{", b'{"a":1}', b'[{"error":{"code":503}}]', b"\xef\xbb\xbf", b"\x00", b"\xff", b"data", b" ", b"done"),
    ]
)
#: A stream of events, and what is nearly one.
STREAM: Final[st.SearchStrategy[bytes]] = st.builds(
    b"".join, st.lists(_EVENT_TEXT | _PIECES | st.binary(max_size=6), max_size=8)
)
#: Any body.
BODY: Final[st.SearchStrategy[bytes]] = st.one_of(
    JSON_TEXT,
    JSON_TEXT,
    STREAM,
    st.binary(max_size=60),
    st.builds(b"\n".join, st.lists(JSON_TEXT, max_size=3)),
    st.builds(
        lambda value, code: json.dumps(value).encode(code), JSON, st.sampled_from(["utf-16", "utf-32", "utf-8-sig"])
    ),
    st.builds(gzip.compress, JSON_TEXT),
    st.sampled_from([b"a=%ff&b=%", b"key=AIza&a=1;b", b'{"a":1,"a":2}', b"{" * 300, b'{"a":1e999}', b"9" * 5000]),
    st.builds(lambda text: text.encode("utf-8", "surrogatepass"), TEXTS),
)
_TYPES: Final = (
    st.sampled_from(
        [
            *(
                "application/json",
                "application/json; charset=UTF-8",
                "text/event-stream",
                "text/plain; charset=latin-1",
            ),
            *("application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "multipart/mixed; boundary=", ""),
            *(
                "application/x-ndjson",
                "image/png",
                "text/plain; charset=utf-16",
                "text/plain; charset=odd",
                "json",
                ";;",
            ),
            *("application/json; charset=rot13", "application/json; charset=idna", "text/html; charset=unicode_escape"),
        ]
    )
    | TEXTS
)
_HEADERS: Final = st.builds(
    lambda kind, more: {**more, **({"content-type": [kind]} if kind else {})},
    _TYPES,
    st.dictionaries(
        st.sampled_from(["location", "x-goog-upload-url", "authorization", "cookie", "content-encoding", "etag", "x"]),
        st.lists(TEXTS | st.sampled_from(["gzip", "br", "zstd", "gzip, br", "Bearer abcdefghijklmnop"]), max_size=2),
        max_size=2,
    ),
)
_PATHS: Final = st.sampled_from(
    [
        *("https://generativelanguage.googleapis.com/v1beta/interactions", "http://127.0.0.1:80/v1/interactions/a"),
        *("https://h/v1/interactions", "https://h/x?key=abc&b=1&key=", "http://[::1]:8/upload/v1beta/files"),
        *("https://us-aiplatform.googleapis.com/v1/projects/p/locations/l/interactions", "http://h:99999/", "http://["),
        *("http://h:x/v1/interactions", "", "/v1/interactions", "http://[::1/v1/interactions", "http://h/%ff?%ff=%zz"),
        *(
            "http://\u2100.com/",
            "http://h/\ud800",
            "http://h/?a\x00b",
            "//h",
            "http:///v1/interactions",
            "ftp://u:p@h/",
        ),
    ]
)
#: Any URI, also one that is none.
URI: Final[st.SearchStrategy[str]] = _PATHS | st.builds(lambda path, more: path + more, _PATHS, TEXTS)
#: Any request.
REQUEST: Final = st.builds(
    lambda method, uri, headers, body: Request(method=method, uri=uri, headers=headers, body=body),
    st.sampled_from(["POST", "POST", "GET", "DELETE", "PATCH"]),
    URI,
    _HEADERS,
    BODY,
)
#: Any response.
RESPONSE: Final = st.builds(
    lambda status, reason, headers, body: Response(status=status, reason=reason, headers=headers, body=body),
    st.sampled_from([200, 200, 200, 400, 503, 0, 204, 999]),
    TEXTS | st.just("OK"),
    _HEADERS,
    BODY,
)
#: Any exchange.
EXCHANGE: Final = st.builds(
    lambda request, response, cut: Exchange(request=request, response=response, cut=cut),
    REQUEST,
    RESPONSE,
    st.none() | st.builds(lambda e, m: Cut(by="connection", error=e, message=m), TEXTS, TEXTS) | st.just(Cut(by="app")),
)
#: What YAML makes something else of, put into a file.
_ODD_YAML: Final = st.sampled_from(
    [
        *(
            b"*a",
            b"&a",
            b"!!python/object:x.y",
            b"<<: *a",
            b"? ",
            b"- ",
            b"{}",
            b"[]",
            b"null",
            b"~",
            b".nan",
            b"1e999",
        ),
        *(b"!!binary 'x'", b"!!set {a}", b"!!omap []", b"!!timestamp 2001-99-99", b"2001-99-99", b"---\n", b"...\n"),
        *(b"|", b">", b"'", b'"', b"\t", b"#", b": ", b"%YAML 9.9\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc2\x85"),
        *(
            b"version: 2",
            b"interactions: 5",
            b"- 5",
            b"cut: 7",
            b"cut:\n  by: odd",
            b"!!int x",
            b"0x",
            b"1_0",
            b"12:30:45",
        ),
        *(b"9" * 5000, b"0b2", b"!!float z", b"=", b"!!bool 7", b"!!int ''", b"{? {a: b} : c}", b"[" * 99),
    ]
)


@st.composite
def mutated(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """A real file, cut into pieces and put together otherwise, with odd things in between."""
    raw = draw(st.sampled_from(files))
    for _ in range(draw(st.integers(1, 4))):
        cuts = sorted(draw(st.lists(st.integers(0, len(raw)), min_size=1, max_size=3)))
        pieces = [raw[a:b] for a, b in pairwise([0, *cuts, len(raw)])]
        chosen = draw(st.integers(0, 4))
        odd = draw(_ODD_YAML | st.binary(max_size=4))
        if chosen == 0:
            pieces = [*pieces[:1], odd, *pieces[1:]]
        elif chosen == 1:
            pieces = [*pieces[:1], odd, *pieces[2:]]
        elif chosen == 2:
            pieces = [*pieces[:2], *pieces]
        elif chosen == 3:
            pieces = draw(st.permutations(pieces))
        else:
            pieces = _with_another_value(b"".join(pieces), cuts[0], odd)
        raw = b"".join(pieces)
    return raw


def _with_another_value(raw: bytes, near: int, odd: bytes) -> list[bytes]:
    """Put something odd after the next colon, in place of what the line says there."""
    colon = raw.find(b": ", near)
    end = raw.find(b"\n", colon)
    return [raw] if colon < 0 or end < 0 else [raw[: colon + 2], odd, raw[end:]]
