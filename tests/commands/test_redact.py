from __future__ import annotations

import io
import json
import re
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import vcr
import yaml

from pytest_interactions.commands import main
from pytest_interactions.files.storage import load
from tests.redaction.support import KEY, SIGNATURE
from tests.support import real_traffic, use_cassette

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator


def ask(url: str, key: str = KEY) -> bytes:
    """Send one request, with the key where old code has it: in a header and in the URL."""
    headers = {"x-goog-api-key": key, "cookie": "a=b"}
    body = {"model": "gemini-3.5-flash", "input": "Hello"}
    return httpx.post(f"{url}/v1beta/interactions?key={key}", json=body, headers=headers).content


def report(command: str, *arguments: Path | str) -> tuple[int, list[str]]:
    """Return a command's status and the lines that it prints."""
    with redirect_stdout(io.StringIO()) as printed:
        status = main([command, *map(str, arguments)])
    return status, printed.getvalue().splitlines()


def test_a_cassette_of_plain_vcrpy_is_found_cleaned_and_still_replays(emulator: Emulator, tmp_path: Path) -> None:
    """Findings by line before, none after, and both tools replay the cleaned file."""
    path = tmp_path / "c.yaml"
    with vcr.VCR().use_cassette(str(path)):
        first = ask(emulator.url)
    emulator.stop()
    status, lines = report("scan", path)
    assert status == 1
    assert {line.partition(": ")[2].partition(" (")[0] for line in lines} == {
        "a Google API key",
        "a URL with a secret in it",
        "a header that carries a credential",
        "a thought signature",
    }
    texts = path.read_text().splitlines()
    key_lines = [number for number, text in enumerate(texts, 1) if KEY in text]
    assert [line for line in lines if "a Google API key (google-api-key)" in line] == [
        f"{path}:{number}: a Google API key (google-api-key) ({where})"
        for number, where in zip(
            key_lines, ["interactions[0].request.headers.x-goog-api-key[0]", "interactions[0].request.uri"], strict=True
        )
    ]
    assert not [line for line in lines if KEY in line]
    assert report("redact", path) == (0, [f"{path}: redacted"])
    assert report("scan", path) == (0, [])
    with vcr.VCR(record_mode="none", match_on=["method", "path", "body"]).use_cassette(str(path)):
        assert json.loads(ask(emulator.url))["id"] == json.loads(first)["id"]
    with use_cassette(path) as replay:
        ask(emulator.url)
    assert replay.all_played


def test_redacting_twice_changes_nothing(emulator: Emulator, tmp_path: Path) -> None:
    """A clean file is not even written: neither one that was cleaned, nor one that was recorded clean."""
    foreign, own = tmp_path / "foreign.yml", tmp_path / "own.yaml"
    with vcr.VCR().use_cassette(str(foreign)):
        ask(emulator.url)
    with use_cassette(own, record_mode="once"):
        ask(emulator.url)
    assert report("redact", foreign)[0] == 0
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in (foreign, own)}
    assert report("redact", tmp_path) == (0, [])
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns, p.stat().st_ino) for p in (foreign, own)} == before


def test_a_key_in_a_header_is_found_in_the_bodies_too(tmp_path: Path) -> None:
    """What a cassette's own requests show to be a secret is cleaned wherever it is echoed."""
    path = tmp_path / "c.yaml"
    exchange = {
        "request": {
            "method": "GET",
            "uri": "https://example.com/",
            "body": None,
            "headers": {"Authorization": ["Bearer not-a-pattern-1234"]},
        },
        "response": {
            "status": {"code": 403, "message": "Forbidden"},
            "headers": {},
            "body": {"string": "no: not-a-pattern-1234"},
        },
    }
    path.write_text(yaml.safe_dump({"version": 1, "interactions": [exchange]}))
    assert report("redact", path) == (0, [f"{path}: redacted"])
    assert "no: REDACTED" in path.read_text()


def test_files_of_other_recorders_are_cleaned_where_the_secrets_stand(tmp_path: Path) -> None:
    """JSON, a stream and lines of text keep every other byte; hidden files are left alone, and found."""
    texts = {
        "a.json": json.dumps({"steps": [{"signature": SIGNATURE}], "n": 1.50}, indent=3) + "\r\n",
        "sub/b.txt": f"key={KEY}\n\tend",
        "c.yaml": f"interactions: no list\nkey: {KEY}\n",
        ".hidden": KEY,
        ".git/d": KEY,
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    assert report("redact", tmp_path) == (
        0,
        [
            f"{tmp_path / 'a.json'}: redacted",
            f"{tmp_path / 'c.yaml'}: can't be read as a cassette, so it was looked through as any text is",
            f"{tmp_path / 'c.yaml'}: redacted",
            f"{tmp_path / 'sub/b.txt'}: redacted",
        ],
    )
    assert report("scan", tmp_path) == (1, [f"{tmp_path / '.hidden'}:1: a Google API key (google-api-key)"])
    assert (tmp_path / "sub/b.txt").read_text() == "key=REDACTED\n\tend"
    assert (tmp_path / "c.yaml").read_text() == "interactions: no list\nkey: REDACTED\n"
    cleaned = (tmp_path / "a.json").read_bytes().decode()
    before, _, after = texts["a.json"].partition(SIGNATURE)
    assert cleaned.startswith(before)
    assert cleaned.endswith(after)
    assert (tmp_path / ".hidden").read_text() == (tmp_path / ".git/d").read_text() == KEY


@pytest.mark.parametrize("command", ["scan", "redact"])
def test_files_that_are_no_text_or_too_deep_are_looked_through(command: str, tmp_path: Path) -> None:
    """Pictures, other bytes and deep documents end no command, and stay as they are."""
    files = {
        "a.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
        "b.bin": b"\xff",
        "c.json": b"[" * 3000 + b"]" * 3000,
        "d.yaml": b"interactions: " + b"{a: " * 700 + b"1" + b"}" * 700,
        "e.json": b'{"input":' + b"[" * 900 + b"]" * 900 + b"}",
    }
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    status, lines = report(command, tmp_path)
    assert status == 0
    assert [line for line in lines if "can't be read as a cassette" not in line] == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_a_secret_that_cannot_be_cleaned_is_reported(tmp_path: Path) -> None:
    """What is compressed stays, and the status says that something is left."""
    path = tmp_path / "c.yaml"
    path.write_text('body: "H4sIAAAAAAACA3P0rEoMrjSIx4cTk5IBwdwbvicAAAA="\n')
    assert report("redact", path) == (1, [f"{path}:1: a Google API key (google-api-key) (body)"])


def test_the_rules_of_others_are_used_too(tmp_path: Path) -> None:
    """Those of a file in gitleaks's format, but for what is switched off."""
    rules, path = tmp_path / "rules.toml", tmp_path / "c.yaml"
    rules.write_text("[[rules]]\nid = 'mine'\nregex = 'mine-([0-9]{4})'\n")
    path.write_text('a: "mine-0123"\n')
    assert report("scan", path) == (0, [])
    assert report("scan", path, "--rules", str(rules), "--skip-rule", "mine") == (0, [])
    assert report("scan", path, "--rules", str(rules)) == (1, [f"{path}:1: a key (mine) (a)"])
    assert report("redact", path, "--rules", str(rules)) == (0, [f"{path}: redacted"])
    assert path.read_text() == 'a: "mine-REDACTED"\n'


def test_a_secret_that_is_folded_is_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As YAML folds a long line."""
    monkeypatch.setenv("MY_API_KEY", "f1a2l3f4g5-second-half")
    path = tmp_path / "c.yaml"
    path.write_text('a: "f1a2l3f4g5-\\\n  second-half"\n')
    assert report("redact", path) == (0, [f"{path}: redacted"])
    assert path.read_text() == 'a: "REDACTED"\n'


def test_options_say_what_else_to_redact_and_keep(
    emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands take the options that recording takes."""
    path = tmp_path / "c.yaml"
    with vcr.VCR().use_cassette(str(path)):
        ask(emulator.url)
    assert report("redact", path, "--keep-headers", "user-agent", "--redact", "Hello")[0] == 0
    assert "python-httpx" in path.read_text()
    assert "Hello" not in path.read_text()
    assert report("redact", path, "--redact", "re:(") == (2, [])
    assert "can't be read" in capsys.readouterr().err


def test_what_cannot_be_read_or_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors name the file, change the status, and keep no other file from being looked at."""
    missing, leaking = tmp_path / "missing.yaml", tmp_path / "leaking.txt"
    leaking.write_text(KEY)
    assert report("scan", missing, leaking) == (
        2,
        [f"{missing}: can't be read: No such file or directory.", f"{leaking}:1: a Google API key (google-api-key)"],
    )

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(leaking))

    monkeypatch.setattr(Path, "replace", refuse)
    assert report("redact", missing, leaking) == (
        2,
        [
            f"{missing}: can't be read or written: No such file or directory.",
            f"{leaking}: can't be read or written: Permission denied.",
        ],
    )
    assert leaking.read_text() == KEY
    assert list(tmp_path.iterdir()) == [leaking]


def test_real_recordings_are_clean_after_redact(tmp_path: Path) -> None:
    """The recordings of four other projects, in four formats: findings before, silence after, and again silence."""
    copy = tmp_path / "real"
    shutil.copytree(real_traffic(""), copy, copy_function=shutil.copyfile)
    for folder in (copy, *(path for path in copy.iterdir() if path.is_dir())):
        folder.chmod(0o755)
    status, lines = report("scan", copy)
    assert status == 1
    assert {line.partition(": ")[2].partition(" (")[0] for line in lines} == {"a thought signature"}
    assert report("redact", copy)[0] == 0
    assert report("scan", copy) == report("redact", copy) == (0, [])


@pytest.mark.parametrize("folder", ["braintrust-sdk-python", "openinference"])
def test_real_cassettes_replay_as_before(folder: str, tmp_path: Path) -> None:
    """Each recorded request gets the same answer from the cleaned file, but for the signatures in it."""
    for path in sorted(real_traffic(folder).glob("*.yaml")):
        copy = tmp_path / path.name
        shutil.copyfile(path, copy)
        exchanges = load(copy).exchanges
        report("redact", copy)
        with use_cassette(copy) as replay:
            for exchange in exchanges:
                request, response = exchange.request, exchange.response
                headers = {name: request.headers[name][0] for name in ("content-type",) if name in request.headers}
                answer = httpx.request(request.method, request.uri, content=request.body, headers=headers)
                assert answer.status_code == response.status
                assert _unsigned(answer.content) == _unsigned(response.body)
        assert replay.all_played


def _unsigned(body: bytes) -> object:
    """Return a JSON body's value, or a stream's text, without the signatures."""
    text = re.sub(rb'"signature": ?"[^"]*"', b'"signature":""', body)
    try:
        return json.loads(text)
    except ValueError:
        return text


def test_scan_looks_at_names_hidden_files_journals_and_media(tmp_path: Path) -> None:
    """A name is printed without its secret; what tools make anew is not looked at."""
    (tmp_path / "cassettes" / f"test_a[{KEY}].media").mkdir(parents=True)
    (tmp_path / "cassettes" / f"test_a[{KEY}].media" / "a.png").write_bytes(b"\x89PNG\x00\xff" + KEY.encode() + b"\xff")
    (tmp_path / ".t.yaml.journal").mkdir()
    (tmp_path / ".t.yaml.journal" / "a.journal").write_text(f"version: 1\n# {KEY}\n")
    (tmp_path / ".env").write_text(f"A=b\nB={KEY}\n")
    for name in (".git", ".venv", "node_modules", "__pycache__", ".mypy_cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(KEY)
    found, media = "a Google API key (google-api-key)", tmp_path / "cassettes" / "test_a[REDACTED].media" / "a.png"
    assert report("scan", tmp_path) == (
        1,
        [
            f"{tmp_path / '.env'}:2: {found}",
            f"{tmp_path / '.t.yaml.journal' / 'a.journal'}:2: {found}",
            f"{media}: {found} (the file's name)",
            f"{media}:1: {found}",
        ],
    )


def test_scan_takes_the_options_of_redaction(tmp_path: Path) -> None:
    """Texts, patterns and JSON paths; shapes can be switched off by their ids."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"input": "my own words", "mine": "abcdefgh", "n": "order-42", "key": KEY}))
    options = ("--redact", "own words", "--redact", "re:order-[0-9]+", "--redact", "$.mine")
    lines = report("scan", path, *options, "--skip-rule", "google-api-key")[1]
    assert [line.partition(": ")[2] for line in lines] == [
        "a known secret ($.input)",
        "a match of the redact option ($.n)",
        "a secret at its place in the API ($.mine)",
    ]
    assert report("scan", path, "--skip-rule", "google-api-kay") == (2, [])
