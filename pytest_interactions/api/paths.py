"""The URLs of the Interactions API, whatever server, API version or project they name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

# Gemini: /v1beta/interactions; Vertex AI: /v1beta1/projects/P/locations/L/interactions.
_INTERACTIONS = re.compile(r"/v\d+\w*/(?:projects/[^/]+/locations/[^/]+/)?(?P<path>interactions(?:[/:].*)?)", re.ASCII)

# What google-genai 3.6 asks for below a version; an app's own server has other resources.
_RESOURCE: Final = re.compile(
    r"/v\d+\w*/(?:projects/[^/]+/locations/[^/]+/)?(?:agents|auth_tokens|batches|batchPredictionJobs|cachedContents"
    r"|corpora|credentials|endpoints|environments|fileSearchStores|files|interactions|models|openai|operations|publishers"
    r"|reasoningEngines|triggers|tunedModels|tuningJobs|voices|webhooks)(?![\w-])"
)

# The WebSockets of the API that are no interactions: Gemini's, one for each of its methods, and that of Vertex AI.
_SOCKET: Final = re.compile(
    r"(?P<prefix>/ws/google\.(?:ai\.generativelanguage|cloud\.aiplatform)\.)v\d+\w*\."
    r"(?P<method>GenerativeService\.Bidi\w+|LlmBidiService/Bidi\w+)",
    re.ASCII,
)

# The methods that were there before the Interactions API: models.generate_content, files, caches and batches.
_OLDER: Final = re.compile(
    r"(?:/upload)?/v\d+\w*/(?:projects/[^/]+/locations/[^/]+/)?(?:batches|batchPredictionJobs|cachedContents|endpoints"
    r"|files|models|publishers|tunedModels)(?![\w-])"
)


def interaction_path(uri: str) -> str | None:
    """Return the part of a URI's path below the API version and Vertex project; `uri` may be a path itself.

    Returns:
        `/interactions`, `/interactions/{id}` or `/interactions/{id}/cancel`, without the query. `None` for any other
        path, and so for one below a server's own prefix.
    """
    match = _INTERACTIONS.fullmatch(split(uri).path)
    return "/" + match["path"].rstrip("/") if match else None


def is_older(uri: str) -> bool:
    """Return whether a URI is of the API's methods that are older than its interactions, such as `generateContent`."""
    return _OLDER.match(split(uri).path) is not None


@lru_cache(maxsize=64)
def split(uri: str) -> SplitResult:
    """Return the parts of a URI; of a text that is none, as a file may hold it, all is the path."""
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 - asking for it raises the error of a port that is no number
    except ValueError:
        return SplitResult(scheme="", netloc="", path=uri, query="", fragment="")
    return parts


def is_resource(path: str) -> bool:
    """Return whether a URL's path, below any prefix, is one of the API's."""
    return _RESOURCE.search(path) is not None or _SOCKET.search(path) is not None


def socket_path(path: str) -> str | None:
    """Return the path of one of the API's WebSockets without its version; `None` for any other path.

    Interactions are none of them: `interaction_path` knows these.
    """
    match = _SOCKET.fullmatch(path)
    return match["prefix"] + match["method"] if match else None
