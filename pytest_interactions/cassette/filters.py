"""The hooks, redaction and matching of one cassette."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pytest_interactions.api.exchange import SWITCHED, Response
from pytest_interactions.api.hosts import DEFAULT_PORTS, is_allowed
from pytest_interactions.cassette.matching import Key, is_beside, key_of
from pytest_interactions.cassette.own_servers import is_own
from pytest_interactions.files import convert
from pytest_interactions.redaction import headers
from pytest_interactions.redaction.redactor import Redactor, redaction

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Request
    from pytest_interactions.options import Options
    from pytest_interactions.redaction.secrets import Secrets

#: The environment variables that name the API's address to google-genai.
_BASE_URLS: Final = ("GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL")


class Filters:
    """The hooks and the redaction of one cassette, the same for recording and for matching."""

    def __init__(self, options: Options, secrets: Secrets) -> None:
        self._options = options
        self._secrets = secrets
        self._matched_by = options.matched_by
        self.redactor = Redactor(secrets=secrets, **redaction(options))
        hooked = options.before_record_request or options.normalize_request
        #: The names of headers that were not recorded, though an app may miss them on replay.
        self.left_out: set[str] = set()
        #: Whether two requests with the same method, URI and body always match.
        self.is_literal = hooked is None and "headers" not in options.match_on

    def state(self) -> Any:
        """Return what is equal where other filters redact and match alike; `None` if hooks make that unknown."""
        options = self._options
        if options.before_record_request is not None or options.normalize_request is not None:
            return None
        return self._matched_by, tuple(redaction(options).items()), self._secrets.matcher

    def learn(self, live: Request) -> None:
        """Learn the credentials of a request that skips the filters."""
        self._secrets.learn(live)

    def keep_request(self, live: Request) -> Request | None:
        """Return `live` as it is recorded; `None` if a hook wants no record of it."""
        self._secrets.learn_environ(os.environ)  # a fixture or the test may have set a variable
        return self.redact_request(live)

    def redact_request(self, request: Request) -> Request | None:
        """Return `request` as it is recorded, without a look at the environment, which takes long for many requests."""
        self._secrets.learn(request)
        hook = self._options.before_record_request
        hooked = convert.hook_request(hook, request) if hook else request
        return None if hooked is None else self.redactor.request(hooked)

    def keep_response(self, response: Response, request: Request) -> Response | None:
        """Return `response` to `request` as it is recorded; `None` if a hook wants no record of it."""
        self._secrets.learn_environ(os.environ)
        self._secrets.learn_handed_out(headers.handed_out(response.headers))
        hook = self._options.before_record_response
        hooked = convert.hook_response(hook, response) if hook else response
        if hooked is None:
            return None
        kept = self.redactor.response(hooked, uri=request.uri)
        self.left_out |= headers.left_out(hooked.headers, kept.headers)
        return kept

    def keep_messages(self, messages: bytes, request: Request) -> bytes:
        """Return a WebSocket's messages, as the events that stand for them, as they are recorded; nothing if dropped.

        `request` is the one that opened the WebSocket.
        """
        opened = Response(status=SWITCHED, body=messages)
        hook = self._options.before_record_response
        hooked = convert.hook_response(hook, opened) if hook else opened
        return b"" if hooked is None else self.redactor.response(hooked, uri=request.uri).body

    def is_beside(self, live: Request) -> bool:
        """Return whether a request is the test's own, to a server that it has started on this machine."""
        if not is_beside(live, map(os.environ.get, _BASE_URLS)):
            return False
        url = urlsplit(live.uri)
        port = url.port or DEFAULT_PORTS.get(url.scheme, 0)
        return not is_allowed(url.hostname or "", port, self._options.recorded_hosts) and is_own(port)

    def key(self, request: Request) -> Key:
        """Return the key by which the index finds a filtered request."""
        normalize = self._options.normalize_request
        normal = convert.hook_request(normalize, request) if normalize else request
        return key_of(normal or request, self._matched_by)
