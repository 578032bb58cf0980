"""The places where the API carries secrets: one table, and a walk that visits them and no others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from operator import is_
from typing import TYPE_CHECKING, Any, Literal

from pytest_interactions.api.paths import is_resource
from pytest_interactions.errors import OptionError
from pytest_interactions.redaction.finding import Words
from pytest_interactions.redaction.placeholders import REDACTED
from pytest_interactions.redaction.signatures import redact_signature
from pytest_interactions.redaction.urls import is_googles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind = Literal["signature", "secret", "secrets"]


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


@dataclass(slots=True)
class Node:
    """A node of the tree of places; at a place, `replace` makes the new value from the old one."""

    fields: dict[str, Node] = field(default_factory=dict)
    any_field: Node | None = None
    items: dict[int, Node] = field(default_factory=dict)
    any_item: Node | None = None
    replace: Callable[[Any], Any] | None = None
    types: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    #: Of a root: finds the names of which one is in any document with a place; `None` where there is no telling.
    names: Words | None = None

    def may_be_in(self, body: bytes) -> bool:
        """Return quickly whether `rewrite` may change JSON that is written in a body; `False` is certain."""
        if self.names is None or b"\0" in body:  # with zeros it is not in UTF-8
            return True
        return self.names.is_one_in(body) or _ESCAPED.search(body) is not None

    def rewrite(self, value: Any) -> Any:
        """Return `value` with its places replaced: a copy along the changed paths, or the same object."""
        if self.replace is not None:
            value = self.replace(value)
        if isinstance(value, dict):
            return self._rewrite_object(value)
        if isinstance(value, list):
            return self._rewrite_list(value)
        return value

    def is_in(self, value: dict[str, Any]) -> bool:
        """Return whether an object that has a field of this name is one in which it is a secret."""
        has_type = not self.types or value.get("type", "") in self.types
        return has_type and not (self.beside and value.keys().isdisjoint(self.beside))

    def _rewrite_object(self, value: dict[str, Any]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for name in self.fields.keys() & value.keys():
            node, old = self.fields[name], value[name]
            if node.is_in(value) and (new := node.rewrite(old)) is not old:
                changed[name] = new
        if self.any_field is not None:
            for name, old in value.items():
                new = self.any_field.rewrite(changed.get(name, old))
                if new is not old:
                    changed[name] = new
        return {**value, **changed} if changed else value

    def _rewrite_list(self, value: list[Any]) -> list[Any]:
        new = value if self.any_item is None else list(map(self.any_item.rewrite, value))
        for place, node in self.items.items():
            if place < len(value):
                new = [*new[:place], node.rewrite(new[place]), *new[place + 1 :]]
        return value if all(map(is_, new, value)) else new


@lru_cache(maxsize=16)
def tree(extra_paths: tuple[str, ...] = (), *, of_api: bool = True) -> Node:
    """Return places as a tree to walk, with more paths such as `$.a.b[*].c` where any value is a secret.

    Args:
        extra_paths: The paths.
        of_api: Whether it is for what goes to the API and comes from there; `PLACES` are its own, but for a few.

    Raises:
        OptionError: A path can't be read.
    """
    root, paths = Node(), list(extra_paths)
    for place in PLACES:
        # What the API sends needs nothing beside it.
        if of_api is not bool(place.beside):
            for path in _expand(place.path):
                _plant(root, path, _REDACTIONS[place.kind], place)
                paths.append(path)
    for path in extra_paths:
        if not _PATH.fullmatch(path):
            raise OptionError(f"redact: {path!r} is not a JSON path; write it like $.tools[*].headers or $['a b'][0].c")
        _plant(root, path.removeprefix("$"), _redact_any)
    names = set(map(_name_in, paths))
    root.names = None if "" in names else Words([f'"{name}"'.encode() for name in names])
    return root


def _name_in(path: str) -> str:
    """Return the name of a field that any document with this path has, the one that tells most; "" if it has none."""
    names = [segment[1:] for segment in _SEGMENTS.findall(path) if _PLAIN.fullmatch(segment)]
    return next((name for name in reversed(names) if name not in _EVERYDAY), names[-1] if names else "")


@dataclass(frozen=True, slots=True)
class Trees:
    """The places in what is sent to the API or comes from it, and in all else, each as a tree."""

    of_api: Node
    elsewhere: Node

    def at(self, uri: str) -> Node:
        """Return the places in what is sent to `uri` and comes from there; without a URL, those of the API."""
        is_api = not uri or is_googles(uri) or is_resource(uri.partition("?")[0])
        return self.of_api if is_api else self.elsewhere


def trees(extra_paths: tuple[str, ...] = ()) -> Trees:
    """Return both trees, each with `extra_paths` too; see `tree`."""
    return Trees(tree(extra_paths), tree(extra_paths, of_api=False))


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


def _redact_any(value: Any) -> Any:
    return value if value == REDACTED or value is None else REDACTED


_REDACTIONS: dict[Kind, Callable[[Any], Any]] = {
    "signature": redact_signature,
    "secret": redact_string,
    "secrets": redact_strings,
}
_TOKENS = "auth_tokens/"
_STANDING_FOR = (
    *(("<environment>", ENVIRONMENTS), ("<credential>", CREDENTIALS), ("<tool>", TOOLS)),
    *(("<config>", CONFIGS), ("<steps>", STEPS)),
)
_SEGMENT = r"\.(?:[^.\[\]'\"\s*]+|\*)|\[(?:\d+|\*|'[^']*'|\"[^\"]*\")\]"
_PATH = re.compile(rf"\$(?:{_SEGMENT})+")
_SEGMENTS = re.compile(_SEGMENT)
_PLAIN = re.compile(r"\.[A-Za-z0-9_]+")
#: Names that most documents have.
_EVERYDAY = ("content", "value", "config")
# A letter or a digit.
_ESCAPED = re.compile(rb"\\u00[0-7]")
#: The places of nothing.
NOWHERE = Node()


def _expand(path: str) -> Iterator[str]:
    for name, prefixes in _STANDING_FOR:
        if path.startswith(name):
            for prefix in prefixes:
                yield from _expand(prefix + path.removeprefix(name))
            return
    yield f".{path}"
    yield f".{in_camel_case(path)}"


def in_camel_case(name: str) -> str:
    """Return a field's name, or a path, as Google's APIs accept it too: `api_key` as `apiKey`."""
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def _plant(root: Node, path: str, replace: Callable[[Any], Any], place: Place | None = None) -> None:
    node = root
    for segment in _SEGMENTS.findall(path):
        node = _child(node, segment)
    node.replace = replace
    node.types, node.beside = (place.types, place.beside) if place else ((), ())


def _child(node: Node, segment: str) -> Node:
    if segment == "[*]":
        node.any_item = node.any_item or Node()
        return node.any_item
    if segment == ".*":
        node.any_field = node.any_field or Node()
        return node.any_field
    name = segment[1:] if segment.startswith(".") else segment[1:-1]
    if segment.startswith("[") and name.isdecimal():
        return node.items.setdefault(int(name), Node())
    return node.fields.setdefault(name.strip("'\""), Node())
