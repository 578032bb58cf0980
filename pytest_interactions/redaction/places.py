"""The places where the API carries secrets: one table, with a reason for each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import is_
from typing import Any, Literal

from pytest_interactions.redaction.placeholders import REDACTED

Kind = Literal["signature", "secret", "secrets"]

_TOKENS = "auth_tokens/"


@dataclass(frozen=True, slots=True)
class Place:
    """A field that holds a secret.

    Attributes:
        path: Its path from the root of a JSON body or an event's data. `<steps>`, `<config>` and `<environment>`
            stand for every place in `STEPS`, `CONFIGS` and `ENVIRONMENTS`; `[*]` is every item of a list, `*` every
            field of an object.
        kind: A `signature` is replaced by a short one derived from it, a `secret` by a fixed text; of `secrets`, all
            texts at any depth are.
        why: The use of the value for whoever holds it.
        types: The values that `type` must have in the object with the field, "" for none; any if empty.
        beside: Fields of which the object must have one too; none if empty. Such an object tells by itself what it is,
            so that any host may send it.
    """

    path: str
    kind: Kind
    why: str
    types: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


#: The places of objects with `tools`, `environment` and `steps`.
CONFIGS = (
    "",  # a request to create an interaction or an agent, and the resource in a response
    "interaction.",  # a stream's event, and the interaction that a trigger starts
    "agents[*].",  # a list of agents
    "triggers[*].interaction.",  # a list of triggers
    "setup.",  # what opens a session of the older Live API
    "bidi_generate_content_setup.",  # the same, for which an ephemeral token is asked
)
_STEP_FIELDS = ("steps[*].", "input[*].", "input.", "outputs[*].")
#: The places of steps, and of parts of steps, in an interaction or an event.
STEPS = (
    *_STEP_FIELDS,
    *(f"interaction.{name}" for name in _STEP_FIELDS),
    "input[*].content[*].",  # a history of turns, as written before May 2026
    "step.",  # step.start
    "delta.",  # step.delta, and content.delta as written before May 2026
    "content.",  # content.start, as written before May 2026
)
#: The places of managed credentials, in what creates or changes one.
CREDENTIALS = ("", "config.", "credential.", "credential.config.", "credentials[*].", "credentials[*].config.")
#: The places of tools, the API's and generateContent's.
TOOLS = ("<config>tools[*].", "config.tools[*].", "generate_content_request.tools[*].")
#: The places of descriptions of an agent's or an interaction's environment.
ENVIRONMENTS = ("<config>environment.", "<config>base_environment.", "", "environments[*].")

_THOUGHT = "the model's encrypted thought, which goes on where this account left off"
_CREDENTIAL = "a login that the server keeps as a managed credential"
_LOGIN = "logs in, in the answer of any login server, or a question to one"
_GRANT = ("token_type", "expires_in", "grant_type")
PLACES = (
    Place("<steps>signature", "signature", _THOUGHT),
    Place("<steps>thought_signature", "signature", _THOUGHT),
    Place("setup.session_resumption.handle", "signature", "goes on with a session of this account (Live)"),
    Place("<config>tools[*].headers.*", "secret", "logs in to an MCP server"),
    Place("<config>tools[*].exa_ai_search_config.api_key", "secret", "pays for searches at Exa"),
    Place("<config>tools[*].parallel_ai_search_config.api_key", "secret", "pays for searches at Parallel"),
    Place("<config>tools[*].mcp_servers[*].streamable_http_transport.headers.*", "secret", "logs in to an MCP server"),
    Place("<environment>network.allowlist[*].transform.*", "secret", "a header the sandbox's proxy adds"),
    Place("<environment>network.allowlist[*].transform[*].*", "secret", "a header the sandbox's proxy adds"),
    Place("<environment>env.*", "secret", "a variable of the sandbox, often a login"),
    Place("<environment>env.*.value", "secret", "a variable of the sandbox, often a login"),
    Place("<environment>custom_config", "secrets", "settings of a sandbox of one's own, often logins"),
    Place("<environment>sources[*].content", "secret", "a file of the sandbox, such as .env", ("inline",)),
    Place("<environment>sources[*].token", "secret", "reads a repository"),
    Place("<config>webhook_config.user_metadata", "secrets", "comes back in each delivery, which it may vouch for"),
    Place("<credential>token", "secret", _CREDENTIAL, ("bearer_token", "")),  # what changes one says no type
    Place("<credential>client_secret", "secret", _CREDENTIAL, ("oauth2", "")),
    Place("<credential>refresh_token", "secret", "logs in for as long as it is not revoked"),
    Place("<credential>value", "secret", _CREDENTIAL, ("environment_variable", "")),
    Place("new_signing_secret", "secret", "signs what a webhook is sent"),
    Place("key", "secret", "lets anyone speak with a replicated voice", ("replicated",)),
    Place("<config>tools[*].authorization", "secret", "logs in to an MCP server"),
    Place("access_token", "secret", "logs in for an hour, in the answer of a login server"),
    Place("id_token", "secret", "says who one is, in the answer of a login server"),
    Place("access_token", "secret", _LOGIN, beside=_GRANT),
    Place("refresh_token", "secret", _LOGIN, beside=_GRANT),
    Place("id_token", "secret", _LOGIN, beside=_GRANT),
    Place("client_secret", "secret", _LOGIN, beside=("grant_type", "client_id")),
    Place("auth_token", "secret", "opens a session of this account"),
    Place("auth_tokens[*].auth_token", "secret", "opens a session of this account"),
    Place("<tool>exa_ai_search.api_key", "secret", "pays for searches at Exa"),
    Place("<tool>parallel_ai_search.api_key", "secret", "pays for searches at Parallel"),
    Place("<tool>*.auth_config.api_key", "secret", "logs in to a tool's server"),
    Place("<tool>*.auth_config.oauth_config.access_token", "secret", "logs in to a tool's server"),
    Place("<tool>*.auth_config.oidc_config.id_token", "secret", "logs in to a tool's server"),
    Place("<tool>*.*.auth_config.oauth_config.access_token", "secret", "logs in to a tool's server"),
    Place("<tool>*.*.auth_config.oidc_config.id_token", "secret", "logs in to a tool's server"),
    Place("secret", "secret", "signs what a webhook is sent, in the answer to a rotation"),
    Place("signing_secrets[*].truncated_secret", "secret", "a part of a webhook's signing secret"),
    Place("webhooks[*].signing_secrets[*].truncated_secret", "secret", "a part of a webhook's signing secret"),
)


def redact_string(value: Any) -> Any:
    """Return `REDACTED` for a text; `""`, which says that there is no secret, and other values stay.

    Of a resource's name that is a secret, only the last part goes, as the name is a part of URLs.
    """
    if not isinstance(value, str) or value == "":
        return value
    redacted = (_TOKENS if value.startswith(_TOKENS) else "") + REDACTED
    return value if value == redacted else redacted


def redact_strings(value: Any) -> Any:
    """Return a document with `REDACTED` for all of its texts; the same object if it has none."""
    if isinstance(value, dict):
        changed = {name: new for name, item in value.items() if (new := redact_strings(item)) is not item}
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        items = list(map(redact_strings, value))
        return value if all(map(is_, items, value)) else items
    return redact_string(value)


def in_camel_case(name: str) -> str:
    """Return a field's name, or a path, as Google's APIs accept it too: `api_key` as `apiKey`."""
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)
