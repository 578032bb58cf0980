"""What the API has handed out so far: the steps of its answers, their signatures, ids and tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.base64_text import decoded
from pytest_interactions.api.digests import fingerprint

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from pytest_interactions.api.json_values import Json

#: The types of the steps that a client makes. All others are the model's.
CLIENTS: Final = ("user_input", "function_result")


@dataclass(eq=False, slots=True)
class Answer:
    """One answer of the API.

    Attributes:
        name: The interaction's id; `""` if it is not stored.
        owner: Whose key asked for it.
        tokens: Its continuation tokens; a stream may have one after another.
        calls: Its calls of the app's functions, and those of the answer that it continues by one of that one's tokens.
        steps: The model's steps.
    """

    name: str
    owner: str
    tokens: frozenset[str]
    calls: list[Json] = field(default_factory=list)
    steps: list[Handed] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Handed:
    """A step of an answer, with its place in there."""

    answer: Answer
    index: int
    step: Json

    @property
    def signature(self) -> bytes:
        """Return its signature; empty if it has none."""
        return signature_of(self.step)


class Memory:
    """The answers so far; of the `most` last ones alone, if that is given."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._answers: dict[str | int, Answer] = {}
        self._added = 0
        self._steps: dict[Hashable, list[Handed]] = {}
        self._signatures: dict[bytes, list[Handed]] = {}
        self._tokens: dict[str, Answer] = {}
        self.deleted: set[str] = set()

    def add(self, answer: Json, owner: str = "", *, tokens: Iterable[Any] = (), continues: Any = None) -> None:
        """Take note of an answer's JSON; one that is known already, by its id, takes the place of the earlier state.

        Args:
            answer: The JSON.
            owner: Whose key asked for it.
            tokens: Its continuation tokens beside the one in the JSON; what is no text is none.
            continues: The token that its request has.
        """
        name = answer.get("id")
        all_tokens = {
            token for token in (answer.get("continuation_token"), *tokens) if token and isinstance(token, str)
        }
        before = self.owner_of_token(continues)
        added = Answer(name if isinstance(name, str) else "", owner, frozenset(all_tokens))
        steps = list(_own_steps(answer.get("steps") or answer.get("outputs")))
        added.calls += [] if before is None else before.calls
        added.calls += [step for step in steps if step["type"] == "function_call"]
        added.steps += [Handed(added, index, step) for index, step in enumerate(steps)]
        self._added += 1
        key = added.name or self._added
        known = self._answers.get(key)
        if known is not None:
            if len(known.steps) > len(added.steps):
                return  # the rest of a stream, or a state that shows no steps
            self._forget(key)
        self._answers[key] = added
        self._index(added)
        if self._most is not None and len(self._answers) > self._most:
            self._forget(next(iter(self._answers))).steps.clear()  # as each step knows its answer, they'd stay a while

    def answer(self, name: Any) -> Answer | None:
        """Return the answer with an id."""
        return self._answers.get(name) if isinstance(name, str) else None

    def find(self, step: Json) -> list[Handed]:
        """Return the steps that were handed out and may be this one."""
        key = _key(step)
        return self._steps.get(key, []) if key is not None else []

    def signed(self, signature: bytes) -> list[Handed]:
        """Return the steps that were handed out with a signature."""
        return self._signatures.get(signature, [])

    def owner_of_token(self, token: Any) -> Answer | None:
        """Return the answer that had a continuation token."""
        return self._tokens.get(token) if isinstance(token, str) else None

    @property
    def has_tokens(self) -> bool:
        """Return whether any answer had a continuation token."""
        return bool(self._tokens)

    def _index(self, answer: Answer) -> None:
        self._tokens |= dict.fromkeys(answer.tokens, answer)
        for handed in answer.steps:
            key = _key(handed.step)
            if key is not None:
                self._steps.setdefault(key, []).append(handed)
            if handed.signature:
                self._signatures.setdefault(handed.signature, []).append(handed)

    def _forget(self, key: str | int) -> Answer:
        answer = self._answers.pop(key)
        for token in answer.tokens:
            self._tokens.pop(token, None)
        for handed in answer.steps:
            _remove(self._steps, _key(handed.step), handed)
            _remove(self._signatures, handed.signature, handed)
        return answer


def _remove(table: dict[Any, list[Handed]], key: Any, handed: Handed) -> None:
    left = [each for each in table.pop(key, []) if each is not handed]
    if left:
        table[key] = left


def _own_steps(steps: Any) -> Iterator[Json]:
    """Yield the model's own steps of an answer."""
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, dict) and isinstance(step.get("type"), str) and step["type"] not in CLIENTS:
            yield step


def signature_of(step: Json) -> bytes:
    """Return the bytes of a step's signature, however its base64 is spelt; empty if it has none."""
    text = step.get("signature")
    if not isinstance(text, str):
        return b""
    bare = text.rstrip("=")
    data = decoded(bare + "=" * (-len(bare) % 4))
    return text.encode("utf-8", "surrogatepass") if data is None else data


#: The signatures that stand for none, of calls that come from elsewhere, as they are and in base64; see
#: ai.google.dev/gemini-api/docs/thought-signatures.
STAND_INS: Final = frozenset(
    spelt
    for text in ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
    for spelt in (text.encode(), signature_of({"signature": text}))
)


def _key(step: Json) -> Hashable | None:
    """Return what identifies a step beside its signature; `None` for a thought, which has nothing else."""
    kind = step["type"]
    if kind == "model_output":
        return kind, fingerprint(json.dumps(_said(step.get("content")), sort_keys=True).encode())
    name = step.get("call_id") if kind.endswith("_result") else step.get("id")
    return (kind, name) if isinstance(name, str) and name else None


def _said(content: Any) -> Any:
    """Return the text and the media of a content, without what may be spelt in another way."""
    parts = content if isinstance(content, list) else [content]
    parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    known = [part for part in parts if isinstance(part, dict)]
    text = "".join(part["text"] for part in known if isinstance(part.get("text"), str))
    return [text, *([part.get("data"), part.get("uri")] for part in known if part.get("type") != "text")]
