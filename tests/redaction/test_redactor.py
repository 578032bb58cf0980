from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from dataclasses import replace
from typing import Any

import brotli
import pytest
import zstandard

from pytest_interactions import OptionError
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY
from pytest_interactions.redaction.redactor import Redactor, placeholder_in
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets
from tests.redaction.support import ENCODINGS, JSON, KEY, SIGNATURE, URL, answer, holds, post, redactor, stream

SPECIAL = 'p"ss\\w/rd+=&é 😀 <ok>'


def test_request_headers_that_replay_does_not_need_never_stay() -> None:
    """Of a real client's headers only those that say what is asked for are kept."""
    request = post(
        {},
        accept="*/*",
        accept_encoding="gzip, deflate",
        authorization="Bearer abc",
        cookie="session=abc",
        user_agent="google-genai-sdk/3.4",
        x_goog_api_client="google-genai-sdk/3.4",
        x_goog_api_key=KEY,
        x_goog_upload_command="start",
        x_goog_user_project="my-project",
    )
    assert redactor().request(request).headers == JSON | {"accept": ["*/*"], "x-goog-upload-command": ["start"]}


def test_response_headers_that_replay_does_not_need_never_stay() -> None:
    """Of a real response's headers only those that a client acts on are kept, all of their values."""
    response = Response(
        status=200,
        headers={
            "content-type": ["application/json"],
            "transfer-encoding": ["chunked"],
            "server": ["mine"],
            "cache-control": ["private"],
            "vary": ["Origin", "X-Origin"],
            "retry-after": ["1"],
            "link": ["<a>", "<b>"],
        },
    )
    assert redactor().response(response).headers == {
        "content-type": ["application/json"],
        "retry-after": ["1"],
        "link": ["<a>", "<b>"],
    }


def test_a_header_may_be_a_url_relative_to_the_requests() -> None:
    """Its parameters are redacted as those of a whole URL are, and no other header is taken for one."""
    relative = [
        "cb?access_token=",
        "?access_token=",
        "#access_token=",
        "//h/cb?access_token=",
        "../cb?x=1&access_token=",
    ]
    headers = {
        "location": [f"{url}abc" for url in relative],
        "link": ["</x?a=1&api_key=abc>; rel=next, <https://x.google.com/?key=abc>"],
        "content-type": ["text/plain;key=abc"],
    }
    assert redactor().response(Response(status=200, headers=headers)).headers == {
        "location": [f"{url}REDACTED" for url in relative],
        "link": ["</x?a=1&api_key=REDACTED>; rel=next, <https://x.google.com/?key=REDACTED>"],
        "content-type": ["text/plain;key=abc"],
    }


def test_keep_headers_keeps_more_of_them_but_not_a_known_secret() -> None:
    """A header kept by option is kept in any case, and what is secret in it is replaced all the same."""
    redact = redactor(KEY, keep_headers=["X-Trace", "user-agent"])
    request = redact.request(post({}, x_trace=f"of {KEY}", user_agent="mine"))
    assert request.headers == JSON | {"x-trace": ["of REDACTED"], "user-agent": ["mine"]}
    assert redact.response(Response(status=200, headers={"x-trace": ["7"]})).headers == {"x-trace": ["7"]}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("secret", [KEY, SPECIAL, "plain-secret-1234"], ids=["key", "special", "plain"])
@pytest.mark.parametrize("is_ascii", [True, False], ids=["escaped", "utf-8"])
def test_a_known_value_is_found_however_it_is_written(encode: Any, secret: str, is_ascii: bool) -> None:
    """In an error body, a nested text, a field's name, a form, a URL, plain text and binary data."""
    redact = redactor(secret)
    written = encode(secret)
    document = {"error": {"code": 400, "message": f"API key {written} not valid."}, "list": [{written: [written]}]}
    bodies = [
        json.dumps(document, ensure_ascii=is_ascii).encode(),
        f"a=1&b={written}&c=2".encode(),
        f"Sorry, {written}!".encode(),
        b"\x89PNG\0" + written.encode() + b"\xff\xfe",
    ]
    for body in bodies:
        response = redact.response(Response(status=400, headers=dict(JSON), body=body))
        assert not holds(response.body, secret), body
        assert b"REDACTED" in response.body
        assert redact.response(response) is response
    assert not holds(redact.request(Request(method="GET", uri=f"{URL}/{written}")).uri.encode(), secret)


def test_only_the_secret_changes_in_a_body() -> None:
    """All values around a secret stay what they were: numbers, nulls, order, text in any script."""
    document = {"z": 1.5, "a": [None, True, 12345678901234567890, {"é": "naïve 日本 😀"}], "t": f"<{KEY}>"}
    changed = redactor(KEY).request(post(document)).json()
    assert changed == document | {"t": "<REDACTED>"}
    assert list(changed) == list(document)


def test_a_message_without_secrets_is_passed_on_as_it_is() -> None:
    """The same object comes back, so that nothing is parsed or written twice."""
    redact = redactor(KEY)
    request, response = post({"input": "Hello", "url": "https://example.com/?q=1"}), answer({"id": "v1_abc"})
    assert redact.request(request) is request
    assert redact.response(response) is response
    empty = Request(method="GET", uri=URL)
    assert redact.request(empty) is empty


def test_two_fields_whose_names_become_one_both_stay() -> None:
    """A secret in two names loses neither of the fields."""
    changed = redactor("secret-one", "secret-two").request(post({"secret-one": 1, "secret-two": 2})).json()
    assert changed == {"REDACTED": 1, "REDACTEDREDACTED": 2}


def test_a_field_given_twice_hides_nothing() -> None:
    """JSON parsers see the last of two fields with one name; the first is searched too."""
    body = b'{"a": "' + KEY.encode() + b'", "a": "b"}'
    changed = redactor(KEY).response(Response(status=200, headers=dict(JSON), body=body))
    assert changed.body == b'{"a": "REDACTED", "a": "b"}'


def test_a_number_that_is_a_known_value_stays_a_number() -> None:
    """JSON stays JSON, so that the client reads what it read before; the gate is what refuses the number."""
    redact, body = redactor("1234567890"), b'{"delta":{"n":1234567890,"text":"1234567890"},"index":0}'
    response = redact.response(Response(status=200, headers=dict(JSON), body=body))
    assert response.json() == {"delta": {"n": 1234567890, "text": "REDACTED"}, "index": 0}
    event = Response(status=200, headers={"content-type": ["text/event-stream"]}, body=b"data: " + body + b"\n\n")
    assert redact.response(event).body == b"data: " + response.body + b"\n\n"
    assert [finding.kind for finding in scan(response.body.decode(), redact.secrets)] == ["a known secret"]


def test_json_too_deep_to_walk_is_searched_as_text() -> None:
    """No document makes redaction fail, or hides a secret by its depth."""
    body = b"[" * 900 + f'"{KEY}"'.encode() + b"]" * 900
    changed = redactor(KEY).response(Response(status=200, headers=dict(JSON), body=body))
    assert changed.body == b"[" * 900 + b'"REDACTED"' + b"]" * 900
    assert changed.json() != answer(None).json()


def test_json_in_utf_16_is_json() -> None:
    """A body in another of JSON's encodings is redacted too."""
    body = json.dumps({"a": KEY}).encode("utf-16")
    changed = redactor(KEY).response(Response(status=200, headers=dict(JSON), body=body))
    assert changed.json() == {"a": "REDACTED"}


def test_base64_still_decodes_when_a_secret_was_in_it() -> None:
    """What replaces a part of base64 is base64 of the same length."""
    media = base64.b64encode(b"head " + KEY.encode() + b" tail").decode()
    changed = redactor(KEY).request(post({"data": media})).json()["data"]
    assert len(changed) == len(media)
    assert KEY.encode() not in base64.b64decode(changed, validate=True)


def test_the_stand_in_of_replay_reads_as_the_key_did() -> None:
    """An app that sends its key on in a body still matches on replay, when it has a stand-in for a key."""
    recorded = redactor(KEY).request(post({"input": f"my key: {KEY}"}))
    replayed = redactor().request(post({"input": f"my key: {PLACEHOLDER_KEY}"}))
    assert replayed.json() == recorded.json()
    recorded = redactor(KEY).request(Request(method="GET", uri=f"{URL}?key={KEY}"))
    replayed = redactor().request(Request(method="GET", uri=f"{URL}?key={PLACEHOLDER_KEY}"))
    assert replayed.uri == recorded.uri == f"{URL}?key=REDACTED"


@pytest.mark.parametrize(
    "key",
    [
        "AIza" + "Sy0_" * 8 + "abc",
        "AQ.Ab8RN6J-5xx_0123456789abcdefghij",
        "ya29.a0AfB_byC-0123456789abcdefghij.klm",
        f"-----BEGIN RSA PRIVATE KEY-----\n{'MIIEowIBAAKCAQEA0123' * 3}\n-----END RSA PRIVATE KEY-----",
    ],
    ids=["AIza", "AQ.", "ya29.", "private key"],
)
def test_a_key_is_known_by_its_looks(key: str) -> None:
    """Keys of others, that this run knows nothing of, are replaced in text."""
    changed = redactor().response(answer({"text": f"use '{key}' for it"}))
    assert changed.json() == {"text": "use 'REDACTED' for it"}


def test_a_bearer_token_is_replaced_and_talk_of_one_is_not() -> None:
    """Text that mentions Bearer stays as it is, as long as no token follows."""
    talk = "Send `Authorization: Bearer YOUR_ACCESS_TOKEN_GOES_HERE`. The bearer authentication-and-authorization is"
    tokens = "Authorization: Bearer 0123456789abcdef0123456789abcdef"
    assert redactor().request(post({"input": [talk, tokens]})).json() == {
        "input": [talk, "Authorization: Bearer REDACTED"]
    }


def test_a_run_of_base64_is_no_key() -> None:
    """Media that happens to spell the beginning of a key stays whole."""
    request = post({"data": "aAIza" + "Sy0_" * 8 + "abc", "more": "AIza" + "x" * 36 + "/+"})
    assert redactor().request(request) is request


def test_the_redact_option_takes_texts_patterns_and_json_paths() -> None:
    """What the API knows nothing of can be named in three ways."""
    redact = redactor(
        redact=[
            "Jane Doe",
            r"re:\bcustomer-\d+",
            re.compile("IBAN (?:[A-Z]|[0-9])+"),
            "$.input[0].mail",
            "$.input[7].mail",
            "$.tags[*]",
        ]
    )
    document = {
        "input": [{"mail": {"to": "x"}, "text": "Jane Doe is customer-42, IBAN DE00123"}, {"mail": "y"}],
        "tags": ["a", 1, None],
    }
    changed = redact.request(post(document))
    assert changed.json() == {
        "input": [{"mail": "REDACTED", "text": "REDACTED is REDACTED, REDACTED"}, {"mail": "y"}],
        "tags": ["REDACTED", "REDACTED", None],
    }
    assert redact.request(changed) is changed


@pytest.mark.parametrize("pattern", ["re:.", "re:[A-Z]+", "re:x*", r"re:\w+$"])
def test_a_pattern_that_matches_the_placeholder_itself_changes_nothing_twice(pattern: str) -> None:
    """Redaction is idempotent for patterns that match nearly anything."""
    redact = redactor(redact=[pattern])
    once = redact.request(post({"input": "Some text, xx SECRET", "n": 12}))
    assert redact.request(once) is once
    assert list(once.json().values())[1] == 12
    event = redact.response(stream({"event_type": "step.delta", "delta": {"text": "Some SECRET"}}))
    assert redact.response(event) == event


def test_what_one_redactor_is_told_the_others_do_not_know() -> None:
    """Two cassettes share what is known of the run, also what is learnt later, and not each other's options."""
    run = Secrets()
    one, two = Redactor(secrets=run, redact=["only mine"]), Redactor(secrets=run)
    run.learn(post({}, x_goog_api_key="shared-key-1234"))
    assert one.request(post("only mine, shared-key-1234")).json() == "REDACTED, REDACTED"
    assert two.request(post("only mine, shared-key-1234")).json() == "only mine, REDACTED"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("re:(", "can't be read, missing \\)"),
        ("$.a[", "not a JSON path"),
        ("$..a", "not a JSON path"),
        ("$.a b", "not a JSON path"),
        ("$.a*", "not a JSON path"),
        ("abc", "a text of 3 characters"),
        ("DACTE", "a text of 5 characters"),
        (7, "7 is not a text"),
    ],
)
def test_an_entry_of_redact_that_cannot_be_used_is_an_error(entry: Any, says: str) -> None:
    """The message says what is wrong and how to write it."""
    with pytest.raises(OptionError, match=says):
        redactor(redact=[entry])


def test_a_placeholder_is_found_in_a_request() -> None:
    """Whatever only a replay could answer is named by its place: a resent signature, a stand-in key, an upload."""
    redact = redactor()
    history = redact.request(post({"input": [{"type": "user_input"}, {"type": "thought", "signature": SIGNATURE}]}))
    assert placeholder_in(history) == "$.input[1].signature"
    assert placeholder_in(post({}, x_goog_api_key=PLACEHOLDER_KEY)) == "header x-goog-api-key"
    assert placeholder_in(Request(method="GET", uri=f"{URL}?key={PLACEHOLDER_KEY}")) == "the URL's query"
    upload = redact.request(Request(method="POST", uri="https://x.googleapis.com/upload?upload_id=ABC-1"))
    assert placeholder_in(upload) == "the URL's query"


def test_a_request_that_only_speaks_of_placeholders_has_none() -> None:
    """Real signatures, and text that names a placeholder, may be sent."""
    assert placeholder_in(post({"input": [{"type": "thought", "signature": SIGNATURE}]}, x_goog_api_key=KEY)) is None
    assert placeholder_in(post({"input": "What is redactedSignature0123?", "n": 1})) is None
    assert placeholder_in(post({"input": "redactedSignature is what?", "n": 1})) is None
    assert placeholder_in(Request(method="POST", uri=URL, body=b"redactedSignature")) is None


def test_gzip_is_none_of_redactions_business() -> None:
    """Bodies come decoded; one that is not is left as the bytes it is."""
    response = Response(status=200, headers=dict(JSON), body=gzip.compress(b'{"a": 1}'))
    assert redactor(KEY).response(response).body == response.body


def test_a_form_loses_its_credentials() -> None:
    """The request of a login flow is a form, with secrets that no one has seen before."""
    form = {"content-type": ["application/x-www-form-urlencoded"]}
    body = b"grant_type=refresh_token&refresh_token=1%2F%2Fabc&client_secret=s&client_id=me"
    changed = redactor().request(
        Request(method="POST", uri="https://oauth2.googleapis.com/token", headers=form, body=body)
    )
    assert changed.body == b"grant_type=refresh_token&refresh_token=REDACTED&client_secret=REDACTED&client_id=me"
    assert redactor().request(changed) is changed
    revoke = Request(method="POST", uri=URL, headers=form, body=b"token=abc&client_id=\xff")
    assert redactor().request(revoke).body == b"token=REDACTED&client_id=\xff"


def test_what_is_known_is_taken_out_of_an_errors_text() -> None:
    """The words of a failure are kept as those of an answer are."""
    assert redactor(KEY).text(f"cannot open https://x.example/?a={KEY}: refused") == (
        "cannot open https://x.example/?a=REDACTED: refused"
    )


def test_an_index_in_a_json_path_names_one_item() -> None:
    """The items beside it stay; where there is none, nothing changes."""
    request = redactor(redact=["$.list[1]", "$.list[4]", "$.more[0]"]).request(post({"list": [1, 2, 3, 4], "more": []}))
    assert request.json() == {"list": [1, "REDACTED", 3, 4], "more": []}


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("$.X", {"X": "REDACTED"}),
        ("$['X']", {"X": "REDACTED"}),
        ('$["a b"].c', {"a b": {"c": "REDACTED", "d": 4}}),
        ("$['a b'].*", {"a b": {"c": "REDACTED", "d": "REDACTED"}}),
        ("$.7", {"7": "REDACTED"}),
        ("$['7']", {"7": "REDACTED"}),
        ("$[7]", {}),
    ],
)
def test_a_json_path_names_a_field_with_or_without_quotes(path: str, changed: dict[str, Any]) -> None:
    """Without brackets a number is a field's name as any other is."""
    document = {"X": 1, "7": 2, "a b": {"c": 3, "d": 4}}
    assert redactor(redact=[path]).request(post(document)).json() == document | changed


def test_four_characters_are_a_text_to_look_for() -> None:
    """Fewer would be found by chance."""
    assert redactor(redact=["Jane"]).text("Jane Doe") == "REDACTED Doe"


def test_a_field_may_be_named_by_two_json_paths() -> None:
    """Once by its name and once by a star: what each of them names is replaced."""
    changed = redactor(redact=["$.a.b.c", "$.a.*.d"]).request(post({"a": {"b": {"c": 1, "d": 2, "e": 3}}}))
    assert changed.json() == {"a": {"b": {"c": "REDACTED", "d": "REDACTED", "e": 3}}}


def test_bytes_beside_a_known_value_stay() -> None:
    """Also those that are no text."""
    assert redactor(KEY).secrets.matcher.redact_values(b"\xff" + KEY.encode() + b"\xfe") == b"\xffREDACTED\xfe"


@pytest.mark.parametrize("levels", [600, 900, 3000])
def test_a_body_too_deep_to_walk_is_searched_as_text(levels: int) -> None:
    """A request with such a body is redacted, and otherwise stays as it is."""
    body = ('{"a":' * levels + f'"use {KEY}"' + "}" * levels).encode()
    request = Request(method="POST", uri=URL, headers=dict(JSON), body=body)
    assert redactor().request(request).body == body.replace(KEY.encode(), b"REDACTED")


def test_a_body_that_stays_encoded_is_searched() -> None:
    """One that is damaged is kept as it came, so that a client fails on it again, unless there is a secret in it."""
    redact = redactor(KEY)
    headers = {"content-encoding": ["gzip"], "content-type": ["text/plain"]}
    for text, kept in ((b"harmless " * 99, True), (KEY.encode() + b" " * 99, False)):
        damaged = gzip.compress(text)[:-6]
        response = redact.response(Response(status=200, headers=headers, body=damaged))
        assert (response.body == damaged) is kept
        assert ("content-encoding" in response.headers) is kept
        assert KEY.encode() not in response.body
        assert redact.response(response) is response
    unknown = Response(status=200, headers={"content-encoding": ["x-own"]}, body=KEY.encode())
    assert redact.response(unknown).body == b"REDACTED"


SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_compressed_request_is_redacted(encoding: str) -> None:
    """It is kept as what it says; so is what nobody here can read, for the gate."""
    body = json.dumps({"input": f"my {SECRET}"}).encode()
    packed = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }[encoding](body)
    request = replace(post({}), headers=JSON | {"content-encoding": [encoding]}, body=packed)
    clean = redactor(SECRET).request(request)
    assert clean.json() == {"input": "my REDACTED"}
    assert clean.headers == JSON
    damaged = replace(request, body=packed[:2])
    assert redactor(SECRET).request(damaged).body == damaged.body


@pytest.mark.parametrize("charset", ["cp037", "cp500", "utf-16", "utf-7"])
@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_a_body_may_be_in_any_character_set(charset: str, kind: str) -> None:
    """That it says itself, whatever letters are there; one that it is not in changes nothing."""
    text = json.dumps({"a": f"my {SECRET} and a URL, https://x.google.com/?key=abc"})
    response = Response(status=200, headers={"content-type": [f"{kind}; charset={charset}"]}, body=text.encode(charset))
    clean = redactor(SECRET).response(response).body.decode(charset)
    assert SECRET not in clean
    assert "key=REDACTED" in clean
    assert "my " in clean


@pytest.mark.parametrize("charset", ["koi8-r", "shift_jis", "cp1252", "iso-8859-1", "gb18030"])
def test_a_value_is_found_in_the_letters_of_its_country(charset: str) -> None:
    """Whose bytes are others than in UTF-8, and all else stays."""
    value = {"koi8-r": "\u043f\u0430\u0440", "cp1252": "\u20ac", "iso-8859-1": "\u00e9"}.get(
        charset, "\u6f22\u5b57"
    ) + "9x8y7z6w5v4u"
    for kind, text in (
        ("text/plain", f"my {value}!"),
        ("application/json", json.dumps([value, "!"], ensure_ascii=False)),
    ):
        response = Response(
            status=200, headers={"content-type": [f"{kind}; charset={charset}"]}, body=text.encode(charset)
        )
        assert redactor(value).response(response).body.decode(charset) == text.replace(value, "REDACTED")


@pytest.mark.parametrize("charset", ["nothing", "base64", "cp037", "utf-8"])
def test_a_character_set_that_a_body_is_not_in_changes_nothing(charset: str) -> None:
    """The body is searched as the bytes that it is."""
    kind = {"content-type": [f"text/plain; charset={charset}"]}
    assert (
        redactor(SECRET).response(Response(status=200, headers=kind, body=b"\xff" + SECRET.encode())).body
        == b"\xffREDACTED"
    )


def test_lines_of_json_are_redacted_each() -> None:
    """As the files of batches have them; the last line may end, and lines that are no JSON make it text."""
    lines = [
        {"key": "1", "request": {"contents": [{"parts": [{"text": "a", "thoughtSignature": SIGNATURE}]}]}},
        {"n": 1.50},
    ]
    body = "\n".join(map(json.dumps, lines))
    for end in ("", "\n"):
        response = Response(status=200, headers={"content-type": ["application/jsonl"]}, body=(body + end).encode())
        clean = redactor().response(response).body.decode()
        assert SIGNATURE not in clean
        assert clean.endswith('{"n": 1.5}' + end)
    windows = Response(status=200, headers={}, body=body.replace("\n", "\r\n\r\n").encode())
    assert redactor().response(windows).body.count(b"\r\n\r\n") == 1
    plain = Response(status=200, headers={}, body=b'{"a": 1}\r\n\n[2]\n')
    assert redactor().response(plain) is plain
    text = Response(status=200, headers={}, body=f'{{"a": 1}}\n{{"b" {SECRET}'.encode())
    assert redactor(SECRET).response(text).body == b'{"a": 1}\n{"b" REDACTED'


@pytest.mark.parametrize(
    ("uri", "is_api"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/x", True),
        ("https://oauth2.googleapis.com/token", True),
        ("https://gateway.example/gemini/v1beta/interactions", True),
        ("http://127.0.0.1:8080/v1beta/x", True),
        ("https://example.com/settings", False),
        ("http://127.0.0.1:8080/settings", False),
    ],
)
def test_the_places_of_the_api_are_no_others(uri: str, is_api: bool) -> None:
    """An app's own JSON may have an `env` or a `secret` that is none."""
    document = {"env": {"A": "b"}, "secret": "a word", "access_token": "a word"}
    request = replace(post(document), uri=uri)
    exchange = Exchange(request=request, response=answer(document))
    clean = redactor().exchange(exchange)
    assert (clean is exchange) is not is_api
    assert ("a word" not in clean.response.body.decode()) is is_api


@pytest.mark.parametrize(
    "document", [{"access_token": "abc", "token_type": "Bearer"}, {"refresh_token": "abc", "expires_in": 1}]
)
def test_the_answer_of_a_login_server_is_known_by_itself(document: dict[str, Any]) -> None:
    """Whatever the host is."""
    request = replace(post({"grant_type": "x", "client_secret": "abc"}), uri="https://login.example/token")
    clean = redactor().exchange(Exchange(request=request, response=answer(document)))
    assert "abc" not in clean.request.body.decode() + clean.response.body.decode()
