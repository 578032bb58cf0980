"""Environments, and the files in them."""

from __future__ import annotations

import base64
import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.test_resources import make, refusal

if TYPE_CHECKING:
    import httpx


def upload(
    rest: httpx.Client, environment: str, path: str, *parts: bytes, kind: str = "text/plain", **query: str
) -> httpx.Response:
    """Upload a file in parts, as the SDK does."""
    url = f"/upload/v1beta/environments/{environment}/files/{path}"
    begun = rest.put(url, params=query, headers={"x-goog-upload-header-content-type": kind})
    if begun.status_code != 200:
        return begun
    for number, part in enumerate(parts, start=1):
        command = "upload, finalize" if number == len(parts) else "upload"
        answer = rest.post(begun.headers["x-goog-upload-url"], content=part, headers={"x-goog-upload-command": command})
    return answer


def names(rest: httpx.Client, environment: str, path: str = "", **query: str) -> list[str]:
    """The paths in a directory."""
    listed = rest.get(f"/v1beta/environments/{environment}/files/{path}", params=query)
    assert listed.status_code == 200, listed.text
    return [file["path"] for file in listed.json()["files"]]


def content(rest: httpx.Client, environment: str, path: str) -> httpx.Response:
    """A download."""
    return rest.get(f"/v1beta/environments/{environment}/files/{path}", params={"alt": "media"})


@pytest.fixture
def environment(rest: httpx.Client) -> str:
    """The id of an environment."""
    return str(make(rest, "environments", {})["id"])


def test_only_its_creation_shows_the_key_of_a_self_hosted_environment(rest: httpx.Client) -> None:
    made = make(rest, "environments", {"mode": "self_hosted"})
    assert made.pop("environment_key").startswith("envkey_")
    assert rest.get(f"/v1beta/environments/{made['id']}").json() == made
    assert "environment_key" not in make(rest, "environments", {})


def test_a_file_comes_back_as_it_was_uploaded(rest: httpx.Client, environment: str) -> None:
    """In parts, and below directories."""
    assert upload(rest, environment, "src/main.py", b"print(", b"1)").json()["files"][0]["size_bytes"] == "8"
    downloaded = content(rest, environment, "src/main.py")
    assert (downloaded.content, downloaded.headers["content-type"]) == (b"print(1)", "text/plain")
    shown = rest.get(f"/v1beta/environments/{environment}").json()
    assert (shown["file_count"], shown["size_bytes"]) == ("1", "8")


def test_a_directory_is_listed_alone_or_with_all_below_it(rest: httpx.Client, environment: str) -> None:
    for path in ("a.txt", "src/b.py", "src/lib/c.py"):
        upload(rest, environment, path, b"x")
    assert names(rest, environment) == ["a.txt", "src"]
    assert names(rest, environment, "src") == ["src/b.py", "src/lib"]
    assert names(rest, environment, "src/", recursive="true") == ["src/b.py", "src/lib/c.py"]
    assert names(rest, environment, "a.txt") == ["a.txt"]
    assert names(rest, environment, page_size="1") == ["a.txt"]


@pytest.mark.parametrize("path", ["x", "sr"])
def test_what_is_not_there_is_not_found(rest: httpx.Client, environment: str, path: str) -> None:
    upload(rest, environment, "src/b.py", b"x")
    listed = rest.get(f"/v1beta/environments/{environment}/files/{path}")
    assert refusal(listed) == refusal(content(rest, environment, path)) == (404, f"File '{path}' not found.")


def test_there_are_no_files_without_an_environment(rest: httpx.Client) -> None:
    missing = (404, "Environment 'x' not found.")
    assert refusal(upload(rest, "x", "a.txt", b"x")) == missing
    assert refusal(content(rest, "x", "a.txt")) == missing
    assert refusal(rest.post("/v1beta/environments", json={"from_environment": "environments/x"})) == missing


def test_a_file_is_overwritten_only_on_request(rest: httpx.Client, environment: str) -> None:
    upload(rest, environment, "a.txt", b"old")
    assert refusal(upload(rest, environment, "a.txt", b"new")) == (409, "File 'a.txt' already exists.")
    assert upload(rest, environment, "a.txt", b"new", overwrite="true").status_code == 200
    assert content(rest, environment, "a.txt").content == b"new"


def test_an_upload_that_has_not_begun_is_not_found(rest: httpx.Client, environment: str) -> None:
    url = f"/upload/v1beta/environments/{environment}/files/a.txt?upload_id=x"
    assert refusal(rest.post(url, content=b"x")) == (404, "Upload not found.")


def test_an_archive_is_unpacked_on_request(rest: httpx.Client, environment: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        directory = tarfile.TarInfo("src")
        directory.type = tarfile.DIRTYPE
        archive.addfile(directory)
        file = tarfile.TarInfo("src/b.py")
        file.size = 1
        archive.addfile(file, io.BytesIO(b"x"))
    upload(rest, environment, "app", packed.getvalue(), extract="true")
    assert names(rest, environment, recursive="true") == ["app/src/b.py"]
    assert content(rest, environment, "app/src/b.py").headers["content-type"] == "text/x-python"
    status, message = refusal(upload(rest, environment, "app", b"no archive", extract="true"))
    assert (status, message.partition(":")[0]) == (400, "The archive can't be read")


def test_inline_sources_are_files(rest: httpx.Client) -> None:
    sources: list[Any] = [
        {"type": "inline", "target": "/a.txt", "content": "text"},
        {"type": "inline", "target": "b.bin", "content": base64.b64encode(b"\0\1").decode(), "encoding": "base64"},
        {"type": "repository", "target": "c", "source": "github.com/a/b"},
    ]
    made = make(rest, "environments", {"sources": sources})
    assert (made["file_count"], made["size_bytes"]) == ("2", "6")
    assert content(rest, made["id"], "b.bin").content == b"\0\1"


@pytest.mark.parametrize("source", [1, {"type": "inline", "content": "%", "encoding": "base64"}])
def test_wrong_sources_are_refused(rest: httpx.Client, source: Any) -> None:
    made = rest.post("/v1beta/environments", json={"sources": [source]})
    assert refusal(made) == (400, "Invalid value at 'sources': each is an object, with content as its encoding says.")


def test_a_copy_of_an_environment_has_its_files(rest: httpx.Client, environment: str) -> None:
    upload(rest, environment, "a.txt", b"x")
    copy = make(rest, "environments", {"from_environment": f"environments/{environment}"})["id"]
    upload(rest, copy, "b.txt", b"x")
    assert names(rest, copy) == ["a.txt", "b.txt"]
    assert names(rest, environment) == ["a.txt"]


def test_the_environment_of_an_interaction_is_there(rest: httpx.Client) -> None:
    """Its files are those that were uploaded to it, also after the next interaction."""
    body = {"agent": "antigravity-preview-05-2026", "input": "Hello"}
    name = make(rest, "interactions", {**body, "environment": "remote"})["environment_id"]
    assert rest.get(f"/v1beta/environments/{name}").json()["status"] == "active"
    upload(rest, name, "a.txt", b"x")
    make(rest, "interactions", {**body, "environment": name})
    assert names(rest, name) == ["a.txt"]


def test_a_deleted_environment_has_no_files(rest: httpx.Client, environment: str) -> None:
    upload(rest, environment, "a.txt", b"x")
    rest.delete(f"/v1beta/environments/{environment}")
    assert refusal(content(rest, environment, "a.txt")) == (404, f"Environment '{environment}' not found.")
