"""Configuration in this plugin's words: options get their names here, fall away, become redaction, or are named."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.adopting import Suite

MARKED = "import pytest\n\n\n@pytest.mark.vcr\ndef test_it():\n    pass\n"


def _config(body: str) -> str:
    return f"import pytest\n\n\n@pytest.fixture(scope='session')\ndef vcr_config():\n{body}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return {}", "return {}"),
        ("return {'filter_headers': ['a'], 'decode_compressed_response': True}", "return {}"),
        ("return {'record_mode': 'once', 'record_on_exception': False}", "return {\"record_mode\": 'once'}"),
        ("return {'record_mode': vcr.mode.NEW_EPISODES}", 'return {"record_mode": "new_episodes"}'),
        ("return {'record_mode': MODE, 'serializer': 'json'}", 'return {"record_mode": MODE}'),
        ("return {'match_on': ['method', 'scheme', 'host', 'port', 'path', 'query', 'body']}", "return {}"),
        ("return {'match_on': ['uri', 'method', 'raw_body']}", "return {}"),
        ("return {'match_on': MATCH}", 'return {"match_on": ["method", "host", "path"]}'),
        ("return {'match_on': ('method', 'scheme', 'host', 'port')}", 'return {"match_on": ["method", "origin"]}'),
        (
            "return {'ignore_hosts': ['a.example'], 'ignore_localhost': True}",
            'return {"allowed_hosts": ["a.example", "localhost", "127.0.0.1", "0.0.0.0", "::1"]}',
        ),
        ("return {'ignore_localhost': False, 'allow_playback_repeats': False}", "return {}"),
        ("return {'before_record_request': clean}", 'return {"before_record_request": clean}'),
        (
            "return {'before_record': clean, 'before_record_response': [clean]}",
            'return {"before_record_request": clean, "before_record_response": clean}',
        ),
        (
            "def clean(request):\n        return request\n\n    return {'before_record': clean}",
            'def clean(request):\n        return request\n\n    return {"before_record_request": clean}',
        ),
        (
            "return {'before_record': clean, 'filter_headers': [],  \n        'record_mode': MODE}",
            'return {"before_record_request": clean,\n        "record_mode": MODE}',
        ),
        ("return dict(before_record=clean, filter_headers=[])", "return dict(before_record_request=clean)"),
        (
            "return {'filter_query_parameters': ['key', 'stamp']}",
            'return {"redact": [r"re:(?<=[?&]key=)[^&#\\s\\x22\'<>]+", r"re:(?<=[?&]stamp=)[^&#\\s\\x22\'<>]+"]}',
        ),
        (
            "return {'filter_query_parameters': [('api_key', 'X'), 'sig']}",
            'return {"redact": [r"re:(?<=[?&]sig=)[^&#\\s\\x22\'<>]+"]}',
        ),
        (
            "return {\n        'filter_post_data_parameters': ['password', ('a b', None)],\n    }",
            (
                'return {\n        "match_on": ["method", "origin", "path", "query"],\n        '
                '"redact": ["$.password", "$[\'a b\']", r"re:(?:(?<=^a\\ b=)|(?<=&a\\ b=))[^&\\s]+"],\n    }'
            ),
        ),
        (
            "return {'match_on': ['method'], 'filter_post_data_parameters': ['password']}",
            'return {"match_on": ["method"], "redact": ["$.password"]}',
        ),
        ("options = {'filter_headers': []}\n    return options", "options = {}\n    return options"),
        ("return options()", None),
    ],
)
def test_a_configuration_is_translated(suite: Suite, before: str, after: str | None) -> None:
    """Options get their names here, fall away, or become redaction; the fixture is renamed and nothing else changed."""
    head = "MODE = 'all'\nMATCH = ['method', 'host', 'path']\n"
    suite.write("conftest.py", head + _config(f"    {before}\n"))
    suite.write("test_a.py", MARKED)
    if after is None:
        result = suite.adopt("--write")
        assert result.status == 1
        assert any("what vcr_config returns can't be read here" in line for line in result.lines)
        assert suite.text("test_a.py") == MARKED
        return
    suite.write_all()
    assert suite.text("conftest.py") == head + _config(f"    {after}\n").replace("vcr_config", "interactions_config")


def test_a_parameter_that_is_redacted_anyway_needs_no_word(suite: Suite) -> None:
    """What recorded requests go to decides: a key in a URL of Google's is known as one."""
    suite.write("conftest.py", _config("    return {'filter_query_parameters': ['key']}\n"))
    suite.write("test_a.py", MARKED)
    suite.cassette("cassettes/test_a/test_it.yaml", "https://generativelanguage.googleapis.com/v1beta/models")
    suite.write_all()
    assert "return {}" in suite.text("conftest.py")


def test_a_configuration_that_extends_another_goes_on_to(suite: Suite) -> None:
    """The fixture's argument and its uses are renamed with it; so is a name that the decorator gives."""
    suite.write("conftest.py", _config("    return {'record_mode': 'once'}\n"))
    suite.write(
        "tests/conftest.py",
        """
        import pytest


        @pytest.fixture
        def vcr_config(vcr_config):
            return {**vcr_config, "ignore_hosts": ["a.example"]}
        """,
    )
    suite.write(
        "tests/test_a.py",
        MARKED
        + "\n\n@pytest.fixture(name='vcr_config')\ndef _config(vcr_config: dict):\n    return dict(vcr_config)\n",
    )
    suite.write_all()
    assert suite.text("tests/conftest.py").endswith(
        "def interactions_config(interactions_config):\n"
        '    return {**interactions_config, "allowed_hosts": ["a.example"]}\n'
    )
    assert suite.text("tests/test_a.py").endswith(
        '@pytest.fixture(name="interactions_config")\ndef _config(interactions_config: dict):\n'
        "    return dict(interactions_config)\n"
    )


def test_what_a_configuration_says_beyond_our_options_is_named(suite: Suite) -> None:
    """Each is named with its line and what to do, the rest is translated, and the tests move."""
    path = suite.write(
        "conftest.py",
        _config(
            """\
    return {
        "allow_playback_repeats": True,
        "match_on": ["method", "mine"],
        "ignore_hosts": [re.compile("a")],
        "before_record_request": [one, two],
        "filter_headers": ["a"],
        "record_mode": "never",
        "filter_query_parameters": names(),
        "filter_post_data_parameters": 5,
        "serializer": "mine",
        "path_transformer": mine,
        "unheard_of": 1,
        "allowed_hosts": [".*"],
    }
"""
        ),
    )
    suite.write("test_a.py", MARKED)
    result = suite.adopt("--write")
    assert result.status == 1
    named = [
        line.removeprefix(f"{path.name}:")
        for line in result.lines
        if line.startswith(f"{path.name}:") and "not tr" in line
    ]
    assert named == [
        (
            "7: allow_playback_repeats is not translated: each recording is played once here; record the test anew, so "
            "that each request has its own"
        ),
        "8: match_on is not translated: give it as a list of names: method, origin, path, query, body",
        "9: ignore_hosts is not translated: name the hosts, or patterns such as *.example.com, with allowed_hosts",
        "10: before_record_request is not translated: give one function that calls the others",
        "12: record_mode is not translated: give one of none, once, new_episodes, all, rewrite, off, verify",
        (
            "13: filter_query_parameters is not translated: its names can't be read here; name what to take out "
            "with the option redact"
        ),
        (
            "14: filter_post_data_parameters is not translated: its names can't be read here; name what to take out "
            "with the option redact"
        ),
        "15: serializer is not translated: a cassette is YAML here; one in JSON is read",
        "16: path_transformer is not translated: give each cassette its whole path",
        "17: unheard_of is not translated: there is no such option here",
        (
            "18: allowed_hosts is not translated: here it names hosts that are never recorded; sockets to this machine "
            "are open anyway"
        ),
    ]
    assert suite.text("conftest.py") == _config("    return {}\n").replace("vcr_config", "interactions_config")
    assert suite.adopt() == (0, ["There is nothing to do."], "")


def test_a_body_that_is_compared_without_what_was_taken_out_is_named(suite: Suite) -> None:
    """A recorder that compared bodies and took fields out of them has no translation."""
    options = "{'match_on': ['body'], 'filter_post_data_parameters': ['password']}"
    suite.write("conftest.py", _config(f"    return {options}\n"))
    suite.write("test_a.py", MARKED)
    assert any("filter_post_data_parameters is not translated" in line for line in suite.adopt().lines)


def test_tests_that_share_a_mark_stay_together(suite: Suite) -> None:
    """As one test can't move, its module's mark stays, and so do the others' marks; another module moves.

    The configuration is there for both then.
    """
    suite.write("conftest.py", _config("    return {'filter_headers': ['a']}\n"))
    stays = """
        import pytest

        pytestmark = pytest.mark.vcr


        @pytest.mark.vcr(allow_playback_repeats=True)
        def test_odd():
            pass


        @pytest.mark.vcr(record_mode="none")
        def test_it():
            pass
        """
    suite.write("test_a.py", stays)
    suite.write("test_b.py", MARKED)
    suite.cassette("cassettes/test_a/test_it.yaml")
    result = suite.adopt("--write")
    assert result.status == 1
    assert "test_a.py:3: this mark vcr stays with all its tests, as test_odd can't be moved" in result.lines
    assert suite.text("test_a.py") == dedent(stays).lstrip("\n")
    assert "mark.interactions" in suite.text("test_b.py")
    config = _config("    return {'filter_headers': ['a']}")
    ours = _config("    return {}").partition("\n\n\n")[2].replace("vcr_config", "interactions_config")
    assert suite.text("conftest.py") == f"{config}\n\n\n{ours}\n"
    before = suite.files()
    assert suite.adopt("--write").status == 1
    assert suite.files() == before
    suite.write("test_c.py", MARKED)
    assert suite.adopt("--write").status == 1
    assert suite.text("conftest.py") == f"{config}\n\n\n{ours}\n"
