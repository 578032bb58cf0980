"""`check`: each kind of finding, in each form, and what is put right."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.commands import COMMANDS, main
from pytest_interactions.files import layout, storage
from pytest_interactions.files.journal import Journal
from pytest_interactions.options import Options
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from tests.redaction.support import KEY

Check = Callable[..., tuple[int, list[str]]]
Findings = list[tuple[str, str, str, int | None, str]]

GATE = Gate(Redactor(secrets=Secrets()))
MEDIUM = b'{"type": "image", "data": "aGVsbG8gd29ybGQsIGhlbGxvIHdvcmxk", "mime_type": "image/png"}'
GOOGLE = "a Google API key (google-api-key)"
MISSING = "can't be read: No such file or directory."
NO_CASSETTE = (
    "this is not a cassette (no list of interactions). The file was left as it is: restore it, or record it again with "
    "record mode 'rewrite'."
)
REDACT = "take it out with: pytest-interactions redact"


def _exchange(answer: bytes = b'{"a": 1}') -> Exchange:
    return Exchange(
        request=Request(method="GET", uri="https://h.example/"),
        response=Response(status=200, headers={"content-type": ["application/json"]}, body=answer),
    )


def _save(path: Path, answer: bytes = b'{"a": 1}', *, incomplete: bool = False) -> None:
    storage.save(path, storage.Contents([_exchange(answer)], incomplete=incomplete), GATE, media_threshold=4)


def _plant(path: Path, secret: str = KEY) -> int:
    """Put a secret into a cassette as one who records it does who is not asked; return its line."""
    path.write_text(layout.dumps([_exchange(json.dumps({"a": secret}).encode())]))
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if secret in line)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with one cassette of which there is nothing to say."""
    monkeypatch.chdir(tmp_path)
    _save(tmp_path / "clean.yaml", MEDIUM)
    return tmp_path


@pytest.fixture
def check(home: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Checks what it is given in this directory; returns the status and the lines."""

    def run(*arguments: str) -> tuple[int, list[str]]:
        status = main(["check", *arguments])
        return status, capsys.readouterr().out.splitlines()

    assert run(str(home)) == (0, [])
    return run


@pytest.fixture
def untidy(home: Path) -> Findings:
    """One of each finding in this directory: its level, its kind, its path, its line, and how what is said begins."""
    _save(home / "Two.yaml")
    _save(home / "two.yaml")
    _save(home / "crlf.yaml")
    (home / "crlf.yaml").write_bytes((home / "crlf.yaml").read_bytes().replace(b"\n", b"\r\n"))
    _save(home / "a, b%.yaml")
    (home / "a, b%.yaml").write_text((home / "a, b%.yaml").read_text().replace('"a": 1', '"a": 2'))
    _save(home / "half.yaml", incomplete=True)
    _save(home / "new.failed.yaml", MEDIUM, incomplete=True)
    line = _plant(home / "open.yaml")
    (home / "in_the_name_of").mkdir()
    _save(home / "in_the_name_of" / f"{KEY}.yaml")
    _save(home / "lost.yaml", MEDIUM)
    shutil.rmtree(home / "lost.media")
    _save(home / "other.yaml", MEDIUM)
    [medium] = (home / "other.media").iterdir()
    medium.write_bytes(b" ".join([medium.read_bytes(), KEY.encode()]))
    (home / "clean.media" / f"{'1' * 32}.png").write_text("left")
    (home / "new.failed.json").write_text("{}")
    (home / "gone.failed.json").write_text("{}")
    other = f"other.media/{medium.name}"
    return [
        ("error", "damage", "a, b%.yaml", 5, "interactions[0]: it is not what was recorded, but edited or damaged. "),
        ("error", "left-over", f"clean.media/{'1' * 32}.png", None, "left over from a recording; --fix deletes it."),
        ("warning", "line-ends", "crlf.yaml", None, "its lines end in CRLF, so it is slow to read, "),
        ("error", "left-over", "gone.failed.json", None, "left over from a recording; --fix deletes it."),
        ("warning", "incomplete", "half.yaml", None, "incomplete: the test that recorded it failed; run that test "),
        (
            "error",
            "secret",
            "in_the_name_of/REDACTED.yaml",
            None,
            "a Google API key (google-api-key) (the file's name)",
        ),
        ("error", "media", "lost.yaml", 21, f"its media file lost.media/{medium.name} is missing; restore it, or "),
        ("warning", "candidate", "new.failed.yaml", None, "a candidate that waits: a new recording, made by a test "),
        ("error", "secret", "open.yaml", line, "a Google API key (google-api-key) (interactions[0].response.body."),
        ("error", "media", other, None, "it was altered since it was recorded; restore it, or record its test again."),
        ("error", "secret", other, 1, "a Google API key (google-api-key); delete it, and record its test again."),
        ("error", "case", "two.yaml", None, "its path differs by case alone from that of Two.yaml, so that on macOS "),
    ]


def test_each_finding_is_a_line_with_its_place_and_what_to_do(check: Check, untidy: Findings) -> None:
    status, lines = check(".")
    assert status == 1
    for (_, _, path, number, begin), line in zip(untidy, lines, strict=True):
        assert line.startswith(f"{path}:{number}: {begin}" if number else f"{path}: {begin}")
    assert "accept it with `pytest-interactions review --accept new.failed.yaml`" in "".join(lines)
    assert KEY not in "".join(lines)


def test_each_finding_is_an_annotation_in_a_workflow(
    check: Check, untidy: Findings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is that of the checkout, and what would end a property or a command is escaped as GitHub wants it."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(home.parent))
    status, lines = check(".")
    assert status == 1
    for (level, kind, path, number, begin), line in zip(untidy, lines, strict=True):
        file = f"{home.name}/{path}".replace("%", "%25").replace(",", "%2C")
        place = f"{path}:{number}" if number else path
        head = f"file={file},line={number}" if number else f"file={file}"
        message = f"{place}: {begin}".replace("%", "%25")
        assert line.startswith(f"::{level} {head},title=pytest-interactions%3A {kind}::{message}")
    assert KEY not in "".join(lines)


def test_each_finding_is_an_object_for_programs(
    check: Check, untidy: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a workflow too, if it is asked for."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    status, lines = check("--format", "json", ".")
    assert status == 1
    found = json.loads("".join(lines))
    assert [(each["level"], each["kind"], each["path"], each["line"]) for each in found] == [
        (level, kind, path, line) for level, kind, path, line, _ in untidy
    ]
    assert all(each["message"].startswith(begin) for each, (*_, begin) in zip(found, untidy, strict=True))
    assert KEY not in "".join(lines)
    assert check("--format", "json", "clean.yaml") == (0, ["[]"])


def test_what_is_fixed_is_edits_and_what_is_left_over(check: Check, untidy: Findings, home: Path) -> None:
    """No candidate is deleted and no secret touched; what is put right does not make the status 1."""
    status, lines = check("--fix", "--format", "json", ".")
    assert status == 1
    fixed = {each["path"]: each["message"] for each in json.loads("".join(lines)) if each["level"] == "notice"}
    assert fixed == {
        "a, b%.yaml": "taken as it is, with new marks.",
        f"clean.media/{'1' * 32}.png": "left over from a recording; deleted.",
        "gone.failed.json": "left over from a recording; deleted.",
    }
    assert KEY in (home / "open.yaml").read_text()
    assert (home / "new.failed.yaml").exists()
    status, lines = check(".")
    assert status == 1
    assert len(lines) == len(untidy) - len(fixed)
    assert check("a, b%.yaml") == (0, [])


def test_an_edit_that_is_taken_is_looked_through_too(check: Check, home: Path) -> None:
    """Its secrets are named by the lines that it has then."""
    _save(home / "c.yaml")
    text = (home / "c.yaml").read_text().replace('"a": 1', f'"a": "{KEY}"')
    (home / "c.yaml").write_text(text.replace("version: 1", "version: 1\n\n\n\n"))
    status, lines = check("--fix", "c.yaml")
    assert status == 1
    line = next(number for number, line in enumerate((home / "c.yaml").read_text().splitlines(), 1) if KEY in line)
    assert lines[0] == "c.yaml: taken as it is, with new marks."
    assert lines[1].startswith(f"c.yaml:{line}: a Google API key (google-api-key) (")
    assert lines[1].endswith(f"; {REDACT} c.yaml.")
    assert len(lines) == 2


def test_a_damaged_cassette_is_searched_for_secrets(check: Check, home: Path) -> None:
    (home / "c.yaml").write_text(f"interactions: {KEY}")
    assert check("c.yaml") == (
        1,
        [
            f"c.yaml:1: {NO_CASSETTE}",
            f"c.yaml:1: a Google API key (google-api-key) (interactions); {REDACT} c.yaml.",
        ],
    )


def test_what_stands_in_an_error_is_no_secret(check: Check, home: Path) -> None:
    """A reader's error may quote the file, and names it."""
    (home / f"{KEY}.yaml").write_text(f"{KEY}: 1\n{KEY}: 2\n")
    status, lines = check(".")
    assert status == 1
    assert lines[0].startswith("REDACTED.yaml:2: the key 'REDACTED' is there twice.")
    assert KEY not in "".join(lines)


def test_a_cassette_that_unpacks_to_too_much_is_searched_for_secrets(check: Check, home: Path) -> None:
    """It can't be read, which is status 2, and its text can."""
    (home / "c.yaml").write_text(f"k: {KEY}\na: &a [*a]\ninteractions: []\n")
    status, lines = check("c.yaml")
    assert status == 2
    assert lines[0].startswith("c.yaml: its aliases stand for more than 128 MiB. ")
    assert lines[1].startswith("c.yaml:1: a Google API key (google-api-key) (k)")


def test_a_given_file_may_have_any_name(check: Check, home: Path) -> None:
    """It is a cassette if it begins like one: what pre-commit gives is any file that was changed."""
    item = {
        "request": {"method": "GET", "uri": "https://h.example/", "body": None, "headers": {}},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": KEY}},
    }
    (home / "c.json").write_text(json.dumps({"version": 1, "interactions": [item]}))
    (home / "c").write_text("# of another tool\ninteractions: none\n")
    (home / "app.py").write_text(f'KEY = "{KEY}"  # interactions: []\n')
    (home / "notes.failed.txt").write_text("nothing of ours")
    assert check(".") == (0, [])
    status, lines = check("c.json", "c", "app.py", "notes.failed.txt")
    assert status == 1
    assert lines == [
        f"c.json:1: {GOOGLE} (interactions[0].response.body.string); {REDACT} c.json.",
        f"c:1: {NO_CASSETTE}",
    ]


def test_a_path_that_does_not_exist_is_one_line(check: Check, home: Path) -> None:
    """Unless a killed process has recorded it: then it is in a journal, and there is that to say."""
    (home / "link.yaml").symlink_to("nowhere.yaml")
    assert check("no.yaml", "no", "link.yaml") == (2, [f"{path}: {MISSING}" for path in ("no.yaml", "no", "link.yaml")])
    killed = Journal(home / "no.yaml", GATE, replaces=False)
    killed.add(_exchange())
    killed.leave()
    more = f"{home / 'no.yaml'}: more was recorded by a killed process; the next recording will add it."
    assert check("no.yaml") == (1, [more])
    assert check("--fix", "no.yaml") == (
        0,
        [f"{home / 'no.yaml'}: recovered what a killed process had recorded, exchanges: 1"],
    )


def test_what_was_to_replace_a_cassette_is_put_beside_it(check: Check, home: Path) -> None:
    """The candidate that it becomes is named, and waits from then on."""
    killed = Journal(home / "clean.yaml", GATE, replaces=True)
    killed.add(_exchange())
    killed.leave()
    aside = home / "clean.failed.yaml"
    assert check("--fix", ".") == (0, [f"{aside}: recovered what a killed process had recorded, exchanges: 1"])
    status, [line] = check(".")
    assert status == 1
    assert line.startswith("clean.failed.yaml: a candidate that waits: ")


def test_what_is_looked_for_is_told_as_scan_is(check: Check, home: Path) -> None:
    """A text, or rules of others, and those that are not used."""
    _save(home / "c.yaml", b'{"a": "mine-0123"}')
    (home / "rules.toml").write_text("[[rules]]\nid = 'mine'\nregex = 'mine-([0-9]{4})'\n")
    assert check("c.yaml") == (0, [])
    status, [line] = check("--rules", "rules.toml", "c.yaml")
    assert status == 1
    assert "a key (mine)" in line
    assert check("--rules", "rules.toml", "--skip-rule", "mine", "c.yaml") == (0, [])
    status, [line] = check("--redact", "mine-0123", "c.yaml")
    assert status == 1


def test_an_old_cassette_and_one_of_a_retired_model_are_told_if_that_is_asked_for(check: Check, home: Path) -> None:
    """With the options of a replay, and their values."""
    again = "run its test with record mode 'rewrite'."
    answer = b'{"id": "v1_a", "model": "gemini-1.0-pro", "created": "2020-01-31T12:00:00Z", "status": "completed"}'
    path = "/v1beta/interactions"
    asked = Request(method="POST", uri=f"https://generativelanguage.googleapis.com{path}", body=b'{"input": "Hello"}')
    exchange = Exchange(request=asked, response=_exchange(answer).response)
    (home / "old.yaml").write_text(layout.dumps([exchange]))
    assert check("old.yaml", "--retired-model=gemini-2.0-flash") == (0, [])
    assert check("old.yaml", "--max-age=99999") == (0, [])
    status, lines = check(".", "--max-age=12w", "--retired-model=models/Gemini-1.0-Pro")
    assert status == 1
    assert [re.sub(r"\d+ days old", "N days old", line) for line in lines] == [
        f"old.yaml: it is N days old (recorded on 2020-01-31), and max_age is 84 days; {again}",
        f"old.yaml: it names what is retired: gemini-1.0-pro; {again}",
    ]
    assert main(["check", ".", "--max-age=soon"]) == 2


def test_scan_has_the_same_forms(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file outside of the checkout, the annotation has the path that was given."""
    line = _plant(home / "c.yaml")
    where = "a Google API key (google-api-key) (interactions[0].response.body.string $.a)"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(home / "checkout"))
    assert main(["scan", "c.yaml", "no.txt"]) == 2
    assert capsys.readouterr().out.splitlines() == [
        f"::error file=c.yaml,line={line},title=pytest-interactions%3A secret::c.yaml:{line}: {where}",
        f"::error file=no.txt,title=pytest-interactions%3A unreadable::no.txt: {MISSING}",
    ]
    assert main(["scan", "c.yaml", "--format", "json"]) == 1
    [found] = json.loads(capsys.readouterr().out)
    assert found == {"path": "c.yaml", "line": line, "kind": "secret", "level": "error", "message": where}


def test_a_name_commands_no_workflow(check: Check, home: Path) -> None:
    """A line end in it is written out, so that what follows is no command of GitHub's."""
    _save(home / "a\n::stop-commands::x.yaml", incomplete=True)
    status, lines = check("--format", "github", ".")
    assert status == 1
    [line] = lines
    assert line.startswith("::warning file=a\\n%3A%3Astop-commands%3A%3Ax.yaml,title=")


def test_a_cassettes_directory_is_not_listed_for_each_of_its_media(
    check: Check, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That would take time that grows with the square of the cassettes."""
    for number in range(5):
        _save(home / f"{number}.yaml", MEDIUM)
    listed, iterdir = [], Path.iterdir

    def counted(path: Path) -> Iterator[Path]:
        listed.append(path)
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", counted)
    assert check(".") == (0, [])
    assert len(listed) == len(set(listed)) > 5


def test_the_hooks_of_pre_commit_are_commands() -> None:
    """They are given what lies where cassettes are by default."""
    hooks = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text())
    assert [hook["entry"] for hook in hooks] == ["pytest-interactions check", "pytest-interactions scan"]
    assert {hook["entry"].split()[1] for hook in hooks} <= COMMANDS.keys()
    for hook in hooks:
        assert re.search(hook["files"], f"{Options().cassette_dir}/tests/test_it/test_it.yaml")
        assert not re.search(hook["files"], "src/app.py")
