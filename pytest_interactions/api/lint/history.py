"""A history that is sent back, compared with what the API handed out: its signatures, thoughts, calls and order."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.lint import kinds
from pytest_interactions.api.lint.kinds import Finding
from pytest_interactions.api.lint.memory import STAND_INS, Handed
from pytest_interactions.api.lint.pairing import pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.api.lint.memory import Answer, Memory
    from pytest_interactions.api.lint.sent import Request, Sent

_BACK: Final = "Send each step back exactly as it was received"
#: The models that check no signatures.
_LENIENT: Final = re.compile(r"(?:models/)?(?:gemini-[12]\b|gemma-)")
_FROM_MODEL: Final = ("thought", "function_call", "model_output")


def check(request: Request, memory: Memory, owner: str) -> Iterator[Finding]:
    """Yield what is wrong with the steps that a request sends back, by what `memory` has."""
    yield from _from_user(request.steps)
    yield from _first(request)
    pairs = pair(request.steps, memory)
    yield from _repeated(request.steps, pairs, memory)
    signed: Counter[bytes] = Counter(sent.signature for sent in request.steps)
    for sent, handed in pairs.items():
        if handed.answer.owner != owner:
            yield _another_key(sent)
        signed[handed.signature] -= sent.signature == handed.signature
    moved = set()
    for sent, handed in pairs.items():
        finding = _signature(sent, handed, memory, signed)
        if finding:
            moved.add(sent.signature)
            yield finding
        yield from _changed(sent, handed)
    yield from _dropped(request, pairs, +signed)
    yield from _reordered(pairs)
    yield from _unsigned(request, pairs, memory)


def _from_user(steps: Iterable[Sent]) -> Iterator[Finding]:
    for sent in steps:
        parts = sent.step.get("content") if sent.kind == "user_input" else None
        for number, part in enumerate(parts if isinstance(parts, list) else []):
            if isinstance(part, dict) and part.get("type") in _FROM_MODEL:
                message = f"a {part['type']} is the model's, and can't be in a user_input. Make it a step of its own."
                yield Finding(kinds.THOUGHT_FROM_USER, f"{sent.place}.content[{number}]", message)


def _first(request: Request) -> Iterator[Finding]:
    first = next((sent for sent in request.steps if sent.kind != "thought"), None)
    if first is not None and first.kind == "function_call" and not request.previous:
        message = "the history begins with a function_call. Begin it with what the user said before."
        yield Finding(kinds.CALL_FIRST, first.place, message)


def _repeated(steps: Sequence[Sent], pairs: dict[Sent, Handed], memory: Memory) -> Iterator[Finding]:
    for sent in steps:
        again = sent.is_own and sent not in pairs and sent.kind != "model_output"
        if again and (memory.find(sent.step) or (sent.kind == "thought" and _all_sent(sent, pairs, memory))):
            yield Finding(kinds.STEP_REPEATED, sent.place, f"this {sent.kind} was sent back before. Send it once.")


def _all_sent(sent: Sent, pairs: dict[Sent, Handed], memory: Memory) -> bool:
    """Return whether all steps that were handed out with a thought's signature have been sent back already."""
    known = memory.signed(sent.signature)
    back = set(map(id, pairs.values()))
    return bool(known) and all(id(handed) in back for handed in known)


def _another_key(sent: Sent) -> Finding:
    message = "it was handed out to another API key, whose project may be another. Use one key for a conversation."
    return Finding(kinds.ANOTHER_KEY, sent.place, message)


def _signature(sent: Sent, handed: Handed, memory: Memory, elsewhere: Counter[bytes]) -> Finding | None:
    """Return what is wrong with the signature of a step that is sent back; `elsewhere` counts those on other steps."""
    had, has = handed.signature, sent.signature
    place = f"{sent.place}.signature"
    if has == had or has in STAND_INS or (not has and elsewhere[had] > 0):
        return None
    if not has:
        message = f"the signature that this {sent.kind} came with is lost. {_BACK}."
        return Finding(kinds.SIGNATURE_MISSING, place, message)
    if memory.signed(has):
        message = f"this signature came with another step than this {sent.kind}. {_BACK}, with its own signature."
        return Finding(kinds.SIGNATURE_MOVED, place, message)
    if not had:
        return None  # it came without one, or in pieces
    message = f"the signature of this {sent.kind} is not the one that it came with. {_BACK}."
    return Finding(kinds.SIGNATURE_ALTERED, place, message)


def _changed(sent: Sent, handed: Handed) -> Iterator[Finding]:
    if sent.kind != "function_call":
        return
    for name, otherwise in (("name", None), ("arguments", {})):
        if (sent.step.get(name) or otherwise) != (handed.step.get(name) or otherwise):
            message = f"the {name} of this function_call changed since it was received. {_BACK}."
            yield Finding(kinds.CALL_CHANGED, f"{sent.place}.{name}", message)


def _dropped(request: Request, pairs: dict[Sent, Handed], elsewhere: Counter[bytes]) -> Iterator[Finding]:
    """Yield the thoughts that were left out beside other steps of their answer."""
    back = set(pairs.values())
    order = {sent: number for number, sent in enumerate(request.steps)}
    for answer, sents in _by_answer(pairs).items():
        if order[sents[0]] == 0 and not request.previous:
            continue  # a window that begins within the answer
        for handed in answer.steps:
            if handed.step["type"] != "thought" or not handed.signature or handed in back:
                continue
            if elsewhere[handed.signature] > 0:
                elsewhere[handed.signature] -= 1
                continue
            after = next((sent for sent in sents if pairs[sent].index > handed.index), sents[-1])
            calls = any(sent.kind == "function_call" and order[sent] >= request.turn for sent in sents)
            kept = any(
                sent.kind == "thought" and (order[sent] < order[after] or other.answer is answer)
                for sent, other in pairs.items()
            )
            kind = (
                kinds.THOUGHT_DROPPED
                if calls
                else kinds.THOUGHT_DROPPED_EARLIER
                if kept
                else kinds.THOUGHT_DROPPED_BY_TEXT
            )
            message = f"the thought of the same answer as this {after.kind} was left out. {_BACK}, thoughts too."
            yield Finding(kind, after.place, message)


def _by_answer(pairs: dict[Sent, Handed]) -> dict[Answer, list[Sent]]:
    found: dict[Answer, list[Sent]] = {}
    for sent, handed in pairs.items():
        found.setdefault(handed.answer, []).append(sent)
    return found


def _reordered(pairs: dict[Sent, Handed]) -> Iterator[Finding]:
    for sents in _by_answer(pairs).values():
        for one, other in pairwise(sents):
            if pairs[other].index < pairs[one].index:
                message = f"this {other.kind} stands after a {one.kind} that it was received before. Keep their order."
                yield Finding(kinds.STEPS_REORDERED, other.place, message)
                break


def _unsigned(request: Request, pairs: dict[Sent, Handed], memory: Memory) -> Iterator[Finding]:
    """Yield the first call of the turn that goes on if nobody handed it out, and nothing before it is signed."""
    model = request.body.get("model")
    if request.previous or not isinstance(model, str) or _LENIENT.match(model):
        return
    for sent in request.steps[request.turn :]:
        if sent.is_own and (sent.signature or sent in pairs):
            return
        if sent.kind == "function_call" and not memory.find(sent.step):
            message = (
                "this function_call was not made by the model, as no signature of its own or of a thought before it "
                "says. Send back what the model answered; for a call from elsewhere, tell it in words."
            )
            yield Finding(kinds.CALL_UNSIGNED, sent.place, message)
            return
