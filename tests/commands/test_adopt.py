"""A whole suite moves in: recorded by the other tool, it replays here, with no network and no key."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from tests.commands.adopting import KEY, Suite

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

HELPERS = """
    import os
    import httpx

    def get(path, **more):
        url = os.environ["SERVER"] + path
        query = {"key": os.environ.get("SERVICE_KEY", ""), **more}
        return httpx.get(url, params=query, headers={"authorization": "Bearer " + (query["key"] or "none")}).json()
"""

CONFTEST = '''
    """Settings of the suite."""

    import os

    import pytest


    @pytest.fixture(scope="module")
    def vcr_config():
        # No key is to get into a cassette.
        return {
            "filter_headers": ["authorization"],  # nor in a header
            "filter_query_parameters": ["key"],
        }


    @pytest.fixture(scope="module")
    def vcr_cassette_dir(request):
        return os.path.join(os.path.dirname(__file__), "recordings", request.module.__name__)


    @pytest.fixture
    def word():
        return "word"
'''

ADOPTED_CONFTEST = r'''
    """Settings of the suite."""

    import os

    import pytest


    @pytest.fixture(scope="module")
    def interactions_config():
        # No key is to get into a cassette.
        return {
            "redact": [r"re:(?<=[?&]key=)[^&#\s\x22'<>]+"],
        }


    @pytest.fixture
    def word():
        return "word"
'''

MODULE = """
    import pytest

    from helpers import get

    pytestmark = [pytest.mark.vcr]


    def test_one():
        assert get("/one")["path"] == "/one"


    @pytest.mark.default_cassette("shared.yaml")
    def test_named():
        assert get("/named")["path"] == "/named"


    @pytest.mark.parametrize("name", ["a/b", "c-d"], ids=str)
    def test_each(name, word):
        assert get("/each", name=name)["path"] == "/each"


    class TestThings:
        def test_one(self):
            assert get("/things")["path"] == "/things"
            assert get("/things")["path"] == "/things"

        class TestMore:
            def test_deep(self):
                assert get("/deep")["path"] == "/deep"
"""

MARKED = """
    import pytest
    from helpers import get


    @pytest.mark.vcr("first.yaml")
    def test_one():
        assert get("/first")["path"] == "/first"


    # It is what the other one recorded.
    @pytest.mark.vcr("kept.yaml")
    def test_reads_kept():
        assert get("/kept")["path"] == "/kept"


    @pytest.mark.vcr
    @pytest.mark.default_cassette("kept")
    def test_kept():
        assert get("/kept")["path"] == "/kept"


    @pytest.mark.parametrize("place", [pytest.param("there", id="over/there")])
    @pytest.mark.parametrize("number", (1, 2.5))
    @pytest.mark.vcr(record_mode="none")
    def test_pairs(place, number):
        assert get(f"/{place}/{number}")["path"] == f"/{place}/{number}"
"""


ADOPTED_MARKS = {
    '    @pytest.mark.vcr\n    @pytest.mark.default_cassette("kept")': '    @pytest.mark.interactions("kept")',
    'default_cassette("shared.yaml")': 'interactions("shared")',
    'vcr("first.yaml")': 'interactions("first")',
    'vcr("kept.yaml")': 'interactions("kept")',
    "mark.vcr": "mark.interactions",
}


def test_a_whole_suite_replays_after_it_moved_in(server: ThreadingHTTPServer, suite: Suite) -> None:
    """Named cassettes, a directory of their own, classes, parameters, marks of all kinds: 11 of 11."""
    suite.write("pytest.ini", "[pytest]\npythonpath = tests\n")
    suite.write("tests/helpers.py", HELPERS)
    suite.write("tests/conftest.py", CONFTEST)
    suite.write("tests/test_module.py", MODULE)
    suite.write("tests/test_marked.py", MARKED.replace('record_mode="none"', ""))
    url = f"http://127.0.0.1:{server.server_port}"
    recorded = suite.pytest("--record-mode=once", "-k", "not reads_kept", SERVER=url, SERVICE_KEY=KEY)
    assert "10 passed" in recorded, recorded
    suite.write("tests/test_marked.py", MARKED)
    server.shutdown()
    server.server_close()
    assert "11 passed" in suite.pytest("--record-mode=none", "--block-network", SERVER=url)
    assert KEY not in str(suite.files())
    suite.write_all()
    assert "11 passed" in suite.pytest(SERVER=url)
    replayed = suite.pytest("-p", "no:recording", "--strict-markers", SERVER=url)
    assert "11 passed" in replayed, replayed
    for name, text in {"tests/test_module.py": MODULE, "tests/test_marked.py": MARKED}.items():
        adopted = text
        for old, new in ADOPTED_MARKS.items():
            adopted = adopted.replace(old, new)
        assert suite.text(name) == dedent(adopted).lstrip("\n")
    assert "recordings" not in str(list(suite.files()))
    assert suite.text("tests/conftest.py") == dedent(ADOPTED_CONFTEST).lstrip("\n")
