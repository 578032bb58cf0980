"""What users see when a store fails: in a replay, in `pull`, `status --check` and `push`, and in a re-recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import fsspec
import pytest

from pytest_interactions.store import remote, store
from tests.store import faulty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.store.faulty import Fault, Faulty
    from tests.store.teams import Team

_SECRET: Final = "wJalrXUtnFEMIK7MDENGbPxRfiCY4xYzQ2kL9pTe"
_ALL, _READ = "GET HEAD PUT", "GET"

_FAULTS: Final = {
    "404": (_ALL, faulty.xml(404, "NoSuchKey", "It is not there."), "is not there. It was deleted, or"),
    "403": (
        _ALL,
        faulty.xml(403, "AccessDenied", f"Not with {_SECRET}."),
        "Who runs this needs a valid login there, with",
    ),
    "plain-403": (_ALL, faulty.status(403), "(Forbidden). Who runs this needs a valid login there, with s3:GetObject"),
    "expired": (_ALL, faulty.xml(400, "ExpiredToken", "The provided token has expired."), "expired"),
    "no-bucket": (
        _ALL,
        faulty.xml(404, "NoSuchBucket", "The bucket does not exist."),
        "is not there. It was deleted, or",
    ),
    "500": (_ALL, faulty.xml(500, "InternalError", "We have trouble."), "Nothing was lost: try again later."),
    "503": (_ALL, faulty.status(503, b"<html>busy</html>"), "Nothing was lost: try again later."),
    "reset": (_ALL, faulty.reset, "Could not connect to the endpoint URL"),
    "elsewhere": (
        _ALL,
        faulty.status(302, location=f"http://127.0.0.1:1/?X-Amz-Signature={_SECRET}"),
        "Could not connect",
    ),
    "silent": (_ALL, faulty.never, "no answer within 0.3 s. Nothing was lost"),
    "cut": (_READ, faulty.cut, "Not enough data to satisfy content length header"),
    "altered": (
        _READ,
        faulty.bytes_(lambda body: body[::-1]),
        "it was cut, or altered; it was asked 3 times. Delete it there, and push it again",
    ),
    "empty": (_READ, faulty.bytes_(lambda _: b""), "(0 came), so that it was cut, or altered"),
    "another": (_READ, faulty.bytes_(lambda _: b"version: 1\ninteractions: []\n"), "it was cut, or altered"),
    "endless": (_READ, faulty.endless, "no answer within 0.3 s. Nothing was lost"),
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_fault_of_s3_is_a_clear_error_and_loses_nothing(  # noqa: PLR0917 - fixtures are arguments
    team: Team,
    bucket: str,
    door: Faulty,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each way to the store says what happened to which cassette where; tree, lock, and cache stay as they were."""
    raw = team.is_pushed(bucket)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", _SECRET)
    if fault in {"silent", "endless"}:
        monkeypatch.setattr(remote, "PATIENCE", 0.3)
    monkeypatch.setattr("pytest_interactions.store.store._STORES", {})
    methods, what, says = _FAULTS[fault]
    door.on("cassettes/", what, methods=methods)
    before = team.tree()
    name = "cassettes/test_it/test_hello.yaml"

    result = team.run.replay()
    result.assert_outcomes(errors=1)
    errors = [line for line in result.outlines if line.startswith("E  ")]
    assert len(errors) <= 3
    shown = result.stdout.str()
    assert f"StoreError: {name}: {bucket}: cassettes/" in shown
    assert says in " ".join(line.removeprefix("E").strip() for line in errors)
    assert _SECRET not in shown

    for command in (["pull"], ["status", "--check"]):
        status, out, err = team.command(capsys, *command)
        if command == ["pull"] or fault not in {"404", "no-bucket", *(k for k in _FAULTS if _FAULTS[k][0] == _READ)}:
            assert status == 2, (out, err)
            assert err.startswith(f"pytest-interactions: {name}: {bucket}: cassettes/")
            assert err.count("\n") == 1
        else:
            assert (status, out.startswith(f"missing: {name}")) == ((0, False) if methods == _READ else (1, True))
        assert _SECRET not in out + err
    assert team.tree() == before
    assert team.objects() == []

    team.run.record(mode="rewrite").assert_outcomes(passed=1)
    new = team.path.read_bytes()
    assert new != raw
    if methods == _ALL:
        status, out, err = team.command(capsys, "push")
        assert status == 2
        assert err.startswith(f"pytest-interactions: {team.path}: {bucket}: cassettes/")
        assert err.count("\n") == 1
        assert _SECRET not in out + err
    assert team.tree() == before | {name: new}

    door.heal()
    monkeypatch.setattr(remote, "PATIENCE", 60)
    monkeypatch.setattr("pytest_interactions.store.store._STORES", {})
    team.pushes()
    team.forgets()
    team.run.replay().assert_outcomes(passed=1)
    assert list(team.tree()) == list(before)


@pytest.fixture
def web(team: Team, tmp_path: Path) -> Iterator[Faulty]:
    """A web server that has what was pushed to its directory."""
    team.is_pushed(str(tmp_path / "store"))
    with faulty.before(tmp_path / "store") as server:
        team.uses(server.url)
        yield server


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (faulty.status(404), "is not there. It was deleted, or"),
        (faulty.status(403), "refuses to read it (403). Who runs this needs a valid login there"),
        (faulty.status(500), "ClientResponseError: 500"),
        (faulty.cut, "ClientPayloadError"),
        (faulty.reset, "the store did not read it"),
        (faulty.bytes_(lambda body: body[::-1]), "it was cut, or altered"),
    ],
    ids=["404", "403", "500", "cut", "reset", "altered"],
)
def test_a_fault_of_a_web_server_is_a_clear_error(
    team: Team, web: Faulty, fault: Fault, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A replay and a pull say the same; the tree and the cache stay as they were, and the next run passes."""
    web.on("cassettes/", fault)
    before = team.tree()
    result = team.run.replay()
    result.assert_outcomes(errors=1)
    shown = " ".join(line.removeprefix("E").strip() for line in result.outlines if line.startswith("E  "))
    assert f"StoreError: cassettes/test_it/test_hello.yaml: {web.url}: cassettes/" in shown
    assert says in shown
    status, _, err = team.command(capsys, "pull")
    assert status == 2
    assert says in err
    assert err.count("\n") == 1
    assert team.tree() == before
    assert team.objects() == []
    web.heal()
    web.on("cassettes/", fault, times=0)
    team.run.replay().assert_outcomes(passed=1)


def test_a_store_that_is_only_read_takes_no_push(team: Team, web: Faulty, capsys: pytest.CaptureFixture[str]) -> None:
    """The recording stays in the tree, and the error says where to push."""
    team.run.record(mode="rewrite").assert_outcomes(passed=1)
    status, _, err = team.command(capsys, "push")
    assert (status, web.url in err, "can't be written. Push to where it is kept" in err) == (2, True, True)
    assert team.path.exists()


def test_who_has_not_logged_in_hears_it(team: Team, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a login to S3, a replay says so."""
    team.is_pushed(bucket)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(Path("/nowhere/at/all")))
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # in which is who logged in before
    result = team.run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*refuses to read it (NoCredentialsError: Unable to locate credentials)."])


def test_several_that_are_lost_are_counted(
    team: Team, bucket: str, door: Faulty, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pull fetches what there is, names one that is not, and says how many more there are."""
    tests = "\n".join(f"def test_{n}(interactions): ask('Number {n}')" for n in range(4))
    team.is_pushed(bucket, tests)
    lost = [team.entry(f"cassettes/test_it/test_{n}.yaml").digest for n in (1, 2, 3)]
    for digest in lost:
        door.on(digest, faulty.xml(404, "NoSuchKey"))
    status, _, err = team.command(capsys, "pull")
    assert status == 2
    assert "is not there" in err
    assert err.rstrip().endswith("(So with 2 more.)")
    assert len(team.objects()) == 1


def test_a_store_that_fails_throughout_is_not_asked_for_all(
    team: Team,
    bucket: str,
    door: Faulty,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once as many have failed as are asked for at once, nobody asks for the rest."""
    monkeypatch.setattr(store, "AT_ONCE", 2)
    names = [f"test_{n}" for n in range(12)]
    team.is_pushed(bucket, "\n".join(f"def {name}(interactions): ask('{name}')" for name in names))
    door.on("cassettes/", faulty.xml(403, "AccessDenied"))
    door.asked.clear()
    status, _, err = team.command(capsys, "pull")
    assert (status, "refuses to read it" in err) == (2, True)
    assert len(door.asked) < len(names)
