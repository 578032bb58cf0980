"""Calls of vcr.use_cassette become calls of this package's, where their arguments can be translated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

    from tests.commands.adopting import Suite


PLAIN = """
    import httpx
    import vcr

    my_vcr = vcr.VCR(
        cassette_library_dir="tapes",
        record_mode="once",
        filter_query_parameters=["key", "stamp"],
        path_transformer=vcr.VCR.ensure_suffix(".yaml"),
    )
    URL = "http://127.0.0.1:{port}"


    @my_vcr.use_cassette("decorated")
    def test_decorated():
        assert httpx.get(URL + "/a?key=1&stamp={stamp}").json()["path"] == "/a"


    @my_vcr.use_cassette()
    def test_function():
        assert httpx.get(URL + "/b?key=1&stamp={stamp}").json()["path"] == "/b"


    def test_block():
        with vcr.use_cassette("tapes/block.yaml", filter_headers=["accept"]) as tape:
            assert httpx.get(URL + "/c").json()["path"] == "/c"
        assert tape
"""


def test_a_suite_of_plain_vcrpy_replays_after_it_moved_in(server: ThreadingHTTPServer, suite: Suite) -> None:
    """Recorded by vcrpy, replayed by this package, with other values of the parameters that were taken out."""
    suite.write("test_a.py", PLAIN.format(port=server.server_port, stamp=1))
    recorded = suite.pytest("-p", "no:recording")
    assert "3 passed" in recorded, recorded
    server.shutdown()
    server.server_close()
    assert suite.cassettes() == ["tapes/block.yaml", "tapes/decorated.yaml", "tapes/test_function.yaml"]
    suite.write_all()
    assert suite.cassettes() == ["tapes/block.yaml", "tapes/decorated.yaml", "tapes/test_function.yaml"]
    assert "user-agent" not in str(suite.files()).lower()
    text = suite.text("test_a.py")
    assert "vcr" not in text
    assert text.startswith("import httpx\nimport pytest_interactions\n\nURL = ")
    suite.write("test_a.py", text.replace("stamp=1", "stamp=2").replace('"once"', '"none"'))
    replayed = suite.pytest("-p", "no:recording")
    assert "3 passed" in replayed, replayed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "import vcr\n\nwith vcr.use_cassette('a.yaml'):\n    pass\n",
            (
                "import pytest_interactions\n\n"
                "with pytest_interactions.use_cassette('a.yaml', record_mode=\"once\"):\n    pass\n"
            ),
        ),
        (
            "import vcr as v\n\nwith v.use_cassette(path='a.yaml', record_mode='all', match_on=['uri']): pass\n",
            (
                "import pytest_interactions\n\nwith pytest_interactions.use_cassette(path='a.yaml', record_mode='all', "
                'match_on=["origin", "path", "query"]): pass\n'
            ),
        ),
        (
            "from vcr import use_cassette\n\n@use_cassette(name(), serializer='yaml')\ndef f(): pass\n",
            (
                "import pytest_interactions\n\n"
                '@pytest_interactions.use_cassette(name(), record_mode="once")\ndef f(): pass\n'
            ),
        ),
        (
            "def f():\n    import vcr, os\n    with vcr.use_cassette('a') as c:\n        assert c.all_played\n",
            (
                "def f():\n    import vcr, os\n    import pytest_interactions\n"
                "    with pytest_interactions.use_cassette('a', record_mode=\"once\") as c:\n"
                "        assert c.all_played\n"
            ),
        ),
        (
            "import vcr\nimport pytest_interactions\nwith vcr.use_cassette('a'): pass\nvcr.mode\n",
            (
                "import vcr\nimport pytest_interactions\n"
                "with pytest_interactions.use_cassette('a', record_mode=\"once\"): pass\nvcr.mode\n"
            ),
        ),
        (
            "import vcr\nimport pytest_interactions\nwith vcr.use_cassette('a'): pass\n",
            "import pytest_interactions\nwith pytest_interactions.use_cassette('a', record_mode=\"once\"): pass\n",
        ),
        (
            (
                "from pathlib import Path\nfrom vcr import VCR\n\nHERE = Path('tapes')\n"
                "mine = VCR(cassette_library_dir=HERE / 'x')\n\nwith mine.use_cassette('a.yaml'): pass\n"
            ),
            (
                "from pathlib import Path\nimport pytest_interactions\n\nHERE = Path('tapes')\n\n"
                'with pytest_interactions.use_cassette(HERE / \'x\' / "a.yaml", record_mode="once"): pass\n'
            ),
        ),
        (
            (
                "import os, vcr\nmine = vcr.VCR(cassette_library_dir=os.path.join('a', 'b'), record_mode='none')\n"
                "with mine.use_cassette('c.yaml'): pass\nwith mine.use_cassette('a/b/d', record_mode='all'): pass\n"
            ),
            (
                "import os, vcr\nimport pytest_interactions\n"
                "with pytest_interactions.use_cassette(os.path.join('a', 'b') + \"/c.yaml\", "
                "record_mode='none'): pass\n"
                "with pytest_interactions.use_cassette(\"a/b/d\", record_mode='all'): pass\n"
            ),
        ),
        (
            (
                "import vcr\nmine = vcr.VCR(path_transformer=vcr.VCR.ensure_suffix('.yaml'))\n"
                "with mine.use_cassette('c'): pass\nmine.mode\n"
            ),
            (
                "import vcr\nimport pytest_interactions\n"
                "mine = vcr.VCR(path_transformer=vcr.VCR.ensure_suffix('.yaml'))\n"
                'with pytest_interactions.use_cassette("c.yaml", record_mode="once"): pass\nmine.mode\n'
            ),
        ),
        (
            "import vcr\nmine = vcr.VCR(cassette_library_dir='t')\nwith mine.use_cassette(path='c'): pass\n",
            'import pytest_interactions\nwith pytest_interactions.use_cassette(path="t/c", record_mode="once"): pass\n',
        ),
    ],
)
def test_a_call_is_rewritten_where_it_stands(suite: Suite, before: str, after: str) -> None:
    """The options of its recorder are its own then, vcrpy's default mode is spelt out, and the import follows."""
    suite.write("helpers.py", before)
    suite.adopt("--write")
    assert suite.text("helpers.py") == after


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("@vcr.use_cassette\ndef f(): pass", "4: this use_cassette stays: it names the cassette after the function"),
        ("@vcr.use_cassette()\ndef f(): pass", "4: this use_cassette stays: it names the cassette after the function"),
        ("vcr.use_cassette('a', 'b')", "4: this use_cassette stays: its arguments can't be read here"),
        ("vcr.use_cassette('a', **more)", "4: this use_cassette stays: its arguments can't be read here"),
        ("m = vcr.VCR(**more)\nm.use_cassette('a')", "5: this use_cassette stays: its arguments can't be read here"),
        ("m = vcr.VCR(path_transformer=f)\nm.use_cassette('a')", "5: this use_cassette stays: path_transformer has no"),
        ("m = vcr.VCR(cassette_library_dir=f())\nm.use_cassette('a')", "5: this use_cassette stays: its path can't be"),
        ("m = vcr.VCR(cassette_library_dir='a')\nm.use_cassette(f())", "5: this use_cassette stays: its path can't be"),
        ("m = vcr.VCR(cassette_library_dir='a')\nm.use_cassette()", "5: this use_cassette stays: its path can't be"),
        ("m = vcr.VCR(cassette_library_dir=5)\nm.use_cassette('a')", "5: this use_cassette stays: its path can't be"),
        (
            "vcr.use_cassette('a', inject_cassette=True)",
            "4: this use_cassette stays: inject_cassette is not translated",
        ),
        ("with vcr.use_cassette('a') as c: c.play_count", "4: this use_cassette stays: this is no cassette of vcrpy's"),
        (
            "def f():\n    with vcr.use_cassette('a') as c: pass\n    assert c.requests",
            "5: this use_cassette stays: this is no cassette of vcrpy's, so it has no 'requests'; use exchanges",
        ),
        ("elsewhere_vcr.use_cassette('a')", "4: which cassettes elsewhere_vcr opens can't be told here: use"),
        ("from vcr.unittest import VCRTestCase", "4: vcr.unittest has no like: open each test's cassette by"),
        ("vcr.use_cassette('bad.yaml')", "4: this use_cassette stays: "),
    ],
)
def test_a_call_that_cannot_be_translated_stays_and_is_named(suite: Suite, source: str, text: str) -> None:
    """The file is as it was, and the line says what to do."""
    suite.write("bad.yaml", "no cassette")
    suite.write(
        "helpers.py",
        f"\n\n# what follows\nimport vcr\n\n{source}\n".replace("\n\n# what", "# what").replace("\n\n", "\n\n"),
    )
    before = suite.files()
    result = suite.adopt("--write")
    assert result.status == 1
    line = f"helpers.py:{text}"
    assert [each for each in result.lines if each.startswith(line)], result.lines
    assert suite.files() == before


def test_a_call_whose_cassette_cannot_be_told_is_named_too(suite: Suite) -> None:
    """It is rewritten, and what is left is a look at the cassette."""
    suite.write("helpers.py", "import vcr\n\nvcr.use_cassette(name)\n")
    result = suite.adopt("--write")
    assert result.status == 1
    assert (
        "helpers.py:3: which cassette this is can't be read here: run pytest-interactions redact on it" in result.lines
    )
    assert suite.adopt() == (0, ["There is nothing to do."], "")


def test_a_name_of_a_function_s_own_is_not_the_module_s(suite: Suite) -> None:
    """What a parameter or a variable of a function says can't be told, whatever else has its name."""
    suite.write(
        "helpers.py",
        """
        import vcr

        name = "a.yaml"
        hosts = ["a.example"]


        def with_parameter(name):
            with vcr.use_cassette(name):
                pass


        def with_recorder(vcr):
            vcr.use_cassette(name)


        def with_variable():
            for hosts in ["b"]:
                vcr.use_cassette("c.yaml", ignore_hosts=hosts)


        vcr.use_cassette(name)
        """,
    )
    lines = [line for line in suite.adopt("--write").lines if line.startswith("helpers.py:")][1:]
    assert [line.split()[:3] for line in lines] == [
        ["helpers.py:8:", "which", "cassette"],
        ["helpers.py:13:", "which", "cassettes"],
        ["helpers.py:18:", "this", "use_cassette"],
    ]


def test_a_recorder_that_another_file_uses_stays(suite: Suite) -> None:
    """What is imported elsewhere is not deleted, and the use there is named."""
    suite.write("helpers.py", "import vcr\n\nrecorder = vcr.VCR(record_mode='none')\n\nrecorder.use_cassette('a')\n")
    suite.write("other.py", "from helpers import recorder\n\nrecorder.use_cassette('b')\n")
    suite.adopt("--write")
    assert suite.text("helpers.py") == (
        "import vcr\nimport pytest_interactions\n\nrecorder = vcr.VCR(record_mode='none')\n\n"
        "pytest_interactions.use_cassette('a', record_mode='none')\n"
    )
