from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
import yaml

from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY
from pytest_interactions.redaction.scan import Finding, clean, scan
from pytest_interactions.redaction.secrets import Secrets
from tests.redaction.support import KEY, SIGNATURE, answer, redactor, stream
from tests.support import real_traffic

AIZA = "AIza" + "Sy0_" * 8 + "abc"


def cassette(body: Any, headers: dict[str, Any] | None = None, uri: str = "https://x/v1/interactions") -> str:
    """A cassette as plain vcrpy writes it."""
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": body}}
    request = {"method": "POST", "uri": uri, "body": "{}", "headers": headers or {}}
    return yaml.safe_dump({"version": 1, "interactions": [{"request": request, "response": response}]})


def kinds(text: str, *values: str) -> list[str]:
    """The kinds of what is found."""
    return [finding.kind for finding in scan(text, Secrets(values))]


def test_a_finding_names_line_kind_and_place() -> None:
    """Enough to find it in the file, and nothing of what it is."""
    body = json.dumps({"steps": [{"type": "thought", "signature": SIGNATURE}], "text": AIZA}, indent=2)
    text = cassette("x").replace("string: x", "string: |-\n        " + body.replace("\n", "\n        "))
    lines = text.splitlines()
    assert scan(text, Secrets()) == [
        Finding(
            next(n for n, line in enumerate(lines, 1) if "signature" in line),
            "a thought signature",
            "interactions[0].response.body.string $.steps[0].signature",
        ),
        Finding(
            next(n for n, line in enumerate(lines, 1) if AIZA in line),
            "a Google API key (google-api-key)",
            "interactions[0].response.body.string $.text",
        ),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (cassette(json.dumps({"steps": [{"signature": SIGNATURE}]})), "a thought signature"),
        (cassette(stream({"event_type": "step.delta", "delta": {"signature": SIGNATURE}}).body.decode()), None),
        (
            cassette(gzip.compress(json.dumps({"steps": [{"signature": SIGNATURE}]}).encode(), mtime=0)),
            "a thought signature",
        ),
        (
            json.dumps({"body": base64.b64encode(gzip.compress(AIZA.encode(), mtime=0)).decode()}),
            "a Google API key (google-api-key)",
        ),
        (json.dumps([{"response": {"steps": [{"signature": SIGNATURE}]}}], indent=1), "a thought signature"),
        (json.dumps({"chunks": ["event: step.delta\ndata: {", f'"delta":{{"signature":"{SIGNATURE}"}}}}\n\n']}), None),
        (json.dumps({"chunks": ["data: {}", f'data: {{"delta":{{"signature":"{SIGNATURE}"}}}}']}), None),
        ('{"index":0}\n' + json.dumps({"delta": {"signature": SIGNATURE}}), "a thought signature"),
        (stream({"event_type": "step.delta", "delta": {"signature": SIGNATURE}}).body.decode(), None),
        (f'half an event: {{"delta": {{"signature": "{SIGNATURE}"', "a thought signature"),
        (cassette(json.dumps({"tools": [{"headers": {"A": "long enough"}}]})), "a secret at its place in the API"),
        (cassette("{}", headers={"Authorization": ["Basic abcdefgh"]}), "a header that carries a credential"),
        (cassette("{}", headers={"Set-Cookie": "session=abc-123"}), "a header that carries a credential"),
        (cassette("{}", uri="https://x.googleapis.com/?key=abcdefghij"), "a URL with a secret in it"),
        (cassette("see https://x.google.com/?upload_id=abcdefghij"), "a URL with a secret in it"),
        (f"# {AIZA}\n" + cassette("{}"), "a Google API key (google-api-key)"),
        (f"plain text, {AIZA}", "a Google API key (google-api-key)"),
        ("Authorization: Bearer 0123456789abcdef0123456789", "a bearer token (bearer-token)"),
        ("-----BEGIN PRIVATE KEY-----\n" + "MIIE" * 20, "a private key (private-key)"),
        (cassette(b"\x00\xff" + AIZA.encode() + b"\xff"), "a Google API key (google-api-key)"),
        ('{"a": "' + AIZA + '", \t"b": [1, {}]}', "a Google API key (google-api-key)"),
    ],
)
def test_a_secret_is_found_in_any_recorders_file(text: str, kind: str | None) -> None:
    """YAML and JSON of vcrpy, other recorders' JSON, streams, lines of JSON, gzip, and text that is none of these."""
    assert kinds(text) == [kind or "a thought signature"]


@pytest.mark.parametrize(
    "body", [f"Sorry, {KEY}", base64.b64encode(KEY.encode()).decode(), "".join(map("%%%02x".__mod__, KEY.encode()))]
)
def test_a_known_value_is_found_however_it_is_written(body: str) -> None:
    """In YAML as in plain text."""
    assert "a known secret" in kinds(cassette(body), KEY)
    assert "a known secret" in kinds(body, KEY)


def test_a_known_value_over_several_deltas_is_found() -> None:
    """Each of the events that hold a part of it is named."""
    events = [{"event_type": "step.delta", "index": 0, "delta": {"text": text}} for text in (KEY[:20], KEY[20:])]
    found = scan(cassette(stream(*events).body.decode()), Secrets([KEY]))
    assert [finding.where for finding in found] == [
        "interactions[0].response.body.string event 0 $.delta.text",
        "interactions[0].response.body.string event 1 $.delta.text",
    ]


def test_a_known_value_over_the_deltas_of_a_bare_stream_is_found() -> None:
    """A file that is a stream is read as one, though YAML could read it too."""
    events = [{"event_type": "step.delta", "index": 0, "delta": {"text": text}} for text in (KEY[:20], KEY[20:])]
    found = scan(stream(*events).body.decode(), Secrets([KEY]))
    assert [(finding.line, finding.where) for finding in found] == [
        (2, "event 0 $.delta.text"),
        (5, "event 1 $.delta.text"),
    ]


def test_a_pattern_of_the_redact_option_is_found() -> None:
    """The gate knows of what the user named, where the redactor has not been."""
    secrets = redactor(redact=[r"re:customer-\d+"]).secrets
    assert [finding.kind for finding in scan('{"input": "customer-42 and REDACTED"}', secrets)] == [
        "a match of the redact option"
    ]


@pytest.mark.parametrize(
    "text",
    [
        cassette(json.dumps({"id": "v1_ChdXZ0JOYXBxRERMbTZ4TjhQdmVhTDRRURIXV2dCTmFwcURETG02eE44UHZlYUw0UVE"})),
        cassette(json.dumps({"steps": [{"type": "thought", "signature": "EvEFCu4F..."}, {"signature": ""}]})),
        cassette(json.dumps({"steps": [{"type": "function_call", "arguments": {"signature": SIGNATURE}}]})),
        cassette(json.dumps({"tools": [{"headers": {"Authorization": "<token>", "A": "b", "C": "****************"}}]})),
        cassette(json.dumps({"text": "Use `Authorization: Bearer YOUR_TOKEN`, or the bearer authentication-scheme."})),
        cassette(json.dumps({"data": base64.b64encode(bytes(range(256)) * 40).decode()})),
        cassette(bytes(range(256))),
        cassette("{}", headers={"X-Goog-Api-Key": "REDACTED", "Authorization": ["DUMMY"], "Cookie": PLACEHOLDER_KEY}),
        cassette("{}", uri="https://x.googleapis.com/?key=REDACTED&upload_id=redacted-0123456789abcdef"),
        cassette("{}", uri="https://x.googleapis.com/?key=[your-key]"),
        json.dumps({"key": "H4sIAAAA not gzip", "also": "H4sIAAAAAAAA"}),
        "a: [unclosed\n",
        "{not json}\n",
        "[" * 3000,
        '{"a":' * 3000,
        "",
    ],
)
def test_what_is_no_secret_is_not_found(text: str) -> None:
    """Ids, media, arguments, examples, stand-ins, placeholders, and text that can't be parsed."""
    assert scan(text, Secrets()) == []


def test_what_the_redactor_leaves_is_clean() -> None:
    """A message with a secret of every kind has none after redaction."""
    document = {
        "steps": [{"type": "thought", "signature": SIGNATURE}],
        "tools": [{"headers": {"A": "long enough"}}],
        "text": f"{AIZA} https://x.googleapis.com/?upload_id=abcdefghij Bearer 0123456789abcdef0123456789 {KEY}",
    }
    before, after = answer(document), redactor(KEY).response(answer(document))
    assert len(set(kinds(cassette(before.body.decode()), KEY))) == 6
    assert kinds(cassette(after.body.decode()), KEY) == []


def test_the_real_traffic_holds_signatures_and_nothing_else() -> None:
    """Every long signature of the recordings of others is found, and all else there is explained."""
    for path in sorted(real_traffic("").rglob("*.*")):
        text = path.read_text()
        found = scan(text, Secrets())
        assert {finding.kind for finding in found} <= {"a thought signature"}, path
        assert len(found) == len(_signatures(text)), path
        assert scan(clean(text, Secrets()), Secrets()) == [], path


def test_cleaning_a_text_changes_nothing_but_its_secrets() -> None:
    """Each signature is replaced by its placeholder where it stands, however it is escaped there."""
    escaped = SIGNATURE.replace("=", "\\u003d")
    text = json.dumps({"steps": [{"signature": SIGNATURE, "n": 1.50}], "headers": {"cookie": "a=long enough"}})
    text += "\n" + text.replace(SIGNATURE, escaped) + f'\n"signature": "{SIGNATURE}'
    cleaned = clean(text, Secrets())
    placeholder = redactor().response(answer({"steps": [{"signature": SIGNATURE}]})).json()["steps"][0]["signature"]
    assert cleaned == text.replace(SIGNATURE, placeholder).replace(escaped, placeholder)


def test_cleaning_replaces_a_secret_that_is_a_part_of_another() -> None:
    """Neither hides the other."""
    text = json.dumps({"tools": [{"headers": {"A": "abcdefgh ijklmnop", "B": "ijklmnop"}}]})
    assert json.loads(clean(text, Secrets())) == {"tools": [{"headers": {"A": "REDACTED", "B": "REDACTED"}}]}


def _signatures(text: str) -> list[str]:
    """The long values of fields called signature, by a way of looking that knows nothing of formats."""
    found = (part.partition('"')[2].lstrip('\\": ') for part in text.replace("thoughtS", "s").split("signature")[1:])
    values = (part.partition('"')[0].rstrip("\\") for part in found)
    return [value for value in values if len(value) > 40 and " " not in value[:40]]


@pytest.mark.parametrize(
    "deep",
    [
        '{"input":' + "[" * 250 + f'"use {KEY}"' + "]" * 250 + "}",
        '{"input":' + "[" * 900 + f'"use {KEY}"' + "]" * 900 + "}",
        "[" * 3000 + f'"use {KEY}"' + "]" * 3000,
        "a: " + "{a: " * 700 + f"use {KEY}" + "}" * 700,
        "data: " + '{"delta":' * 900 + f'"use {KEY}"' + "}" * 900 + "\n\n",
    ],
)
def test_what_is_too_deep_to_walk_is_searched_as_text(deep: str) -> None:
    """A key is found and replaced however deep it stands, and the rest stays."""
    secrets = Secrets()
    assert [(finding.line, finding.kind) for finding in scan(deep, secrets)] == [
        (1, "a Google API key (google-api-key)")
    ]
    assert clean(deep, secrets) == deep.replace(KEY, "REDACTED")


def test_bytes_that_are_no_text_hold_nothing() -> None:
    """A picture is looked through as any file is."""
    for raw in (b"\xff", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", bytes(range(256))):
        text = raw.decode("utf-8", "surrogateescape")
        assert scan(text, Secrets()) == []
        assert clean(text, Secrets(), limit=100) == text


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"text": 'say "more" to all', "tools": [{"headers": {"A": 'say "hello" to é'}}]}, 6),
        ({"text": "elcome to all", "tools": [{"headers": {"A": "welcome to all"}}]}, 6),
        ({"text": "welcome to alm", "tools": [{"headers": {"A": "welcome to all"}}]}, 6),
        ({"tools": [{"headers": {"A": "welcome to all", "B": "welcome to all"}}]}, 5),
    ],
)
def test_the_line_of_a_finding_is_that_of_its_value(document: Any, line: int) -> None:
    """Not of one that is like it; the first line if the value is there twice."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    assert {finding.line for finding in scan(text, Secrets())} == {line}


def test_the_line_of_a_value_is_looked_for_where_it_was_found() -> None:
    """Words that are there before and after it do not count; a value in another spelling is on its leaf's line."""
    text = "a: session=abc-123\nheaders:\n  Cookie: session=abc-123\nb: session=abc-123\n"
    assert scan(text, Secrets()) == [Finding(3, "a header that carries a credential", "headers.Cookie")]
    text = text.replace("Cookie: s", 'Cookie:\n    "\\x73').replace("\nb", '"\nb')
    assert scan(text, Secrets()) == [Finding(4, "a header that carries a credential", "headers.Cookie")]


def test_the_line_of_a_value_over_several_lines_is_its_first() -> None:
    text = "a:\n  b: |\n    one\n    tok-0123\n    456789\n"
    assert scan(text, Secrets(["tok-0123\n456789"])) == [Finding(4, "a known secret", "a.b")]


def test_a_finding_outside_of_documents_has_the_place_of_its_text() -> None:
    """There is no place within a text that has no structure."""
    text = cassette(f"see {AIZA}", headers={"Cookie": ["session=abc-123"]}, uri=f'half: {{"signature": "{SIGNATURE}')
    assert [(finding.kind, finding.where) for finding in scan(text, Secrets())] == [
        ("a header that carries a credential", "interactions[0].request.headers.Cookie[0]"),
        ("a thought signature", "interactions[0].request.uri"),
        ("a Google API key (google-api-key)", "interactions[0].response.body.string"),
    ]


def test_a_body_that_is_written_as_structure_is_searched_too() -> None:
    """A key that only YAML can read is found at its place."""
    text = f'r: {{steps: [], text: "\\x41{AIZA[1:]}"}}\n'
    assert scan(text, Secrets()) == [Finding(1, "a Google API key (google-api-key)", "r $.text")]


@pytest.mark.parametrize(
    ("shorter", "long_enough"),
    [
        (cassette("{}", headers={"Cookie": "abcdefg"}), cassette("{}", headers={"Cookie": "abcdefgh"})),
        (
            json.dumps({"tools": [{"headers": {"A": "abcdefg"}}]}),
            json.dumps({"tools": [{"headers": {"A": "abcdefgh"}}]}),
        ),
        ("https://x.google.com/?key=abcdefg", "https://x.google.com/?key=abcdefgh"),
        (json.dumps({"steps": [{"signature": "Q" * 39}]}), json.dumps({"steps": [{"signature": "Q" * 40}]})),
        ('"signature": "' + "Q" * 63, '"signature": "' + "Q" * 64),
    ],
)
def test_what_is_too_short_for_a_secret_is_an_example(shorter: str, long_enough: str) -> None:
    """From a certain length on, it is one."""
    assert kinds(shorter) == []
    assert len(kinds(long_enough)) == 1


def test_cleaning_changes_a_value_only_where_it_is_a_secret() -> None:
    """The same words before and after it stay, and so does a value in a spelling that only YAML has."""
    text = "a: session=abc-123\nheaders:\n  Cookie: session=abc-123\nb: session=abc-123\n"
    assert clean(text, Secrets()) == text.replace("Cookie: session=abc-123", "Cookie: REDACTED")
    text = text.replace("Cookie: session=abc-123", 'Cookie: "\\x73ession=abc-123"')
    assert clean(text, Secrets(), limit=100) == text


def test_cleaning_replaces_every_copy_of_a_secret() -> None:
    """Also copies that touch each other."""
    text = json.dumps({"tools": [{"headers": dict.fromkeys("ABC", "long enough")}], "text": "long enoughlong enough"})
    assert clean(text, Secrets()) == text.replace("long enough", "REDACTED")


@pytest.mark.parametrize(
    "escapes",
    [{}, {"=": "\\u003d"}, {"/": "\\/"}, {"=": "\\u003d", "+": "\\u002b", "/": "\\/"}],
    ids=["none", "equals sign", "slash", "all"],
)
def test_cleaning_knows_the_escapes_of_the_usual_encoders(escapes: dict[str, str]) -> None:
    """A value may have quotes in it, too."""
    value = 'id=a/b+c "é"'
    written = json.dumps(value, ensure_ascii=False)
    for char, escape in escapes.items():
        written = written.replace(char, escape)
    text = '{"tools": [{"headers": {"A": %s}}]}'
    assert clean(text % written, Secrets()) == text % '"REDACTED"'


def test_cleaning_replaces_what_shows_only_once_a_line_is_unfolded() -> None:
    """As PyYAML folds a long one that it has to quote."""
    url = "https://x.google.com/\\\n  ?k=1&key\\\n  ="
    assert clean(f'a: "{url}abcdefghij&n=\\xE9"\n', Secrets()) == f'a: "{url}REDACTED&n=\\xE9"\n'


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ({"input": 'my name is customer "42" and more'}, 'customer \\"42\\"'),
        ({"input": "see https://x.google.com/?key=abcdefgh with abcdefgh in it"}, "abcdefgh"),
    ],
)
def test_cleaning_keeps_what_stands_beside_a_secret(text: Any, secret: str) -> None:
    """Also where the secret shows only once JSON is unescaped."""
    written = json.dumps(text).replace("?key", "\\u003f\\u006bey")
    secrets = redactor(redact=['re:customer "\\d+"']).secrets
    assert clean(written, secrets) == written.replace(secret, "REDACTED")


def test_what_is_too_large_to_look_through_is_found() -> None:
    """There may be a secret in the rest; nothing can replace it."""
    text = yaml.safe_dump({"a": gzip.compress(b"a" * 101)})
    findings = scan(text, Secrets(), limit=100)
    assert [(f.line, f.kind, f.where) for f in findings] == [
        (1, "compressed data that is too large to be looked through", "a")
    ]
    assert clean(text, Secrets(), limit=100) == text
