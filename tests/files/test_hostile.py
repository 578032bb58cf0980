"""A cassette from a stranger: whatever is wrong with it, an error of ours names it, in little time and memory."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions import CassetteFormatError, OptionError
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.commands import main
from pytest_interactions.errors import InteractionsError, TooLargeError
from pytest_interactions.escaping import escaped, on_one_line
from pytest_interactions.files import disk, storage
from pytest_interactions.files.layout import dumps
from tests.matrix.server import ENCODERS
from tests.support import use_cassette

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator

PATH = Path("c.yaml")
VALID = """\
version: 1
interactions:
- request:
    method: POST
    uri: https://h/v1/interactions
    headers:
      content-type: [application/json]
    body: '{}'
  response:
    status: {code: 200, message: OK}
    headers: {}
    body: {string: '{}'}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("version: 1", "version: 2", 1, "this is a cassette of version 2, and 1 is the only one that is known"),
        ("    body: '{}'\n", "    body: '{}'\n    body: ''\n", 9, "the key 'body' is there twice"),
        ("version: 1\n", "version: 1\nversion: 1\n", 2, "the key 'version' is there twice"),
        ("  response:", "  cut: {by: nobody}\n  response:", 3, "what cut it is not one of app, connection"),
        ("  response:", "  cut: [app]\n  response:", 3, "a part of it is not what it should be"),
        ("  response:", "  cut: {by: app, because: 1}\n  response:", 3, "a part of it is not what it should be"),
        ("https://h/v1", "http://[bad/v1", 3, "its uri is no URL"),
        ("https://h/v1", "http://h:99999/v1", 3, "its uri is no URL"),
        ("https://h/v1", "http:///v1", 3, "its uri is no URL"),
        ("https://h/v1/interactions", '"https://h/\\e[2J"', 3, "its uri is no URL"),
        ("POST", '"GET\\n1 passed"', 3, "its method is none of HTTP's"),
        ("code: 200", "code: 2000", 3, "its status is none of HTTP's"),
        ("code: 200", "code: many", 3, "a part of it is not what it should be"),
        ("    method: POST\n", "", 3, "it has no 'method'"),
        ("method: POST", "method:\tPOST\n  x: y", 6, "this is not YAML"),
        ("- request:", "- <<: {a: 1}\n  request:", 3, "merge keys (<<) are not read in cassettes"),
        (
            "body: '{}'",
            """body: '{"data": "pytest-interactions-media:../../x.png"}'""",
            3,
            "media file in it is misspelt",
        ),
        ("string: '{}'", """string: '{"data": "pytest-interactions-media:0123"}'""", 3, "media file in it is misspelt"),
        ("string: '{}'", "string: 2001-99-99", 1, "this is not YAML (a value can't be read)"),
        ("string: '{}'", "string: !!bool x", 1, "this is not YAML (a value can't be read)"),
        ("code: 200", "code: " + "9" * 10000, 1, "this is not YAML (a value can't be read)"),
        ("code: 200", "code: 1" + ":59" * 9000, 3, "its status is none of HTTP's"),
    ],
)
def test_what_is_wrong_but_readable_is_named_with_its_line(old: str, new: str, line: int, words: str) -> None:
    """And not shown, as it may be a secret, or a forgery."""
    assert len(storage.loads(VALID.encode(), PATH).exchanges) == 1
    assert old in VALID
    with pytest.raises(CassetteFormatError, match=rf"^c\.yaml:{line}: .*{re.escape(words)}.*left as it is"):
        storage.loads(VALID.replace(old, new, 1).encode(), PATH)


def test_a_cassette_in_json_is_read_as_strictly() -> None:
    """A key that is there twice, and nesting without end, are errors."""
    with pytest.raises(CassetteFormatError, match="the key 'version' is there twice"):
        storage.loads(b'{"version": 1, "version": 1, "interactions": []}', PATH)
    with pytest.raises(CassetteFormatError, match="it is nested too deep"):
        storage.loads(b'{"interactions": ' + b"[" * 10**5 + b"]" * 10**5 + b"}", PATH)


@pytest.mark.parametrize("deep", ["[" * 20000, "[" * 10**5 + "]" * 10**5, "\n- " + "- " * 10**5, "\n? " + "? " * 10**5])
def test_deep_yaml_is_an_error(deep: str) -> None:
    """Some versions of PyYAML's library in C count no levels, and would crash."""
    with pytest.raises(CassetteFormatError, match=r"c\.yaml:\d: .*nest"):
        storage.loads(f"version: 1\ninteractions: {deep}\n".encode(), PATH)


def test_brackets_in_a_text_are_no_nesting() -> None:
    """However many of them there are."""
    body = VALID.replace("string: '{}'", f"string: '{'[' * 10**4}'")
    assert storage.loads(body.encode(), PATH).exchanges[0].response.body == b"[" * 10**4


def test_deep_yaml_is_an_error_where_pyyaml_has_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is built without the library in C."""

    def endless(_: str) -> Any:
        raise RecursionError

    monkeypatch.setattr("pytest_interactions.files.parsing._reader", lambda: endless)
    with pytest.raises(CassetteFormatError, match="it is nested too deep"):
        storage.loads(b"interactions: []", PATH)


BOMBS = {
    "nested aliases": "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)),
    "an alias in itself": "a: &a [*a]\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("command", ["show", "check"])
def test_aliases_stand_for_no_more_than_there_is_room_for(
    bomb: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody writes them out."""
    path = tmp_path / "c.yaml"
    path.write_text(BOMBS[bomb] + VALID)
    assert main([command, str(path)]) > 0
    output = capsys.readouterr()
    assert f"{path}:" in output.out + output.err
    assert "its aliases stand for more than 128 MiB" in output.out + output.err


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_aliases_lead_to_is_searched_once(bomb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However many there are, it stands in the file once."""
    path = tmp_path / "c.yaml"
    path.write_text(BOMBS[bomb].replace("x", "AIza" + "Sy0123456789abcdefghijklmnopqrstuvw", 1) + VALID)
    assert main(["scan", str(path)]) == (1 if "x" in BOMBS[bomb] else 0)
    assert capsys.readouterr().out.count("a Google API key") == ("x" in BOMBS[bomb])


def test_the_aliases_of_vcrpy_are_read() -> None:
    """PyYAML's writer makes them of a list that two headers share."""
    text = VALID.replace("content-type: [application/json]", "accept: &a [application/json]\n      content-type: *a")
    assert storage.loads(text.encode(), PATH).exchanges[0].request.content_type == "application/json"


@pytest.mark.parametrize("coding", [*ENCODERS, "br, gzip"])
def test_what_is_compressed_has_bounds(coding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In each encoding, and all that is in one file together; an option raises them."""
    data = b"\0" * 10**6
    for each in coding.split(", "):
        data = ENCODERS[each](data)
    item = VALID.partition("- request")[2].replace("headers: {}", f"headers: {{content-encoding: ['{coding}']}}")
    item = "- request" + item.replace("'{}'}", f"!!binary {base64.b64encode(data).decode()}}}")
    path = tmp_path / "c.yaml"
    path.write_text(f"version: 1\ninteractions:\n{item}{item}")
    assert len(storage.load(path, 2_001_000).exchanges[1].response.body) == 10**6
    with pytest.raises(TooLargeError, match=r"c\.yaml: what is compressed in it is more than 1\.812 MiB .* max_size"):
        storage.load(path, 1_900_000)
    for command in ("show", "check"):
        assert main([command, "--max-size", "1000000", str(path)]) == 2
        assert "c.yaml: what is compressed in it" in "".join(capsys.readouterr())


def test_the_search_for_secrets_has_the_same_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is too large to be looked through is a finding."""
    path = tmp_path / "c.yaml"
    path.write_text(f"body: !!binary {base64.b64encode(gzip.compress(bytes(10**6))).decode()}\n")
    assert main(["scan", str(path)]) == 0
    for command in ("scan", "redact"):
        assert main([command, "--max-size", "1000", str(path)]) == 1
        assert f"{path}:1: compressed data that is too large to be looked through (body)" in capsys.readouterr().out


def test_a_body_that_is_too_large_to_be_searched_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate can't look into it."""
    from pytest_interactions.redaction.scan import hides
    from pytest_interactions.redaction.secrets import Secrets

    bomb = Response(status=200, body=gzip.compress(bytes(10**5)))
    assert not hides(bomb, Secrets(["tok-0123456789"]).matcher)
    monkeypatch.setattr("pytest_interactions.redaction.structure.LARGEST_BODY", 10)
    assert hides(bomb, Secrets(["tok-0123456789"]).matcher)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["fifo", "device", "socket", "directory"])
def test_only_files_are_read(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What may never end is named, and the others of its folder are looked through."""
    import socket

    path = tmp_path / "a.yaml"
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "device":
            path.symlink_to("/dev/zero")
        elif kind == "socket":
            listening.bind(str(path))
        else:
            path.mkdir()
        (tmp_path / "b.yaml").write_text("key: AIza" + "Sy0123456789abcdefghijklmnopqrstuvw")
        with pytest.raises(CassetteFormatError, match=r"a\.yaml: can't be read: "):
            storage.load(path)
        assert main(["scan", str(tmp_path)]) == (1 if kind == "directory" else 2)
        output = capsys.readouterr().out
    assert ("a.yaml: can't be read: " in output) is (kind != "directory")
    assert "b.yaml:1: a Google API key" in output


def test_a_folder_is_entered_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Links that lead in a circle end nowhere else."""
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "b.yaml").write_text("key: AIza" + "Sy0123456789abcdefghijklmnopqrstuvw")
    assert main(["scan", str(tmp_path)]) == 1
    assert capsys.readouterr().out.count("\n") == 1


def test_a_folder_that_cannot_be_read_is_named_and_the_others_are_entered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command that needs them all ends there."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "b.yaml").write_text("key: AIza" + "Sy0123456789abcdefghijklmnopqrstuvw")
    real = Path.iterdir

    def refusing(path: Path) -> Any:
        if path.name == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refusing)
    assert main(["scan", str(tmp_path)]) == 2
    output = capsys.readouterr().out
    assert output.startswith(
        f"{tmp_path / 'a'}: can't be read: Permission denied.\n{tmp_path / 'b' / 'b.yaml'}:1: a Goo"
    )
    assert main(["show", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"pytest-interactions: {tmp_path / 'a'}: Permission denied\n"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"#" * 81)
    for command in ("scan", "show", "redact", "check"):
        assert main([command, "--max-size", "10", str(path)]) == 2
        assert "c.yaml: it has more than 80 bytes" in "".join(capsys.readouterr())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="such files are Linux's")
def test_a_file_that_turns_out_larger_than_it_says_is_not_taken() -> None:
    """Another process may write to it meanwhile; the system's own files say that they have no bytes at all."""
    with pytest.raises(TooLargeError, match="status: it has more than 10 bytes"):
        disk.read(Path("/proc/self/status"), 10)


def test_a_recording_opens_only_what_it_could_write(emulator: Emulator, tmp_path: Path) -> None:
    """A name that is too long, and a link to nowhere, are errors before anything is paid for."""
    with (
        pytest.raises(OptionError, match="the name has more than 246 bytes"),
        use_cassette(tmp_path / ("a" * 242 + ".yaml"), record_mode="once"),
    ):
        ...
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nothing.txt")
    with (
        pytest.raises(CassetteFormatError, match=r"link\.yaml: this link leads to no cassette"),
        use_cassette(tmp_path / "link.yaml", record_mode="once"),
    ):
        ...
    assert not emulator.requests
    long = tmp_path / ("\u20ac" * 80 + ".yaml")
    storage.write(long, storage.Contents(), None, 0)  # type: ignore[arg-type] # nothing stands before the gate
    assert storage.load(long).exchanges == []


def test_a_link_is_written_only_if_it_leads_to_a_cassette(emulator: Emulator, tmp_path: Path) -> None:
    """It stays a link, and what is no cassette stays what it is."""
    import httpx

    victim, link = tmp_path / "victim.txt", tmp_path / "c.yaml"
    victim.write_text("precious\n")
    link.symlink_to(victim)
    with pytest.raises(CassetteFormatError), use_cassette(link, record_mode="rewrite"):
        ...
    assert victim.read_text() == "precious\n"
    shared = tmp_path / "shared" / "real.yaml"
    shared.parent.mkdir()
    shared.write_text(dumps([]))
    link.unlink()
    link.symlink_to(shared)
    with use_cassette(link, record_mode="rewrite"):
        httpx.post(
            f"{emulator.url}/v1/interactions", json={"model": "m", "input": "a"}, headers={"x-goog-api-key": "k"}
        )
    assert link.is_symlink()
    assert len(storage.load(shared).exchanges) == 1


def test_what_is_put_aside_goes_nowhere_else(tmp_path: Path) -> None:
    """A link that somebody put where a failed recording goes is replaced."""
    victim, aside = tmp_path / "victim", tmp_path / "c.failed.yaml"
    victim.write_text("precious")
    aside.symlink_to(victim)
    disk.not_a_link(aside)
    disk.not_a_link(victim)
    assert not aside.exists()
    assert victim.read_text() == "precious"


def test_media_behind_a_link_are_not_deleted(tmp_path: Path) -> None:
    """A directory of media that is a link leads to somebody else's files."""
    other = tmp_path / "other"
    other.mkdir()
    kept = other / f"{'0' * 32}.png"
    kept.write_bytes(b"")
    (tmp_path / "c.media").symlink_to(other)
    storage.write(tmp_path / "c.yaml", storage.Contents(), None, 0)  # type: ignore[arg-type]
    assert kept.exists()


CONTROLS = "\x1b[2J\x1b]0;PWNED\x07 \x9b31m \u202e\u2066\u200f\ufeff\U000e0041\u2028"


def test_no_message_commands_a_terminal() -> None:
    """Whatever a cassette or a file's name has in it is shown as an escape."""
    message = str(InteractionsError(f"one {CONTROLS}\ntwo"))
    assert re.sub(r"\\(?:x..|u.{4}|U.{8})", "", message) == "one [2J]0;PWNED 31m \ntwo"
    assert on_one_line("a\nb\tc\u00e9\U0001f469\u200d\U0001f52c") == "a\\nb\tc\u00e9\U0001f469\u200d\U0001f52c"
    assert escaped(message) == message


def test_a_field_forges_no_line_of_a_message(tmp_path: Path) -> None:
    """Whatever its name has in it."""
    from pytest_interactions import CassetteMissError

    name = "a\n1 passed\x1b[2J"
    exchange = Exchange(
        request=Request(method="POST", uri="http://h/x", headers={}, body=json.dumps({name: 1}).encode()),
        response=Response(status=200),
    )
    (tmp_path / "c.yaml").write_text(dumps([exchange]))
    with pytest.raises(CassetteMissError) as caught, use_cassette(tmp_path / "c.yaml"):
        import httpx

        httpx.post("http://h/x", json={})
    assert "  a\\n1 passed\\x1b[2J: removed" in str(caught.value).splitlines()


def test_what_commands_print_is_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Places in a text and names of files, too."""
    path = tmp_path / "a\x1b[2J\nb.txt"
    path.write_text(json.dumps({"x\x1b]\n\u202e": "AIza" + "Sy0123456789abcdefghijklmnopqrstuvw"}))
    assert main(["scan", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert re.search("[\x1b\u202e]", out) is None
    assert out.count("\n") == 1


def test_lone_surrogates_outside_of_a_body_are_written_as_escapes() -> None:
    """YAML can have none."""
    exchange = Exchange(
        request=Request(method="GET", uri="https://h/\ud800", headers={"x\udc80": ["\udcff"]}),
        response=Response(status=200, reason="\udcff"),
    )
    [found] = storage.loads(dumps([exchange]).encode(), PATH).exchanges
    assert (found.request.uri, found.request.headers) == ("https://h/\\ud800", {"x\\udc80": ["\\udcff"]})
    assert found.response.reason == "\\udcff"
