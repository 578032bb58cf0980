"""The URLs of the Interactions API, whatever server, API version or project they name."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Gemini: /v1beta/interactions; Vertex AI: /v1beta1/projects/P/locations/L/interactions.
_INTERACTIONS = re.compile(r"/v\d+\w*/(?:projects/[^/]+/locations/[^/]+/)?(?P<path>interactions(?:[/:].*)?)", re.ASCII)


def interaction_path(uri: str) -> str | None:
    """Return the part of a URI's path below the API version and Vertex project; `uri` may be a path itself.

    Returns:
        `/interactions`, `/interactions/{id}` or `/interactions/{id}/cancel`, without the query. `None` for any other
        path, and so for one below a server's own prefix.
    """
    match = _INTERACTIONS.fullmatch(urlsplit(uri).path)
    return "/" + match["path"].rstrip("/") if match else None
