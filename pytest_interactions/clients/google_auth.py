"""Logins to Google by google-auth: past the cassette while it records, and none at all while it replays.

A login is no behaviour of the app, and depends on where it runs: a key in a file, gcloud, a metadata server, another
cloud. So what google-auth does for one is never recorded. On replay it finds a placeholder where it looks for
credentials, and those that the app has made by itself are given a token that is none.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache, wraps
from importlib import import_module
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Self

from pytest_interactions.clients.in_force import InForce
from pytest_interactions.clients.replacing import OnceImported, Replaced
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY, PROJECT, REDACTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType

    from pytest_interactions.clients.replacing import Replacements


@dataclass(eq=False, kw_only=True)
class Login:
    """How code logs in to Google.

    Attributes:
        is_sent: Whether it does so at all; in a replay it does not.
        is_needed: Whether one that fails is an error; where a recording may answer all the same, it is none.
        past: Lets what is sent inside of its block past the cassette.
    """

    is_sent: bool
    is_needed: bool
    past: Callable[[], AbstractContextManager[object]] = nullcontext


@contextmanager
def logging_in(login: Login, *, yields: bool = False) -> Iterator[None]:
    """Have code log in as `login` says, in the block's context; see `InForce.hold`.

    Credentials get their own tokens back at the end, so that who records then does not send a placeholder.
    """
    with _LOGINS.hold(login, yields=yields):
        try:
            yield
        finally:
            _take_back()


# --- what google-auth does ---


class _Attempt:
    """One step of a login, taken or left out inside of the block.

    Attributes:
        is_made: Whether to take it.
        is_needed: Whether it raises its error if it fails.
        is_done: Whether it was taken, and has not failed.
    """

    def __init__(self) -> None:
        login = _LOGINS.innermost
        self.is_made = login is None or login.is_sent
        self.is_needed = login is None or login.is_needed
        self.is_done = False
        self._past = login.past() if login is not None and login.is_sent else nullcontext()

    def __enter__(self) -> Self:
        self._past.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        self._past.__exit__(kind, error, at)
        self.is_done = self.is_made and kind is None
        failed: type[BaseException] = import_module("google.auth.exceptions").GoogleAuthError
        return isinstance(error, failed) and not self.is_needed


def _refreshing(real: Callable[..., Any]) -> Callable[..., Any]:
    """Replace a method by which credentials get a token."""
    if iscoroutinefunction(real):

        @wraps(real)
        async def refresh_later(self: Any, *args: Any, **kwargs: Any) -> None:
            with _Attempt() as attempt:
                if attempt.is_made:
                    await real(self, *args, **kwargs)
            if not attempt.is_done:
                _lend(self)

        return refresh_later

    @wraps(real)
    def refresh(self: Any, *args: Any, **kwargs: Any) -> None:
        with _Attempt() as attempt:
            if attempt.is_made:
                real(self, *args, **kwargs)
        if not attempt.is_done:
            _lend(self)

    return refresh


def _looking_first(real: Callable[..., Any]) -> Callable[..., Any]:
    """Replace the function that looks for credentials first, in a file that a variable names."""

    @wraps(real)
    def look(*args: Any, **kwargs: Any) -> Any:
        with _Attempt() as attempt:
            if attempt.is_made:
                return real(*args, **kwargs)
        return (None, None) if attempt.is_made else (_placeholder(), PROJECT)

    return look


def _looking_last(real: Callable[..., Any]) -> Callable[..., Any]:
    """Replace the function that looks for credentials last, at a metadata server."""

    @wraps(real)
    def look(*args: Any, **kwargs: Any) -> Any:
        found: tuple[Any, Any] = None, None
        with _Attempt() as attempt:
            if attempt.is_made:
                found = real(*args, **kwargs)
        return found if found[0] is not None or attempt.is_needed else (_placeholder(), PROJECT)

    return look


def _giving(make: Callable[[], Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace a function that asks for something else: what is made stands for its answer."""

    def replacing(real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def ask(*args: Any, **kwargs: Any) -> Any:
            with _Attempt() as attempt:
                if attempt.is_made:
                    return real(*args, **kwargs)
            return make()

        return ask

    return replacing


def _placeholder() -> Any:
    """Credentials that are none, and stay so."""
    return _placeholder_class()(PLACEHOLDER_KEY)


@cache
def _placeholder_class() -> Any:
    base: Any = import_module("google.oauth2.credentials").Credentials

    class PlaceholderCredentials(base):  # type: ignore[misc] # it is found out late
        """What replay finds where credentials are looked for: a token that is only good for replay."""

        def refresh(self, request: Any) -> None:
            """Stay as they are."""

        def with_scopes(self, *_: Any, **__: Any) -> Any:
            """Return the same, as other kinds of credentials need scopes and this one may stand for them."""
            return self

    return PlaceholderCredentials


# --- tokens that are lent ---

_lent: Final[list[tuple[Any, Any, Any]]] = []


def _lend(credentials: Any) -> None:
    """Give credentials a token that is none, until the replay ends; another that goes on gives them one again."""
    token = getattr(credentials, "token", None)
    if token != PLACEHOLDER_KEY:
        _lent.append((credentials, token, getattr(credentials, "expiry", None)))
        credentials.token, credentials.expiry = PLACEHOLDER_KEY, None


def _take_back() -> None:
    while _lent:
        credentials, token, expiry = _lent.pop()
        if credentials.token == PLACEHOLDER_KEY:
            credentials.token, credentials.expiry = token, expiry


# --- the patches ---

#: What is replaced of a module's functions and classes, once that is imported: a name, and what makes its replacement.
_FUNCTIONS: Final[dict[str, dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]]]] = {
    "google.auth._default": {
        "_get_explicit_environ_credentials": _looking_first,
        "_get_gce_credentials": _looking_last,
    },
    "google.auth.iam": {"Signer.sign": _giving(REDACTED.encode)},
    "google.auth.impersonated_credentials": {"Credentials.sign_bytes": _giving(REDACTED.encode)},
    "google.oauth2.id_token": {"fetch_id_token_credentials": _giving(_placeholder)},
}
#: The same of all classes of credentials.
_METHODS: Final = {
    "refresh": _refreshing,
    "get_project_id": _giving(lambda: PROJECT),
    "_maybe_start_regional_access_boundary_refresh": _giving(bool),  # nothing, which nobody looks at
}


def _patches() -> Iterator[AbstractContextManager[object]]:
    yield OnceImported("google.auth.credentials", _credentials)
    for module in _FUNCTIONS:
        yield OnceImported(module, _functions)


_LOGINS: Final[InForce[Login]] = InForce(_patches, may_stay=True)


def _functions(module: Any, patches: Replacements) -> None:
    for name, replacing in _FUNCTIONS[module.__name__].items():
        *holder, last = name.split(".")
        _replace(getattr(module, *holder) if holder else module, last, replacing, patches)


def _credentials(module: Any, patches: Replacements) -> None:
    """Replace the methods of all classes of credentials, those that are yet to be made too."""
    root = module.Credentials.__mro__[-2]  # that of asynchronous ones too
    for each in _with_subclasses(root):
        for name, replacing in _METHODS.items():
            _replace(each, name, replacing, patches)

    def made(cls: type[Any], /, **kwargs: Any) -> None:
        super(root, cls).__init_subclass__(**kwargs)
        for name, replacing in _METHODS.items():
            _replace(cls, name, replacing, patches)

    root.__init_subclass__ = classmethod(made)
    patches.callback(delattr, root, "__init_subclass__")


def _with_subclasses(base: type[Any]) -> Iterator[type[Any]]:
    yield base
    for each in base.__subclasses__():
        yield from _with_subclasses(each)


def _replace(holder: Any, name: str, replacing: Callable[..., Any], patches: Replacements) -> None:
    """Replace a function, if there is one, until the end of `patches`."""
    if vars(holder).get(name) is not None:
        patches.enter_context(Replaced(holder, name, replacing))
