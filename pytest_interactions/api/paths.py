"""Which URLs are the Interactions API's, whatever server, API version or project they name."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Gemini: /v1beta/interactions; Vertex AI: /v1beta1/projects/P/locations/L/interactions.
_INTERACTIONS = re.compile(r"/v\d+\w*/(?:projects/[^/]+/locations/[^/]+/)?(?P<path>interactions(?:[/:].*)?)", re.ASCII)


def interaction_path(uri: str) -> str | None:
    """The part of `uri` that says what is asked of the Interactions API.

    Args:
        uri: An absolute URI, or a path.

    Returns:
        `/interactions`, `/interactions/{id}` or `/interactions/{id}/cancel`, with no origin, API version,
        Vertex project or query; `None` for any other path, so for one below a server's own prefix too.
    """
    match = _INTERACTIONS.fullmatch(urlsplit(uri).path)
    return "/" + match["path"].rstrip("/") if match else None
