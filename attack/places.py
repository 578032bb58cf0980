"""Puts a text into an exchange, at each place that is written, and reads it back from there."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

from attack import readers
from attack.draw import words
from pytest_interactions.api.exchange import Cut, Exchange, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from random import Random

    from attack.judge import Item

API: Final = "https://generativelanguage.googleapis.com/v1beta/interactions"
ELSEWHERE: Final = "https://api.example.com/v2/search"
JSON: Final = {"content-type": ["application/json"]}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an exchange.

    Attributes:
        name: Its name, to describe a leak.
        put: Makes an exchange with a text there.
        read: Yields what is there.
        one_line: Whether it takes no line breaks and nothing but ASCII.
        over_http: Whether a server and a client can be made to put it there.
    """

    name: str
    put: Callable[[Random, str], Exchange]
    read: Callable[[Item], Iterable[str]]
    one_line: bool = False
    over_http: bool = True


def asking(body: bytes = b"", uri: str = API, content_type: str = "application/json") -> Exchange:
    """Make an exchange with a request of interest."""
    return Exchange(
        request=Request(method="POST", uri=uri, headers={"content-type": [content_type]}, body=body),
        response=Response(status=200, reason="OK", headers=dict(JSON), body=b'{"id":"v1_1","status":"completed"}'),
    )


def answering(body: bytes, content_type: str = "application/json", uri: str = API, **headers: str) -> Exchange:
    """Make an exchange with a response of interest."""
    named = {"content-type": [content_type]} | {name.replace("_", "-"): [value] for name, value in headers.items()}
    return Exchange(
        request=Request(
            method="POST", uri=uri, headers=dict(JSON), body=b'{"model":"gemini-3.5-flash","input":"go on"}'
        ),
        response=Response(status=200, reason="OK", headers=named, body=body),
    )


def written(dice: Random, document: Any) -> bytes:
    """Write JSON as one of the writers there are."""
    indent, separators = dice.choice(((None, None), (None, (",", ":")), (2, None)))
    return json.dumps(document, ensure_ascii=dice.randrange(2) == 0, indent=indent, separators=separators).encode()


def event(document: Any) -> bytes:
    """Write an event of a stream."""
    return f"event: {document.get('event_type', 'message')}\ndata: {json.dumps(document)}\n\n".encode()


def sent(item: Item) -> str:
    """Return the body of a request."""
    return _text(item["request"]["body"])


def received(item: Item) -> str:
    """Return the body of a response."""
    return _text(item["response"]["body"]["string"])


def _text(body: str | bytes | None) -> str:
    return body.decode("utf-8", "surrogateescape") if isinstance(body, bytes) else body or ""


def _steps(dice: Random, text: str) -> Any:
    said = {"type": "model_output", "content": [{"type": "text", "text": text}]}
    called = {"type": "function_result", "call_id": "c1", "name": "read_file", "result": text}
    asked = {"type": "function_call", "id": "c1", "name": "run", "arguments": {"code": text, "n": 2}}
    return dice.choice((said, called, asked))


def _prompt(dice: Random, text: str) -> Exchange:
    history = [{"type": "user_input", "content": [{"type": "text", "text": words(dice, 8)}]}, _steps(dice, text)]
    return asking(written(dice, {"model": "gemini-3.5-flash", "input": text if dice.randrange(2) else history}))


def _field_name(dice: Random, text: str) -> Exchange:
    return asking(written(dice, {"input": words(dice, 4), "labels": {text: "on"}}), ELSEWHERE)


def _form(_: Random, text: str) -> Exchange:
    body = f"q={quote_plus(text)}&lang=en".encode()
    return asking(body, ELSEWHERE, "application/x-www-form-urlencoded")


def _interaction(dice: Random, text: str) -> Exchange:
    return answering(written(dice, {"id": "v1_1", "status": "completed", "steps": [_steps(dice, text)]}))


def _anyones(dice: Random, text: str) -> Exchange:
    return answering(written(dice, {"results": [{"title": words(dice, 5), "snippet": text}]}), uri=ELSEWHERE)


def _delta(dice: Random, text: str) -> Exchange:
    delta = {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": text}}
    other = {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": words(dice, 4)}}
    return answering(event(other) + event(delta) + b"event: done\ndata: [DONE]\n\n", "text/event-stream")


def _lines(dice: Random, text: str) -> Exchange:
    lines = [{"n": 1, "text": words(dice, 4)}, {"n": 2, "text": text}]
    return answering(b"".join(json.dumps(line).encode() + b"\n" for line in lines), "application/x-ndjson", ELSEWHERE)


def _page(_: Random, text: str) -> Exchange:
    body = f"<html><body><h1>Results</h1><pre>{html.escape(text)}</pre></body></html>"
    return answering(body.encode(), "text/html; charset=utf-8", ELSEWHERE)


def _location(dice: Random, text: str) -> Exchange:
    begin = dice.choice(("/done?note=", "done?a=1&note=", "?note=", "../x#note=", "https://h.example/cb?note="))
    moved = answering(b"", "text/plain", ELSEWHERE, location=begin + quote(text, safe=""))
    moved.response.status = 302
    return moved


def _link(dice: Random, text: str) -> Exchange:
    begin = dice.choice(("</x?cursor=", "<x?cursor=", "<?cursor=", "<https://h.example/x?cursor="))
    return answering(b"[]", "application/json", ELSEWHERE, link=f'{begin}{quote(text, safe="")}>; rel="next"')


def _disposition(dice: Random, text: str) -> Exchange:
    name = quote(text, safe="")
    value = dice.choice((f'attachment; filename="{name}.csv"', f"attachment; filename*=UTF-8''{name}.csv"))
    return answering(b"a,b\n", "text/csv", ELSEWHERE, content_disposition=value)


def _reason(_: Random, text: str) -> Exchange:
    failed = answering(b"{}")
    failed.response.status, failed.response.reason = 400, f"Bad value {text}"
    return failed


def _error(_: Random, text: str) -> Exchange:
    broken = answering(b'{"id":')
    broken.cut = Cut(by="connection", error="ReadError", message=f"cannot read from {text}")
    return broken


def _uri(item: Item) -> Iterator[str]:
    yield from readers.percents(item["request"]["uri"])


def _in_header(name: str) -> Callable[[Item], Iterator[str]]:
    return lambda item: readers.percents("".join(item["response"]["headers"].get(name, [])))


def _asked(item: Item) -> Iterator[str]:
    yield readers.unescaped(sent(item))


def _answered(item: Item) -> Iterator[str]:
    yield readers.unescaped(received(item))


PLACES: Final = (
    Place("URL's query", lambda _, text: asking(b"{}", f"{ELSEWHERE}?q={quote_plus(text)}&n=1"), _uri),
    Place("URL's path", lambda _, text: asking(b"{}", f"https://api.example.com/r/{quote(text, safe='')}/x"), _uri),
    Place("request's JSON", _prompt, _asked),
    Place("field's name in JSON", _field_name, _asked),
    Place("request's form", _form, lambda item: readers.percents(sent(item))),
    Place("request's text", lambda _, t: asking(t.encode(), ELSEWHERE, "text/plain"), lambda item: [sent(item)]),
    Place("response's JSON", _interaction, _answered),
    Place("other host's JSON", _anyones, _answered),
    Place("event of a stream", _delta, _answered),
    Place("line of JSON", _lines, _answered),
    Place(
        "response's text", lambda _, t: answering(t.encode(), "text/plain", ELSEWHERE), lambda item: [received(item)]
    ),
    Place("response's HTML", _page, lambda item: readers.entities(received(item))),
    Place("header location", _location, _in_header("location")),
    Place("header link", _link, _in_header("link")),
    Place("header content-disposition", _disposition, _in_header("content-disposition")),
    Place("reason phrase", _reason, lambda item: [item["response"]["status"]["message"]], one_line=True),
    Place("error's message", _error, lambda item: [item["cut"]["message"]], over_http=False),
)
