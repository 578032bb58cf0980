"""Documents that hold no secret although their fields are named as if they did."""

from __future__ import annotations

from typing import Any, Final


def _schema(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or list(properties)}


def _string(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


#: Schemas of a tool's parameters.
TOOLS: Final[dict[str, Any]] = {
    "schema with token": _schema(token=_string("The token for the next page, as the last answer gave it.")),
    "schema with signature": _schema(signature=_string("The signature of the function, such as `f(x: int) -> str`.")),
    "schema with api_key": _schema(api_key=_string("Your API key, e.g. sk-your-key-here")),
    "schema with password": _schema(user=_string("Login"), password=_string("At least 8 characters", minLength=8)),
    "schema with secret": _schema(secret=_string("A word to guess", enum=["banana", "apple", "watermelon"])),
    "schema with headers": _schema(headers={"type": "object", "additionalProperties": {"type": "string"}}),
    "schema with env": _schema(env={"type": "string", "enum": ["production", "staging", "development"]}),
    "schema with authorization": _schema(authorization=_string("Bearer YOUR_TOKEN", default="Bearer YOUR_TOKEN")),
    "schema with access_token": _schema(
        access_token=_string("OAuth access token"), refresh_token=_string("And the other")
    ),
    "schema with client_secret": _schema(client_id=_string("Id"), client_secret=_string("Secret of the client")),
    "schema with defaults": _schema(
        key=_string("Sort by", default="name"), value=_string("Order", default="ascending")
    ),
    "schema with examples": _schema(token=_string("Unit", examples=["identifier", "punctuation", "whitespace"])),
    "schema with thought_signature": _schema(thought_signature=_string("Opaque"), signature={"$ref": "#/$defs/Sig"}),
    "schema with a pattern": _schema(api_key=_string("Key", pattern="^AIza[0-9A-Za-z_-]{35}$")),
    "schema with patterns of keys": _schema(key=_string("Key", pattern="^(sk-[A-Za-z0-9]{48}|ghp_[A-Za-z0-9]{36})$")),
    "schema with credentials": _schema(
        credentials=_schema(type={"const": "bearer_token"}, token=_string("The bearer token")),
    ),
    "schema with a webhook": _schema(signing_secret=_string("Signs what the webhook is sent"), uri=_string("Where to")),
    "schema with encrypted_content": _schema(encrypted_content=_string("Opaque content of a reasoning item")),
    "schema with environment_key": _schema(environment_key=_string("Which environment", enum=["prod-europe-west-1"])),
    "schema with key names": _schema(
        primary_key=_string("Column", default="customer_identifier"), foreign_key=_string("Column", default="order_id")
    ),
}

#: Documents of other hosts, and arguments and results of tools.
DOCUMENTS: Final[dict[str, Any]] = {
    "top-level env": {"env": "production", "region": "europe-west-1", "replicas": 3},
    "top-level env, an object": {"env": {"NODE_ENV": "production", "LOG_LEVEL": "debug", "TZ": "Europe/Berlin"}},
    "top-level secret": {"secret": "watermelon", "hint": "a fruit"},
    "top-level access_token": {"access_token": "required", "id_token": "optional", "message": "missing parameter"},
    "top-level key": {"key": "PROJ-1234", "value": "in progress", "type": "issue"},
    "top-level token": {"token": "comma", "type": "punctuation", "start": 4, "end": 5},
    "top-level signature": {"signature": "def read(path: Path, *, encoding: str = 'utf-8') -> str", "type": "function"},
    "top-level value": {"value": "a long text that says nothing at all", "unit": "none"},
    "top-level authorization": {"authorization": "none", "authentication": "optional", "realm": "public documents"},
    "top-level content": {"content": "# Title\n\nA paragraph.\n", "type": "inline", "path": "README.md"},
    "tokens of a parser": {
        "tokens": [{"token": word, "pos": "NOUN"} for word in ("miller", "barley", "sacks", "geese")]
    },
    "signatures of functions": {"functions": [{"name": "f", "signature": "f(a, b=None)"}, {"signature": "g() -> int"}]},
    "step with a signature": {"type": "function_result", "signature": "main(argv: list[str]) -> int", "result": "ok"},
    "petition": {"signatures": 48211, "signature": "Ada Lovelace, Countess", "type": "petition"},
    "errors of a form": {"errors": {"password": "is too short", "api_key": "is required", "token": "has expired"}},
    "words for fields": {
        "labels": {"password": "Passwort", "secret": "Geheimnis", "token": "Zeichen", "key": "Schlüssel"}
    },
    "stand-ins": {"api_key": "YOUR_API_KEY", "token": "<token>", "password": "********", "secret": "changeme"},
    "more stand-ins": {"api_key": "your-api-key-here", "apiKey": "${API_KEY}", "client_secret": "{{ client_secret }}"},
    "empty values": {"api_key": "", "token": None, "password": False, "signature": [], "secret": {}},
    "names of keys": {"api_key_name": "Default Gemini API Key", "api_key": "default", "primary_key": "customer_id"},
    "settings": {"settings": {"api_key_required": True, "api_key": "environment variable GEMINI_API_KEY"}},
    "map of keys": {"keys": {"up": "ArrowUp", "enter": "Enter"}, "key": "ArrowDown", "api_key": "none"},
    "music": {"key": "C sharp minor", "type": "sonata", "time_signature": "3/4", "signature": "4 sharps"},
    "Kubernetes": {
        "apiVersion": "v1",
        "kind": "Pod",
        "spec": {"containers": [{"name": "web", "env": [{"name": "MODE", "value": "production-with-long-name"}]}]},
    },
    "compose": {"services": {"db": {"image": "postgres:16", "environment": {"POSTGRES_DB": "inventory"}}}},
    "GitHub Actions": {"env": {"API_KEY": "${{ secrets.API_KEY }}"}, "on": "push", "jobs": {"test": {"steps": []}}},
    "headers of a table": {"headers": {"name": "Name", "token": "Number of tokens", "Authorization": "Who may"}},
    "tools of a craftsman": {"tools": [{"name": "hammer", "headers": {"weight": "grams"}, "authorization": "master"}]},
    "sources of a text": {"sources": [{"type": "inline", "content": "As he said, so it was."}, {"type": "book"}]},
    "network of roads": {"network": {"allowlist": [{"domain": "cars", "transform": {"speed": "slow down here"}}]}},
    "credentials in words": {"credentials": [{"type": "bearer_token", "name": "GitHub", "status": "active"}]},
    "usage": {"usage": {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}, "token_count": "sixteen"},
    "page": {"items": [], "next_page_token": "", "nextPageToken": "page-2", "continuation_token": "page-3"},
    "hashes": {
        "sha": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
        "tree": {"sha": "691272480426f78a0138979dd3ce63b77f706feb"},
    },
    "hash by key": {"key": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", "etag": '"5d41402abc4b2a76b9719d911017c592"'},
    "ids": {
        "id": "resp_67ccd2bed1ec8190b14f964abc054267",
        "call_id": "call_9xQf2Lr8Zk3TnVb7Hy1Wm4Pd",
        "type": "message",
    },
    "files": {"name": "files/abc-123", "uri": "https://generativelanguage.googleapis.com/v1beta/files/abc-123"},
    "schema in a document": {
        "openapi": "3.1.0",
        "components": {"securitySchemes": {"k": {"type": "apiKey", "name": "key"}}},
    },
    "i18n": {"auth.token.expired": "Your token has expired.", "auth.api_key": "Key", "password": "Kennwort"},
    "game": {"secret": "door", "type": "adventure", "key": "rusty", "token": "copper coin", "pass": "mountain"},
}
