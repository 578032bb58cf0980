"""A body that is passed over fast holds nothing that a look at all of it would have found."""

from __future__ import annotations

import copy
import json
import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.exchange import Response
from pytest_interactions.redaction import anywhere, google, tree, urls
from pytest_interactions.redaction.finding import Words
from pytest_interactions.redaction.matcher import Matcher
from tests.redaction.support import JSON, SIGNATURE, redactor
from tests.redaction.test_properties import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWN = "5f4dcc3b5aa765d61d8327deb882cf99"


def _escaped(text: str) -> str:
    """All letters of a JSON text as escapes."""
    return re.sub("[A-Za-z_]", lambda letter: f"\\u{ord(letter[0]):04X}", text)


#: A JSON text in other words.
SPELLINGS: dict[str, Callable[[Any], bytes]] = {
    "plain": lambda document: json.dumps(document).encode(),
    "indented": lambda document: json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass"),
    "escaped": lambda document: re.sub(
        r'"((?:[^"\\]|\\.)*)"',
        lambda text: f'"{_escaped(text[1])}"' if "\\" not in text[1] else text[0],
        json.dumps(document),
    ).encode(),
    "UTF-16": lambda document: json.dumps(document).encode("utf-16"),
}
names = st.sampled_from(
    [
        *("signature", "thought_signature", "api_key", "apiKey", "API_KEY", "secret_access_key", "voice", "voiceName"),
        *("key", "type", "tools", "headers", "steps", "step", "delta", "input", "content", "environment", "env"),
        *("value", "config", "credential", "token", "sources", "new_signing_secret", "api_\u212aey", "acce\u017fs_key"),
        *("interaction", "handle", "setup", "session_resumption", "access_token", "token_type", "secret", "x"),
    ]
)
scalars = st.sampled_from([SIGNATURE, DRAWN, "thought", "replicated", "inline", "bearer_token", "", 7, None])
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(document=documents, nested=st.booleans())
@CASES
def test_a_body_without_a_name_has_no_such_field(spelling: str, document: Any, *, nested: bool) -> None:
    """However the name is spelt, also in JSON that is a text in JSON."""
    body = SPELLINGS[spelling]({"result": json.dumps(document)} if nested else document)
    value = json.loads(body)
    assert anywhere.redact_anywhere(value) is value or anywhere.may_be_in(body)
    for each in (tree.tree(), tree.tree(of_api=False), tree.tree(("$.x[*].key", "$.steps[0].value"))):
        assert each.rewrite(value) is value or each.may_be_in(body)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("$.x[*].y", {"x": [{"y": "mine"}]}),
        ("$['a b'][0]", {"a b": ["mine"]}),
        ("$[*]", ["mine"]),
        ("$.*.*", {"x": {"y": "mine"}}),
        ("$.content.value", {"content": {"value": "mine"}}),
        ("$.é", {"é": "mine"}),
    ],
)
def test_any_path_of_the_users_own_is_walked(path: str, document: Any, spelling: str) -> None:
    """Be there a name in it that can be looked for or not."""
    response = Response(status=200, headers=dict(JSON), body=SPELLINGS[spelling](document))
    clean = redactor(redact=[path]).response(response)
    assert "mine" not in json.dumps(clean.json())


def test_words_are_found_within_others() -> None:
    """One that has another in it is looked for by that one."""
    words = Words([b"signature", b"thought_signature", b"voice"])
    assert words.is_one_in(b"a thought_signature")
    assert words.is_one_in(b"invoices")
    assert not words.is_one_in(b"signatur")
    assert not words.is_one_in(b"")


PIECES = (
    *("?", "&", ";", "#", "\\u0026", "\\U003F", "u003f", "%", "%25", "%3F", "%26", "key", "KEY", "toKen", "apikey"),
    *("sig", "upload_id", "password", "=", "\\u003d", "\\U003D", "%3D", "%253d", "abc123DEF456ghi789", "x", "https://"),
    *("example.com", "googleapis.com/", "user:pw@", ":", "/", " ", '"', "é", "projects/", "projects%2F", "12345678"),
    *("my-proj", "/locations/", "us-central1", "@a.gserviceaccount.com", "-aiplatform.googleapis.com"),
    *("aiplatform.eu.rep.googleapis.com", "?project=", "project="),
)


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
@CASES
def test_a_body_without_their_signs_has_no_url_and_no_name_of_google_cloud(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert urls.may_be_in(text.encode()) or not list(urls.secrets_in_urls(text))
    assert google.may_be_in(text.encode()) or not list(google.names(text))


def test_a_text_that_was_found_clean_is_searched_again_once_more_is_known() -> None:
    """Each search remembers for itself."""
    text = "tok-Zx81mQp02LrT7aB5"
    first = Matcher()
    assert [first.redact(text) for _ in range(2)] == [text, text]
    assert Matcher([text]).redact(text) == "REDACTED"


def test_a_message_that_was_found_clean_can_be_copied() -> None:
    """As by a test that keeps it, or by another process that gets it."""
    response = Response(status=200, headers=dict(JSON), body=b'{"a": "words"}')
    assert redactor().response(response) is response
    assert copy.deepcopy(response) == pickle.loads(pickle.dumps(response)) == response


def test_a_body_that_was_found_clean_is_looked_at_again_when_it_is_another() -> None:
    """Somebody may have put it into the same message, or have given that another type."""
    redact = redactor("tok-Zx81mQp02LrT7aB5").response
    response = Response(status=200, headers=dict(JSON), body=b'{"a": "words"}')
    assert redact(response) is response
    response.body = b'{"a": "tok-Zx81mQp02LrT7aB5"}'
    assert json.loads(redact(response.unparsed()).body) == {"a": "REDACTED"}
    response = Response(
        status=200,
        headers={"content-type": ["application/json"]},
        body=b'data: {"a": "tok-Zx81"}\n\ndata: {"a": "mQp02LrT7aB5"}\n\n',
    )
    assert redact(response) is response
    response.headers["content-type"][0] = "text/event-stream"
    assert redact(response).body == b'data: {"a":"REDACTED"}\n\ndata: {"a":""}\n\n'
