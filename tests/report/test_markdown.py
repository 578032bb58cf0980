"""What `show` prints as Markdown: rendered by a reader of Markdown, it says what the terminal says."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from pytest_interactions.escaping import on_one_line
from pytest_interactions.report.markdown import code, fenced, folded
from tests.api.test_transcript import TURN
from tests.commands.showing import cassette, exchange, show

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details><h1>forged</h1>",
    "```\n# out of the fence\n```",
    "``````````",
    "~~~\nout\n~~~",
    "`",
    "``",
    "` `",
    "- [x] done\n# heading",
    "[link](javascript:alert(1)) ![pixel](https://example.com/p.png)",
    "@everyone #1 https://example.com",
    "a | b | c\n--- | --- | ---",
    "&lt;b&gt; &amp;",
    "\\` \\",
    "\x1b[31mred\x1b[0m \u202e\r",
    "$$x$$ {{7*7}}",
)


class _Page(HTMLParser):
    """The elements and the text of what was rendered."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _page(markdown: str) -> _Page:
    return _Page(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_a_transcript_is_that_of_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of the terminal stands in it, the facts as a list and the turns as a block."""
    path = cassette(tmp_path / "c.yaml", exchange({"input": "Hi", "model": "m"}, TURN), incomplete=True)
    assert show(path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert show("--markdown", path) == 0
    markdown = capsys.readouterr().out
    page = _page(markdown)
    assert page.tags == {"h3", "code", "ul", "li", "pre"}
    assert [line for line in lines if line.strip() not in _squeezed(page.text) and line.strip() not in page.text] == []
    assert "- incomplete: the test that recorded it failed" in markdown.splitlines()


def test_of_several_cassettes_each_is_folded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its summary says how many turns there are, and how they ended."""
    one = cassette(
        tmp_path / "one.yaml", exchange({"input": "Hi"}, TURN), exchange({"input": "Yes"}, {**TURN, "id": "v1_b"})
    )
    two = cassette(tmp_path / "two.yaml", exchange({}, {"error": {}}, status=503))
    assert show("--markdown", "--each", one, two) == 0
    markdown = capsys.readouterr().out
    assert re.findall("<summary><code>(.*)</code></summary>", markdown) == [
        "2 turns, 2 exchanges, requires_action",
        "0 turns, 1 exchange",
    ]
    assert _page(markdown).tags >= {"h3", "details", "summary", "pre"}


def test_two_cassettes_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The diff stands in a block that is coloured as one; the status is that of the comparison."""
    old = cassette(tmp_path / "old.yaml", exchange({"input": "Hi", "model": "m"}, TURN))
    other = {**TURN, "steps": [{"type": "model_output", "content": [{"type": "text", "text": "``` Bye"}]}]}
    new = cassette(tmp_path / "new.yaml", exchange({"input": "Hi", "model": "n"}, {**other, "model": "n"}))
    assert show(old, new) == 1
    lines = capsys.readouterr().out.splitlines()
    assert show("--markdown", old, new) == 1
    markdown = capsys.readouterr().out
    assert f"### `{old}` → `{new}`" in markdown
    assert "````diff" in markdown
    assert [line for line in lines if line not in _page(markdown).text] == []
    assert show("--markdown", old, old) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["The same behaviour."]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_was_recorded_becomes_no_markdown(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever it stands, it is shown, and makes no element of its own."""
    step = {"type": "function_call", "id": "1", "name": text, "arguments": {text: text}}
    answer = {"id": "v1_x", "status": text, "model": text, "steps": [step]}
    asked = {"input": text, "model": text, "system_instruction": text, "tools": [{"type": "function", "name": text}]}
    one = cassette(tmp_path / "one.yaml", exchange(asked, answer))
    two = cassette(tmp_path / "two.yaml", exchange({**asked, "model": text * 2}, {**answer, "status": "completed"}))
    for arguments in (("--each", one, two), (one, two)):
        show("--markdown", *arguments)
        page = _page(capsys.readouterr().out)
        assert page.tags <= {"h3", "code", "ul", "li", "pre", "details", "summary"}
        assert on_one_line(text)[:7].strip("`") in page.text


@pytest.mark.parametrize("text", HOSTILE)
def test_code_and_blocks_hold_any_text(text: str) -> None:
    """A reader gets the text back, on one line or on several."""
    shown = _page(code(text)).text
    assert _squeezed(shown).strip() == _squeezed(code(text).strip("`")).strip()
    lines = text.split("\n")
    assert _page("\n".join(fenced(lines))).text.strip("\n").split("\n") == [line.replace("\r", "") for line in lines]
    assert _page("\n".join(folded(text, ["x"]))).tags <= {"details", "summary", "code", "p"}


def test_code_of_nothing_is_code() -> None:
    """An empty text does not take away the mark of what follows."""
    assert code("") == "`  `"
