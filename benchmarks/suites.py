"""Whole test suites: each test with a cassette and a client of its own, in a run of pytest."""

from __future__ import annotations

import shutil
from functools import partial
from statistics import median
from textwrap import dedent
from typing import TYPE_CHECKING, Final

from benchmarks.material import CASSETTER_MATCH_ON, SDK_URL, URL, VCR_MATCH_ON, WRITERS, answer, question
from benchmarks.measure import child, in_turns, ratio
from benchmarks.report import Section, duration, times

if TYPE_CHECKING:
    from pathlib import Path

_FILES: Final = 10
_SIZE: Final = 200

_AIMS: Final = {"google-genai": (0.12, 0.006), "httpx2": (1.5, 0.0005)}
#: The suite over the same mock, in clients that are made with all that makes a connection, as an app makes them.
_WHOLE: Final = "mock, in a whole client"
#: The suite of ours whose tests share one cassette.
_SHARED: Final = "ours, one cassette for all"

#: What a test of each client does, with `{client}` in the place of what makes the client.
_BODIES: Final = {
    "google-genai": """
        client = {client}
        got = client.interactions.create(model="gemini-3.5-flash", input=INPUTS[{number}])
        assert got.steps[0].content[0].text == "Answer {number}."
    """,
    "httpx2": """
        with {client} as client:
            got = client.post(URL, json={{"model": "gemini-3.5-flash", "input": INPUTS[{number}]}}).json()
        assert got["steps"][0]["content"][0]["text"] == "Answer {number}."
    """,
}
_CLIENTS: Final = {"google-genai": "genai.Client()", "httpx2": "httpx2.Client()"}
_MOCKED: Final = {
    "google-genai": 'genai.Client(http_options={"httpx_client": httpx2.Client(transport=mock())})',
    "httpx2": "httpx2.Client(transport=mock())",
}
_HEAD: Final = """
import json
import httpx2
import pytest
{imports}
from material import INPUTS, URL, mock, whole

"""
_MATERIAL: Final = """
import json
import httpx2

URL = {url!r}
INPUTS = {inputs!r}
ANSWERS = {{text: json.dumps(answer).encode() for text, answer in zip(INPUTS, {answers!r})}}


def mock():
    def handle(request):
        body = json.loads(request.content)
        content = ANSWERS[body["input"]]
        assert body == {{"model": "gemini-3.5-flash", "input": body["input"]}}
        return httpx2.Response(200, content=content, headers={{"content-type": "application/json"}})

    return httpx2.MockTransport(handle)


def whole():
    client = httpx2.Client()
    client._transport = mock()
    return client
"""
#: By contender: its plugin, its marker, and where its cassettes are.
_PLUGINS: Final = {
    "ours": (("syrupy", "interactions"), "pytest.mark.interactions", "cassettes/{module}/{test}.yaml"),
    "pytest-recording": (("recording",), "pytest.mark.vcr", "cassettes/{module}/{test}.yaml"),
    "cassetter": (("cassetter",), "pytest.mark.vcr", "cassettes/{module}/{test}.yaml"),
}
_WRITER: Final = {"ours": "ours", "pytest-recording": "vcrpy", "cassetter": "cassetter"}


def run(scratch: Path, *, quick: bool) -> Section:
    """Run the suites of both clients, in turns."""
    count = 60 if quick else 500
    section = Section(f"{count} tests, each with its own cassette", ("client", "", "whole run", "", "one test more"))
    for client in _CLIENTS:
        slow = client == "google-genai"
        _suites(section, scratch / client, client, count, rounds=1 if quick or slow else 2)
    section.notes.append(
        "The whole run is the process of pytest from start to end, and what the targets speak of; one test more is its "
        "share of what the run takes longer than one of as many empty tests without a plugin. The mock of google-genai "
        "is given to it as `http_options={'httpx_client': …}`. cassetter is left out there to save minutes: it makes "
        "the same clients as pytest-recording does. Where one cassette is for all, it has as many exchanges as there "
        "are tests, and each asks for another. A mock that is given to the client spares it to import what opens "
        "connections, and to make TLS contexts; in a whole client, as ours has it, it does both, CA certificates "
        "included, which ours leaves out. By profile, one test more of ours over httpx2 is pytest's own for nearly a "
        "half (it has two fixtures more than a test over a mock), the client's for a fifth, and ours for a third: to "
        "find, read and check the file, to put it in force, to answer, and to judge at the end. Over google-genai half "
        "is what `genai.Client()` does, of which TLS contexts are the half; ours is a tenth."
    )
    return section


def _suites(section: Section, directory: Path, client: str, count: int, *, rounds: int) -> None:
    _write(directory / "empty tests", client, None, count)
    runs = {"empty tests": partial(_run, directory / "empty tests", ())}
    _write(directory / "mock", client, _MOCKED[client], count)
    runs["mock"] = partial(_run, directory / "mock", ())
    for name, (plugins, marker, _) in _PLUGINS.items():
        if (client, name) == ("google-genai", "cassetter"):
            continue
        _write(directory / name, client, _CLIENTS[client], count, contender=name, marker=marker)
        runs[name] = partial(_run, directory / name, plugins)
    if client == "httpx2":
        _write(directory / _WHOLE, client, "whole()", count)
        runs[_WHOLE] = partial(_run, directory / _WHOLE, ())
        _write_shared(directory / _SHARED, client, count)
        runs[_SHARED] = partial(_run, directory / _SHARED, _PLUGINS["ours"][0])
    for run in runs.values():  # once for the compiled modules
        run("--collect-only")
    figures = in_turns(runs, rounds)
    empty = median(figures["empty tests"])
    for name, walls in figures.items():
        per_test = "" if name == "empty tests" else duration((median(walls) - empty) / count)
        section.rows.append(
            (client, name, duration(median(walls)), times(ratio(walls, figures["mock"])), per_test),
        )
    shutil.rmtree(directory)
    beside_mock, (most, each) = ratio(figures["ours"], figures["mock"]), _AIMS[client]
    aim = f"{count} tests with a `{_CLIENTS[client]}` each take at most {most}× as long as over the mock"
    section.aim(aim, times(beside_mock), met=beside_mock <= most)
    one = (median(figures["ours"]) - empty) / count
    section.aim(f"one test more over {client} takes at most {duration(each)}", duration(one), met=one <= each)
    if client == "httpx2":
        found = ratio(figures[_SHARED], figures["ours"])
        aim = f"{count} tests that share one cassette take at most 1.3× as long as with one each"
        section.aim(aim, times(found), met=found <= 1.3)
        return
    faster = ratio(figures["pytest-recording"], figures["ours"])
    aim = f"{count} tests with a `genai.Client()` each are 3× as fast as with pytest-recording"
    section.aim(aim, times(faster), met=faster >= 3)


def _run(directory: Path, plugins: tuple[str, ...], *more: str) -> float:
    loaded = [part for name in plugins for part in ("-p", name)]
    env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "GEMINI_API_KEY": "a-key-for-everyone"}
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", *loaded, *more]
    return child(arguments, cwd=directory, env=env).wall


def _write(  # noqa: PLR0913 - one suite, all its facts
    directory: Path, client: str, made: str | None, count: int, *, contender: str = "", marker: str = ""
) -> None:
    """Write a suite of `count` tests; with no client `made`, of tests that do nothing."""
    directory.mkdir(parents=True)
    (directory / "pytest.ini").write_text("[pytest]\n")
    asked = [question(number, _SIZE) for number in range(count)]
    answers = [answer(number) for number in range(count)]
    inputs = [body["input"] for body in asked]
    url = SDK_URL if client == "google-genai" else URL
    (directory / "material.py").write_text(_MATERIAL.format(url=url, inputs=inputs, answers=answers))
    (directory / "conftest.py").write_text(_config(contender))
    imports = "from google import genai" if client == "google-genai" else ""
    for file in range(_FILES):
        numbers = range(file, count, _FILES)
        head = _HEAD.format(imports=imports) + (f"pytestmark = {marker}\n" if marker else "")
        tests = [_test(client, made, number) for number in numbers]
        (directory / f"test_{file}.py").write_text("\n\n".join([head, *tests]))
        if contender:
            for number in numbers:
                path = _PLUGINS[contender][2].format(module=f"test_{file}", test=f"test_{number}")
                WRITERS[_WRITER[contender]](directory / path, [(asked[number], answers[number])], url)


def _write_shared(directory: Path, client: str, count: int) -> None:
    """Write a suite of ours, all of whose tests have one cassette."""
    _write(directory, client, _CLIENTS[client], count, contender="ours", marker='pytest.mark.interactions("all")')
    shutil.rmtree(directory / "cassettes")
    traffic = [(question(number, _SIZE), answer(number)) for number in range(count)]
    WRITERS["ours"](directory / "cassettes" / "all.yaml", traffic, URL)


def _test(client: str, made: str | None, number: int) -> str:
    body = _BODIES[client].format(client=made, number=number) if made else "\npass\n"
    lines = dedent(body).strip().splitlines()
    return "\n".join([f"def test_{number}():", *(f"    {line}" for line in lines)]) + "\n"


def _config(contender: str) -> str:
    """The fixture by which the others match the body as well."""
    matched = {"pytest-recording": VCR_MATCH_ON, "cassetter": CASSETTER_MATCH_ON}.get(contender)
    if matched is None:
        return ""
    scope = '(scope="module")' if contender == "cassetter" else ""
    return f"import pytest\n\n\n@pytest.fixture{scope}\ndef vcr_config():\n    return {{'match_on': {matched!r}}}\n"
