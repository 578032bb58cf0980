"""The names of Google Cloud: projects, their locations and service accounts, and what stands for them in a cassette.

They are no secrets, but say whose account it was; and whoever replays has another project, or none. So each is replaced
by one name, which matches that of any other. What follows them in the name of a resource stays.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.paths import split
from pytest_interactions.redaction.finding import Words
from pytest_interactions.redaction.placeholders import LOCATION, PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.exchange import Request, Response

_ACCOUNT: Final = "redacted"
_ACCOUNTS_DOMAIN: Final = f"{PROJECT}.iam.gserviceaccount.com"
#: The header that says which project pays.
_PAYS: Final = "x-goog-user-project"

# A slash, also escaped: in JSON within JSON, and in a URL within a URL.
_SLASH: Final = r"(?:\\*/|%(?:25)*2[fF])"
# Some begin with the domain of whoever owns them.
_ID: Final = r"(?:[\w-]+(?:\.[\w-]+)+(?::|%3[aA]))?[A-Za-z0-9](?:[\w-]*\w)?"
_NUMBER: Final = r"\d{6,}(?![\w.-])"
_PLACE: Final = r"[A-Za-z0-9](?:[\w-]*\w)?"
# Other paths begin with `projects/` too, such as those of files. A resource of Google's goes on like no other.
_RESOURCE: Final = re.compile(
    rf"projects{_SLASH}(?:(?P<number>{_NUMBER})|(?P<project>{_ID})(?={_SLASH}(?:locations|serviceAccounts|secrets)\b))"
    rf"(?:{_SLASH}locations{_SLASH}(?P<location>{_PLACE}))?"
)
_OF_GOOGLES: Final = re.compile(
    rf"google(?:apis)?\.com(?:{_SLASH}(?:v\d\w*{_SLASH})?projects{_SLASH}|[^\s\"'<>]{{0,200}}?[?&]project=)(?P<project>{_ID})"
)
# What comes before is looked for backwards: from its own beginning, a long word would be gone through once for each of
# its letters.
_DOMAIN: Final = re.compile(r"(?:@|%(?:25)*40)(?P<domain>(?:[\w-]+\.)*gserviceaccount\.com)")
_BEGINNING: Final = r"(?:(?<![\w.+%\\-])|(?<=%[0-9a-fA-F]{2})|(?<=\\[bfnrt]))"
_USER: Final = re.compile(rf"{_BEGINNING}[\w.+-]+\Z")
_REGIONAL: Final = re.compile(r"-aiplatform\.(?:mtls\.)?googleapis\.com")
_REGION: Final = re.compile(rf"{_BEGINNING}[a-z0-9][a-z0-9-]*\Z")
_MULTI_REGIONAL: Final = re.compile(r"aiplatform\.(?P<location>[a-z0-9-]+)\.rep\.(?:mtls\.)?googleapis\.com")
_LONGEST: Final = 64
# One of these is in whatever the pattern finds, and a search for words is ten times as fast.
_WORDS: Final = Words((b"projects", b"gserviceaccount.com", b"aiplatform.", b"project="))
_IN_BYTES: Final = re.compile(
    rb"projects(?:\\*/|%)|gserviceaccount\.com|-aiplatform\.|aiplatform\.[\w-]+\.rep\.|[?&]project="
)

_TELLS: Final = re.compile(r"[^?#]*/computeMetadata/v1/project/(?:numeric-)?project-id")
_IN_PROJECT: Final = re.compile(r"/projects/[^/]+/locations/")
_LOGIN_HOSTS: Final = re.compile(
    r"(?:oauth2|sts|iamcredentials)(?:\.mtls)?\.googleapis\.com|metadata(?:\.google\.internal)?|169\.254\.169\.254"
)
_LOGIN_PATHS: Final = re.compile(
    r"https://(?:accounts\.google\.com/o/oauth2/(?:v\d/)?token|www\.googleapis\.com/oauth2/v\d/token)|[^?#]*/computeMetadata/"
)
_GRANT: Final = re.compile(rb"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A(?:jwt-bearer|token-exchange)\b")


def may_be_in(body: bytes) -> bool:
    """Return quickly whether `names` may find anything in a body; `False` is certain."""
    return _WORDS.is_one_in(body) and _IN_BYTES.search(body) is not None


def names(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the replacement of each name of Google Cloud in `text`, in order."""
    found = {*_in_resources(text), *_in_accounts(text), *_in_hosts(text)}
    yield from sorted(span for span in found if text[span[0] : span[1]] != span[2])


def _in_resources(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _RESOURCE.finditer(text) if "projects" in text else ():
        yield *match.span("number" if match["number"] else "project"), PROJECT
        if match["location"]:
            yield *match.span("location"), LOCATION
    for match in _OF_GOOGLES.finditer(text) if "project" in text else ():
        yield *match.span("project"), PROJECT


def _in_accounts(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _DOMAIN.finditer(text) if "gserviceaccount.com" in text else ():
        user = _USER.search(text, max(0, match.start() - _LONGEST), match.start())
        if user:
            yield *user.span(), _ACCOUNT
            yield *match.span("domain"), _ACCOUNTS_DOMAIN


def _in_hosts(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _REGIONAL.finditer(text):
        region = _REGION.search(text, max(0, match.start() - _LONGEST), match.start())
        if region:
            yield *region.span(), LOCATION
    for match in _MULTI_REGIONAL.finditer(text):
        yield *match.span("location"), LOCATION


def without_names(text: str) -> str:
    """Return `text` with all names of Google Cloud replaced."""
    for start, end, new in reversed(list(names(text))):
        text = text[:start] + new + text[end:]
    return text


def without_payer(request: Request) -> Request:
    """Return `request` with the project replaced that a header says pays for it, if it has that header."""
    payer = [PROJECT]
    if request.headers.get(_PAYS, payer) == payer:
        return request
    return replace(request, headers={**request.headers, _PAYS: payer})


def without_told(response: Response, uri: str) -> Response:
    """Return `response` with the project replaced that a metadata server says in a body of its own, at `uri`."""
    return response.with_body(PROJECT.encode()) if response.body and _TELLS.match(uri) else response


def is_login(request: Request) -> bool:
    """Return whether a recorded request is a step of a login to Google, which google-auth takes by itself."""
    return (
        _LOGIN_HOSTS.fullmatch(split(request.uri).hostname or "") is not None
        or _LOGIN_PATHS.match(request.uri) is not None
        or _GRANT.search(request.body) is not None
    )


def is_of_project(request: Request) -> bool:
    """Return whether a request is for a resource of a project, as those to Vertex AI are."""
    return _IN_PROJECT.search(split(request.uri).path) is not None


def is_placeholder(text: str) -> bool:
    """Return whether a text, such as a URL, names a resource of the project that stands for others."""
    return f"projects/{PROJECT}" in text
