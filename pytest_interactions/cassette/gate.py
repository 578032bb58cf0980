"""What of a live exchange may be kept: hooks, redaction, and the last gate before the disk."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.cassette.matching import Key, key_of
from pytest_interactions.errors import SecretLeakError
from pytest_interactions.files import convert
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.scan import scan

if TYPE_CHECKING:
    from pytest_interactions.options import Options
    from pytest_interactions.redaction.secrets import Secrets


class Gate:
    """The hooks and the redaction of one cassette; the same for recording and for matching."""

    def __init__(self, options: Options, secrets: Secrets) -> None:
        self._options = options
        self._secrets = secrets
        self._redactor = Redactor(secrets=secrets, keep_headers=options.keep_headers, redact=options.redact)
        hooked = options.before_record_request or options.normalize_request
        #: Whether requests with the same method, URI and body are the same, whatever else there is of them.
        self.is_literal = hooked is None and "headers" not in options.match_on

    def learn(self, live: Request) -> None:
        """Take in the credentials of a request that is not filtered."""
        self._secrets.learn(live)

    def keep_request(self, live: Request) -> Request | None:
        """`live` as it would be recorded; `None` where a hook wants no record of it."""
        self._secrets.learn_environ(os.environ)  # a fixture or the test may have set a variable
        return self.redact_request(live)

    def redact_recorded_request(self, request: Request) -> Request | None:
        """A recorded request as a live one of the same words would be; nothing parsed of it is kept with it."""
        return self.redact_request(request.with_body(request.body))

    def redact_request(self, live: Request) -> Request | None:
        """The same as `keep_request`, with what is known of the environment so far."""
        self._secrets.learn(live)
        hook = self._options.before_record_request
        hooked = convert.hook_request(hook, live) if hook else live
        return None if hooked is None else self._redactor.request(hooked)

    def keep_response(self, response: Response) -> Response | None:
        """`response` as it is recorded; `None` where a hook wants no record of it."""
        self._secrets.learn_environ(os.environ)
        hook = self._options.before_record_response
        hooked = convert.hook_response(hook, response) if hook else response
        return None if hooked is None else self._redactor.response(hooked)

    def key(self, request: Request) -> Key:
        """What a filtered request is found by."""
        normalize = self._options.normalize_request
        normal = convert.hook_request(normalize, request) if normalize else request
        return key_of(normal or request, self._options.match_on)

    @property
    def known(self) -> object:
        """What is looked for: the same object until something new is learnt."""
        return self._redactor.secrets.matcher

    def redact_again(self, exchange: Exchange) -> Exchange:
        """Redact with what is known by now.

        A value may have been sent before it was known as a key, and what another tool recorded was never redacted.
        """
        request, response, cut = exchange.request, exchange.response, exchange.cut
        return Exchange(
            request=self._redactor.request(request.with_body(request.body)),
            response=self._redactor.response(response.with_body(response.body)),
            cut=cut and replace(cut, message=self._redactor.text(cut.message)),
        )

    def check(self, number: int, text: str) -> None:
        """The last gate before the disk, for the text of the exchange with this number.

        Raises:
            SecretLeakError: The text holds a secret; the message says where.
        """
        findings = scan(f"interactions:\n{text}", self._redactor.secrets)
        if findings:
            places = [found.where.replace("interactions[0]", f"interactions[{number}]", 1) for found in findings]
            listed = "\n".join(
                f"  {found.kind} in {place or f'interactions[{number}]'}"
                for found, place in zip(findings, places, strict=True)
            )
            raise SecretLeakError(f"it would hold secrets:\n{listed}")

    def text(self, text: str) -> str:
        """`text` without any secret."""
        return self._redactor.text(text)

    def cleaned(self, text: str) -> str:
        """The text of an exchange with what the gate found replaced."""
        from pytest_interactions.redaction.scan import clean

        return clean(text, self._redactor.secrets)
