"""Draws secrets that a run knows: values of environment variables, and credentials of requests."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from uuid import UUID

from attack.draw import ALNUM, HEX, base64_text, text
from pytest_interactions.api.exchange import Request
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that is planted.

    Attributes:
        kind: Its kind, by which a leak is described.
        value: The text that must not be recovered.
        shown: The value with what always stands beside it, such as `Bearer `.
    """

    kind: str
    value: str
    shown: str


def _with(dice: Random, special: str) -> str:
    """Draw a password of all kinds of characters, of which some are among `special`."""
    drawn = list(text(dice, ALNUM, 22, 44)) + dice.choices(special, k=dice.randint(1, 5)) + list("aB3!")
    dice.shuffle(drawn)
    return dice.choice(ALNUM) + "".join(drawn) + dice.choice(ALNUM)


#: Values of environment variables, by their kind.
VALUES: Final[dict[str, Callable[[Random], str]]] = {
    "letters and digits": lambda dice: text(dice, ALNUM, 32, 60),
    "hex": lambda dice: text(dice, HEX, dice.choice((32, 40, 64))),
    "UUID": lambda dice: str(UUID(int=dice.getrandbits(128), version=4)),
    "base64": lambda dice: base64_text(dice, dice.randint(24, 48)),
    "base64 for URLs": lambda dice: base64_text(dice, dice.randint(24, 48), urlsafe=True, padded=False),
    "with quotes": lambda dice: _with(dice, "\"'`"),
    "with backslashes": lambda dice: _with(dice, "\\\\/"),
    "with signs of markup": lambda dice: _with(dice, "&<>#"),
    "with signs of URLs": lambda dice: _with(dice, "&/+=?%@:"),
    "with a space": lambda dice: text(dice, ALNUM, 20, 30) + " " + text(dice, ALNUM, 20, 30),
    "not in ASCII": lambda dice: _with(dice, "éüßñ漢ж😀"),
}
# What people put around a value, or beside it, in a variable: a URL has it percent-encoded.
_AROUND: Final = {
    "behind Bearer": ("TOKEN", "Bearer {}"),
    "in quotes": ("API_KEY", '"{}"'),
    "one of several": ("API_KEYS", "{},kU7bQ2xWm9TzR4nLs8Vd,{}-2"),
    "in JSON": ("CREDENTIALS", '{{"type": "service_account", "private_key_id": "{}"}}'),
    "in a database's URL": ("DATABASE_URL", "postgresql://app:{}@db.example.com:5432/x"),
    "in a URL's query": ("WEBHOOK_URL", "https://hook.example.com/x?token={}&v=1"),
    "with a line break": ("SECRET", "{}\n"),
}
_VARIABLES: Final = ("API_KEY", "TOKEN", "SECRET", "PASSWORD", "ACCESS_KEY")

#: Request headers with a credential: the value of each is made of what is drawn.
_HEADERS: Final = {
    "x-goog-api-key": "{}",
    "authorization": "Bearer {}",
    "x-api-key": "{}",
    "x-rapidapi-key": "{}",
    "mcp-session-id": "{}",
    "ocp-apim-subscription-key": "{}",
    "x-subscription-token": "{}",
    "x-signature": "{}",
    "cookie": "theme=dark; sid={}; lang=en",
}
_PARAMETERS: Final = ("key", "access_token", "api_key")


def known(dice: Random, size: int) -> tuple[Secrets, list[Secret]]:
    """Draw `size` secrets of each source, and return what a run knows once it has seen them."""
    secrets = Secrets()
    drawn = [*_variables(dice, size, secrets), *_credentials(dice, size, secrets)]
    return secrets, drawn


def environ(dice: Random, size: int) -> tuple[dict[str, str], list[Secret]]:
    """Draw an environment of `size` variables with a secret in each."""
    variables: dict[str, str] = {}
    drawn = []
    for number in range(size):
        kind = dice.choice([*VALUES, *_AROUND])
        if kind in _AROUND:
            name, around = _AROUND[kind]
            value = text(dice, ALNUM, 32, 60)
            variables[f"SERVICE_{number}_{name}"] = around.format(value, value[::-1])
        else:
            value = VALUES[kind](dice)
            variables[f"SERVICE_{number}_{dice.choice(_VARIABLES)}"] = value
        drawn.append(Secret(f"variable, {kind}", value, value))
    return variables, drawn


def _variables(dice: Random, size: int, secrets: Secrets) -> list[Secret]:
    variables, drawn = environ(dice, size)
    secrets.learn_environ(variables)
    return drawn


def _credentials(dice: Random, size: int, secrets: Secrets) -> list[Secret]:
    """Draw credentials, and let requests carry them: in headers, in cookies and in URLs."""
    drawn = []
    for number in range(size):
        value = text(dice, ALNUM, 32, 60)
        if number % 4 == 3:
            kind = dice.choice(_PARAMETERS)
            uri = f"https://generativelanguage.googleapis.com/v1beta/models?{kind}={quote(value)}"
            secrets.learn(Request(method="GET", uri=uri))
        else:
            kind = dice.choice([*_HEADERS, "proxy-authorization"])
            login = "Basic " + base64.b64encode(f"app:{value}".encode()).decode()
            headers = {kind: [_HEADERS[kind].format(value) if kind in _HEADERS else login]}
            secrets.learn(Request(method="GET", uri="https://api.example.com/", headers=headers))
        drawn.append(Secret(f"request's {kind}", value, value))
    return drawn
