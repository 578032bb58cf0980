"""What is the replay server's own in a fault: what never comes, real time, other processes and languages."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import CassetteMissError, FaultError
from pytest_interactions.files import storage
from tests.cassette.clients import _post
from tests.server.asking import STEPS, ask, waiting
from tests.support import node

if TYPE_CHECKING:
    from tests.server.conftest import Served
    from tests.support import Runner


@pytest.fixture
def stream(served: Served) -> Served:
    """A recorded stream, whose events came 20 ms one after the other."""
    served.emulator.on().reply(steps=STEPS, events_delay=0.02)
    with served.record() as server:
        ask(server.url, stream=True)
    return served


@pytest.fixture
def unary(served: Served) -> Served:
    """A recorded answer in JSON."""
    served.emulator.on().reply(steps=STEPS, delay=0.1)
    with served.record() as server:
        ask(server.url, stream=False)
    return served


# --- time ---


@pytest.mark.parametrize("fault", [{"delay": 90}, {"events_delay": 90}, {"delay": 90, "cut_after": 3}], ids=str)
def test_no_time_passes_if_the_test_skips_waiting(fault: dict[str, Any], stream: Served) -> None:
    """What is late comes at once."""
    start = time.monotonic()
    with stream.replay(fault=fault, fast_forward=True) as server:
        got = ask(server.url, stream=True)
    assert got.error is (httpx.RemoteProtocolError if "cut_after" in fault else None)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("options", [{"fault": {"delay": 60}}, {"fault": {"events_delay": 60}}, {"pace": 60}], ids=str)
def test_a_client_that_does_not_wait_may_ask_again(options: dict[str, Any], stream: Served) -> None:
    """As the answer did not come to it; each time that it asks, and no more often than it lost its patience."""
    with stream.replay(unplayed="ignore", **options) as server:
        got = [ask(server.url, stream=True, timeout=0.2).error for _ in range(2)]
    assert got == [httpx.ReadTimeout, None if "fault" in options else httpx.ReadTimeout]


def test_a_late_answer_that_came_is_not_played_again(unary: Served) -> None:
    """A request too many is a miss, however late the answers are."""
    with pytest.raises(CassetteMissError), unary.replay(fault={"delay": 0.01, "times": "all"}) as server:
        assert [ask(server.url, stream=False).status for _ in range(2)] == [200, 404]


@pytest.mark.parametrize(("pace", "factor"), [("recorded", 1), ("4x", 4)])
def test_a_stream_keeps_the_pace_of_its_recording(pace: str, factor: float, stream: Served) -> None:
    """The client in another process gets each event when it came, or that much faster."""
    (exchange,) = storage.load(stream.path).exchanges
    assert exchange.times is not None
    start = time.monotonic()
    with stream.replay(pace=pace) as server:
        assert ask(server.url, stream=True).error is None
    took = time.monotonic() - start
    assert exchange.times[-1] >= 0.1
    assert took >= exchange.times[-1] / factor
    if factor > 1:
        assert took < exchange.times[-1]


def test_a_body_keeps_the_pace_of_its_recording(unary: Served) -> None:
    """It comes as late as it did."""
    start = time.monotonic()
    with unary.replay(pace="recorded") as server:
        assert ask(server.url, stream=False).error is None
    assert time.monotonic() - start >= 0.1


# --- what never comes ---


@pytest.mark.parametrize("fast_forward", [False, True])
@pytest.mark.parametrize("fault", [{"hang_after": 2}, {"timeout": "read"}], ids=str)
def test_the_server_stops_though_a_client_waits_for_what_never_comes(
    fault: dict[str, Any], fast_forward: bool, stream: Served
) -> None:
    """A client without patience gets a broken connection when the test ends, which waits for nothing."""
    with ExitStack() as ended, stream.replay(fault=fault, fast_forward=fast_forward) as server:
        got = ended.enter_context(waiting(server.url, until=lambda _: server._cassette.asked))
    assert got.error in (httpx.RemoteProtocolError, httpx.ReadError)


def test_a_client_that_has_gone_may_ask_again(stream: Served) -> None:
    """Each time it is hit as often as is said; then it gets the stream."""
    with stream.replay(fault={"hang_after": 1, "times": 2}) as server:
        answers = [ask(server.url, stream=True, timeout=patience) for patience in (0.5, 0.5, 20)]
    assert [got.error for got in answers] == [httpx.ReadTimeout, httpx.ReadTimeout, None]
    assert [len(got.events) for got in answers[:2]] == [1, 1]


# --- bodies ---


def test_a_body_that_breaks_off_is_not_laid_out_anew(unary: Served) -> None:
    """Though it is JSON as far as it came: the count of its bytes is that of the cassette, and stays true."""
    (exchange,) = storage.load(unary.path).exchanges
    body = exchange.response.body
    with unary.replay(fault={"cut_after_bytes": len(body) - 1}) as server:
        got = ask(server.url, stream=False)
    assert (got.error, got.body) == (httpx.RemoteProtocolError, body[:-1])


def test_a_body_that_broke_off_when_it_was_recorded_has_the_same_length_again(served: Served) -> None:
    """A client gets the same head and the same error from the recording as from the API."""
    served.emulator.on().reply(steps=STEPS, cut_after_bytes=100)
    answers = []
    for serve in (served.record, served.replay):
        with serve() as server:
            answers.append(ask(server.url, stream=False))
    assert {(got.error, len(got.body)) for got in answers} == {(httpx.RemoteProtocolError, 100)}


# --- the test that owns the cassette ---


def test_a_fault_that_hit_nothing_fails_the_owner(stream: Served) -> None:
    """And says why it did not."""
    with pytest.raises(FaultError, match="its stream has 8 events, none after number 99"):
        with stream.replay(fault={"cut_after": 99}) as server:
            ask(server.url, stream=True)


def test_an_app_that_gives_up_may_leave_what_comes_after(served: Served) -> None:
    """What was recorded after the request that a fault has hit need not be asked for."""
    with served.record() as server:
        for prompt in "ab":
            httpx.request(**_post(server.url, prompt))
    with served.replay(fault={"error": 503, "on": {"input": "a"}, "times": "all"}) as server:
        assert httpx.request(**_post(server.url, "a")).status_code == 503


AGENT = """
from google import genai
client = genai.Client()
for event in client.interactions.create(model="gemini-3.5-flash", input="Count", stream=True):
    print(event.event_type)
"""


def test_the_fault_of_a_test_reaches_a_program(run: Runner) -> None:
    """Its SDK gives up by its own error, and asks again where that is what it does."""
    run.test(f"""
import os, subprocess, sys

AGENT = {AGENT!r}

def agent(server):
    return subprocess.run([sys.executable, "-c", AGENT], env=os.environ | server.env, capture_output=True, text=True)

def test_records(interactions_server):
    assert agent(interactions_server).returncode == 0

@pytest.mark.interactions("test_it/test_records", fault={{"cut_after": 3}})
def test_breaks(interactions_server):
    ended = agent(interactions_server)
    assert len(ended.stdout.split()) == 3
    assert "APIConnectionError" in ended.stderr

@pytest.mark.interactions("test_it/test_records", fault={{"error": 503, "retry_after": 0, "times": 2}})
def test_asks_again(interactions, interactions_server):
    assert "interaction.completed" in agent(interactions_server).stdout
    assert [each.response.status for each in interactions.exchanges] == [503, 503, 200]
""")
    run.record("-k", "records").assert_outcomes(passed=1, deselected=2)
    run.emulator.stop()
    run.replay().assert_outcomes(passed=3)


def test_a_program_that_waits_for_ever_holds_no_test_up(run: Runner) -> None:
    """It is cut off when the test ends, which passes, and says nothing of it."""
    run.test(f"""
import os, subprocess, sys, time

AGENT = {AGENT!r}

def test_records(interactions_server):
    subprocess.run([sys.executable, "-c", AGENT], env=os.environ | interactions_server.env, check=True)

@pytest.fixture
def program():
    with subprocess.Popen([sys.executable], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process

@pytest.mark.interactions("test_it/test_records", fault={{"hang_after": 2}})
def test_waits(program, interactions_server):
    program.stdin.write(f"import os; os.environ |= {{interactions_server.env!r}}\\n")
    program.stdin.write(AGENT.replace("event_type)", "event_type, flush=True)"))
    program.stdin.close()
    assert [program.stdout.readline().strip() for _ in range(2)] == ["interaction.created", "interaction.status_update"]
""")
    run.record("-k", "records").assert_outcomes(passed=1, deselected=1)
    start = time.monotonic()
    run.replay("-k", "waits").assert_outcomes(passed=1, deselected=1)
    assert time.monotonic() - start < 20


# --- JavaScript ---

_JAVASCRIPT = """
import { GoogleGenAI } from "@google/genai";

const waits = [];
const later = globalThis.setTimeout;
globalThis.setTimeout = (done, wait, ...more) => {
  if (wait >= 300) waits.push(wait);
  return later(done, wait >= 300 ? 0 : wait, ...more);
};
const ai = new GoogleGenAI({});
let said = "";
try {
  const stream = process.env.STREAM === "true";
  const answer = await ai.interactions.create({ model: "gemini-3.5-flash", input: "Count", stream });
  if (stream) for await (const event of answer) said += `${event.event_type} `;
  else said = answer.output_text;
} catch (error) {
  said += `${error.constructor.name} ${error.status ?? ""}`;
}
console.log(JSON.stringify({ said, waits }));
"""


def _in_javascript(env: dict[str, str], stream: bool) -> dict[str, Any]:
    script = Path(__file__).parents[1] / "javascript" / "sections"
    ended = subprocess.run(
        [node(), "--input-type=module", "-e", _JAVASCRIPT],
        cwd=script,
        env=os.environ | env | {"STREAM": str(stream).lower()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told


@pytest.fixture(params=[False, True], ids=["unary", "stream"])
def javascript(request: pytest.FixtureRequest, served: Served) -> Any:
    """Run the program in JavaScript where a fault hits; return what it said, its waits, and the answers' statuses."""
    streams: bool = request.param
    with served.record() as server:
        recorded = _in_javascript(server.env | {"GEMINI_API_KEY": served.emulator.env["GEMINI_API_KEY"]}, streams)

    def run(fault: dict[str, Any]) -> tuple[str, list[float], list[int]]:
        with served.replay(fault=fault) as server:
            told = _in_javascript(server.env, streams)
            statuses = [exchange.response.status for exchange in server._cassette.exchanges]
        return told["said"].replace(recorded["said"], "all"), told["waits"], statuses

    run.streams = streams  # type: ignore[attr-defined]
    return run


def test_javascript_asks_again_after_an_error(javascript: Any) -> None:
    """The SDK waits for as long as it is told, and asks as often as it says: four times more."""
    said, waits, statuses = javascript({"error": 503, "retry_after": 7, "times": 2})
    assert (said, waits.count(7000), statuses) == ("all", 2, [503, 503, 200])
    said, waits, statuses = javascript({"error": 503, "retry_after": 7, "times": "all"})
    assert (said, waits.count(7000), statuses) == ("InternalServerError 503", 4, [503] * 5)


def test_javascript_asks_again_where_nothing_came(javascript: Any) -> None:
    """A connection that is reset, or closed without an answer, is one that the SDK tries again."""
    assert javascript({"refused": True})[::2] == ("all", [0, 200])
    assert javascript({"cut_after": 0})[::2] == ("all", [0, 200])


def test_javascript_sees_what_is_incomplete(javascript: Any) -> None:
    """A body that breaks off, or a stream, is an error of the SDK's, and no end."""
    said, _, statuses = javascript({"cut_after_bytes": 100})
    assert (said, statuses) == ("APIConnectionError " if javascript.streams else "TypeError ", [200])


@pytest.mark.parametrize("javascript", [True], indirect=True, ids=["stream"])
def test_javascript_reads_how_a_stream_ends(javascript: Any) -> None:
    """It gets the events that come, and the one of an error; without one it takes the end for the end."""
    begun = "interaction.created interaction.status_update "
    assert javascript({"cut_after": 2})[0] == f"{begun}APIConnectionError "
    assert javascript({"error_event_after": 2, "code": "internal"})[0] == f"{begun}error "
    assert javascript({"bare_error_after": 2})[0] == begun
