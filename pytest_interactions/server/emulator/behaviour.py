"""The emulator's model: its answers to requests that no script answers."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import TYPE_CHECKING, Any

from pytest_interactions.server.emulator import speech
from pytest_interactions.server.emulator.builtin import builtin_steps, call_and_result
from pytest_interactions.server.emulator.functions import function_calls
from pytest_interactions.server.emulator.png import png
from pytest_interactions.server.emulator.schema import value_for
from pytest_interactions.server.emulator.state import SKIPPED_THOUGHT
from pytest_interactions.server.emulator.turn import media_bytes, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.turn import Turn

#: The model's knowledge: words of a question, the answer, and the site to cite. The answers are the quickstart's.
_FACTS = (
    (
        "how ai works",
        "AI learns patterns from data, then uses those patterns to make predictions.",
        "wikipedia.org",
    ),
    ("capital of france", "The capital of France is **Paris**.", "wikipedia.org"),
    ("euro 2024", "Spain won Euro 2024, defeating England 2-1 in the final.", "uefa.com"),
)
_PAWS = {"dog": 4, "cat": 4, "bird": 2}
_FIBONACCI = """\
numbers = [0, 1]
while len(numbers) < 20:
    numbers.append(numbers[-1] + numbers[-2])
with open("fibonacci.txt", "w") as file:
    file.write(" ".join(map(str, numbers)))
print(open("fibonacci.txt").read())"""


def answer(turn: Turn) -> list[Json]:
    """Return the steps that answer `turn`."""
    if "agent" in turn.request:
        return [thought(turn), *_agent(turn)]
    calls = function_calls(turn)
    if calls:
        return [thought(turn), *calls]
    content = next(make(turn) for applies, make in _CONTENT if applies(turn))
    return [thought(turn), *builtin_steps(turn), {"content": content, "type": "model_output"}]


def thought(turn: Turn) -> Json:
    """Return a signed thought, with a summary if the request asks for one."""
    if turn.results:
        return {"signature": SKIPPED_THOUGHT, "type": "thought"}
    signed = {"signature": turn.draw.signature("thought"), "type": "thought"}
    if turn.config.get("thinking_summaries", "none") == "none":
        return signed
    summary = f"**Reading the request**\n\nThe user says: {turn.prompt}\n\n\n"
    return signed | {"summary": [{"text": summary, "type": "text"}]}


def text(words: str, **more: Any) -> list[Json]:
    """Return the content of a model's step: one text."""
    return [{"text": words, **more, "type": "text"}]


def _structured(turn: Turn) -> list[Json]:
    schema = next((wanted["schema"] for wanted in turn.formats if "schema" in wanted), {"type": "object"})
    return text(json.dumps(value_for(schema, turn.draw), ensure_ascii=False, indent=2))


def _cited(turn: Turn) -> list[Json]:
    words, site = _fact(turn) or (f"Search results for: {turn.prompt}", "example.com")
    redirect = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/"
    citation = {
        "start_index": 0,
        "end_index": len(words.encode()),  # the API counts bytes
        "url": redirect + turn.draw.text("citation", 40),
        "title": site,
        "type": "url_citation",
    }
    return text(words, annotations=[citation])


def _report(turn: Turn) -> list[Json]:
    names = {step["id"]: step["name"] for step in turn.history if step["type"] == "function_call"}
    sentences = (
        f"{names.get(result['call_id'], result.get('name', 'The function'))} returned {text_of(result)}."
        for result in turn.results
    )
    return text(" ".join(sentences))


def _described(turn: Turn) -> list[Json]:
    return text(f"You sent {' and '.join(map(_describe, turn.media))}. {_talk(turn)}")


def _describe(part: Json) -> str:
    data = media_bytes(part)
    facts = [part.get("mime_type") or "of unknown type"]
    if data is None:
        return f"the {part['type']} at {part.get('uri')} ({facts[0]})"
    if part["type"] == "image":
        facts += _pixels(data)
    return f"the {part['type']} ({', '.join([*facts, f'{len(data)} bytes'])})"


def _pixels(data: bytes) -> list[str]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return [f"{image.width} x {image.height} pixels"]
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ):  # Pillow raises these for what is no picture
        return ["no picture that I can read"]


def _picture(turn: Turn) -> list[Json]:
    """Return a city skyline at sunset as a PNG."""
    width, height, towers = 96, 64, 8
    sky = [(90 + 11 * n, 40 + 9 * n, 120 - 4 * n) for n in range(15)]
    rows = [[row * 15 // height] * width for row in range(height)]
    for tower, size in enumerate(turn.draw.bytes("skyline", towers)):
        left = tower * width // towers
        for row in rows[height - 12 - size % 40 :]:
            row[left : left + 10] = [15] * 10
    data = png(rows, [*sky, (20, 16, 40)])
    return [{"mime_type": "image/png", "data": base64.b64encode(data).decode(), "type": "image"}]


def _plain(turn: Turn) -> list[Json]:
    return text(_talk(turn))


def _talk(turn: Turn) -> str:
    exactly, fact = _exactly(turn.prompt), _fact(turn)
    return exactly or (fact[0] if fact else _paws(turn) or _echo(turn))


def _exactly(prompt: str) -> str | None:
    """Return what the prompt wants for an answer, word by word; a long one that wants none is not searched for it."""
    if "exactly" not in prompt.lower():
        return None
    found = re.search(r"(?:reply|respond|answer) with exactly:? (.+?)\.?$", prompt, re.IGNORECASE)
    return found[1] if found else None


def _fact(turn: Turn) -> tuple[str, str] | None:
    """Return the known answer to a prompt, and the site to cite for it."""
    question = turn.prompt.casefold()
    return next(((answer, site) for words, answer, site in _FACTS if words in question), None)


def _paws(turn: Turn) -> str | None:
    """Return the number of paws in the house, counted from the earlier turns; `None` if nobody asks for it."""
    if "paws" not in turn.prompt:
        return None
    earlier = " ".join(text_of(step) for step in turn.history if step["type"] == "user_input")
    animals = [(int(n), animal) for n, animal in re.findall(r"(\d+) (dog|cat|bird)s?\b", earlier)]
    if not animals:
        return "I don't know which animals are in your house."
    total = sum(n * _PAWS[animal] for n, animal in animals)
    sums = " + ".join(f"{n} {animal}s with {_PAWS[animal]} paws each" for n, animal in animals)
    return f"There are {total} paws in your house: {sums} = {total}."


def _echo(turn: Turn) -> str:
    """Return all that the user said, now and earlier: an answer that shows what the model remembers."""
    earlier = [text_of(step) for step in turn.history if step["type"] == "user_input"]
    before = f" Earlier you said: {'; '.join(earlier)}" if earlier else ""
    return f"You said: {turn.prompt}{before}"


def _agent(turn: Turn) -> list[Json]:
    """Return an agent's work: a search by a research agent, a script run in the environment by any other."""
    if turn.request["agent"].startswith("deep-research"):
        planning = (turn.request.get("agent_config") or {}).get("collaborative_planning")
        if planning and not turn.history:
            plan = f"Here is my plan: I search for “{turn.prompt}”, and report what I find. Shall I begin?"
            return [{"content": text(plan), "type": "model_output"}]
        search = {"arguments": {"queries": [turn.prompt]}, "search_type": "web_search"}
        suggestions = {"result": [{"search_suggestions": ""}], "is_error": False}
        steps = call_and_result(turn, "google_search", search, suggestions)
        return [*steps, {"content": _cited(turn), "type": "model_output"}]
    fibonacci = "fibonacci" in turn.prompt.casefold()
    code = _FIBONACCI if fibonacci else f"print({turn.prompt!r})"
    printed = f"{_fibonacci(20) if fibonacci else turn.prompt}\n"
    run = {"arguments": {"code": code, "language": "python"}}
    steps = call_and_result(turn, "code_execution", run, {"result": printed, "is_error": False})
    return [*steps, {"content": text(f"I ran the script. It printed:\n\n{printed}"), "type": "model_output"}]


def _fibonacci(count: int) -> str:
    numbers = [0, 1]
    while len(numbers) < count:
        numbers.append(numbers[-1] + numbers[-2])
    return " ".join(map(str, numbers))


def _is_structured(turn: Turn) -> bool:
    return any(wanted.get("mime_type") == "application/json" for wanted in turn.formats)


#: The makers of an answer, each with its condition. The first whose condition holds makes the answer.
_CONTENT: tuple[tuple[Callable[[Turn], bool], Callable[[Turn], list[Json]]], ...] = (
    (_is_structured, _structured),
    (speech.asked_for, speech.spoken),
    (lambda turn: turn.asks_for("image"), _picture),
    (lambda turn: bool(turn.results), _report),
    (lambda turn: any(tool["type"] == "google_search" for tool in turn.tools), _cited),
    (lambda turn: bool(turn.media), _described),
    (lambda _: True, _plain),
)
