"""What of live traffic is kept, and what it is found by: the hooks, redaction and matching of one cassette."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_interactions.cassette.matching import Key, key_of
from pytest_interactions.files import convert
from pytest_interactions.redaction.redactor import Redactor

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Request, Response
    from pytest_interactions.options import Options
    from pytest_interactions.redaction.secrets import Secrets


class Filters:
    """The hooks and the redaction of one cassette; the same for recording and for matching."""

    def __init__(self, options: Options, secrets: Secrets) -> None:
        self._options = options
        self._secrets = secrets
        self.redactor = Redactor(secrets=secrets, keep_headers=options.keep_headers, redact=options.redact)
        hooked = options.before_record_request or options.normalize_request
        #: Whether requests with the same method, URI and body are the same, whatever else there is of them.
        self.is_literal = hooked is None and "headers" not in options.match_on

    def learn(self, live: Request) -> None:
        """Take in the credentials of a request that is not filtered."""
        self._secrets.learn(live)

    def keep_request(self, live: Request) -> Request | None:
        """Return `live` as it is recorded; `None` where a hook wants no record of it."""
        self._secrets.learn_environ(os.environ)  # a fixture or the test may have set a variable
        return self.redact_request(live)

    def redact_request(self, request: Request) -> Request | None:
        """Return the same as `keep_request`, with what is known of the environment so far: for one request of many."""
        self._secrets.learn(request)
        hook = self._options.before_record_request
        hooked = convert.hook_request(hook, request) if hook else request
        return None if hooked is None else self.redactor.request(hooked)

    def keep_response(self, response: Response) -> Response | None:
        """Return `response` as it is recorded; `None` where a hook wants no record of it."""
        self._secrets.learn_environ(os.environ)
        hook = self._options.before_record_response
        hooked = convert.hook_response(hook, response) if hook else response
        return None if hooked is None else self.redactor.response(hooked)

    def key(self, request: Request) -> Key:
        """Return what a filtered request is found by."""
        normalize = self._options.normalize_request
        normal = convert.hook_request(normalize, request) if normalize else request
        return key_of(normal or request, self._options.match_on)
