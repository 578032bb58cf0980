"""Random conversations whose history the client keeps, as the API hands their steps out and takes them back."""

from __future__ import annotations

import base64
import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.lint.memory import Memory

if TYPE_CHECKING:
    from random import Random

MODEL = "gemini-3.5-flash"
SKIPPED = "CiRlMjQ4MzBhNy01Y2Q2LTQyZmUtOTk4Yi1lZTUzOWU3MmI5YzM="  # that of thoughts after results, the same each time


@dataclass
class Conversation:
    """The answers so far, and the request that comes next."""

    random: Random
    memory: Memory = field(default_factory=Memory)
    request: dict[str, Any] = field(default_factory=lambda: {"model": MODEL, "store": False, "input": []})

    @property
    def input(self) -> list[dict[str, Any]]:
        """Return the steps of the request, which may be changed."""
        steps: list[dict[str, Any]] = self.request["input"]
        return steps

    def places(self, *kinds: str, since: int = 0) -> list[int]:
        """Return where the steps of these types are."""
        return [n for n, step in enumerate(self.input) if step["type"] in kinds and n >= since]

    def turn(self) -> int:
        """Return where the turn that goes on begins."""
        return self.places("user_input")[-1] + 1

    # --- what may come ---

    def name(self) -> str:
        """Return something that looks like an id."""
        return "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=8))

    def signature(self) -> str:
        """Return a signature."""
        return base64.b64encode(self.random.randbytes(self.random.randint(20, 60))).decode()

    def thought(self, signature: str | None = None) -> dict[str, Any]:
        """Return a thought, with a summary or without."""
        summary = {"summary": [{"type": "text", "text": f"**{self.name()}**"}]} if self.random.random() < 0.3 else {}
        return {"type": "thought", "signature": signature or self.signature(), **summary}

    def said(self) -> dict[str, Any]:
        """Return what the user says, with media or without."""
        content: list[dict[str, Any]] = [{"type": "text", "text": self.name()}]
        if self.random.random() < 0.3:
            content.append({"type": "image", "mime_type": "image/png", "data": base64.b64encode(b"png").decode()})
        return {"type": "user_input", "content": content}

    def search(self) -> list[dict[str, Any]]:
        """Return a search of the model's own and what it found."""
        name = self.name()
        return [
            {"type": "google_search_call", "id": name, "arguments": {"queries": [self.name()]}},
            {"type": "google_search_result", "call_id": name, "result": [{"search_suggestions": ""}]},
        ]

    def calls(self, least: int) -> list[dict[str, Any]]:
        """Return calls of functions, of which the first may be signed."""
        calls: list[dict[str, Any]] = [
            {"type": "function_call", "id": self.name(), "name": f"f{n}", "arguments": {"a": n}}
            for n in range(self.random.randint(least, 3))
        ]
        if self.random.random() < 0.5:
            calls[0]["signature"] = self.signature()
        return calls

    def output(self) -> dict[str, Any]:
        """Return the model's answer, which may be the same as another."""
        text = self.random.choice(["OK.", self.name()])
        return {"type": "model_output", "content": [{"type": "text", "text": text}]}

    # --- what happens ---

    def answer(self, steps: list[dict[str, Any]]) -> None:
        """Let the API answer with these steps, and the client keep them."""
        self.memory.add({"status": "completed", "steps": copy.deepcopy(steps)})
        self.input.extend(copy.deepcopy(steps))

    def work(self, *, least: int = 1) -> None:
        """Let the model call functions, and the app answer: after all calls, or right after each."""
        searches = self.search() if self.random.random() < 0.3 else []
        calls = self.calls(least)
        self.answer([self.thought(), *searches, *calls])
        results = [
            {"type": "function_result", "call_id": call["id"], "name": call["name"], "result": {"n": n}}
            for n, call in enumerate(calls)
        ]
        if self.random.random() < 0.5:
            self.random.shuffle(results)
            self.input.extend(results)
        else:
            for call, result in zip(calls, results, strict=True):
                place = next(n for n, step in enumerate(self.input) if step.get("id") == call["id"])
                self.input.insert(place + 1, result)

    def talk(self) -> None:
        """Let the user ask and the model answer, with functions and searches or without."""
        self.input.append(self.said())
        worked = self.random.random() < 0.5
        if worked:
            self.work()
        searches = self.search() if self.random.random() < 0.3 else []
        self.answer([self.thought(SKIPPED if worked else None), *searches, self.output()])


def conversation(random: Random) -> Conversation:
    """Return a conversation of several turns, of which the last waits for the answer to two results at least."""
    made = Conversation(random)
    for _ in range(random.randint(1, 3)):
        made.talk()
    made.input.append(made.said())
    for _ in range(random.randint(0, 1)):
        made.work()
    made.work(least=2)
    return made
