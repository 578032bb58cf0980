"""Recordings that answer in their order, whatever a request says, and the differences that never get lost."""

from __future__ import annotations

import asyncio
import json
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai

from pytest_interactions import CassetteMissError, DifferingError, DifferingWarning, UnplayedError
from pytest_interactions.api.transcript import transcript
from tests.cassette.clients import CLIENTS, sdk
from tests.cassette.test_calls import MODEL, streamed, unary
from tests.cassette.test_tool_calls import EXPECTED, RESULTS, WEATHER, scripted
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the cassette is."""
    return tmp_path / "c.yaml"


def record(path: Path, app: Callable[[], Any]) -> Any:
    """Record an app; what it returns."""
    with use_cassette(path, record_mode="once"):
        return app()


def differs(path: Path, app: Callable[[], Any], **options: Any) -> tuple[Any, list[str]]:
    """Replay an app in sequence: what it returns, and the lines of the error that tell what differs."""
    answer = []
    with pytest.raises(DifferingError) as raised, use_cassette(path, match_on="sequence", **options):
        answer.append(app())
    told = str(raised.value).split("\n\n", maxsplit=1)[0].split("\n")
    assert told[0].startswith(f"{path}: ")
    return answer[0], told[1:]


def loop(url: str, instruction: str, ask: Any = unary, **more: Any) -> Any:
    """An agent with a tool and a system prompt."""
    more |= {"tools": [WEATHER], "system_instruction": instruction}
    first = ask(url, "What is the weather?", **more)
    last = first[-1].interaction if isinstance(first, list) else first
    return ask(url, RESULTS, previous_interaction_id=last.id, **more)


@pytest.mark.parametrize("ask", [unary, streamed])
def test_a_changed_prompt_runs_offline_and_fails_at_the_end(ask: Any, emulator: Emulator, path: Path) -> None:
    """The same field of each request is told once."""
    scripted(emulator)
    recorded = record(path, partial(loop, emulator.url, "Be kind.", ask))
    emulator.stop()
    answer, lines = differs(path, partial(loop, emulator.url, "Be terse.", ask))
    assert transcript(answer) == transcript(recorded)
    assert lines == [
        "  exchanges 1-2: POST /interactions",
        '    system_instruction: "Be kind." -> "Be terse."',
    ]


def test_what_is_as_recorded_differs_in_nothing(emulator: Emulator, path: Path) -> None:
    scripted(emulator)
    record(path, partial(loop, emulator.url, "Be kind."))
    with use_cassette(path, match_on="sequence") as cassette:
        loop(emulator.url, "Be kind.")
    assert (cassette.all_played, cassette.sequence.findings(), len(cassette.sequence)) == (True, [], 0)


def test_a_warning_stands_for_the_error_where_the_test_says_so(emulator: Emulator, path: Path) -> None:
    scripted(emulator)
    record(path, partial(loop, emulator.url, "Be kind."))
    with (
        pytest.warns(DifferingWarning, match=r'system_instruction: "Be kind\." -> "Be terse\."'),
        use_cassette(path, match_on="sequence", differing="warn") as cassette,
    ):
        loop(emulator.url, "Be terse.")
    assert cassette.calls == EXPECTED
    assert [exchange.request.json()["system_instruction"] for exchange in cassette.exchanges] == ["Be terse."] * 2


def test_each_field_is_told_exchange_by_exchange(emulator: Emulator, path: Path) -> None:
    def app(prompts: list[str], **more: Any) -> None:
        for prompt in prompts:
            unary(emulator.url, prompt, **more)

    record(path, lambda: app(["One", "Two", "Three", "Four"]))
    changed = {"system_instruction": "Be terse.", "generation_config": {"temperature": 0, "seed": 7}}
    _, lines = differs(path, lambda: app(["One", "2", "Three", "4"], **changed))
    assert lines == [
        "  exchanges 1-4: POST /interactions",
        "    generation_config: added",
        "    system_instruction: added",
        "  exchange 2: POST /interactions",
        '    input: "Two" -> "2"',
        "  exchange 4: POST /interactions",
        '    input: "Four" -> "4"',
    ]


def test_an_exact_match_is_played_first(emulator: Emulator, path: Path) -> None:
    """A request that is left out does not give its answer to the next one, and concurrent ones get their own."""
    record(path, lambda: [unary(emulator.url, prompt) for prompt in ("One", "Two", "Three")])
    with pytest.raises(DifferingError) as raised, use_cassette(path, match_on="sequence") as cassette:
        assert "Two" in unary(emulator.url, "Two").output_text
        assert "One" in unary(emulator.url, "Else").output_text
    assert raised.value.__notes__ == ["Besides: 1 of 3 recorded exchanges not asked for: POST /interactions"]
    assert not cassette.all_played


def test_more_than_was_recorded_is_a_miss(emulator: Emulator, path: Path) -> None:
    record(path, lambda: unary(emulator.url, "One"))
    with pytest.raises(CassetteMissError), use_cassette(path, match_on="sequence"):
        unary(emulator.url, "1")
        unary(emulator.url, "2")


def test_less_than_was_recorded_is_unplayed(emulator: Emulator, path: Path) -> None:
    record(path, lambda: [unary(emulator.url, prompt) for prompt in ("One", "Two")])
    with pytest.raises(UnplayedError), use_cassette(path, match_on="sequence"):
        unary(emulator.url, "One")


def test_another_kind_of_request_is_a_miss(emulator: Emulator, path: Path) -> None:
    """Its method, the kind of its path, and outside of the API its origin and path are those of the recording."""
    record(path, lambda: unary(emulator.url, "One"))
    with pytest.raises(CassetteMissError), use_cassette(path, match_on="sequence"), sdk(emulator.url) as client:
        client.interactions.get("v1_x")


@pytest.mark.parametrize("name", CLIENTS)
def test_each_client_gets_the_next_answer(name: str, emulator: Emulator, path: Path) -> None:
    ask = CLIENTS[name]
    record(path, lambda: [ask(emulator.url, "Hello"), ask(emulator.url, "Goodbye")])
    answers, lines = differs(path, lambda: [ask(emulator.url, "Hi"), ask(emulator.url, "Bye")])
    assert "Hello" in json.dumps(answers[0], default=str)
    assert "Goodbye" in json.dumps(answers[1], default=str)
    assert lines == [
        "  exchange 1: POST /interactions",
        '    input: "Hello" -> "Hi"',
        "  exchange 2: POST /interactions",
        '    input: "Goodbye" -> "Bye"',
    ]


@pytest.mark.parametrize(("before", "after"), [(unary, streamed), (streamed, unary)])
def test_an_answer_is_streamed_if_it_is_asked_so_now(before: Any, after: Any, emulator: Emulator, path: Path) -> None:
    recorded = record(path, lambda: before(emulator.url, "Hello"))
    answer, lines = differs(path, lambda: after(emulator.url, "Hello"))
    assert transcript(answer) == transcript(recorded)
    assert lines == [
        "  exchange 1: POST /interactions",
        f"    stream: {'added' if after is streamed else 'removed'}",
    ]


def test_errors_and_what_broke_stay_as_they_are(emulator: Emulator, path: Path) -> None:
    """A client's repetitions get the next answers, as they did."""
    emulator.on(input="story").reply(error=503, times=2)
    emulator.on(input="story").reply(text="Once.")

    def app(prompt: str) -> Any:
        options: Any = {"base_url": emulator.url, "retry_options": {"attempts": 4, "initial_delay": 0.001}}
        with genai.Client(api_key="k" * 20, http_options=options) as client:
            return list(client.interactions.create(model=MODEL, input=prompt, stream=True))

    recorded = record(path, lambda: app("A story"))
    answer, lines = differs(path, lambda: app("Another"))
    assert transcript(answer) == transcript(recorded)
    assert lines == ["  exchanges 1-3: POST /interactions", '    input: "A story" -> "Another"']


def test_polls_go_on_as_recorded(emulator: Emulator, path: Path) -> None:
    def app(prompt: str) -> Any:
        with sdk(emulator.url) as client:
            job = client.interactions.create(model=MODEL, input=prompt, background=True)
            while job.status != "completed":
                job = client.interactions.get(job.id)
            return client.interactions.get(job.id).output_text

    record(path, lambda: app("Work"))
    answer, lines = differs(path, lambda: app("Play"))
    assert "Work" in answer
    assert lines == ["  exchange 1: POST /interactions", '    input: "Work" -> "Play"']


def test_requests_at_once_get_their_answers_in_the_order_they_come(emulator: Emulator, path: Path) -> None:
    def app(instruction: str) -> Any:
        async def ask() -> Any:
            async with sdk(emulator.url).aio as client:
                asked = [
                    client.interactions.create(model=MODEL, input=f"Number {n}", system_instruction=instruction)
                    for n in range(5)
                ]
                return [answer.output_text for answer in await asyncio.gather(*asked)]

        return asyncio.run(ask())

    record(path, lambda: app("Be kind."))
    answers, lines = differs(path, lambda: app("Be terse."))
    assert len(set(answers)) == 5
    assert lines[:2] == ["  exchanges 1-5: POST /interactions", '    system_instruction: "Be kind." -> "Be terse."']


def test_other_models_and_files_are_of_one_kind(path: Path, emulator: Emulator) -> None:
    """Names in paths of the API may change; a verb behind one may not."""
    key = {"x-goog-api-key": "k" * 20}

    def post(name: str) -> httpx.Response:
        body = {"contents": [{"parts": [{"text": "Hi"}]}]}
        return httpx.post(f"{emulator.url}/v1beta/models/{name}", json=body, headers=key)

    record(path, lambda: post("gemini-3.5-flash:generateContent"))
    _, lines = differs(path, lambda: post("gemini-4:generateContent"))
    assert lines[1].startswith("    path: ")
    with pytest.raises(CassetteMissError), use_cassette(path, match_on="sequence"):
        post("gemini-3.5-flash:countTokens")


@pytest.mark.parametrize("mode", ["all", "rewrite", "off"])
def test_what_is_recorded_anew_has_no_sequence(mode: Any, emulator: Emulator, path: Path) -> None:
    """A suite with the option is recorded as any other."""
    record(path, lambda: unary(emulator.url, "One"))
    with use_cassette(path, record_mode=mode, match_on="sequence"):
        assert "Two" in unary(emulator.url, "Two").output_text


@pytest.mark.parametrize("mode", ["once", "new_episodes"])
def test_what_may_be_recorded_is_matched_as_ever(mode: Any, emulator: Emulator, path: Path) -> None:
    """A request that was not recorded is sent, and gets no answer of another's."""
    with use_cassette(path, record_mode="once", match_on="sequence"):
        unary(emulator.url, "One")
    if mode == "once":  # a recording that was left unfinished goes on
        path.write_text(
            path.read_text().replace("version: 1\nmetadata:\n", "version: 1\nmetadata:\n  incomplete: true\n")
        )
    with use_cassette(path, record_mode=mode, match_on="sequence", unplayed="ignore"):
        assert "One" in unary(emulator.url, "One").output_text
        assert "Two" in unary(emulator.url, "Two").output_text
    assert len(emulator.requests) == 2


def test_a_replay_of_mode_once_is_one_in_sequence(emulator: Emulator, path: Path) -> None:
    record(path, lambda: unary(emulator.url, "One"))
    differs(path, lambda: unary(emulator.url, "Two"), record_mode="once")


def test_an_app_that_fails_is_told_what_differs(emulator: Emulator, path: Path) -> None:
    record(path, lambda: unary(emulator.url, "One"))
    with pytest.raises(ZeroDivisionError) as raised, use_cassette(path, match_on="sequence"):
        unary(emulator.url, "Two")
        raise ZeroDivisionError
    assert raised.value.__notes__ == [
        "A request differs from the recording that answered it: exchange 1: POST /interactions",
        'A request differs from the recording that answered it:   input: "One" -> "Two"',
    ]


def test_many_differences_are_told_in_brief_and_whole(emulator: Emulator, path: Path) -> None:
    def app(*prompts: str) -> None:
        for prompt in prompts:
            unary(emulator.url, prompt)

    record(path, lambda: app(*"abcdefgh"))
    with pytest.raises(DifferingError) as raised, use_cassette(path, match_on="sequence"):
        app(*"ABCDEFGH")
    assert str(raised.value).count(" -> ") == 8
    assert "... and 9 more lines; --full-trace shows all" in raised.value.brief
    assert len(raised.value.brief.splitlines()) == 12
    assert raised.value.headline.startswith('input: "a" -> "A"; input: "b" -> "B"')


def test_what_differs_in_nothing_that_is_shown_is_told_too(emulator: Emulator, path: Path) -> None:
    """A hook may have made two requests differ."""
    record(path, lambda: unary(emulator.url, "One"))

    def normalize(request: Any, marks: Any = iter("ab")) -> Any:  # noqa: B008 - one for all requests
        request.body = next(marks, "c")
        return request

    _, lines = differs(path, lambda: unary(emulator.url, "One"), normalize_request=normalize)
    assert lines[1] == "    what is compared beside method, path, query and body"


def test_a_thousand_differences_of_a_request_are_enough(emulator: Emulator, path: Path) -> None:
    def app(word: str) -> None:
        content = [{"type": "text", "text": f"{word} {number}"} for number in range(1100)]
        unary(emulator.url, content)  # type: ignore[arg-type] # content, too

    record(path, lambda: app("one"))
    _, lines = differs(path, lambda: app("two"))
    assert len(lines) == 1002
    assert lines[-1] == "    ... and more"


def test_no_secret_is_told(emulator: Emulator, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "a-key-of-this-test-alone")
    record(path, lambda: unary(emulator.url, "One"))
    _, lines = differs(path, lambda: unary(emulator.url, "With a-key-of-this-test-alone"))
    assert lines[1:] == ['    input: "One" -> "With REDACTED"']


def test_logins_answer_nothing(path: Path) -> None:
    """A login that another tool has recorded is none of the app's requests."""
    from tests.commands.showing import cassette, exchange

    cassette(path, exchange({"a": 1}, {"access_token": "x"}, uri="https://oauth2.googleapis.com/token"))
    with use_cassette(path, match_on="sequence") as opened:
        with pytest.raises(CassetteMissError):
            httpx.post("https://oauth2.googleapis.com/v2/token", json={"a": 2})
        opened.failures.clear()


def test_warnings_of_several_replays_are_each_ones_own(emulator: Emulator, path: Path) -> None:
    record(path, lambda: unary(emulator.url, "One"))

    def replay(prompt: str) -> None:
        with use_cassette(path, match_on="sequence", differing="warn"):
            unary(emulator.url, prompt)

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        replay("Two")
        replay("One")
    assert [each.category for each in told] == [DifferingWarning]
    assert "To pass meanwhile" not in str(told[0].message)
