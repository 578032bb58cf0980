from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from typing import Any

import pytest
import yaml

from pytest_interactions.api.exchange import Request
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets, is_stand_in
from tests.redaction.support import URL

Q = "https://generativelanguage.googleapis.com/v1beta/files?"


def known(secrets: Secrets) -> set[str]:
    """The values that are looked for."""
    return set(secrets.matcher.values)


def learnt(uri: str = URL, **headers: str) -> set[str]:
    """What is known after such a request."""
    secrets = Secrets()
    sent = {name.replace("_", "-"): [value] for name, value in headers.items()}
    secrets.learn(Request(method="POST", uri=uri, headers=sent))
    return known(secrets)


def test_the_environments_secrets_are_known() -> None:
    """Values of variables named for a key, token or secret, that look like one."""
    environ = {
        "GEMINI_API_KEY": "AIzaSyABCDEF",
        "my_service_token": "abc-1x2y3z4w",
        "WEBHOOK_SECRET": "correcthorsebatterys",
        "OTHER_SECRET": "correcthorsebattery",
        "OTHER_API_KEY": "short1!",
        "DEPLOY_TOKEN": "development",
        "EMPTY_TOKEN": "",
        "A_TOKEN": "<your-token-here>",
        "B_TOKEN": "your-token-here",
        "C_TOKEN": "${CI_JOB_TOKEN}",
        "D_TOKEN": "xxxxxxxxxxxx",
        "E_TOKEN": "changeme-please",
        "F_API_KEY": PLACEHOLDER_KEY,
        "G_TOKEN": "[REDACTED-1]",
        "HOME": "/home/someone-12345",
        "TOKENISER": "abc-1x2y3z4v",
    }
    assert known(Secrets.from_environ(environ)) == {"AIzaSyABCDEF", "abc-1x2y3z4w", "correcthorsebatterys"}


SECRET, OTHER = "sk-5f4dcc3b5aa765d61d83", "tok-6f4dcc3b5aa765d61d84"


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        *((name, True) for name in ("API_KEY", "TOKEN", "SECRET", "MY_PASSWORD", "DB_PASS", "AWS_SECRET_ACCESS_KEY")),
        *((name, True) for name in ("STRIPE_KEY", "GH_PAT", "APIKEY", "GEMINI_APIKEY", "OPENAI_API_KEY_2", "KEY_ID")),
        *(
            (name, True)
            for name in ("GEMINI_API_KEYS", "MY_TOKENS", "ANTHROPIC_AUTH", "X_CREDENTIALS", "gemini_api_key")
        ),
        *((name, False) for name in ("MONKEY", "TOKENIZER", "KEYBOARD", "PATH", "COMPASS", "AUTHOR", "HOME")),
    ],
)
def test_a_variable_is_known_by_its_name(name: str, is_known: bool) -> None:
    """Alone or behind something else, numbered or not."""
    assert known(Secrets.from_environ({name: SECRET})) == ({SECRET} if is_known else set())


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        (f"{SECRET}\n", {SECRET}),
        (f' "{SECRET}" ', {SECRET}),
        (f"Bearer {SECRET}", {SECRET}),
        (f"{SECRET},{OTHER}", {SECRET, OTHER}),
        (f"{SECRET}; '{OTHER}'", {SECRET, OTHER}),
        (f"<{SECRET}>", {SECRET}),
        ("$2b$12$Ab8RN6KxQz1vT.uLmNoPq", {"$2b$12$Ab8RN6KxQz1vT.uLmNoPq"}),
        (f'{{"type": "service_account", "keys": ["{SECRET}", "words"]}}', {SECRET}),
        (f"{{{SECRET}}}", {SECRET}),
        ("your-5f4dcc3b5aa765d61d83", {"your-5f4dcc3b5aa765d61d83"}),
        ("Tr0ub4dor&3, horse", {"Tr0ub4dor&3"}),
        ("My P@ss w0rd", {"My P@ss w0rd"}),
        ("https://someone:p4ssw0rd1x2y@host/", {"p4ssw0rd1x2y"}),
        ("pass-0123456789", {"pass-0123456789"}),
        *(
            (everyday, set())
            for everyday in ("gemini-3.5-flash", "127.0.0.1", "test-token", "true", "/etc/ssl/key.pem")
        ),
        *((everyday, set()) for everyday in ("models/gemini-2.5-flash-lite-preview-09-2025", "us-central1", "[1, 2]")),
    ],
)
def test_a_variable_is_read_as_people_set_it(value: str, secrets: set[str]) -> None:
    """The keys themselves are looked for; everyday values are not, as they stand in ordinary text."""
    assert known(Secrets.from_environ({"MY_API_KEY": value})) == secrets


def test_a_url_with_a_password_is_known() -> None:
    """The password alone; and no other value of a variable for URLs."""
    environ = {
        "DATABASE_URL": "postgresql://app:Ab8RN6KxQz1vT@db.example/x",
        "BASE_URL": f"https://example.com/{SECRET}",
    }
    assert known(Secrets.from_environ(environ)) == {"Ab8RN6KxQz1vT"}


def test_of_a_file_of_credentials_the_key_is_known() -> None:
    """And not the addresses in it, to which the app sends requests."""
    body = [base64.b64encode(bytes(range(n, n + 48))).decode() for n in (0, 60, 120)]
    account = {
        "type": "service_account",
        "project_id": "my-project-of-agents",
        "private_key_id": "5f4dcc3b5aa765d61d8327deb882cf9900112233",
        "private_key": "\n".join(["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----", ""]),
        "client_email": "runner@my-project-of-agents.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    environ = {"GOOGLE_CREDENTIALS": json.dumps(account)}
    assert known(Secrets.from_environ(environ)) == {*body, account["private_key_id"]}


@pytest.mark.parametrize(
    "uri", ["http://[bad/x", "https://[::1", "http://h:99999/", "://", "http://", "http://u:pa[ss@h/?a=["]
)
def test_what_is_no_url_is_no_error(uri: str) -> None:
    """Neither in a variable nor in a request, nor in a file."""
    environ = {"A_URL": uri, "B_KEY": uri, "C_TOKEN": f'{{"u": "{uri}"}}', "D_PROXY": f"'{uri}' and more"}
    assert known(Secrets.from_environ(environ)) == set()
    assert learnt(uri + "?x=1") == set()
    text = yaml.safe_dump([{"request": {"method": "GET", "uri": uri, "headers": {}, "body": "{}"}}])
    assert scan(f"interactions:\n{text}", Secrets()) == []


def test_the_variables_whose_values_were_found_are_told() -> None:
    """By their names, whoever found them; not those that were only known."""
    run = Secrets.from_environ({"A_TOKEN": SECRET, "B_TOKEN": OTHER})
    own = Secrets(["mine-mine"], base=run)
    assert own.matcher.redact(f"mine-mine {SECRET}") == "REDACTED REDACTED"
    assert run.found_variables == {"A_TOKEN"}
    assert run.matcher.redact(OTHER) == "REDACTED"
    assert run.found_variables == {"A_TOKEN", "B_TOKEN"}


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        *(
            (name, True)
            for name in ("x-rapidapi-key", "ocp-apim-subscription-key", "x-functions-key", "mcp-session-id")
        ),
        *(
            (name, True)
            for name in ("x-auth", "private-token", "x-app-secret", "jwt", "sec-websocket-protocol", "x-mine")
        ),
        *(
            (name, False)
            for name in ("user-agent", "x-goog-api-client", "traceparent", "x-request-id", "if-none-match")
        ),
        *((name, False) for name in ("accept-language", "idempotency-key", "x-stainless-retry-count", "referer")),
    ],
)
def test_any_header_that_is_not_harmless_may_hold_a_secret(name: str, is_known: bool) -> None:
    """What looks random in one is looked for, whatever the header is called."""
    assert learnt(**{name: SECRET}) == ({SECRET} if is_known else set())
    assert learnt(**{name: "everyday"}) == set()


@pytest.mark.parametrize(
    ("headers", "secrets"),
    [
        ({"x_goog_api_key": "super-secret"}, {"super-secret"}),
        ({"x_goog_api_key": "correcthorsebatterystaple"}, {"correcthorsebatterystaple"}),
        ({"x_goog_api_key": "your-api-key"}, set()),
        ({"x_goog_api_key": "<your key>"}, set()),
        ({"authorization": "Bearer completed"}, set()),
        ({"authorization": "Bearer ya29.abcdef"}, {"ya29.abcdef"}),
        ({"authorization": "raw-value"}, {"raw-value"}),
        ({"proxy_authorization": "Token abcd-efgh"}, {"abcd-efgh"}),
        ({"authorization": "Several parts-012 more"}, {"parts-012 more"}),
        (
            {"authorization": "Basic " + base64.b64encode(b"user:pass word").decode()},
            {"pass word", base64.b64encode(b"user:pass word").decode()},
        ),
        (
            {"authorization": "Basic " + base64.b64encode(b"first.last:pass:word").decode()},
            {"pass:word", base64.b64encode(b"first.last:pass:word").decode()},
        ),
        ({"authorization": "Basic  dXNlcjpwYXNzIHdvcmQ="}, {"pass word", "dXNlcjpwYXNzIHdvcmQ="}),
        ({"authorization": "Basic c2tfbGl2ZS0xMjo="}, {"sk_live-12", "c2tfbGl2ZS0xMjo="}),
        (
            {"authorization": "Basic c2tfbGl2ZV8wMTIzNDU2Nzg5Ong="},
            {"sk_live_0123456789", "c2tfbGl2ZV8wMTIzNDU2Nzg5Ong="},
        ),
        ({"authorization": "Basic ///////\xff"}, {"///////\xff"}),
        ({"authorization": "Basic gIGCg4SFhoc="}, {"gIGCg4SFhoc="}),
        ({"cookie": "consent=accepted; session=abc-123-def=; theme=dark"}, {"abc-123-def="}),
        ({"x_api_key": "short"}, set()),
        ({"x_goog_api_key": PLACEHOLDER_KEY}, set()),
        ({"user_agent": "google-genai-sdk/3.4.0", "content_type": "application/json"}, set()),
    ],
)
def test_the_credentials_of_a_request_are_learnt(headers: dict[str, str], secrets: set[str]) -> None:
    """From the headers that carry any, without the scheme before them, and from no other."""
    assert learnt(**headers) == secrets


@pytest.mark.parametrize(
    ("uri", "secrets"),
    [
        (Q + "key=secret%2Bkey&alt=media", {"secret+key"}),
        ("http://127.0.0.1:8080/v1/x?key=planted-key-012345", {"planted-key-012345"}),
        ("http://127.0.0.1:8080/v1/x?key=max_output_tokens", set()),
        (Q + "key=temperature", set()),
        ("http://[::1]:8080/v1/x?access_token=planted-key", {"planted-key"}),
        ("https://shop.example/list?key=price-descending", set()),
        ("https://shop.example/list?key=0123456789abcdef0123", {"0123456789abcdef0123"}),
        ("https://sk_live_0123456789@mcp.example/", {"sk_live_0123456789"}),
        ("https://averylongusernameoftoken:x-oauth-basic@git.example/", {"averylongusernameoftoken", "x-oauth-basic"}),
        ("https://someone:pass%20word1@git.example/", {"pass word1"}),
        ("https://git@git.example/", set()),
        ("https://first.last@git.example/", set()),
        ("https://correcthorsebatterys@git.example/", {"correcthorsebatterys"}),
        ("https://correcthorsebattery@git.example/", set()),
        ("https://mcp.example/sse?exaApiKey=abcd-efgh", {"abcd-efgh"}),
        (Q + "pageToken=0123456789abcdef0123&page_token=0123456789abcdef0123", set()),
    ],
)
def test_the_credentials_of_a_url_are_learnt(uri: str, secrets: set[str]) -> None:
    """Parameters that hold a key, decoded; in others' URLs not what merely has the name of one."""
    assert learnt(uri) == secrets


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("Authorization", True),
        ("proxy-authorization", True),
        ("apikey", True),
        ("api_key", True),
        ("x-goog-api-key", True),
        ("x-auth-token", True),
        ("client-secret", True),
        ("x-password", True),
        ("x-credential", True),
        ("credentials", True),
        ("x-tokens", False),
        ("secretary", False),
        ("monkey", False),
    ],
)
def test_the_headers_that_carry_a_credential_are_known_by_their_names(name: str, is_known: bool) -> None:
    """Whatever stands before the word, and in any case; not what only begins or ends like it."""
    secrets = Secrets()
    secrets.learn(Request(method="GET", uri=URL, headers={name: ["abc-12345"]}))
    assert known(secrets) == ({"abc-12345"} if is_known else set())


@pytest.mark.parametrize("name", ["cookie", "Cookie2", "set-cookie", "set-cookie2"])
def test_of_a_cookie_the_value_is_secret(name: str) -> None:
    """Not its name."""
    secrets = Secrets()
    secrets.learn(Request(method="GET", uri=URL, headers={name: ["session-1=abc-12345"]}))
    assert known(secrets) == {"abc-12345"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("REDACTED", True),
        ("key-[Redacted-1]\nmore", True),
        ("your-key", True),
        ("YOUR_KEY\n", True),
        ("Your key", True),
        ("placeholder", True),
        ("my-Place_Holder 1", True),
        ("a change-me", True),
        ("ChangeMe_now", True),
        ("<key>", True),
        ("[key]", True),
        ("{key}", True),
        ("$KEY", True),
        ("****", True),
        (PLACEHOLDER_KEY, True),
        ("yourkey-0123", False),
        ("replaceholder", False),
        ("exchangeme", False),
        ("changement", False),
        ("a<key>", False),
        ("abababab", False),
        (f"{PLACEHOLDER_KEY}1", True),
        ("sk-live-0123", False),
    ],
)
def test_what_stands_in_for_a_secret_is_known(value: str, expected: bool) -> None:
    """It says so itself, in one of many ways."""
    assert is_stand_in(value) is expected


def test_a_request_with_nothing_new_is_not_looked_at_again() -> None:
    """Learning costs next to nothing when the key is known, and what finds it is made once."""
    secrets = Secrets()
    request = Request(method="POST", uri=URL, headers={"x-goog-api-key": ["supersecret"]})
    secrets.learn(request)
    matcher = secrets.matcher
    secrets.learn(request)
    secrets.learn(Request(method="GET", uri=URL + "/1?key=supersecret"))
    assert secrets.matcher is matcher


def test_what_is_learnt_later_is_found_from_then_on() -> None:
    """Knowledge grows in place, for those too that build on it."""
    run = Secrets()
    own = Secrets(["own-value"], base=run)
    assert own.matcher.redact("own-value later-value") == "REDACTED later-value"
    run.learn_environ({"A_TOKEN": "later-1a2b3c4d"})
    assert own.matcher.redact("own-value later-1a2b3c4d") == "REDACTED REDACTED"
    assert run.matcher.redact("own-value later-1a2b3c4d") == "own-value REDACTED"


def test_a_variable_that_is_unset_meanwhile_is_no_secret() -> None:
    """Another thread may do that after the names were listed."""

    class Unset(dict[str, str]):
        def get(self, _: Any, default: Any = None) -> Any:
            return default

    assert known(Secrets.from_environ(Unset(A_TOKEN="abc-12345"))) == set()


def test_a_representation_shows_no_secret() -> None:
    """Not even a debugger's view of a failure shows one."""
    assert repr(Secrets(["secret-value"])) == "<Secrets: 1 values, 0 patterns>"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        (Q + "upload_id=AB-c&upload_protocol=resumable", Q + "upload_id=#&upload_protocol=resumable"),
        ("https://storage.googleapis.com/b/o?X-Goog-Signature=abc&X-Goog-Date=1", None),
        ("https://user:pass@example.com/x?y=1", "https://user:REDACTED@example.com/x?y=1"),
        ("https://glpat-0123456789ab@example.com/x", "https://REDACTED@example.com/x"),
        ("https://glpat-0123456789ab:x@example.com/x", "https://REDACTED:REDACTED@example.com/x"),
        ("see https://git@example.com/x or me@example.com", "see https://git@example.com/x or me@example.com"),
        ("https://example.com/x?sig=abc&token=next", "https://example.com/x?sig=abc&token=next"),
        ("https://example.com/#access_token=abc&state=1", "https://example.com/#access_token=REDACTED&state=1"),
        ('{\\"u\\":\\"https:\\/\\/x.google.com\\/f?a=1\\u0026key=abc\\"}', None),
        ("https://x.google.com/?a=1&amp;key=abc&amp;b=2", "https://x.google.com/?a=1&amp;key=REDACTED&amp;b=2"),
        ("ask ?key=abc of example.com://", "ask ?key=abc of example.com://"),
        ("https://x.google.com/?monkey=abc&key=", "https://x.google.com/?monkey=abc&key="),
        ("https://x.google.com/ or ?key=abc", "https://x.google.com/ or ?key=abc"),
        ("https://x.google.com:80 of me@example.com", "https://x.google.com:80 of me@example.com"),
    ],
)
def test_a_url_loses_its_secret_part(url: str, clean: str | None) -> None:
    """Alone or in a text, escaped or not; all else of it stays."""
    redacted = Secrets().matcher.redact(url)
    assert Secrets().matcher.redact(redacted) == redacted
    if clean is None:
        assert "abc" not in redacted
    else:
        ticket = redacted.partition("upload_id=")[2].partition("&")[0]
        assert redacted == clean.replace("#", ticket or "#")


def test_uploads_stay_apart_and_the_client_may_escape_as_it_likes() -> None:
    """The URL in a response's header and that of the request that follows become the same, and no other's."""
    redact: Any = Secrets(["AB/c-known"]).matcher.redact
    header = redact(Q + "upload_id=AB/c-known")
    assert header == redact(Q + "upload_id=AB%2Fc-known")
    assert header != redact(Q + "upload_id=AB/c-other")
    assert header == Q + "upload_id=redacted-" + sha256(b"AB/c-known").hexdigest()[:16]


def test_a_ticket_may_be_any_bytes() -> None:
    """A URL in a body that is no text is redacted too, and nothing else of the body changes."""
    assert re.fullmatch(
        rb"\xff https://x\.googleapis\.com/\?upload_id=redacted-[0-9a-f]{16}&a=\xff",
        Secrets().matcher.redact_bytes(b"\xff https://x.googleapis.com/?upload_id=\xff\xfe&a=\xff"),
    )


def test_what_redaction_put_in_a_url_is_no_secret() -> None:
    """A replayed upload asks for the URL that the cassette handed out: its ticket must go on matching."""
    redacted = Secrets().matcher.redact(Q + "upload_id=AB-c-012345&key=abcdefgh1")
    assert learnt(redacted) == set()


def test_an_environment_with_nothing_new_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value is judged once, however often the environment is learnt."""
    judged: list[str] = []

    def judge(value: str) -> bool:
        judged.append(value)
        return True

    monkeypatch.setattr("pytest_interactions.redaction.secrets._is_hunted", judge)
    secrets = Secrets()
    environ = {"A_TOKEN": "abc-12345", "HOME": "/root"}
    secrets.learn_environ(environ)
    secrets.learn_environ(environ)
    secrets.learn_environ(environ | {"A_TOKEN": "def-12345"})
    secrets.learn_environ(environ)
    assert judged == ["abc-12345", "def-12345"]
    assert known(secrets) == {"abc-12345", "def-12345"}


def test_a_login_in_a_url_is_found_in_bytes_too() -> None:
    """A body is searched that holds a URL with a login in it and nothing else."""
    body = b'{"url":"https://someone:pass@example.com/x"}'
    assert Secrets().matcher.redact_bytes(body) == b'{"url":"https://someone:REDACTED@example.com/x"}'


def test_a_short_value_is_not_looked_for_in_base64() -> None:
    """What an option names is found as it is; in base64 it is so short that media hold it by chance."""
    redact = Secrets(["pass"]).matcher.redact
    assert redact("pass cGFzcw==") == "REDACTED cGFzcw=="


@pytest.mark.parametrize("name", ["PWD", "OLDPWD"])
def test_the_directory_that_a_shell_is_in_is_no_password(name: str) -> None:
    """Else nothing below it could be pushed, if its name looks random."""
    directory = "/tmp/tmp.VEhQFk5QJD/app"
    assert Secrets.from_environ({name: directory}).matcher.redact(directory) == directory
    assert Secrets.from_environ({"DB_PWD": directory}).matcher.redact(directory) != directory
