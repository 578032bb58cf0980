"""What is said of a store that refuses or fails: which permission is missing, and nothing that may be secret."""

from __future__ import annotations

import errno
import os
import re
from typing import Final

from pytest_interactions.escaping import on_one_line
from pytest_interactions.redaction.secrets import Secrets

# What clouds call the permissions, as their errors rarely do.
_PERMISSIONS: Final = {
    "s3": {
        "read": "s3:GetObject (and s3:ListBucket, without which S3 refuses what is not there, too)",
        "write": "s3:PutObject",
        "list": "s3:ListBucket",
        "delete": "s3:DeleteObject",
    },
    "gs": {
        "read": "storage.objects.get",
        "write": "storage.objects.create",
        "list": "storage.objects.list",
        "delete": "storage.objects.delete",
    },
    "abfs": {
        "read": "Storage Blob Data Reader",
        "write": "Storage Blob Data Contributor",
        "list": "Storage Blob Data Reader",
        "delete": "Storage Blob Data Contributor",
    },
}
_SAME: Final = {"s3a": "s3", "gcs": "gs", "az": "abfs", "adl": "abfs", "abfss": "abfs"}
_LOGIN: Final = re.compile("Credential|Auth|Token|Profile|SSO|Refresh")
_REFUSED: Final = frozenset({401, 403})
# A URL in a text: its login, which may have any character that it should not have, its place, and what follows that.
_URL: Final = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)(?:[^/\s@]*@|[^/\s@:]*:(?!\d+/)[^\s]*@)?(?P<place>[^\s?;#'\"]*)(?:[?;#]\S*)?"
)
_PLACE: Final = re.compile(r"([^/?;#\s]*)([^?;#\s]*)")  # of a URL: its host, with a login, and its path
_PROTOCOL: Final = re.compile(r"[a-z0-9+.-]+", re.IGNORECASE)
_LONGEST: Final = 300  # characters that are shown of an error


def shown(url: str) -> str:
    """Return the URL of a store without its login, and without a query, parameters or a fragment, which may be secret.

    Of one that can't be told apart, as a login may have a `/` or a `?` in it, the scheme alone is shown.
    """
    links = url.split("::")
    is_chain = all("://" in each or _PROTOCOL.fullmatch(each) for each in links)
    return "::".join(map(_shown, links if is_chain else [url])) if "://" in url else url


def _shown(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    found = _PLACE.match(rest)
    host, path = found.groups() if found else ("", "")
    is_certain = "@" not in rest[len(host) + len(path) :] and ("@" not in path or not {":", "@"} & {*host})
    return f"{scheme}://{host.rpartition('@')[2]}{path}" if is_certain else f"{scheme}://..."


def told(error: BaseException) -> str:
    """Return what an error says in a line, without what may be secret in it, and without a full stop."""
    text = next(iter(str(error).splitlines()), "")
    if isinstance(error, OSError):
        text = text.removeprefix(f"[Errno {error.errno}] ")
    text = Secrets.from_environ(os.environ).matcher.redact(_URL.sub(r"\g<scheme>\g<place>", text))
    return on_one_line(text[:_LONGEST]).rstrip(". ")


def named(error: BaseException) -> str:
    """Return the same, after the error's name unless it says nothing."""
    name, text = type(error).__name__, told(error)
    return text if text and type(error) in {OSError, TimeoutError} else f"{name}: {text}" if text else name


def refusal(error: BaseException) -> str | None:
    """Return why a store refuses whoever asks, if an error says that it does, and not that it fails."""
    status = getattr(error, "status", None)  # as aiohttp has it, by which fsspec reads from a web server
    if status in _REFUSED:
        return str(status)
    if isinstance(error, PermissionError):
        return told(error) or "no permission"
    if str(error) == f"[Errno {errno.EINVAL}] Bad Request":
        return "Bad Request, as S3 calls an expired login where it says no more"
    return named(error) if _LOGIN.search(type(error).__name__) else None


def needed(protocol: str, verb: str) -> str:
    """Return what who runs this needs, to `verb` what is in a store of a protocol."""
    kind = _SAME.get(protocol, protocol)
    permission = _PERMISSIONS[kind][verb] if kind in _PERMISSIONS else f"permission to {verb}"
    return (
        f"Who runs this needs a valid login there, with {permission}. The configuration of fsspec and of the "
        "protocol say who that is."
    )
