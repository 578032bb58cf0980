"""The clients that the demo talks through: the SDK where it is installed, else httpx as in the curl lines."""

from __future__ import annotations

import json
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from google import genai

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.demo.sections import Connect


def connect_to(url: str, key: str) -> tuple[str, Connect]:
    """What the best client there is is called, and how to make one of it, for the API at `url` with `key`."""
    if find_spec("google") and find_spec("google.genai"):
        return "google-genai", lambda own: sdk(url, own or key)
    return "httpx", lambda own: rest(url, own or key)


@contextmanager
def sdk(url: str, key: str) -> Iterator[Sdk]:
    """google-genai."""
    from google import genai

    client = genai.Client(api_key=key, http_options={"base_url": url})
    try:
        yield Sdk(client)
    finally:
        client.close()


@contextmanager
def rest(url: str, key: str) -> Iterator[Rest]:
    """httpx, as one would use curl."""
    import httpx

    with httpx.Client(base_url=url, headers={"x-goog-api-key": key}, timeout=30) as client:
        yield Rest(client)


class Sdk:
    """An `Api` through google-genai."""

    def __init__(self, client: genai.Client) -> None:
        self._interactions: Any = client.interactions

    def create(self, **body: Any) -> Json:
        """Create an interaction; an error as its body."""
        from google.genai import _interactions as errors

        try:
            return _plain(self._interactions.create(**body))
        except errors.APIStatusError as error:
            return dict(error.body)  # type: ignore[call-overload, no-any-return] # the JSON that the API sent

    def stream(self, **body: Any) -> list[Json]:
        """All events of a stream."""
        return [_plain(event) for event in self._interactions.create(**body, stream=True)]

    def get(self, name: str) -> Json:
        """An interaction by its id."""
        return _plain(self._interactions.get(name))


def _plain(model: Any) -> Json:
    dumped: Json = model.model_dump(mode="json", exclude_none=True)
    return dumped


class Rest:
    """An `Api` through httpx."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def create(self, **body: Any) -> Json:
        """Create an interaction; an error as its body."""
        answer: Json = self._client.post("/v1beta/interactions", json=body).json()
        return answer

    def stream(self, **body: Any) -> list[Json]:
        """All events of a stream, but the sentinel at its end."""
        path = "/v1beta/interactions?alt=sse"
        with self._client.stream("POST", path, json=body | {"stream": True}) as answer:
            lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data: {")]
        return [json.loads(line) for line in lines]

    def get(self, name: str) -> Json:
        """An interaction by its id."""
        answer: Json = self._client.get(f"/v1beta/interactions/{name}").json()
        return answer
