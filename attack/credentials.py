"""Plants logins at their places in the API, where nothing but the place says that they are secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from attack import readers
from attack.draw import ALNUM, HEX, text
from attack.judge import Planted
from attack.places import ELSEWHERE, answering, asking, event, received, sent, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from attack.judge import Item
    from pytest_interactions.api.exchange import Exchange

_BASE: Final = "https://generativelanguage.googleapis.com/v1beta"
_LOGIN: Final = "https://auth.example.com/oauth2/token"
_FORM: Final = "application/x-www-form-urlencoded"


def _tool(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "mcp_server", "name": "files", "url": "https://mcp.example.com/"} | value


# Documents that are sent to the API to make something; it answers with the same.
_MADE: Final[dict[str, Callable[[str], Any]]] = {
    "headers of an MCP server": lambda s: {
        "input": "x",
        "tools": [_tool({"headers": {"Authorization": f"Bearer {s}"}})],
    },
    "any header of an MCP server": lambda s: {"input": "x", "tools": [_tool({"headers": {"X-Team": s}})]},
    "authorization of an MCP server": lambda s: {"input": "x", "tools": [_tool({"authorization": s})]},
    "MCP servers of a tool": lambda s: {
        "tools": [{"mcp_servers": [{"streamable_http_transport": {"url": "https://m/", "headers": {"X-Team": s}}}]}]
    },
    "search at Exa": lambda s: {"tools": [{"type": "retrieval", "exa_ai_search_config": {"api_key": s}}]},
    "search at Parallel": lambda s: {"tools": [{"type": "retrieval", "parallel_ai_search_config": {"api_key": s}}]},
    "allowlist's header": lambda s: {
        "environment": {"network": {"allowlist": [{"domain": "x.com", "transform": {"Authorization": f"Bearer {s}"}}]}}
    },
    "allowlist's headers, a list": lambda s: {
        "environment": {"network": {"allowlist": [{"domain": "x.com", "transform": [{"X-Team": s}]}]}}
    },
    "variable of an environment": lambda s: {"environment": {"type": "remote", "env": {"DATABASE": s}}},
    "variable's value": lambda s: {"environment": {"type": "remote", "env": {"DATABASE": {"value": s}}}},
    "base environment of an agent": lambda s: {"id": "a", "base_environment": {"env": {"DATABASE": {"value": s}}}},
    "file of an environment": lambda s: {
        "environment": {"sources": [{"type": "inline", "target": "/app/.env", "content": f"DATABASE={s}\n"}]}
    },
    "source's token": lambda s: {
        "environment": {"sources": [{"type": "repository", "source": "https://g/x", "token": s}]}
    },
    "interaction of a trigger": lambda s: {
        "schedule": "0 9 * * *",
        "interaction": {"agent": "a", "environment": {"env": {"DATABASE": {"value": s}}}},
    },
}
# Documents of managed credentials: in a request to make one.
_CREDENTIALS: Final[dict[str, Callable[[str], Any]]] = {
    "bearer token": lambda s: {"type": "bearer_token", "token": s},
    "bearer token, changed": lambda s: {"token": s},
    "client's secret": lambda s: {"type": "oauth2", "client_id": "app", "client_secret": s},
    "client's secret, changed": lambda s: {"client_secret": s},
    "refresh token": lambda s: {"type": "oauth2", "client_id": "app", "refresh_token": s},
    "environment variable": lambda s: {"type": "environment_variable", "value": s},
}
# Documents in answers of the API, and of login servers.
_ANSWERS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "new webhook's secret": (f"{_BASE}/webhooks", lambda s: {"id": "w", "new_signing_secret": s}),
    "rotated webhook's secret": (f"{_BASE}/webhooks/w:rotate", lambda s: {"secret": s}),
    "webhook's secret, truncated": (f"{_BASE}/webhooks/w", lambda s: {"signing_secrets": [{"truncated_secret": s}]}),
    "webhooks' secrets, truncated": (
        f"{_BASE}/webhooks",
        lambda s: {"webhooks": [{"id": "w", "signing_secrets": [{"truncated_secret": s}]}]},
    ),
    "session's token": (f"{_BASE}/auth_tokens", lambda s: {"auth_token": s, "expires_at": "2026-01-01T00:00:00Z"}),
    "environment's key": (f"{_BASE}/environments", lambda s: {"id": "e", "environment_key": s}),
    "key of API Keys": ("https://apikeys.googleapis.com/v2/keys", lambda s: {"apiKeyString": s}),
    "replicated voice": (f"{_BASE}/voices", lambda s: {"voice": {"type": "replicated", "key": s}}),
    "Google's access token": ("https://oauth2.googleapis.com/token", lambda s: {"access_token": s, "expires_in": 3599}),
    "login's access token": (_LOGIN, lambda s: {"access_token": s, "token_type": "Bearer"}),
    "login's refresh token": (_LOGIN, lambda s: {"refresh_token": s, "expires_in": 60}),
    "login's id token": (_LOGIN, lambda s: {"id_token": s, "token_type": "Bearer"}),
}
# Documents at any host, in which a field's name says what it is: of random values only.
_NAMED: Final[dict[str, Callable[[str], Any]]] = {
    "api_key at any host": lambda s: {"q": "tea", "api_key": s},
    "apiKey in a tool's result": lambda s: {"result": {"config": {"apiKey": s}}},
    "secret_access_key at any host": lambda s: {"Credentials": {"SecretAccessKey": s}},
    "signing_secret at any host": lambda s: {"hook": {"signing_secret": s}},
    "authorization_token at any host": lambda s: {"mcp_servers": [{"type": "url", "authorization_token": s}]},
    "continuation_token": lambda s: {"id": "v1_1", "continuation_token": s},
}
_FORMS: Final = (
    "client_secret",
    "refresh_token",
    "code",
    "password",
    "client_assertion",
    "subject_token",
    "code_verifier",
)
_PARAMETERS: Final = (
    *("key", "api_key", "access_token", "token", "sig", "signature", "X-Goog-Signature", "X-Amz-Signature"),
    *("X-Amz-Security-Token", "password", "client_secret", "code", "auth", "jwt", "session", "upload_id"),
    *("subscription-key", "X-Goog-Credential", "oauth_token", "private_token", "apikey", "auth_token"),
)


def credential(dice: Random, number: int) -> Planted:
    """Plant a login at the place with that number, which counts on."""
    kinds = (_made, _managed, _answered, _named, _form, _parameter, _header, _login)
    return kinds[number % len(kinds)](dice)


def _shapeless(dice: Random) -> str:
    """Draw a login that no shape tells: hex, letters and digits, or words."""
    some_words = "-".join(text(dice, "abcdefghijklmnop", 4, 8) for _ in range(4))
    return dice.choice((text(dice, HEX, 40), text(dice, ALNUM, 24, 40), some_words))


def _random(dice: Random) -> str:
    return dice.choice((text(dice, HEX, 32, 48), text(dice, ALNUM, 24, 40)))


def _planted(row: str, kind: str, value: str, exchange: Exchange) -> Planted:
    return Planted(f"login, {row}", kind, value, exchange, _read)


def _made(dice: Random) -> Planted:
    name, value = dice.choice(list(_MADE)), _shapeless(dice)
    document = _MADE[name](value)
    side = dice.randrange(3)
    if side == 0:
        exchange = answering(written(dice, {"id": "v1_1"} | document))
    elif side == 1 and "interaction" not in document:
        created = {"event_type": "interaction.created", "interaction": {"id": "v1_1"} | document}
        exchange = answering(event(created), "text/event-stream")
    else:
        exchange = asking(written(dice, document))
    return _planted("in a configuration", name, value, exchange)


def _managed(dice: Random) -> Planted:
    name, value = dice.choice(list(_CREDENTIALS)), _shapeless(dice)
    inner = _CREDENTIALS[name](value)
    document = dice.choice((inner, {"config": inner}, {"credential": inner}, {"credential": {"config": inner}}))
    return _planted("managed credential", name, value, asking(written(dice, document), f"{_BASE}/credentials"))


def _answered(dice: Random) -> Planted:
    name, value = dice.choice(list(_ANSWERS)), _shapeless(dice)
    uri, document = _ANSWERS[name]
    return _planted("in an answer", name, value, answering(written(dice, document(value)), uri=uri))


def _named(dice: Random) -> Planted:
    name, value = dice.choice(list(_NAMED)), _random(dice)
    body = written(dice, _NAMED[name](value))
    exchange = answering(body, uri=ELSEWHERE) if dice.randrange(2) else asking(body, ELSEWHERE)
    return _planted("by its field's name", name, value, exchange)


def _form(dice: Random) -> Planted:
    name, value = dice.choice(_FORMS), _shapeless(dice)
    body = urlencode({"grant_type": "refresh_token", "client_id": "app", name: value})
    return _planted("in a form", name, value, asking(body.encode(), _LOGIN, _FORM))


def _parameter(dice: Random) -> Planted:
    """Put a login into the query of a URL: of the request, of a header of the answer, or in a text."""
    name, value = dice.choice(_PARAMETERS), _random(dice)
    query = f"{dice.choice(('', 'n=1&'))}{name}={quote(value)}{dice.choice(('', '&alt=json'))}"
    begin = dice.choice(("https://api.example.com/x?", "/x?", "x?", "?", "https://storage.googleapis.com/b/o?"))
    url = begin + query
    exchange = dice.choice(
        (
            asking(b"{}", f"https://api.example.com/x?{query}"),
            asking(b"{}", f"https://storage.googleapis.com/b/o?{query}"),
            answering(b"", "text/plain", ELSEWHERE, location=url),
            answering(b"[]", uri=ELSEWHERE, link=f'<{url}>; rel="next"'),
            answering(b"", "text/csv", ELSEWHERE, content_disposition=f'attachment; filename="{url}"'),
            answering(written(dice, {"next": url}), uri=ELSEWHERE),
            answering(f'<a href="{url.replace("&", "&amp;")}">next</a>'.encode(), "text/html", ELSEWHERE),
            asking(written(dice, {"input": f"look at {url} for me"})),
        )
    )
    return _planted("in a URL", name, value, exchange)


def _header(dice: Random) -> Planted:
    """Put a login into a header of a request, none of which is to be written, and into one that hands it out."""
    value = _shapeless(dice)
    name = dice.choice(("authorization", "x-goog-api-key", "cookie", "x-team", "proxy-authorization"))
    given, held = dice.choice(
        (
            ("set-cookie", f"sid={value}; Path=/"),
            ("set-cookie", f'sid="{value}"; Expires=Wed, 21 Oct 2099 07:28:00 GMT; HttpOnly'),
            ("set-cookie", f"a=b; Path=/, sid={value}; Secure"),
            ("set-cookie", f"{value}; Path=/"),
            ("mcp-session-id", value),
            ("x-auth-token", value),
            ("authorization", f"Bearer {value}"),
            ("www-authenticate", f'Digest realm="r", nonce="{value}", opaque="{value}"'),
            ("x-team", value),
        )
    )
    exchange = asking(b"{}")
    exchange.request.headers[name] = [value]
    exchange.response.headers[given] = [held]
    return _planted("in a header", f"{name}, {given}", value, exchange)


def _login(dice: Random) -> Planted:
    """Put a login before the host of a URL, in a text or in the request's own."""
    value = _random(dice)
    url = dice.choice(
        (f"https://x-access-token:{value}@git.example.com/a/b", f"postgresql://app:{value}@db.example.com/x")
    )
    ours = f"https://app:{value}@api.example.com/x"
    exchange = dice.choice((asking(written(dice, {"input": f"clone {url}"})), asking(b"{}", ours)))
    return _planted("before a URL's host", url[:5], value, exchange)


def _read(item: Item) -> Iterator[str]:
    yield item["request"]["uri"]
    yield from (str(message["headers"]) for message in (item["request"], item["response"]))
    for body in (sent(item), received(item)):
        yield body
        yield readers.unescaped(body)
