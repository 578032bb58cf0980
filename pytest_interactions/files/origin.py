"""When a cassette was recorded and by what: the part of its head that no reader needs.

Whatever stands there in a file that somebody else has written, what can't be understood is left out and no error.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.named_models import models_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from pytest_interactions.api.exchange import Exchange, Headers

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TEXT: Final = re.compile(r"[ -~]{1,200}")
_PRODUCT: Final = re.compile(r"(?<![^\s])([A-Za-z@][A-Za-z0-9._@-]{0,63})/v?(\d[A-Za-z0-9._+-]{0,31})(?![^\s;,])")
_SDK: Final = "google-genai-sdk"
#: The packages of Google's SDK, by what it says of its language.
_PACKAGES: Final = {"gl-python": "google-genai", "gl-node": "@google/genai", "gl-web": "@google/genai"}
# What an HTTP client says of its language before it names itself.
_LANGUAGES: Final = frozenset({"Python", "Mozilla"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The origin of a cassette; what is not known of it is empty.

    Attributes:
        recorded: When the oldest of its exchanges were recorded, in UTC and to the second: `2026-01-31T12:00:00Z`.
        by: The version of this package that recorded last.
        client: The clients that sent the requests of the last recording, with their versions.
        api_revision: The `Api-Revision` that these asked for.
        models: The models and agents that requests and answers name, in alphabetical order.
    """

    recorded: str = ""
    by: str = ""
    client: str = ""
    api_revision: str = ""
    models: tuple[str, ...] = ()

    @classmethod
    def of_recording(cls, exchanges: Sequence[Exchange], at: datetime, client: str = "") -> Origin:
        """Return the origin of `exchanges` that were recorded by this version until `at`, a time in UTC."""
        revisions = {value for each in exchanges for value in each.request.headers.get("api-revision", [])}
        return cls(
            recorded=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            by=own_version(),
            client=client,
            api_revision=_text(", ".join(sorted(revisions))),
            models=models_of(exchanges),
        )

    @classmethod
    def read(cls, metadata: Mapping[Any, Any]) -> Origin:
        """Return what the metadata of a file say."""
        recorded, models = metadata.get("recorded"), metadata.get("models")
        return cls(
            recorded=recorded if isinstance(recorded, str) and _TIME.fullmatch(recorded) else "",
            by=_text(metadata.get("by")),
            client=_text(metadata.get("client")),
            api_revision=_text(metadata.get("api_revision")),
            models=tuple(filter(None, map(_text, models))) if isinstance(models, list) else (),
        )

    def written(self) -> dict[str, Any]:
        """Return the metadata that `read` reads."""
        known = {name: value for name, value in asdict(self).items() if value}
        return known | ({"models": list(self.models)} if self.models else {})

    def before(self, newer: Origin, kept: Sequence[Exchange]) -> Origin:
        """Return the origin of a file of which the exchanges `kept` stay, to which those of a recording come.

        It is as old as what stays, whose age may be unknown; the rest is that of the `newer` recording.
        """
        if not kept:
            return newer
        known = {name: value for name, value in newer.written().items() if name != "models"}
        models = {*models_of(kept), *newer.models}
        return replace(self, **known | {"recorded": self.recorded, "models": tuple(sorted(models))})

    def redacted(self, redact: Callable[[str], str]) -> Origin:
        """Return the same with each text redacted, but for the time."""
        models = tuple(sorted(set(map(redact, self.models))))
        return replace(
            self,
            by=redact(self.by),
            client=redact(self.client),
            api_revision=redact(self.api_revision),
            models=models,
        )


#: The origin of a cassette of which nothing is known.
UNKNOWN: Final = Origin()


def client_of(headers: Headers) -> str:
    """Return the name and the version of the client that sent a request; "" if it does not say.

    Nothing else of these headers is anybody's business: users put things there.
    """
    said = [" ".join(headers.get(name, [])) for name in ("x-goog-api-client", "user-agent")]
    products = dict(reversed(_PRODUCT.findall(" ".join(said))))
    if _SDK in products:
        named = next((package for language, package in _PACKAGES.items() if language in products), _SDK)
        return f"{named} {products[_SDK]}"
    own = ((name, number) for name, number in _PRODUCT.findall(said[1]) if name not in _LANGUAGES)
    return " ".join(next(own, ()))


@lru_cache(maxsize=1)
def own_version() -> str:
    """Return the name and the version of this package; "" where it is not installed."""
    try:
        return f"pytest-interactions {version('pytest-interactions')}"
    except PackageNotFoundError:  # it runs from a copy of its files
        return ""


def _text(value: Any) -> str:
    """Return a short text of one line; "" for anything else."""
    return value if isinstance(value, str) and _TEXT.fullmatch(value) else ""
