"""Which recording a test plays, and what it leaves in the tree, when its cassette may be in a store."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final

import pytest

from pytest_interactions.store import lock_file, objects
from pytest_interactions.store.store import _LONG_AGO
from tests.support import edit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.faulty import Faulty
    from tests.store.teams import Team

_SAYS: Final = """
def test_hello(interactions):
    print("said:", ask("Hello"))
"""
_PICTURE: Final = """
def test_hello(interactions):
    data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" * 4
    ask([{"type": "text", "text": "Hello"}, {"type": "image", "mime_type": "image/png", "data": data}])
"""
_SMALL: Final = "interactions_media_threshold = 100"


def _said(result: pytest.RunResult) -> str:
    result.assert_outcomes(passed=1)
    return next(line.partition("said: ")[2] for line in result.outlines if "said: " in line)


# --- where the option comes from ---


@pytest.mark.parametrize("kind", ["relative", "home", "file", "memory", "s3"])
def test_a_store_may_be_anywhere(
    kind: str, team: Team, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ini file names a directory, from itself on, or a URL; a replay fetches what is missing alone."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    url = {
        "relative": "../the-store",
        "home": "~/the-store",
        "file": f"file://{tmp_path}/the-store",
        "memory": "memory://the-store",
    }.get(kind) or str(request.getfixturevalue("bucket"))
    team.is_pushed(url)
    before = team.tree()
    assert "cassettes/test_it/test_hello.yaml" not in before
    team.run.replay().assert_outcomes(passed=1)
    assert team.tree() == before
    assert team.objects() == [f"{team.entry().digest}.yaml"]


@pytest.mark.parametrize("kind", ["flag", "marker", "config", "use_cassette"])
def test_a_store_may_be_named_everywhere(kind: str, team: Team, tmp_path: Path) -> None:
    """A flag, a marker and a fixture name one as the ini file does, and so does a block in a script."""
    url = str(tmp_path / "the-store")
    team.is_pushed(url)
    team.run.pytester.makeini("[pytest]")
    sources = {
        "flag": "def test_hello(interactions): ask('Hello')",
        "marker": f"@pytest.mark.interactions(store={url!r})\ndef test_hello(): ask('Hello')",
        "config": f"""
@pytest.fixture
def interactions_config(): return {{"store": {url!r}}}
def test_hello(interactions): ask('Hello')
""",
        "use_cassette": f"""
from pytest_interactions import use_cassette
def test_hello():
    with use_cassette("cassettes/test_it/test_hello.yaml", store={url!r}): ask('Hello')
""",
    }
    team.run.test(sources[kind])
    team.run.replay(*(["--interactions-store", url] if kind == "flag" else [])).assert_outcomes(passed=1)
    assert team.tree().keys() & {"cassettes/test_it/test_hello.yaml"} == set()


# --- each record mode, in each state ---


def _put(path: Path, raw: bytes, *, is_copy: bool) -> None:
    """Put a cassette into the tree, as a recording or as what is checked out."""
    path.parent.mkdir(parents=True)
    path.write_bytes(raw)
    if is_copy:
        os.utime(path, ns=(_LONG_AGO, _LONG_AGO))


@pytest.mark.parametrize("state", ["lock", "tree", "equal", "newer", "old copy"])
def test_what_is_played_and_what_is_left(state: str, team: Team, tmp_path: Path) -> None:
    """A file of the tree that was not pushed comes first, a copy of what was pushed gives way to the lock file."""
    emulator = team.run.emulator
    recordings = []
    team.uses(str(tmp_path / "the-store"))
    team.run.test(_SAYS)
    for text in ("first", "second", "third"):
        emulator.on(input="Hello").reply(text=text, times=1)
        team.run.record("-s", mode="rewrite").assert_outcomes(passed=1)
        recordings.append(team.path.read_bytes())
        if text != "third":
            team.pushes()
    first, second, third = recordings
    emulator.on(input="Hello").reply(text="live")
    lock = team.lock_path.read_bytes()
    in_tree = {"lock": None, "tree": third, "equal": second, "newer": third, "old copy": first}[state]
    played, bytes_played = ("third", third) if in_tree == third else ("second", second)

    def begin() -> None:
        shutil.rmtree(team.cassettes, ignore_errors=True)
        if state == "tree":
            team.lock_path.unlink(missing_ok=True)
        if in_tree is not None:
            _put(team.path, in_tree, is_copy=state == "old copy")

    def left() -> bytes | None:
        assert state == "tree" or team.lock_path.read_bytes() == lock
        return team.path.read_bytes() if team.path.exists() else None

    for mode in ("none", "once", "new_episodes"):
        begin()
        assert _said(team.run.replay("-s", f"--interactions-record-mode={mode}")) == played
        assert left() == (in_tree if mode == "none" else bytes_played)
    for mode in ("rewrite", "all"):
        begin()
        assert _said(team.run.record("-s", mode=mode)) == "live"
        assert b"live" in (left() or b"")
    for mode in ("off", "verify"):
        begin()
        assert _said(team.run.record("-s", "--interactions-fail-on=never", mode=mode)) == "live"
        assert left() == in_tree


def test_an_object_that_is_no_cassette_is_named_by_both_files(team: Team, tmp_path: Path) -> None:
    """The one that the test has, and the one that was read."""
    team.is_pushed(str(tmp_path / "the-store"))
    raw = b"version: 1\ninteractions: {\n"
    name = objects.of_cassette(objects.digest_of(raw))
    (tmp_path / "the-store" / name).write_bytes(raw)
    entry = team.entry()._replace(digest=objects.digest_of(raw), size=len(raw))
    lock_file.change(team.lock_path, [entry])
    result = team.run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"E * cassettes/test_it/test_hello.yaml (*{name}):3: *"])


# --- media ---


def test_media_are_fetched_with_the_cassette_that_refers_to_them(team: Team, bucket: str, door: Faulty) -> None:
    """A replay fetches both, each once, and a recording puts both into the tree."""
    team.is_pushed(bucket, _PICTURE, _SMALL)
    before = team.tree()
    door.asked.clear()
    for _ in range(2):
        team.run.replay().assert_outcomes(passed=1)
    assert sorted(line.split("/")[2] for line in door.asked) == ["cassettes", "media"]
    assert team.tree() == before
    team.run.replay("--interactions-record-mode=once").assert_outcomes(passed=1)
    new = sorted(team.tree().keys() - before.keys())
    assert [name.partition(".")[2].partition("/")[0] for name in new] == ["media", "yaml"]


def test_media_that_are_lost_are_an_error_of_the_cassette(team: Team, bucket: str, door: Faulty) -> None:
    """The error names the cassette, and the object that is missing."""
    team.is_pushed(bucket, _PICTURE, _SMALL)
    door.on("media/", door.missing)
    result = team.run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*StoreError: *test_it/test_hello.yaml: {bucket}: media/*.png is not there.*"])


def test_media_alone_may_be_in_a_store(team: Team, bucket: str) -> None:
    """Then the cassette stays in the tree, and there is no lock file."""
    team.is_pushed(bucket, _PICTURE, _SMALL, "interactions_store_media = true")
    before = team.tree()
    assert "cassettes/test_it/test_hello.yaml" in before
    assert "cassettes.lock" not in before
    assert not any(".media" in name for name in before)
    team.run.replay().assert_outcomes(passed=1)
    assert team.tree() == before
    assert [name[-4:] for name in team.objects()] == [".png"]


def test_what_refers_to_media_that_are_nowhere_is_not_pushed(
    team: Team, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody could play it; the recording stays, and the error says which file is missing."""
    team.uses(bucket, _SMALL)
    team.records(_PICTURE)
    shutil.rmtree(team.path.with_suffix(".media"))
    status, _, err = team.command(capsys, "push")
    assert status == 2
    assert ".png: this media file is missing" in err
    assert team.path.exists()
    assert not team.lock_path.exists()


# --- what else a test has around it ---


def test_a_fetch_goes_past_other_cassettes(team: Team, bucket: str) -> None:
    """What is in force around the test, of a module here, neither sees the requests to the store nor refuses them."""
    source = """
@pytest.fixture(scope="module", autouse=True)
def around(module_interactions):
    ask("Around")
    return module_interactions

def test_hello(around, interactions):
    ask("Hello")
    assert len(around.exchanges) == len(interactions.exchanges) == 1
"""
    team.is_pushed(bucket, source)
    team.run.replay().assert_outcomes(passed=1)
    team.forgets()
    team.run.replay("--interactions-record-mode=new_episodes").assert_outcomes(passed=1)


def test_a_fetch_goes_past_the_refusal_of_the_network_and_the_skipping_of_sleeps(
    team: Team, door: Faulty, bucket: str
) -> None:
    """A cassette that replays cuts off other hosts and skips sleeps, but not for what fetches the next one."""
    source = """
import asyncio, fsspec, time

def test_hello(module_interactions, interactions):
    ask("Hello")
"""
    team.is_pushed(bucket, source.replace("module_interactions, ", ""))
    team.run.test(source)
    outer = team.cassettes / "test_it.yaml"
    outer.write_text("version: 1\ninteractions: []\n")
    door.on("cassettes/", door.busy, times=3)
    team.run.replay("--interactions-fast-forward=true", "-o", "xfail_strict=true").assert_outcomes(passed=1)
    assert len([line for line in door.asked if "GET" in line and "cassettes/" in line]) == 4


def test_time_outs_are_skipped_after_a_fetch(team: Team, bucket: str) -> None:
    """What fetched the cassette keeps a thread and its connections, and nothing of the test waits for them."""
    source = """
import asyncio, time

def test_hello(interactions):
    ask("Hello")
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(asyncio.Event().wait(), 300 if interactions.replays_only else 1))
    assert time.monotonic() - began < 100
"""
    team.run.apart = True  # from the server of the store, which is at work
    team.is_pushed(bucket, source)
    team.run.replay("--interactions-fast-forward=true").assert_outcomes(passed=1)


@pytest.mark.parametrize("kind", ["freezegun", "time_machine", "pyfakefs", "async", "server", "subprocess"])
def test_a_cold_cache_is_filled_whatever_is_around(kind: str, team: Team, bucket: str) -> None:
    """A clock that stands, a fake file system, an event loop and a replay server don't change what is fetched."""
    sources = {
        "freezegun": """
import freezegun
@pytest.fixture
def frozen():
    with freezegun.freeze_time("2020-01-01"): yield
def test_hello(frozen, interactions): ask("Hello")
""",
        "time_machine": """
import time_machine
@pytest.fixture
def frozen():
    with time_machine.travel("2020-01-01", tick=False): yield
def test_hello(frozen, interactions): ask("Hello")
""",
        "pyfakefs": """
def test_hello(fs, interactions):
    ask("Hello")
    assert not __import__("os").path.exists("cassettes")
""",
        "async": """
@pytest.mark.asyncio
async def test_hello(interactions):
    import os
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    key = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
    async with httpx.AsyncClient() as client:
        body = {"model": "gemini-3.5-flash", "input": "Hello"}
        assert (await client.post(f"{url}/v1beta/interactions", json=body, headers=key)).status_code == 200
""",
        "server": """
def test_hello(interactions_server):
    body = {"model": "gemini-3.5-flash", "input": "Hello"}
    headers = {"x-goog-api-key": interactions_server.env["GEMINI_API_KEY"]}
    url = f"{interactions_server.url}/v1beta/interactions"
    assert httpx.post(url, json=body, headers=headers).status_code == 200
""",
        "subprocess": "def test_hello(interactions): ask('Hello')",
    }
    team.run.apart = kind in {"subprocess", "pyfakefs"}
    team.is_pushed(bucket, sources[kind])
    before = team.tree()
    team.run.replay().assert_outcomes(passed=1)
    assert team.tree() == before
    assert team.objects() == [f"{team.entry().digest}.yaml"]


def test_workers_share_a_cold_cache(team: Team, bucket: str, door: Faulty) -> None:
    """Each object is fetched once, though two processes want all of them."""
    shared = "@pytest.mark.interactions('shared', unplayed='ignore')\n"
    source = "".join(f"{shared}def test_{n}(interactions): ask('Hello')\n" for n in range(8))
    team.uses(bucket)
    team.run.test(source)
    team.run.record().assert_outcomes(passed=8)
    team.pushes()
    team.forgets()
    door.asked.clear()
    team.run.apart = True
    team.run.replay("-n", "2").assert_outcomes(passed=8)
    assert [line.split(" ")[0] for line in door.asked] == ["GET"]


# --- the cache, and the tree ---


def test_a_warm_cache_is_enough(team: Team, bucket: str, door: Faulty) -> None:
    """After a pull, nobody asks the store, which may be gone."""
    team.is_pushed(bucket)
    team.run.replay().assert_outcomes(passed=1)
    door.asked.clear()
    team.uses("s3://another-bucket")
    team.run.replay().assert_outcomes(passed=1)
    assert door.asked == []


def test_a_cache_that_can_t_be_written_is_said_so(
    team: Team, bucket: str, cache_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names its directory, and the variable that names another one."""
    team.is_pushed(bucket)
    cache_directory.write_text("no directory")
    result = team.run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*yaml: the cache {cache_directory} can't be written: Not a directory.*"])
    status, _, err = team.command(capsys, "pull")
    assert (status, f"the cache {cache_directory} can't be written" in err) == (2, True)


def test_an_object_of_the_cache_that_was_altered_is_fetched_again(team: Team, bucket: str, door: Faulty) -> None:
    """What is torn or altered there is taken for missing."""
    team.is_pushed(bucket)
    team.run.replay().assert_outcomes(passed=1)
    file = team.cache / "cassettes" / f"{team.entry().digest}.yaml"
    whole = file.read_bytes()
    for damage in (whole[: len(whole) // 2], b"", whole.replace(b"Hello", b"Other")):
        file.write_bytes(damage)
        door.asked.clear()
        team.run.replay().assert_outcomes(passed=1)
        assert len(door.asked) == 1
        assert file.read_bytes() == whole


# --- the lock file ---


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda line: line[:40], "cassettes.lock:4: this is no line of a lock file"),
        (lambda line: line.replace("\t", " "), "cassettes.lock:4: this is no line of a lock file"),
        (lambda line: f"<<<<<<< ours\n{line}\n=======\n{line.replace('Hello', 'Bye')}\n>>>>>>> theirs", "two branches"),
        (lambda line: line.replace("cassettes/", "../../", 1), "cassettes.lock:4: this is no line of a lock file"),
        (lambda line: line.replace("test_hello", "test_other", 1), None),
    ],
    ids=["cut", "spaces", "conflict", "outside", "another"],
)
def test_a_lock_file_that_is_damaged(team: Team, bucket: str, damage: object, says: str | None) -> None:
    """The error names the line and what to do, and nothing is recorded again, whatever can still be read of it."""
    team.is_pushed(bucket)
    assert callable(damage)
    text = team.lock_path.read_text()
    line = team.entry().line()
    team.lock_path.write_text(text.replace(line, damage(line)))
    result = team.run.replay()
    if says is None:
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*CassetteNotFoundError*"])
    else:
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"*StoreError: *{says}*"])
        team.run.record(mode="once").assert_outcomes(errors=1)
        assert not team.path.exists()


def test_a_lock_file_may_have_the_line_ends_of_windows(team: Team, bucket: str) -> None:
    """Git may have put them there."""
    team.is_pushed(bucket)
    team.lock_path.write_bytes(team.lock_path.read_bytes().replace(b"\n", b"\r\n"))
    team.run.replay().assert_outcomes(passed=1)


# --- what is not pushed, and what is said ---


def test_what_waits_for_review_is_not_pushed(team: Team, bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A re-recording of a test that failed stays beside its cassette, which stays the one of the lock file."""
    team.is_pushed(bucket)
    lock = team.lock_path.read_bytes()
    team.run.test("def test_hello(interactions):\n    ask('Hello')\n    assert False\n")
    team.run.record(mode="rewrite").assert_outcomes(failed=1)
    waiting = [name for name in team.tree() if ".failed." in name]
    assert sorted(name[-5:] for name in waiting) == [".json", ".yaml"]
    status, out, _ = team.command(capsys, "push")
    assert (status, "Pushed 0 cassettes" in out) == (0, True)
    assert team.lock_path.read_bytes() == lock
    assert set(waiting) <= team.tree().keys()


def test_a_first_recording_whose_test_failed_is_not_pushed(
    team: Team, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stays in the tree, and can be continued."""
    team.uses(bucket)
    team.run.test("def test_hello(interactions):\n    ask('Hello')\n    assert False\n")
    team.run.record().assert_outcomes(failed=1)
    status, _, err = team.command(capsys, "push")
    assert (status, "not pushed, as its test failed" in err) == (1, True)
    assert team.path.exists()
    assert not team.lock_path.exists()


def test_a_cassette_with_a_secret_stays_here(
    team: Team, bucket: str, door: Faulty, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it is sent, and the secret is not printed."""
    key = "AIza" + "SyD4k9fQ2mX7vN1bR8tY3wZ6pL0sHcJgKuE"
    team.uses(bucket)
    team.records()
    edit(team.path, "Hello", key)
    door.asked.clear()
    status, out, err = team.command(capsys, "push")
    assert status == 1
    assert "not pushed, as there are secrets in it" in err
    assert key not in out + err
    assert door.asked == []
    assert team.path.exists()


def test_a_miss_names_the_cassette_s_own_path(team: Team, bucket: str) -> None:
    """Who reads it looks for the cassette of the test, and for no object of a cache."""
    team.is_pushed(bucket)
    team.run.test("def test_hello(interactions): ask('Something else')")
    result = team.run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*CassetteMissError: cassettes/test_it/test_hello.yaml has no recording*"])
    assert str(team.cache) not in result.stdout.str()


def test_reports_and_snapshots_are_made_from_the_cache(team: Team, bucket: str) -> None:
    """Both tell of a cassette that is not in the tree as of any other."""
    source = "def test_hello(interactions, snapshot_steps): ask('Hello'); assert interactions == snapshot_steps"
    team.uses(bucket)
    team.run.test(source)
    team.run.record("--snapshot-update").assert_outcomes(passed=1)
    team.pushes()
    team.forgets()
    team.run.replay("--interactions-report=told.json").assert_outcomes(passed=1)
    told = (team.root / "told.json").read_text()
    assert "cassettes/test_it/test_hello.yaml" in told
    assert "Hello" in told
    assert str(team.cache) not in told
