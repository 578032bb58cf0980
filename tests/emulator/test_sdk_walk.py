"""All that google-genai can ask for is answered, and all types that it knows are known here."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google import genai
from google.genai import __version__
from google.genai._gaos import types as sdk
from google.genai._gaos.types import interactions as sdk_interactions
from google.genai._gaos.types.interactions import interaction as sdk_interaction

from pytest_interactions.api import deltas, fold
from pytest_interactions.cassette import index
from pytest_interactions.server.emulator import script, turn
from pytest_interactions.server.emulator.resources import kinds, webhooks
from tests.emulator.test_models import unknown

if tuple(map(int, __version__.split(".")[:2])) < (3, 6):
    pytest.skip("the emulator's resources are those of google-genai 3.6", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.server.emulator import Emulator

pytestmark = pytest.mark.filterwarnings("ignore:.*experimental:UserWarning")

MODEL = "gemini-3.5-flash"
AGENT = "antigravity-preview-05-2026"
SOUND = {"data": "AAAA", "mime_type": "audio/wav"}


class Made(str):
    """Stands for the id of what was made before."""

    __slots__ = ()


#: The arguments with which each method is called.
CALLS: dict[str, dict[str, Any]] = {
    "agents.create": {"id": "another", "base_agent": AGENT},
    "agents.delete": {"id": Made("agent")},
    "agents.get": {"id": Made("agent")},
    "agents.list": {"page_size": 1},
    "credentials.create": {"id": "another", "type": "bearer_token", "token": "t"},
    "credentials.delete": {"id": Made("credential")},
    "credentials.get": {"id": Made("credential")},
    "credentials.list": {"page_size": 1},
    "credentials.update": {"id": Made("credential"), "type": "bearer_token", "token": "new"},
    "decisions.create": {
        "model": "gemini-decision-1",
        "input": "It rains.",
        "questions": {
            "wet": {"type": "noul", "instructions": "Is it wet?"},
            "where": {"type": "choice", "instructions": "Where?", "criteria": {"in": "Inside", "out": "Outside"}},
            "much": {"type": "score", "instructions": "How much?", "criteria": ["none", "some", "much"]},
        },
    },
    "environments.create": {"mode": "self_hosted", "custom_config": {"a": 1}},
    "environments.create_environment": {"from_environment": Made("environment")},
    "environments.delete": {"id": Made("environment")},
    "environments.delete_environment": {"id": Made("environment")},
    "environments.get": {"id": Made("environment")},
    "environments.get_environment": {"id": Made("environment")},
    "environments.list": {"page_size": 1},
    "environments.list_environments": {"page_size": 1},
    "environments.files.download": {"environment": Made("environment"), "path": "a.txt"},
    "environments.files.list": {"environment": Made("environment"), "path": ""},
    "environments.files.upload": {"environment": Made("environment"), "path": "b.txt", "file": b"b"},
    "interactions.cancel": {"id": Made("background")},
    "interactions.create": {"model": MODEL, "input": "Hello"},
    "interactions.delete": {"id": Made("interaction")},
    "interactions.get": {"id": Made("interaction")},
    "interactions.auth_tokens.create": {"interaction_id": Made("interaction")},
    "interactions.auth_tokens.delete": {
        "interaction_id": Made("interaction"),
        "auth_token": Made("auth_token"),
    },
    "triggers.create": {
        "interaction": {"agent": AGENT, "input": "Go"},
        "schedule": "0 9 * * *",
        "time_zone": "Europe/Paris",
    },
    "triggers.delete": {"id": Made("trigger")},
    "triggers.get": {"id": Made("trigger")},
    "triggers.list": {"page_size": 1},
    "triggers.list_executions": {"trigger_id": Made("trigger")},
    "triggers.run": {"trigger_id": Made("trigger")},
    "triggers.update": {"id": Made("trigger"), "status": "paused"},
    "voices.create": {"voice": {"type": "replicated", "replicated": {"consent_audio": SOUND, "source_audio": SOUND}}},
    "voices.delete": {"id": Made("voice")},
    "voices.get": {"id": Made("voice")},
    "voices.list": {"page_size": 1},
    "webhooks.create": {"uri": "http://127.0.0.1:9/", "subscribed_events": ["interaction.failed"]},
    "webhooks.delete": {"id": Made("webhook")},
    "webhooks.get": {"id": Made("webhook")},
    "webhooks.list": {"page_size": 1},
    "webhooks.ping": {"id": Made("webhook")},
    "webhooks.rotate_signing_secret": {"id": Made("webhook")},
    "webhooks.update": {"id": Made("webhook"), "state": "disabled"},
}
#: What a table of arguments can't say: a connection, of which `test_live_sdk` has the tests.
CONNECTIONS = {"interactions.connect"}
#: The SDK's second ways to the same methods.
ACCESSORS = {"with_raw_response", "with_streaming_response", "internal", "parent_ref", "sdk_configuration"}


def _is_resource(value: Any) -> bool:
    return type(value).__module__.startswith("google.genai._gaos")


def _methods(client: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The names and the methods of all resources of the Interactions API that a client has."""
    for name in dir(client):
        if name.startswith("_") or name in ACCESSORS:
            continue
        value = getattr(client, name)
        if _is_resource(value):
            yield from _methods(value, f"{prefix}{name}.")
        elif prefix and inspect.ismethod(value) and not name.startswith("do_"):
            yield prefix + name, value


@pytest.fixture
def made(client: Any) -> dict[str, Any]:
    """The ids of one of each kind of resource."""
    environment = client.environments.create().id
    client.environments.files.upload(environment=environment, path="a.txt", file=b"a")
    interaction = client.interactions.create(model=MODEL, input="Hello").id
    voice = {"type": "prompted", "prompted": {"input": "A deep voice"}}
    auth_token = client.interactions.auth_tokens.create(interaction).auth_token
    return {
        "agent": client.agents.create(id="mine", base_agent=AGENT).id,
        "auth_token": auth_token,
        "background": client.interactions.create(model=MODEL, input="Hello", background=True).id,
        "credential": client.credentials.create(id="login", type="bearer_token", token="t").id,
        "environment": environment,
        "interaction": interaction,
        "trigger": client.triggers.create(**CALLS["triggers.create"]).id,
        "voice": client.voices.create(voice=voice, store=True).id,
        "webhook": client.webhooks.create(uri="http://127.0.0.1:9/", subscribed_events=["interaction.completed"]).id,
    }


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_each_method_of_the_sdk_is_in_the_table(emulator: Emulator, kind: str) -> None:
    """A new method of the SDK fails here until the emulator answers it, or it has a reason."""
    client = genai.Client(api_key="any", http_options={"base_url": emulator.url})
    found = {name for name, _ in _methods(client if kind == "sync" else client.aio)}
    assert found - CONNECTIONS == CALLS.keys()


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("name", CALLS)
async def test_each_method_is_answered(client: Any, made: dict[str, Any], name: str, kind: str) -> None:
    """The SDK reads the answer, and knows each field of it."""
    method = dict(_methods(client if kind == "sync" else client.aio))[name]
    answer = method(**{key: made[value] if isinstance(value, Made) else value for key, value in CALLS[name].items()})
    if inspect.isawaitable(answer):
        answer = await answer

    assert [field for field in unknown(answer) if field != "Interaction.object"] == []
    await client.aio.aclose()


def test_each_operation_of_a_script_is_a_method_of_the_sdk() -> None:
    """The table of operations has no name that nobody can ask for."""
    names = {name.removeprefix("interactions.") for name in CALLS}
    assert set(kinds.OPERATIONS) - names == set()
    shortened = re.compile(r"(create|get|list|delete)_environment(s?)$|download$")
    assert {name for name in names - set(kinds.OPERATIONS) if not shortened.search(name)} == {
        *("create", "get", "delete", "cancel"),  # of interactions
    }


def _variants(module: str) -> set[str]:
    """The types of a union of the SDK: the keys of the table by which it reads them."""
    tables = vars(importlib.import_module(f"{sdk_interactions.__name__}.{module}"))
    return set(next(value for name, value in tables.items() if name.endswith("_VARIANTS")))


def _literals(annotation: Any) -> set[str]:
    """The texts that a union of a `Literal` and of any text names."""
    literal = next(each for each in typing.get_args(annotation) if typing.get_origin(each) is typing.Literal)
    return set(typing.get_args(literal))


def _events_of(union: Any) -> set[str]:
    """The types of the events of a live interaction, of a union that the SDK tells apart by tags."""
    variants = typing.get_args(typing.get_args(union)[0])
    return {tag.tag for variant in variants for tag in typing.get_args(variant) if hasattr(tag, "tag")}


def test_each_event_of_a_live_interaction_is_known() -> None:
    from google.genai._gaos.types.interactions.clientevent import ClientEvent

    from pytest_interactions.server.emulator.live.connection import _EVENTS

    assert _events_of(ClientEvent) == {"interaction.create", "interaction.connect", *_EVENTS}


def test_each_event_is_folded() -> None:
    assert _variants("interactionsseevent") <= fold._EVENTS.keys()


def test_each_step_is_known_to_the_emulator() -> None:
    assert _variants("step") == turn.STEP_KEYS.keys()


def test_each_delta_is_folded_by_a_rule_of_its_own_or_has_the_type_of_its_step() -> None:
    assert _variants("stepdeltadata") - deltas._DELTAS.keys() <= _variants("step")


def test_each_content_is_content_when_it_is_bare() -> None:
    from pytest_interactions.api.steps import CONTENT

    assert _variants("content") == set(CONTENT)


def test_each_tool_is_known_to_the_emulator() -> None:
    from pytest_interactions.server.emulator.validation import _TOOLS

    assert _variants("tool") == set(_TOOLS)


def test_each_status_is_known() -> None:
    """A script may set it, and a poll that shows it is the last or is not."""
    statuses = _literals(sdk_interaction.InteractionStatus)
    assert statuses == _literals_of(script._Status)
    assert statuses == index._SETTLED | {"in_progress", "queued"}


def _literals_of(literal: Any) -> set[str]:
    return set(typing.get_args(literal))


def test_each_event_of_webhooks_is_known() -> None:
    from google.genai.webhooks import WebhookSubscribedEvent

    assert _literals(WebhookSubscribedEvent) == set(webhooks.EVENTS)


def test_each_field_of_a_create_request_is_accepted() -> None:
    from pytest_interactions.server.emulator.validation import _FIELDS

    models = (sdk_interactions.CreateModelInteraction, sdk_interactions.CreateAgentInteraction)
    assert {name for model in models for name in model.model_fields} == _FIELDS.keys()


def test_the_modules_of_the_sdk_are_those_that_are_walked() -> None:
    """A new group of types has new resources, which belong above."""
    groups = {module.name for module in pkgutil.iter_modules([str(Path(str(sdk.__file__)).parent)]) if module.ispkg}
    assert groups == {name.partition(".")[0] for name in CALLS}
