"""The way to a store by fsspec: a directory, memory, S3, and HTTP, which is only read."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from pytest_interactions import MissingExtraError, OptionError, StoreError
from pytest_interactions.store import objects, refusals, remote
from pytest_interactions.store.remote import Remote
from tests.store import faulty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.store.faulty import Faulty

DATA = b"version: 1\n" * 1000
NAME = objects.of_cassette(objects.digest_of(DATA))


def raising(error: Exception) -> Callable[..., Any]:
    """Return a function that raises an error."""

    def raises(*_: object, **__: object) -> None:
        raise error

    return raises


@pytest.fixture(params=["directory", "file", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that can be written, of each kind."""
    if request.param == "s3":
        return str(request.getfixturevalue("bucket")) + "/some/place"
    return {"directory": f"{tmp_path}/a b/ü", "file": f"file://{tmp_path}/store", "memory": "memory://store"}[
        request.param
    ]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Faulty]:
    """A directory behind a web server that fails when it is told to."""
    directory = tmp_path / "web"
    directory.mkdir()
    with faulty.before(directory) as server:
        yield server


def test_what_is_put_is_got(url: str) -> None:
    """An object comes out as it went in, can be measured, listed with its time, and deleted, also twice."""
    store = Remote(url)
    assert store.size(NAME) is None
    assert list(store.objects()) == []
    store.put(NAME, DATA)
    store.put(NAME, DATA)
    assert store.get(NAME) == DATA
    assert store.size(NAME) == len(DATA)
    (found,) = store.objects()
    assert found[:2] == (NAME, len(DATA))
    assert found.at is not None
    assert abs(found.at - datetime.now(UTC)) < timedelta(minutes=5)
    store.delete(NAME)
    store.delete(NAME)
    assert store.size(NAME) is None


def test_what_is_not_there_is_said_so(url: str) -> None:
    """The error names the store and the object, and says what to do."""
    with pytest.raises(
        StoreError, match=r"is not there. It was deleted, or whoever recorded it has not pushed it"
    ) as raised:
        Remote(url).get(NAME)
    assert NAME in str(raised.value)
    assert url in str(raised.value)


def test_foreign_files_are_no_objects(tmp_path: Path) -> None:
    """Who lists a store sees its objects alone, and not what else somebody has put there, or was about to."""
    store = Remote(f"file://{tmp_path}/s")
    store.put(NAME, DATA)
    for name in ("README.md", "cassettes/notes.txt", "cassettes/x.yaml", f"{NAME}.0.tmp", "media/a/b.png"):
        (tmp_path / "s" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "s" / name).write_bytes(b"")
    assert [each.name for each in store.objects()] == [NAME]


def test_a_half_written_file_never_has_the_name_of_an_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who fails between writing and renaming leaves nothing."""
    local = fsspec.get_filesystem_class("file")
    monkeypatch.setattr(local, "mv", raising(OSError("No space left on device")))
    with pytest.raises(
        StoreError, match=r"did not write it: No space left on device; it was asked 3 times\. Nothing was"
    ):
        Remote(str(tmp_path / "s")).put(NAME, DATA)
    assert [file for file in (tmp_path / "s").rglob("*") if file.is_file()] == []


# --- S3 ---


def test_an_object_of_s3_costs_one_request(bucket: str, door: Faulty) -> None:
    """No more is asked for than the object, or that it be taken."""
    store = Remote(bucket)
    store.put(NAME, DATA)
    store.get(NAME)
    store.size(NAME)
    assert [line.partition(" ")[0] for line in door.asked] == ["PUT", "GET", "HEAD"]


def test_a_bucket_that_is_not_there(door: Faulty) -> None:
    """The error of a push says that it is the bucket."""
    assert door.url
    with pytest.raises(StoreError, match=r"^s3://nowhere: .* can't be written: The specified bucket does not exist"):
        Remote("s3://nowhere").put(NAME, DATA)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (faulty.xml(403, "AccessDenied", "Access Denied"), "refuses to read it (Access Denied)"),
        (faulty.status(403), "refuses to read it (Forbidden)"),
        (faulty.xml(400, "ExpiredToken", "The provided token has expired."), "(The provided token has expired)"),
        (faulty.xml(403, "InvalidAccessKeyId", "The key does not exist."), "(The key does not exist)"),
        (faulty.xml(403, "SignatureDoesNotMatch", "It does not match."), "(It does not match)"),
    ],
)
def test_who_may_not_read_hears_of_the_login_and_the_permission(
    bucket: str, door: Faulty, fault: faulty.Fault, says: str
) -> None:
    """The reason that S3 gives is told, with what is needed; it is asked once."""
    door.on("cassettes/", fault)
    with pytest.raises(StoreError) as raised:
        Remote(bucket).get(NAME)
    assert says in str(raised.value)
    assert "needs a valid login there, with s3:GetObject (and s3:ListBucket," in str(raised.value)
    assert len(door.asked) == 1


def test_each_deed_has_its_permission(bucket: str, door: Faulty) -> None:
    """Who may not write, list or delete hears which permission that takes; S3 answers to HEAD without a word."""
    store = Remote(bucket)
    door.on("", faulty.xml(403, "AccessDenied", "Access Denied"))
    for call, permission in (
        (lambda: store.put(NAME, DATA), "s3:PutObject"),
        (lambda: list(store.objects()), "s3:ListBucket"),
        (lambda: store.delete(NAME), "s3:DeleteObject"),
        (lambda: store.size(NAME), "s3:GetObject"),
    ):
        with pytest.raises(StoreError, match=permission):
            call()
    door.heal()
    door.on("", faulty.xml(400, "ExpiredToken"))
    with pytest.raises(StoreError, match=r"Bad Request, as S3 calls an expired login"):
        store.size(NAME)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (faulty.xml(500, "InternalError", "We have trouble."), "did not read it: We have trouble. Nothing was lost"),
        (faulty.xml(503, "SlowDown", "Reduce your rate."), "did not read it: Reduce your rate. Nothing was lost"),
        (faulty.cut, "Not enough data to satisfy content length header (received 5500 of 11000 bytes)"),
        (faulty.reset, "Could not connect to the endpoint URL"),
        (
            faulty.bytes_(lambda body: b"?" + body[1:]),
            "not those of its name (11,000 came), so that it was cut, or",
        ),
        (faulty.bytes_(lambda _: b""), "not those of its name (0 came), so that it was cut, or altered"),
        (faulty.bytes_(lambda body: body * 2), "(22,000 came)"),
        (faulty.status(302, location="http://127.0.0.1:1/x?X-Amz-Signature=dead"), "Could not connect to the endpoint"),
        (
            faulty.xml(301, "PermanentRedirect", "It is elsewhere."),
            "did not read it: It is elsewhere. Nothing was lost",
        ),
        (faulty.status(200, b"<html>Please log in.</html>"), "(27 came)"),
    ],
    ids=["500", "503", "cut", "reset", "altered", "empty", "twice", "redirected", "moved", "portal"],
)
def test_what_s3_does_on_bad_days(bucket: str, door: Faulty, fault: faulty.Fault, says: str) -> None:
    """The error is one line, says what happened, and has no query of a URL; once it is over, the object comes."""
    store = Remote(bucket)
    store.put(NAME, DATA)
    door.on("cassettes/", fault, methods="GET")
    with pytest.raises(StoreError) as raised:
        store.get(NAME)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "dead" not in str(raised.value)
    door.heal()
    assert store.get(NAME) == DATA


@pytest.mark.parametrize(
    "fault",
    [faulty.xml(500, "InternalError"), faulty.bytes_(lambda body: body[:-1])],
    ids=["500", "altered"],
)
def test_what_passes_is_no_error(bucket: str, door: Faulty, fault: faulty.Fault) -> None:
    """Two bad answers are followed by a good one."""
    store = Remote(bucket)
    store.put(NAME, DATA)
    door.on("cassettes/", fault, times=2, methods="GET")
    assert store.get(NAME) == DATA


def test_tries_are_not_multiplied(bucket: str, door: Faulty) -> None:
    """S3's library asks five times by itself, and nobody on top of it."""
    door.on("cassettes/", faulty.xml(500, "InternalError"))
    with pytest.raises(StoreError):
        Remote(bucket).get(NAME)
    assert len(door.asked) == 5


@pytest.mark.parametrize("fault", [faulty.never, faulty.endless], ids=["silent", "endless"])
def test_a_store_that_takes_too_long_is_left(
    bucket: str, door: Faulty, monkeypatch: pytest.MonkeyPatch, fault: faulty.Fault
) -> None:
    """An answer is waited for only so long, and the next time less, until the store answers again."""
    Remote(bucket).put(NAME, DATA)
    monkeypatch.setattr(remote, "PATIENCE", 0.3)
    monkeypatch.setattr(remote, "IMPATIENCE", 0.2)
    store = Remote(bucket)
    door.on("cassettes/", fault, methods="GET")
    for seconds in ("0.3", "0.2", "0.2"):
        with pytest.raises(StoreError, match=f"did not read it: no answer within {seconds} s. Nothing was lost"):
            store.get(NAME)
    door.heal()
    monkeypatch.setattr(remote, "PATIENCE", 20)
    assert Remote(bucket).get(NAME) == DATA


def test_a_directory_that_takes_too_long_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk of the network that hangs can't be told to end, so that it is left."""
    ended = Event()
    monkeypatch.setattr(fsspec.get_filesystem_class("file"), "cat_file", lambda *_, **__: ended.wait())
    monkeypatch.setattr(remote, "PATIENCE", 0.1)
    with pytest.raises(StoreError, match=r"did not read it: no answer within 0\.1 s\. Nothing was lost"):
        Remote(str(tmp_path)).get(NAME)
    ended.set()


def test_nobody_has_logged_in(bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without any login, the error says so, and that the configuration of fsspec is where to look."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(StoreError, match=r"refuses to read it \(NoCredentialsError: Unable to locate cred"):
        Remote(bucket).get(NAME)


def test_a_host_that_nobody_knows(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which host could not be reached."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://nowhere.invalid")
    with pytest.raises(StoreError, match=r"Could not connect to the endpoint URL: .http://[^ ]*nowhere.invalid"):
        Remote(bucket).get(NAME)


# --- HTTP ---


@pytest.fixture
def served(web: Faulty, tmp_path: Path) -> Faulty:
    """A web server that has the object."""
    Remote(str(tmp_path / "web")).put(NAME, DATA)
    return web


def test_a_web_server_is_read(served: Faulty) -> None:
    """An object is got and measured over HTTP, and can't be put there."""
    store = Remote(served.url)
    assert store.get(NAME) == DATA
    assert store.size(NAME) == len(DATA)
    assert store.size(NAME.replace("a", "b")) is None
    with pytest.raises(StoreError, match=r"a store is read over HTTP, and can't be written. Push to where it is kept"):
        store.put(NAME, DATA)


def test_a_web_server_that_tells_no_size(served: Faulty) -> None:
    """What has no length is measured by what comes."""
    served.on("cassettes/", faulty.without_length)
    assert Remote(served.url).size(NAME) == len(DATA)


@pytest.mark.parametrize(
    ("fault", "says", "asked"),
    [
        (
            faulty.status(403),
            r"refuses to read it \(403\)\. Who runs this needs a valid login there, with permission to",
            1,
        ),
        (faulty.status(401), r"refuses to read it \(401\)\.", 1),
        (
            faulty.status(500),
            "did not read it: ClientResponseError: 500, .*; it was asked 3 times. Nothing was lost",
            3,
        ),
        (faulty.cut, "did not read it: ClientPayloadError: .*; it was asked 3 times. Nothing was lost", 3),
        (faulty.reset, "did not read it: .*; it was asked 3 times. Nothing was lost", 3),
        (faulty.bytes_(lambda body: body[1:]), r"not those of its name \(10,999 came\)", 3),
        (faulty.status(302, location="http://127.0.0.1:1/?token=dead"), "did not read it: ClientConnectorError", 3),
    ],
    ids=["403", "401", "500", "cut", "reset", "altered", "redirected"],
)
def test_what_a_web_server_does_on_bad_days(served: Faulty, fault: faulty.Fault, says: str, asked: int) -> None:
    """Each has its error; what may pass is asked for three times, and then the object comes."""
    store = Remote(served.url)
    served.on("cassettes/", fault)
    with pytest.raises(StoreError, match=says) as raised:
        store.get(NAME)
    assert "dead" not in str(raised.value)
    assert len([line for line in served.asked if line.startswith("GET /cassettes")]) >= asked
    served.heal()
    served.on("cassettes/", fault, times=1)
    if asked > 1:
        assert store.get(NAME) == DATA


def test_a_web_server_that_fails_has_not_lost_the_object(served: Faulty) -> None:
    """What fails or refuses is no missing object, though fsspec says so of all."""
    store = Remote(served.url)
    for fault, says in ((faulty.status(500), "did not read it: ClientResponseError: 500"), (faulty.status(403), "403")):
        served.heal()
        served.on("cassettes/", fault)
        with pytest.raises(StoreError, match=says):
            store.size(NAME)


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    """The error says that it is the certificate."""
    with faulty.with_tls(tmp_path) as server:
        with pytest.raises(StoreError, match=r"ClientConnectorCertificateError: .*certificate verify failed"):
            Remote(server.url).get(NAME)


def test_a_port_at_which_nobody_listens() -> None:
    """The error names the host, and neither the login in the URL nor its query."""
    store = Remote("http://someone:sesame@127.0.0.1:1/place?token=dead")
    with pytest.raises(StoreError, match=r"^http://127.0.0.1:1/place: .*Cannot connect to host 127.0.0.1:1") as raised:
        store.get(NAME)
    for secret in ("someone", "sesame", "dead"):
        assert secret not in str(raised.value)


# --- the URL, and what it takes ---


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("sftp://me:sesame@host:22/x", "sftp://host:22/x"),
        ("sftp://me:ses@me@host:22/x", "sftp://host:22/x"),
        ("sftp://me:se/sa@me@host/x", "sftp://..."),
        ("http://me:12/sesame@host/x", "http://..."),
        ("sftp://me:ses ame@host", "sftp://..."),
        ("sftp://me:ses#ame@host", "sftp://..."),
        ("sftp://me:ses::ame@host", "sftp://host"),
        ("https://host/x?sesame=a@b", "https://..."),
        ("https://host/x;sig=sesame", "https://host/x"),
        ("https://host/x#sesame", "https://host/x"),
        ("abfs://box@account/x?sas_token=ses'ame", "abfs://account/x"),
        ("sftp://me@host/x", "sftp://host/x"),
        ("simplecache::https://me:sesame@host/x?sig=dead", "simplecache::https://host/x"),
        ("/a/directory", "/a/directory"),
        ("https://host:8080/a", "https://host:8080/a"),
        ("zip://a.zip::s3://bucket?sesame", "zip://a.zip::s3://bucket"),
    ],
)
def test_a_login_is_not_shown(url: str, shown: str) -> None:
    """Nor is a query, wherever the URL stands, and whatever is in the password."""
    assert Remote(url).shown == shown


def test_what_an_error_of_a_library_says_of_a_url_is_cut_too() -> None:
    error = ValueError(
        "Cannot reach https://me:sesame@host/x?q='sesame' nor https://host/y;sig=sesame or https://h/z#sesame"
    )
    assert refusals.told(error) == "Cannot reach https://host/x nor https://host/y or https://h/z"


def test_a_protocol_that_nobody_knows() -> None:
    """It is an error of the option, which names it, and one that may be meant."""
    with pytest.raises(
        OptionError, match=r"^store: s4://bucket: Protocol not known: s4; there are s3, gs, abfs, .*\.$"
    ):
        Remote("s4://me:sesame@bucket").get(NAME)
    with pytest.raises(OptionError, match=r"^store: ssftp://bucket: Protocol not known: ssftp; did you mean 'sftp'\?$"):
        Remote("ssftp://bucket").get(NAME)
    with pytest.raises(OptionError, match=r"^store: ftp://host:12x/y: Port could not be cast .*'12x'\.$"):
        Remote("ftp://host:12x/y").get(NAME)


def test_a_protocol_whose_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    with pytest.raises(MissingExtraError, match=r"^gs://bucket: .*[Ii]nstall gcsfs"):
        Remote("gs://bucket").get(NAME)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-interactions\[remote\]'"):
        Remote("s3://bucket").get(NAME)


def test_a_secret_of_this_machine_is_in_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an error says may have anything in it."""
    key = "wJalrXUtnFEMIK7MDENGbPxRfiCY4xYzQ2kL9pTe"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key)
    local = fsspec.get_filesystem_class("file")
    monkeypatch.setattr(local, "cat_file", raising(OSError(f"bad key {key}\nand more")))
    with pytest.raises(StoreError, match=r"did not read it: bad key REDACTED; it was") as raised:
        Remote(str(tmp_path)).get(NAME)
    assert key not in repr(raised.value)


def test_a_directory_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store without permissions of its own has those of its files."""
    local = fsspec.get_filesystem_class("file")
    monkeypatch.setattr(local, "cat_file", raising(PermissionError()))
    with pytest.raises(StoreError, match=r"\(no permission\)\. Who .* a valid login there, with permission to read"):
        Remote(str(tmp_path)).get(NAME)


@pytest.mark.parametrize("scheme", ["gs", "gcs", "abfs", "az", "abfss", "adl"])
def test_other_clouds_have_other_permissions(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's and Azure's are called as there; how they refuse is fsspec's."""
    memory = fsspec.get_filesystem_class("memory")
    monkeypatch.setattr("fsspec.core.url_to_fs", lambda *_, **__: (memory(), "/bucket"))
    monkeypatch.setattr(memory, "pipe_file", raising(PermissionError("Forbidden")))
    permission = "storage.objects.create" if scheme.startswith("g") else "Storage Blob Data Contributor"
    with pytest.raises(StoreError, match=rf"refuses to write it \(Forbidden\)\. Who .* with {permission}\. "):
        Remote(f"{scheme}://bucket").put(NAME, DATA)


def test_a_forked_process_has_its_own_connections(bucket: str) -> None:
    """What was opened before a fork is opened anew after it."""
    program = f"""
import os, sys
from pytest_interactions.store.remote import Remote
from tests.store.test_remote import DATA, NAME
store = Remote({bucket!r})
store.put(NAME, DATA)
child = os.fork()
if not child:
    os._exit(0 if store.get(NAME) == DATA else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    if hasattr(os, "fork"):
        subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=60)
