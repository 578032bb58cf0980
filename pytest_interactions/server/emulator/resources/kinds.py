"""The table of the resources that are created, read, listed, changed and deleted: their names and fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

Fields = dict[str, tuple[type, ...]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of resource, as google-genai 3.6 has it.

    Attributes:
        plural: Its name in URLs, in lists and in the operations of a script.
        singular: Its name in errors.
        fields: The fields of a request to create one, with the JSON types that each takes.
        required: Those that must be there.
        changes: The fields of a request to change one; without any, none can be changed.
        prefix: The beginning of the ids that the API gives.
        written_only: Fields that no answer shows.
        times: The names of the fields that say when it was created and changed; none if it says neither.
        initial: The fields that each has from the beginning.
    """

    plural: str
    singular: str
    fields: Fields
    required: tuple[str, ...] = ()
    changes: Fields = field(default_factory=dict)
    prefix: str = ""
    written_only: frozenset[str] = frozenset()
    times: tuple[str, ...] = ("create_time", "update_time")
    initial: dict[str, Any] = field(default_factory=dict)

    @property
    def operations(self) -> tuple[str, ...]:
        """Return the names that a script knows the operations of this kind by."""
        verbs = ("create", "get", "list", *(("update",) if self.changes else ()), "delete")
        return tuple(f"{self.plural}.{verb}" for verb in verbs)


AGENTS: Final = Kind(
    plural="agents",
    singular="Agent",
    fields={
        "id": (str,),
        "agent_config": (dict,),
        "base_agent": (str,),
        "base_environment": (dict, str),
        "description": (str,),
        "system_instruction": (str,),
        "tools": (list,),
    },
    prefix="agent-",
    times=(),
)

_CREDENTIAL: Final[Fields] = {
    "type": (str,),
    "token": (str,),
    "header_name": (str,),
    "prefix": (str,),
    "client_id": (str,),
    "client_secret": (str,),
    "refresh_token": (str,),
    "token_url": (str,),
    "scopes": (list,),
    "value": (str,),
    "injection_location": (str, list),
    "trusted_domains": (list,),
}
CREDENTIALS: Final = Kind(
    plural="credentials",
    singular="Credential",
    fields={"id": (str,), **_CREDENTIAL},
    required=("id", "type"),
    changes=_CREDENTIAL,
    written_only=frozenset(_CREDENTIAL) - {"type"},
    initial={"status": "active"},
)
#: What each type of credential must have.
CREDENTIAL_TYPES: Final = {
    "bearer_token": ("token",),
    "oauth2": ("client_id", "client_secret", "refresh_token", "token_url"),
    "environment_variable": ("value", "injection_location"),
}

ENVIRONMENTS: Final = Kind(
    plural="environments",
    singular="Environment",
    fields={
        "custom_config": (dict,),
        "from_environment": (str,),
        "mode": (str,),
        "network": (dict, str),
        "sources": (list,),
        "system_instruction": (str,),
    },
    written_only=frozenset({"from_environment", "system_instruction"}),
    times=("created", "updated", "last_accessed"),
    initial={"mode": "on_demand", "status": "active"},
)

TRIGGERS: Final = Kind(
    plural="triggers",
    singular="Trigger",
    fields={
        "interaction": (dict,),
        "schedule": (str,),
        "time_zone": (str,),
        "display_name": (str,),
        "environment_id": (str,),
        "execution_timeout_seconds": (int,),
        "max_consecutive_failures": (int,),
    },
    required=("interaction", "schedule", "time_zone"),
    changes={"display_name": (str,), "status": (str,)},
    prefix="trigger-",
    initial={"status": "active", "consecutive_failure_count": 0},
)

VOICES: Final = Kind(
    plural="voices",
    singular="Voice",
    fields={
        "type": (str,),
        "accent": (str,),
        "context": (str,),
        "description": (str,),
        "display_name": (str,),
        "gender": (str,),
        "language_code": (str,),
        "model": (str,),
        "persona": (str,),
        "pitch": (str,),
        "prompted": (dict,),
        "region_code": (str,),
        "replicated": (dict,),
        "sample_audio": (dict,),
    },
    required=("type",),
    prefix="voice_",
    written_only=frozenset({"replicated"}),
    times=(),
)

_WEBHOOK: Final[Fields] = {"uri": (str,), "subscribed_events": (list,), "name": (str,)}
WEBHOOKS: Final = Kind(
    plural="webhooks",
    singular="Webhook",
    fields=_WEBHOOK,
    required=("uri", "subscribed_events"),
    changes={**_WEBHOOK, "state": (str,)},
    prefix="webhook-",
    initial={"state": "enabled"},
)

#: The operations of a script, besides those of interactions.
OPERATIONS: Final = (
    *(name for kind in (AGENTS, CREDENTIALS, ENVIRONMENTS, TRIGGERS, VOICES, WEBHOOKS) for name in kind.operations),
    *("auth_tokens.create", "auth_tokens.delete", "decisions.create"),
    *("environments.files.list", "environments.files.upload"),
    *("triggers.list_executions", "triggers.run"),
    *("webhooks.ping", "webhooks.rotate_signing_secret"),
)
