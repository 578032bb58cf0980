"""Marks and configuration in this plugin's words, and all else in a file to the letter."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.commands.adopting import KEY, Suite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A project."""
    return Suite(tmp_path)


def _config(body: str) -> str:
    return f"import pytest\n\n\n@pytest.fixture(scope='session')\ndef vcr_config():\n{body}"


MARKED = "import pytest\n\n\n@pytest.mark.vcr\ndef test_it():\n    pass\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@pytest.mark.vcr", "@pytest.mark.interactions"),
        ("@pytest.mark.vcr()", "@pytest.mark.interactions()"),
        ('@mark.vcr("a.yaml")', '@mark.interactions("a")'),
        ("@pytest.mark.vcr('sub/a.yml',)", '@pytest.mark.interactions("sub/a",)'),
        ('@pytest.mark.vcr("../other/a.json")', '@pytest.mark.interactions("a")'),
        ("@pytest.mark.vcr(NAME)", '@pytest.mark.interactions("of-the-module")'),
        ("@pytest.mark.vcr(record_mode='once')", "@pytest.mark.interactions(record_mode='once')"),
        ("@pytest.mark.vcr(filter_headers=['a'], record_mode='all')", "@pytest.mark.interactions(record_mode='all')"),
        ("@pytest.mark.vcr(record_mode='all', filter_headers=['a'])", "@pytest.mark.interactions(record_mode='all')"),
        ("@pytest.mark.vcr('a', filter_headers=['a'])", '@pytest.mark.interactions("a")'),
        ("@pytest.mark.vcr(filter_headers=['a'])", "@pytest.mark.interactions()"),
        ("@pytest.mark.vcr\n@pytest.mark.default_cassette('a')", '@pytest.mark.interactions("a")'),
        ("@pytest.mark.default_cassette('a')\n@pytest.mark.vcr()", '@pytest.mark.interactions("a")'),
        (
            "@pytest.mark.vcr(record_mode='once')\n@pytest.mark.default_cassette('a.yaml')  # its name",
            "@pytest.mark.interactions(\"a\", record_mode='once')",
        ),
        ("@pytest.mark.vcr('a')\n@pytest.mark.default_cassette('a.yaml')", None),
        (
            '@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.vcr)])',
            '@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.interactions)])',
        ),
        (
            '@pytest.mark.parametrize("n", [pytest.param(1, marks=[pytest.mark.vcr()])])',
            '@pytest.mark.parametrize("n", [pytest.param(1, marks=[pytest.mark.interactions()])])',
        ),
    ],
)
def test_a_mark_is_rewritten_where_it_stands(suite: Suite, before: str, after: str | None) -> None:
    """The name stays a name, options are translated or fall away, and two marks on one function become one."""
    text = (
        "import pytest\nfrom pytest import mark\n\nNAME = 'of-the-module.yaml'\n\n\n{}\ndef test_it():  # é\n    'x'\n"
    )
    suite.write("test_a.py", text.format(before))
    if after is None:
        assert suite.adopt("--write").status == 1
        return
    suite.write_all()
    assert suite.text("test_a.py") == text.format(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("pytestmark = pytest.mark.vcr", "pytestmark = pytest.mark.interactions"),
        (
            "pytestmark = [\n    pytest.mark.vcr(),  # all\n    pytest.mark.slow,\n]",
            "pytestmark = [\n    pytest.mark.interactions(),  # all\n    pytest.mark.slow,\n]",
        ),
        ("pytestmark: object = [pytest.mark.vcr]", "pytestmark: object = [pytest.mark.interactions]"),
        (
            (
                "pytestmark = pytest.mark.vcr\n\n\n@pytest.mark.default_cassette('b')\nclass TestB:\n"
                "    def test_c(self): pass"
            ),
            (
                'pytestmark = pytest.mark.interactions\n\n\n@pytest.mark.interactions("b")\nclass TestB:\n'
                "    def test_c(self): pass"
            ),
        ),
        (
            (
                "@pytest.mark.vcr\nclass TestA:\n    pytestmark = [pytest.mark.default_cassette('b')]\n\n"
                "    async def test_b(self): pass"
            ),
            (
                '@pytest.mark.interactions\nclass TestA:\n    pytestmark = [pytest.mark.interactions("b")]\n\n'
                "    async def test_b(self): pass"
            ),
        ),
    ],
)
def test_marks_of_modules_and_classes_are_rewritten(suite: Suite, before: str, after: str) -> None:
    """A mark is one wherever pytest takes it from; line ends and a byte order mark stay."""
    text = "\ufeffimport pytest\n\n{}\n\n\ndef test_it():\n    pass\n"
    suite.write("test_a.py", text.format(before).replace("\n", "\r\n"))
    suite.write_all()
    assert suite.text("test_a.py") == text.format(after).replace("\n", "\r\n")


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
        ("def clean(request):\n        return request\n\n    return {'filter_headers': PAIRS}", None),
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
        "12: record_mode is not translated: give one of none, once, new_episodes, all, rewrite",
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


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (
            "@pytest.mark.vcr(allow_playback_repeats=True)\ndef test_it(): pass",
            "4: this mark stays: allow_playback_repeats",
        ),
        ("@pytest.mark.vcr(**MORE)\ndef test_it(): pass", "4: this mark stays: its arguments can't be read here"),
        (
            "@pytest.mark.vcr(name())\ndef test_it(): pass",
            "4: the name in this mark vcr can't be read here: write it as",
        ),
        ("@pytest.mark.vcr(5)\ndef test_it(): pass", "4: the name in this mark vcr can't be read here: write it as"),
        (
            "@pytest.mark.vcr\n@pytest.mark.default_cassette(*x)\ndef test_it(): pass",
            "5: the name in this mark default_",
        ),
        ("@pytest.mark.vcr('a', 'b')\ndef test_it(): pass", "4: this test plays several cassettes, and here it is one"),
        ("@pytest.mark.vcr('own')\ndef test_own(): pass", "4: this test plays several cassettes, and here it is one"),
        ("@pytest.mark.vcr\ndef test_it(vcr): pass", "5: the fixture vcr is pytest-recording's: ask for the fixture"),
        (
            "@pytest.fixture\ndef fake(vcr): pass\n\n@pytest.mark.vcr\ndef test_it(fake): pass",
            "5: the fixture vcr is pytest-recording's: ask for the fixture interactions",
        ),
        (
            (
                "@pytest.mark.vcr\nclass TestA:\n    @pytest.fixture\n    def vcr_config(self): pass\n"
                "    def test_it(self): pass"
            ),
            "7: vcr_config is a method, which is not read: make it a function of the module",
        ),
        (
            "@pytest.fixture\ndef default_cassette_name(): pass\n@pytest.mark.vcr\ndef test_it(): pass",
            "5: this names the cassettes in its own way: name each with @pytest.mark.interactions(...)",
        ),
        (
            "@pytest.fixture\ndef vcr_cassette_dir(tmp_path): return tmp_path\n@pytest.mark.vcr\ndef test_it(): pass",
            "5: where the cassettes are can't be read here: move them below",
        ),
        (
            "@pytest.fixture\ndef vcr_cassette_dir(): return 5\n@pytest.mark.vcr\ndef test_it(): pass",
            "5: where the cassettes are can't be read here: move them below",
        ),
        (
            "@pytest.fixture\ndef vcr_config():\n    return {**OTHER}\n@pytest.mark.vcr\ndef test_it(): pass",
            "5: what vcr_config returns can't be read here: write a fixture interactions_config that returns",
        ),
        (
            "@pytest.fixture\ndef vcr_config():\n    return dict(OTHER)\n@pytest.mark.vcr\ndef test_it(): pass",
            "5: what vcr_config returns can't be read here: write a fixture interactions_config that returns",
        ),
        (
            (
                "@pytest.fixture\ndef vcr_config():\n    a = {}\n    a['b'] = 1\n    return a\n"
                "@pytest.mark.vcr\ndef test_it(): pass"
            ),
            "5: what vcr_config returns can't be read here: write a fixture interactions_config that returns",
        ),
        (
            "@pytest.mark.parametrize('n', [pytest.param(1, marks=pytest.mark.vcr('a'))])\ndef test_it(n): pass",
            "4: this mark stays: it names the cassette of one parameter set; write a test for each cassette",
        ),
        ("@pytest.mark.vcr('..')\ndef test_it(): pass", "4: the name in this mark vcr can't be read here: write it as"),
    ],
)
def test_what_cannot_be_translated_stays_and_is_named(suite: Suite, test: str, text: str) -> None:
    """The file is as it was, its cassettes are where they were, and the line says what to do."""
    suite.cassette("cassettes/test_a/test_own.yaml")
    suite.cassette("cassettes/test_a/own")
    source = f"import pytest\n\n\n{test}\n"
    suite.write("test_a.py", source)
    before = suite.files()
    result = suite.adopt("--write")
    assert result.status == 1
    assert [line for line in result.lines if line.startswith(f"test_a.py:{text}")], result.lines
    assert suite.files() == before


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


def test_what_stands_around_the_tests_is_named(suite: Suite) -> None:
    """Flags in the ini file, a hook, marks that something else gives, and a mark that ours makes needless."""
    suite.write("pytest.ini", "[pytest]\naddopts = --record-mode=once --interactions-record-mode=none\n")
    suite.write(
        "conftest.py",
        """
        import pytest

        def pytest_recording_configure(config, vcr): pass

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.vcr)
        """,
    )
    suite.write("test_a.py", MARKED.replace("@pytest.mark.vcr", "@pytest.mark.vcr\n@pytest.mark.block_network"))
    assert [line for line in suite.adopt("--write").lines if re.match(r"\S+:\d+: ", line)] == [
        (
            "conftest.py:3: the hook pytest_recording_configure is pytest-recording's and has no like: take it "
            "away with it"
        ),
        "conftest.py:7: which tests get this mark vcr can't be read here: mark them by @pytest.mark.interactions",
        (
            "pytest.ini:2: --record-mode is a flag of pytest-recording's: take it away with it; ours are "
            "--interactions-..."
        ),
        "test_a.py:5: the mark block_network is pytest-recording's: take it away, a replay refuses all other hosts",
    ]


def test_a_directory_that_something_else_asks_for_stays_in_the_code(suite: Suite) -> None:
    """The fixture vcr_cassette_dir goes when nobody asks for it any more; what follows it stays as it was."""
    fixture = "@pytest.fixture\ndef vcr_cassette_dir():\n    return 'tapes'\n"
    suite.write("test_a.py", MARKED + "\n\n" + fixture)
    suite.write("test_b.py", f"import pytest\n\n{fixture}\n\n@pytest.fixture\ndef other(): pass\n\n" + MARKED)
    suite.cassette("tapes/test_it.yaml")
    suite.write_all()
    assert suite.text("test_a.py") == MARKED.replace("vcr", "interactions")
    assert "\n\n@pytest.fixture\ndef other(): pass\n" in suite.text("test_b.py")
    assert "tapes" not in str(suite.files())
    suite.write("test_c.py", f"{MARKED}\n\n{fixture}\n\n@pytest.fixture\ndef uses(vcr_cassette_dir): pass\n")
    result = suite.adopt("--write")
    assert "the fixture vcr_cassette_dir is pytest-recording's: the fixture interactions has the path" in str(
        result.lines
    )
    assert fixture in suite.text("test_c.py")


def test_a_file_that_is_no_python_is_named(suite: Suite) -> None:
    """The others are adopted; hidden directories, environments and links are not looked into."""
    suite.write("test_a.py", "vcr = (")
    (suite.root / "test_b.py").write_bytes(b"vcr = '\xff'")
    (suite.root / "test_d.py").write_bytes(b"vcr = '\0'")
    suite.write("test_c.py", MARKED)
    suite.write(".hidden/test_c.py", MARKED)
    suite.write("env/pyvenv.cfg", "")
    suite.write("env/test_c.py", MARKED)
    suite.write("node_modules/test_c.py", MARKED)
    suite.write("notes.txt", MARKED)
    (suite.root / "link").symlink_to(suite.root / ".hidden")
    (suite.root / "test_e.py").symlink_to("nowhere")
    result = suite.adopt("--write")
    assert result.status == 1
    assert [line for line in result.lines if "not looked at" in line] == [
        "test_a.py:1: this is not Python ('(' was never closed), so it was not looked at",
        "test_b.py:1: this is not UTF-8, so it was not looked at",
        "test_d.py:1: this is not Python (source code string cannot contain null bytes), so it was not looked at",
    ]
    assert [name for name, raw in suite.files().items() if b"mark.interactions" in raw] == ["test_c.py"]


def test_what_is_printed_holds_no_secret(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed line of a file is shown without what is a secret by its looks, or in this environment."""
    monkeypatch.setenv("MY_TOKEN", "an-odd-looking-1")
    suite.write(
        "test_a.py", MARKED.replace("vcr", f"vcr(record_mode='once', filter_headers=['{KEY}', 'an-odd-looking-1'])")
    )
    lines = suite.adopt().lines
    assert "  -@pytest.mark.vcr(record_mode='once', filter_headers=['REDACTED', 'REDACTED'])" in lines
    assert "  +@pytest.mark.interactions(record_mode='once')" in lines


@pytest.mark.parametrize("mode", [0o755, 0o640])
def test_a_file_keeps_its_permissions(suite: Suite, mode: int) -> None:
    """What is written anew is as much for others as it was."""
    path = suite.write("test_a.py", MARKED)
    path.chmod(mode)
    suite.write_all()
    assert path.stat().st_mode & 0o777 == mode
