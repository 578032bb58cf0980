"""Webhooks: an app on a real socket verifies, by the library of the convention, what the emulator delivers."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from pytest_interactions.server.emulator import Emulator, signed
from pytest_interactions.server.emulator.errors import ApiError
from tests.emulator.test_resources import make, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.emulator.webhook_app import App


MODEL = "gemini-3.5-flash"
ENDS = ["interaction.completed", "interaction.failed", "interaction.requires_action"]


def hook(rest: httpx.Client, uri: str, *events: str) -> dict[str, Any]:
    """A webhook for `uri`."""
    return make(rest, "webhooks", {"uri": uri, "subscribed_events": events or ENDS})


def work(rest: httpx.Client, **body: Any) -> str:
    """The id of new background work."""
    return str(make(rest, "interactions", {"model": MODEL, "input": "Analyse", "background": True, **body})["id"])


# --- what is delivered ---


def test_the_end_of_background_work_is_delivered(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    """Signed, and the interaction has ended when the app asks for it."""
    secret = hook(rest, app.uri)["new_signing_secret"]
    name = work(rest)
    (delivered,) = emulator.wait_delivered()
    assert app.verified(secret) == delivered.event
    assert delivered.event == {
        "type": "interaction.completed",
        "version": "v1",
        "timestamp": "2026-06-09T12:01:25Z",
        "data": {"id": name},
    }
    assert (delivered.uri, delivered.status, delivered.problem) == (app.uri, 204, "")
    assert rest.get(f"/v1beta/interactions/{name}").json()["status"] == "completed"


def test_the_end_of_a_background_stream_is_delivered(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    hook(rest, app.uri)
    stream = rest.post("/v1beta/interactions", json={"model": MODEL, "input": "x", "background": True, "stream": True})
    assert stream.text.endswith("data: [DONE]\n\n")
    assert emulator.wait_delivered()[0].event["type"] == "interaction.completed"


@pytest.mark.parametrize(
    ("reply", "event"),
    [
        (
            {"steps": [{"type": "function_call", "id": "1", "name": "f", "arguments": {}}]},
            {"type": "interaction.requires_action", "data": {}},
        ),
        (
            {"status": "failed", "message": "No.", "code": "internal"},
            {"type": "interaction.failed", "data": {"error_code": "internal", "error_message": "No."}},
        ),
        ({"status": "failed"}, {"type": "interaction.failed", "data": {}}),
    ],
)
def test_each_end_has_its_event(emulator: Emulator, rest: httpx.Client, app: App, reply: Any, event: Any) -> None:
    emulator.on(input="Analyse").reply(**reply)
    hook(rest, app.uri)
    name = work(rest)
    (delivered,) = emulator.wait_delivered()
    assert delivered.event["type"] == event["type"]
    assert delivered.event["data"] == {"id": name, **event["data"]}


def test_only_those_who_subscribed_are_told(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    """A webhook that is disabled, or waits for other events, is not; nor is any of work in the foreground."""
    hook(rest, app.uri, "interaction.failed")
    disabled = hook(rest, app.uri)["id"]
    rest.patch(f"/v1beta/webhooks/{disabled}", json={"state": "disabled"})
    secret = hook(rest, app.uri)["new_signing_secret"]
    make(rest, "interactions", {"model": MODEL, "input": "In the foreground"})
    work(rest)
    assert len(emulator.wait_delivered()) == 1
    assert app.verified(secret)
    assert refusal(rest.patch(f"/v1beta/webhooks/{disabled}", json={"state": "x"}))[0] == 400


def test_work_goes_on_by_polls_if_nobody_is_told(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    hook(rest, app.uri, "interaction.failed")
    path = f"/v1beta/interactions/{work(rest)}"
    assert [rest.get(path).json()["status"] for _ in range(2)] == ["in_progress", "completed"]
    assert emulator.deliveries == []


def test_the_urls_of_a_request_are_told_in_place_of_webhooks(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    """With the metadata of the request, and not signed: the API has a key of Google's own for that."""
    hook(rest, "http://127.0.0.1:9/other")
    name = work(rest, webhook_config={"uris": [app.uri], "user_metadata": {"job": "a"}})
    (delivered,) = emulator.wait_delivered()
    assert delivered.event["user_metadata"] == {"job": "a"}
    assert delivered.event["data"] == {"id": name}
    assert "webhook-signature" not in app.got[0][0]
    work(rest, input="Again", webhook_config={"uris": [app.uri]})
    assert "user_metadata" not in emulator.wait_delivered(2)[1].event
    wrong = {"model": MODEL, "input": "x", "webhook_config": {"uris": [1]}}
    assert refusal(rest.post("/v1beta/interactions", json=wrong))[0] == 400


def test_a_ping_is_delivered(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    made = hook(rest, app.uri)
    assert make(rest, f"webhooks/{made['id']}:ping", {}) == {}
    assert app.verified(made["new_signing_secret"])["type"] == "ping"
    assert emulator.deliveries[0].status == 204


# --- secrets ---


def test_a_secret_is_shown_once(rest: httpx.Client) -> None:
    made = hook(rest, "http://127.0.0.1:9/")
    secret = made.pop("new_signing_secret")
    assert secret.startswith("whsec_")
    assert made["signing_secrets"] == [{"truncated_secret": f"{secret[:10]}…"}]
    assert rest.get(f"/v1beta/webhooks/{made['id']}").json() == made


def test_a_rotation_keeps_the_old_secret_for_a_day(rest: httpx.Client, app: App) -> None:
    """Or ends it at once, if it is asked to."""
    made = hook(rest, app.uri)
    rotate = f"webhooks/{made['id']}:rotateSigningSecret"
    old, new = made["new_signing_secret"], make(rest, rotate, {})["secret"]
    make(rest, f"webhooks/{made['id']}:ping", {})
    assert app.verified(old) == app.verified(new)
    shown = rest.get(f"/v1beta/webhooks/{made['id']}").json()["signing_secrets"]
    assert shown == [
        {"truncated_secret": f"{old[:10]}…", "expire_time": "2026-06-10T12:01:25Z"},
        {"truncated_secret": f"{new[:10]}…"},
    ]
    newest = make(rest, rotate, {"revocation_behavior": "revoke_previous_secrets_immediately"})["secret"]
    make(rest, f"webhooks/{made['id']}:ping", {})
    assert app.verified(newest)
    with pytest.raises(WebhookVerificationError):
        app.verified(new)
    wrong = rest.post(f"/v1beta/{rotate}", json={"revocation_behavior": "x"})
    assert refusal(wrong) == (400, "Invalid value at 'revocation_behavior': 'x'.")


def test_a_deleted_webhook_is_told_nothing(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    rest.delete(f"/v1beta/webhooks/{hook(rest, app.uri)['id']}")
    name = work(rest)
    assert emulator.deliver(name) == []


# --- when, and how often ---


def test_a_delivery_comes_late_twice_or_never_if_the_script_says_so(
    emulator: Emulator, rest: httpx.Client, app: App
) -> None:
    """Both of two have the same id, by which an app knows the second."""
    emulator.on(input="late").reply(deliveries=[0.2])
    emulator.on(input="twice").reply(deliveries=[0, 0.1])
    emulator.on(input="never").reply(deliveries=[])
    hook(rest, app.uri)
    late, twice, never = (work(rest, input=word) for word in ("late", "twice", "never"))
    delivered = [each.event["data"]["id"] for each in emulator.wait_delivered(3)]
    assert sorted(delivered) == sorted([twice, twice, late])
    assert delivered[0] == twice
    assert len(set(app.ids())) == 2
    assert rest.get(f"/v1beta/interactions/{never}").json()["status"] == "in_progress"


def test_a_test_delivers_in_any_order_and_again(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    emulator.on().reply(deliveries=[])
    hook(rest, app.uri)
    first, second = work(rest, input="first"), work(rest, input="second")
    told = [emulator.deliver(name)[0].event["data"]["id"] for name in (second, first, second)]
    assert told == [second, first, second]
    assert app.ids()[0] == app.ids()[2] != app.ids()[1]
    assert rest.get(f"/v1beta/interactions/{first}").json()["status"] == "completed"


def test_an_old_delivery_is_refused_by_the_receiver(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    secret = hook(rest, app.uri)["new_signing_secret"]
    emulator.on().reply(deliveries=[])
    emulator.deliver(work(rest), age=600)
    with pytest.raises(WebhookVerificationError, match="too old"):
        app.verified(secret)


def test_nothing_tells_of_work_that_was_cancelled(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    emulator.on(input="Analyse").reply(deliveries=[0.1])
    hook(rest, app.uri)
    cancelled = work(rest)
    rest.post(f"/v1beta/interactions/{cancelled}/cancel")
    emulator.on(input="Then").reply(deliveries=[0.2])
    then = work(rest, input="Then")
    assert [each.event["data"]["id"] for each in emulator.wait_delivered()] == [then]
    with pytest.raises(ApiError, match="is cancelled, for which there is no event"):
        emulator.deliver(cancelled)


async def test_a_test_with_an_event_loop_delivers_from_a_thread(rest: httpx.Client, emulator: Emulator) -> None:
    """The app is in the loop of the test."""
    bodies: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        bodies.append(await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0])))
        writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        emulator.on().reply(deliveries=[])
        hook(rest, f"http://localhost:{server.sockets[0].getsockname()[1]}")
        (delivered,) = await asyncio.to_thread(emulator.deliver, work(rest))
    assert delivered.status == 202
    assert json.loads(bodies[0]) == delivered.event


# --- what goes wrong ---


def test_the_answer_of_the_app_is_kept(emulator: Emulator, rest: httpx.Client, app: App) -> None:
    app.status = 500
    hook(rest, app.uri)
    work(rest)
    assert emulator.wait_delivered()[0].status == 500


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("https://app.example/hook", "the emulator delivers to http://127.0.0.1 and http://localhost alone"),
        ("http://192.0.2.1/hook", "the emulator delivers to http://127.0.0.1 and http://localhost alone"),
        ("http://127.0.0.1:1/hook", "Connect call failed"),
        ("http://127.0.0.1:x/hook", "Port could not be cast"),
    ],
)
def test_a_delivery_that_can_not_be_made_says_why(
    emulator: Emulator, rest: httpx.Client, uri: str, problem: str
) -> None:
    """No delivery leaves this machine."""
    hook(rest, uri)
    work(rest)
    (delivered,) = emulator.wait_delivered()
    assert delivered.status is None
    assert problem in delivered.problem


@contextmanager
def silent(answer: bytes | None = None) -> Iterator[tuple[str, threading.Event]]:
    """An app that says nothing, or `answer`, which is no HTTP, and then closes; and when it was asked."""
    asked, over = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                asked.set()
                if answer is None:
                    over.wait(5)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", asked
        over.set()
        thread.join()


@pytest.mark.parametrize("answer", [b"", b"no HTTP\r\n\r\n"])
def test_an_answer_that_is_no_http_is_a_problem(emulator: Emulator, rest: httpx.Client, answer: bytes) -> None:
    with silent(answer) as (uri, _):
        hook(rest, uri)
        work(rest)
        (delivered,) = emulator.wait_delivered()
    assert delivered.status is None
    assert delivered.problem


def test_an_app_that_does_not_answer_is_given_up(
    emulator: Emulator, rest: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytest_interactions.server.emulator.resources import deliveries

    monkeypatch.setattr(deliveries, "_PATIENCE", 0.1)
    with silent() as (uri, _):
        hook(rest, uri)
        work(rest)
        (delivered,) = emulator.wait_delivered()
    assert delivered.problem == "no answer within 0.1 s"


def test_an_emulator_stops_while_an_app_does_not_answer(rest: httpx.Client, emulator: Emulator) -> None:
    """Neither that delivery nor one that is still to come keeps it."""
    emulator.on(input="Analyse").reply(deliveries=[0, 0.05])
    with silent() as (uri, asked):
        hook(rest, uri)
        work(rest)
        assert asked.wait(5)
        start = time.monotonic()
        emulator.stop()
        assert time.monotonic() - start < 5


def test_who_waits_for_a_delivery_is_told_that_there_was_none(emulator: Emulator) -> None:
    with pytest.raises(TimeoutError, match="0 of 2 deliveries were made"):
        emulator.wait_delivered(2, timeout=0.01)


# --- without an emulator ---


@pytest.mark.parametrize("secret", ["whsec_c2VjcmV0", "whsec_c2VjcmU", "REDACTED"])
def test_a_test_signs_an_event_of_its_own(secret: str) -> None:
    """With any secret that the app has, and so with the one that a cassette shows in its place."""
    event = {"type": "interaction.completed", "data": {"id": "é"}}
    headers, body = signed(event, secret)
    assert Webhook(secret).verify(body, headers) == event
    stale, body = signed(event, secret, message_id="msg_2", timestamp=0)
    assert stale["webhook-id"] == "msg_2"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, stale)
