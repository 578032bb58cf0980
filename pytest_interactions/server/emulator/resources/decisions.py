"""Decisions: probabilities for the answers to questions, which a script may set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.collection import fields_of
from pytest_interactions.server.emulator.turn import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.resources.kinds import Fields
    from pytest_interactions.server.emulator.state import Draw, Store

_FIELDS: Final[Fields] = {"input": (str, dict, list), "model": (str,), "questions": (dict,)}
#: What the criteria of each type of question are.
_CRITERIA: Final[dict[str, type[Any]]] = {"noul": dict, "choice": dict, "score": list}


def decide(store: Store, body: Any) -> Json:
    """Return an answer to each question; the same request has the same answers.

    Raises:
        ApiError: The request or one of its questions is wrong.
    """
    given = fields_of(body, _FIELDS, _FIELDS)
    if not given["questions"]:
        raise ApiError(400, "Invalid value at 'questions': at least one is needed.")
    draw = store.draw({"decision": given})
    answers = {name: _answer(name, question, draw) for name, question in given["questions"].items()}
    count = tokens(str(given))
    return {"answers": answers, "usage": {"total_tokens": count, "total_input_tokens": count, "total_output_tokens": 0}}


def _answer(name: str, question: Any, draw: Draw) -> Json:
    kind = question.get("type") if isinstance(question, dict) else None
    if not isinstance(kind, str) or kind not in _CRITERIA:
        raise ApiError(400, f"Invalid value at 'questions.{name}': it needs a 'type', one of noul, choice and score.")
    criteria: Any = question.get("criteria") or {}
    if kind == "noul":
        noul = round(0.01 + 0.98 * draw.bytes(name, 1)[0] / 255, 4)
        return {"type": "noul", "noul": noul, "confidence": max(noul, round(1 - noul, 4))}
    if not isinstance(criteria, _CRITERIA[kind]) or len(criteria) < 2:  # noqa: PLR2004 - of one there is no choice
        raise ApiError(400, f"Invalid value at 'questions.{name}.criteria': at least two are needed.")
    names: list[str] = list(criteria) if kind == "choice" else [str(number) for number in range(len(criteria))]
    shares = _shares(draw.bytes(name, len(names)))
    sure: Json = {"probabilities": dict(zip(names, shares, strict=True)), "confidence": max(shares)}
    if kind == "choice":
        return {"type": "choice", "choice": names[shares.index(max(shares))], **sure}
    score = round(sum(number * share for number, share in enumerate(shares)), 4)
    return {"type": "score", "score": score, "legend": dict(zip(names, criteria, strict=True)), **sure}


def _shares(weights: Sequence[int]) -> list[float]:
    """Return probabilities whose sum is 1, up to their rounding."""
    total = sum(weights) + len(weights)
    return [round((weight + 1) / total, 4) for weight in weights]
