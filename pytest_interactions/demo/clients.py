"""The clients of the demo: the SDK if it is installed, else httpx, as in the curl lines of the quickstart."""

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
    """Return the name of the best client that is installed, and what connects it to the API at `url` with `key`."""
    if find_spec("google") and find_spec("google.genai"):
        return "google-genai", lambda own: sdk(url, own or key)
    return "httpx", lambda own: rest(url, own or key)


@contextmanager
def sdk(url: str, key: str) -> Iterator[Sdk]:
    """Yield google-genai's client."""
    from google import genai

    client = genai.Client(api_key=key, http_options={"base_url": url})
    try:
        yield Sdk(client)
    finally:
        client.close()


@contextmanager
def rest(url: str, key: str) -> Iterator[Rest]:
    """Yield a client of httpx, which is used as one would use curl."""
    import httpx

    with httpx.Client(base_url=url, headers={"x-goog-api-key": key}, timeout=30) as client:
        yield Rest(client)


class Sdk:
    """An `Api` through google-genai."""

    def __init__(self, client: genai.Client) -> None:
        self._interactions: Any = client.interactions

    def create(self, **body: Any) -> Json:
        """Create an interaction, and return it; of an error, return the body."""
        from google.genai import _interactions as errors

        try:
            return _plain(self._interactions.create(**body))
        except errors.APIStatusError as error:
            return dict(error.body)  # type: ignore[call-overload, no-any-return] # the JSON that the API sent

    def stream(self, **body: Any) -> list[Json]:
        """Create an interaction as a stream, and return its events."""
        return [_plain(event) for event in self._interactions.create(**body, stream=True)]

    def get(self, name: str) -> Json:
        """Return the interaction with this id."""
        return _plain(self._interactions.get(name))


def _plain(model: Any) -> Json:
    dumped: Json = model.model_dump(mode="json", exclude_none=True)
    return dumped


class Rest:
    """An `Api` through httpx."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def create(self, **body: Any) -> Json:
        """Create an interaction, and return it; of an error, return the body."""
        answer: Json = self._client.post("/v1beta/interactions", json=body).json()
        return answer

    def stream(self, **body: Any) -> list[Json]:
        """Create an interaction as a stream, and return its events without the sentinel at the end."""
        path = "/v1beta/interactions?alt=sse"
        with self._client.stream("POST", path, json=body | {"stream": True}) as answer:
            lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data: {")]
        return [json.loads(line) for line in lines]

    def get(self, name: str) -> Json:
        """Return the interaction with this id."""
        answer: Json = self._client.get(f"/v1beta/interactions/{name}").json()
        return answer
