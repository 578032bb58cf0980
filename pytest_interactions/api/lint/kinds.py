"""The kinds of what the API would refuse in a request, each with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pytest_interactions.escaping import on_one_line


class Weight(StrEnum):
    """What is known of a kind: an error of the real API, its documentation's word, or an answer in spite of that."""

    REFUSED = "refused"
    DOCUMENTED = "documented"
    TOLERATED = "tolerated"


#: The real API's error for a signature that is lost or wrong, which names no place.
INVALID: Final = "Request contains an invalid argument."
_COUNT: Final = (
    "Please ensure that the number of function response parts is equal to the number of function call parts of the"
    " function call turn."
)


_SHOWN: Final = 80  # characters of an id, which a client may have made longer than any message


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding; `says` is the real API's own error, with `{place}` where it names one, if it is on record."""

    name: str
    weight: Weight
    says: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a request that the API would refuse: what, where, and what to do."""

    kind: Kind
    place: str
    message: str

    @property
    def name(self) -> str:
        """Return the short name of the kind."""
        return self.kind.name

    @property
    def weight(self) -> Weight:
        """Return what is known of the kind."""
        return self.kind.weight

    @property
    def error(self) -> str:
        """Return the real API's error for it."""
        return self.kind.says.format(place=self.place)

    def __str__(self) -> str:
        return on_one_line(f"{self.place}: {self.message} ({self.name})")


def shown(value: Any) -> str:
    """Return an id or a name as a message shows it."""
    text = on_one_line(str(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _refused(name: str, says: str) -> Kind:
    return Kind(name, Weight.REFUSED, says)


def _documented(name: str) -> Kind:
    return Kind(name, Weight.DOCUMENTED)


# --- signatures and steps that are sent back ---

# googleapis/js-genai#1735: an unsigned thought breaks the continuation of a tool call, "Request contains an invalid
# argument." allenhutchison/obsidian-gemini#1269: the same, as a client lost the signatures of a stream.
SIGNATURE_MISSING: Final = _refused("signature-missing", INVALID)
# google-gemini/gemini-cli#13467, openclaw/openclaw#23771 (generateContent): "Corrupted thought signature."; the
# Interactions API has one error for all that is wrong with signatures.
SIGNATURE_ALTERED: Final = _refused("signature-altered", INVALID)
# ai.google.dev/gemini-api/docs/thought-signatures: it must go back in the part that it came in. A thought's signature
# on the call is known to be accepted (allenhutchison/obsidian-gemini#1019), so it is no refusal.
SIGNATURE_MOVED: Final = _documented("signature-moved")
# googleapis/js-genai#1735 is of the turn that goes on; "unsigned replayed calls are rejected outright" is
# AidenAI-IO/aiden-firmware#699. In earlier turns signatures are not validated (ai.google.dev as above).
THOUGHT_DROPPED: Final = _refused("thought-dropped", INVALID)
THOUGHT_DROPPED_EARLIER: Final = _documented("thought-dropped")
# The quickstart asks for all steps back; apps that keep a transcript of texts alone are answered all the same
# (allenhutchison/obsidian-gemini#1019 keeps Markdown).
THOUGHT_DROPPED_BY_TEXT: Final = Kind("thought-dropped", Weight.TOLERATED)
# evansenter/rust-genai, docs/INTERACTIONS_API_FEEDBACK.md: "User turns cannot contain thought blocks."
THOUGHT_FROM_USER: Final = _refused("thought-from-user", "User turns cannot contain thought blocks.")
# AidenAI-IO/aiden-firmware#699, as above.
CALL_UNSIGNED: Final = _refused("call-unsigned", INVALID)
# google-gemini/gemini-cli#11814: "when the sent conversation history starts with a function call".
CALL_FIRST: Final = _refused(
    "call-first",
    "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
)
# The quickstart: steps are sent back exactly as they were received.
CALL_CHANGED: Final = _documented("call-changed")
STEP_REPEATED: Final = _documented("step-repeated")
STEPS_REORDERED: Final = _documented("steps-reordered")

# --- results of functions ---

# robocurve/inspect-robots#380, google/adk-python#4381.
RESULT_NAMELESS: Final = _refused("result-nameless", "Missing name in content of type function_result")
RESULT_IDLESS: Final = _refused("result-idless", "Missing call_id in content of type function_result")
# withceleste/celeste-python#327.
RESULT_UNTYPED: Final = _refused("result-untyped", "The 'type' parameter is required at '{place}'.")
# The words are in public notes on the live API, beside those of the three above.
RESULT_SHAPELESS: Final = _refused(
    "result-shapeless", "'result' must be a Struct, FunctionResultSubcontent[], or string"
)
# langchain-ai/langchain#27799, google-gemini/deprecated-generative-ai-js#267 (generateContent).
RESULT_WITHOUT_CALL: Final = _refused(
    "result-without-call", "Please ensure that function response turn comes immediately after a function call turn."
)
# The SDK: `call_id` must be the call's. A client that sent another was answered for weeks
# (allenhutchison/obsidian-gemini#1398), so it is no refusal.
RESULT_OF_UNKNOWN_CALL: Final = _documented("result-of-unknown-call")
RESULT_NAME: Final = _documented("result-name")
# google-gemini/gemini-cli#4217, microsoft/vscode#299295 (generateContent).
RESULT_TWICE: Final = _refused("result-twice", _COUNT)
RESULT_MISSING: Final = _refused("result-missing", _COUNT)

# --- what the server remembers ---

# An interaction that is not there is a 404.
PREVIOUS_DELETED: Final = _refused("previous-deleted", "Requested entity was not found.")
# ai.google.dev/gemini-api/docs/interactions: what is not stored is neither continued by its id nor in the background.
PREVIOUS_EMPTY: Final = _documented("previous-empty")
STORE_BACKGROUND: Final = _documented("store-background")
# Interactions belong to a project, and so do signatures; two keys may be of one project.
ANOTHER_KEY: Final = _documented("another-key")
# google-genai's `_interactions_continuation`: "the server checks the token belongs to it".
TOKEN_CHANGED: Final = _documented("token-changed")
TOKEN_MOVED: Final = _documented("token-moved")
