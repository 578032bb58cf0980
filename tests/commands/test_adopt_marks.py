"""Marks and configuration in this plugin's words, and all else in a file to the letter."""

from __future__ import annotations

import re

import pytest

from tests.commands.adopting import KEY, Suite

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
        (
            (
                "@pytest.mark.default_cassette('a')\nclass TestA:\n    @pytest.mark.vcr\n    def test_a(self): pass\n"
                "    def test_b(self): pass"
            ),
            "4: this mark default_cassette stays: it has tests without a mark vcr too; give it to the others alone",
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
    monkeypatch.setenv("MY_TOKEN", "an-0ddl00k1ng0n3")
    suite.write(
        "test_a.py", MARKED.replace("vcr", f"vcr(record_mode='once', filter_headers=['{KEY}', 'an-0ddl00k1ng0n3'])")
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
