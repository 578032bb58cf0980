"""The headers that enter a cassette, and what stands in them for what logs in."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_interactions.api.exchange import Request, Response
from pytest_interactions.redaction import headers
from pytest_interactions.redaction.redactor import Redactor, placeholder_in
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets
from tests.redaction.support import KEY, URL, answer, post, redactor

SESSION = "5f2c9e1ab7d84c3f9a6e0d1b2c3f4a5e"
OTHER = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def kept(**given: str) -> dict[str, list[str]]:
    """What is recorded of a response's headers."""
    response = Response(status=200, headers={name.replace("_", "-"): [value] for name, value in given.items()})
    redact = redactor()
    clean = redact.response(response)
    assert redact.response(clean) is clean
    return clean.headers


def kept_of(name: str, value: str) -> str:
    """What is recorded of one header."""
    return kept(**{name: value})[name][0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("link", '<https://h.example/items?page=2>; rel="next"'),
        *(("x-next-page", "2"), ("x-page", "1"), ("x-per-page", "20"), ("x-prev-page", ""), ("x-total", "40")),
        *(("x-total-pages", "3"), ("x-total-count", "40"), ("x-wp-totalpages", "3"), ("x-pagination", '{"total":3}')),
        *(("pagination-count", "40"), ("x-next-cursor", "abc"), ("content-range", "items 0-9/40")),
        *(("x-ratelimit-remaining-requests", "0"), ("ratelimit-reset", "7"), ("x-rate-limit-limit", "10")),
        *(("anthropic-ratelimit-tokens-remaining", "0"), ("retry-after", "1"), ("x-should-retry", "false")),
        *(("location", "/jobs/1"), ("operation-location", "https://h.example/jobs/1"), ("refresh", "5")),
        *(("etag", 'W/"abc"'), ("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT")),
        *(("x-request-id", "req-1"), ("request-id", "req-2"), ("allow", "GET"), ("accept-ranges", "bytes")),
        *(("content-disposition", "attachment; filename=a.csv"), ("content-language", "pt"), ("range", "bytes=0-9")),
        *(("upload-offset", "70"), ("upload-length", "100"), ("tus-resumable", "1.0.0"), ("x-goog-hash", "md5=a==")),
        *(("x-goog-upload-status", "active"), ("mcp-protocol-version", "2025-11-25"), ("deprecation", "@1688169599")),
    ],
)
def test_what_a_client_acts_on_is_kept_as_it_came(name: str, value: str) -> None:
    """Pages, limits, places, parts, uploads: an app that reads them does on replay what it did before."""
    assert kept(**{name: value}) == {name: [value]}


@pytest.mark.parametrize("name", ["server", "via", "x-powered-by", "x-team", "cf-ray", "x-cache-hits", "nel", "age"])
def test_what_no_client_acts_on_is_not_kept(name: str) -> None:
    """The list is one of what may be kept, so that an unknown header never is."""
    assert kept(**{name: "x"}) == {}


@pytest.mark.parametrize("beside", [{"etag": '"a"'}, {"cache_control": "max-age=60"}, {"expires": "0"}])
def test_what_caches_go_by_is_kept_where_a_cache_may_keep_the_response(beside: dict[str, str]) -> None:
    """The API sends `vary` and `date` with each answer, of which nobody keeps any."""
    of_caches = {"age": "1", "vary": "accept", "cache_control": "private", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    assert kept(**of_caches) == {}
    assert kept(**of_caches | beside).keys() >= {"age", "vary", "cache-control", "date"}


@pytest.mark.parametrize("name", ["mcp-session-id", "x-session", "x-auth-token", "x-sessionid", "x-amz-next-token"])
def test_a_value_that_comes_back_has_a_placeholder_made_of_it(name: str) -> None:
    """Equal ones stay equal, others different, and nothing of the value is left."""
    once, again, other = kept_of(name, SESSION), kept_of(name, SESSION), kept_of(name, OTHER)
    assert once == again == headers.placeholder(SESSION) != other
    assert once.isalnum()
    assert kept_of(name, "") == ""


def test_an_authorization_keeps_its_scheme() -> None:
    """An app may split it there."""
    assert kept_of("authorization", f"Bearer {SESSION}") == f"Bearer {headers.placeholder(SESSION)}"


@pytest.mark.parametrize(
    ("cookie", "kept_cookie"),
    [
        (f"sid={SESSION}; Path=/; HttpOnly; SameSite=Lax; Secure", "sid={}; Path=/; HttpOnly; SameSite=Lax; Secure"),
        (f'sid="{SESSION}"; Max-Age=60;', 'sid="{}"; Max-Age=60;'),
        (f"sid={SESSION}; expires=Wed, 21-Oct-2026 07:28:00 GMT; Path=/", "sid={}; Path=/"),
        (f"{SESSION}; Path=/", "{}; Path=/"),
        ("sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
        ("lang=en; Path=/", "lang=en; Path=/"),
    ],
)
def test_a_cookie_keeps_its_name_and_attributes(cookie: str, kept_cookie: str) -> None:
    """It lasts on replay: of when it ends, only the past is kept, which deletes it."""
    assert kept_of("set-cookie", cookie) == kept_cookie.format(headers.placeholder(SESSION))


@pytest.mark.parametrize(
    "cookie",
    [
        f"a=b; Path=/, sid={SESSION}; Secure",
        f"a=b, sid={SESSION}",
        f"a=b; other={SESSION}",
        f"a=b; Expires=Wed, 21 Oct 2015 07:28:00 GMT, sid={SESSION}",
        f'a={{"sid":"{SESSION}"}}; Path=/',
    ],
)
def test_nothing_of_several_cookies_in_one_header_is_left(cookie: str) -> None:
    """Some recorders join them by commas."""
    assert SESSION not in kept_of("set-cookie", cookie)


@pytest.mark.parametrize(
    ("challenge", "kept_challenge"),
    [
        (
            f'Digest realm="r", qop="auth", nonce="{SESSION}", opaque="{SESSION}", algorithm=MD5',
            'Digest realm="r", qop="auth", nonce="{0}", opaque="{0}", algorithm=MD5',
        ),
        (f'Digest realm="r", nonce={SESSION}, opaque=""', 'Digest realm="r", nonce={0}, opaque=""'),
        (f"Negotiate {SESSION}==", None),
        *(
            (as_it_is, as_it_is)
            for as_it_is in (
                'Bearer error="invalid_token", resource_metadata="https://h.example/.well-known/oauth-protected-resource"',
                'Basic realm="r"',
                "Negotiate",
            )
        ),
    ],
)
def test_a_challenge_keeps_all_but_what_was_drawn_for_it(challenge: str, kept_challenge: str | None) -> None:
    """So a client finds where and how to log in."""
    for name in ("www-authenticate", "proxy-authenticate"):
        value = kept_of(name, challenge)
        assert SESSION not in value
        assert kept_challenge is None or value == kept_challenge.format(headers.placeholder(SESSION))


def test_a_nonce_in_a_header_of_its_own_has_a_placeholder() -> None:
    """ACME and DPoP have one, which no other request shows as it is."""
    assert kept_of("dpop-nonce", SESSION) == headers.placeholder(SESSION)
    assert headers.handed_out({"dpop-nonce": [SESSION], "www-authenticate": [f'Digest nonce="{SESSION}"']}) == {}


def test_other_secrets_go_from_all_that_is_kept() -> None:
    """Before, between and behind what has a placeholder, too."""
    redact = redactor(KEY)
    names = {"x-request-id": [KEY], "set-cookie": [f"{KEY}={SESSION}; Path=/{KEY}"], "link": [f"<https://h/?x={KEY}>"]}
    assert KEY not in str(redact.response(Response(status=200, headers=names)).headers)


def test_a_value_that_was_handed_out_has_its_placeholder_in_all_later_traffic() -> None:
    """So a replay, which hands out the placeholder, asks for the same as the recording did."""
    run = Secrets()
    redact = Redactor(secrets=run)
    response = Response(status=200, headers={"x-session": [SESSION], "set-cookie": [f"csrf={OTHER}; Path=/"]})
    run.learn_handed_out(headers.handed_out(response.headers))
    live = redact.request(post({"session": SESSION, "text": f"of {OTHER}.", "both": SESSION + OTHER}))
    played = redact.response(response).headers
    session, cookie = played["x-session"][0], headers.placeholder(OTHER)
    assert live.json() == {"session": session, "text": f"of {cookie}.", "both": session + cookie}
    assert redact.request(live) is live
    assert redact.request(Request(method="GET", uri=f"{URL}/{SESSION}")).uri == f"{URL}/{session}"
    assert redact.response(answer({"id": SESSION})).json() == {"id": session}


def test_a_value_within_another_or_over_it_has_the_placeholder_of_all_that_is_there() -> None:
    """Where two only share a part, no placeholder says what was there."""
    run = Secrets([SESSION[8:] + OTHER[:8], SESSION[:12], SESSION[4:20], f"{OTHER}xyz9"])
    run.learn_handed_out({each: headers.placeholder(each) for each in (SESSION, OTHER)})
    assert run.matcher.redact(f"<{SESSION}{OTHER[:8]}>") == "<REDACTED>"
    assert run.matcher.redact(f"<{SESSION}>") == f"<{headers.placeholder(SESSION)}>"
    assert run.matcher.redact(f"<{OTHER}xyz9>") == "<REDACTED>"
    assert run.matcher.redact(f"Bearer {OTHER}") == f"Bearer {headers.placeholder(OTHER)}"


def test_a_key_of_the_environment_stays_one_though_a_response_shows_it() -> None:
    """Replay may have another key, or none."""
    run = Secrets.from_environ({"A_TOKEN": SESSION})
    run.learn_handed_out({SESSION: headers.placeholder(SESSION)})
    assert run.matcher.redact(SESSION) == "REDACTED"


@pytest.mark.parametrize("value", ["abc", "completed", "REDACTED", ""])
def test_what_is_a_word_is_not_looked_for(value: str) -> None:
    """It would be taken out of ordinary text."""
    assert headers.handed_out({"x-session": [value]}) == {}


def test_a_placeholder_goes_to_no_server() -> None:
    """It opens nothing there; only a cookie, which a client sends by itself, may."""
    session = headers.placeholder(SESSION)
    assert placeholder_in(post({}, mcp_session_id=session)) == "header mcp-session-id"
    assert placeholder_in(post({}, authorization=f'Digest nonce="{session}"')) == "header authorization"
    assert placeholder_in(post({}, cookie=f"sid={session}")) is None


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("mcp-session-id", SESSION, True),
        ("set-cookie", f"sid={SESSION}; Path=/", True),
        ("set-cookie", "lang=en; Path=/; HttpOnly", False),
        ("x-session", "abc", False),
        ("authorization", f"Bearer {SESSION}", True),
        ("x-api-key", SESSION, True),
        ("www-authenticate", f'Digest nonce="{SESSION}"', False),
    ],
)
def test_scan_finds_what_logs_in(name: str, value: str, is_found: bool) -> None:
    """In a cassette of any recorder; a placeholder is no finding, and nor is a nonce, which opens nothing."""

    def findings(text: str) -> Any:
        return scan(f"interactions:\n- response:\n    headers:\n      {name}:\n      - {text!r}\n", Secrets())

    assert bool(findings(value)) is is_found
    assert not findings(headers.redacted(name, value, lambda text: text)) or name == "x-api-key"
