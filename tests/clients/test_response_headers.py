"""What a client does by a response's headers, it does on replay too, with the server gone."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import httpx2
import pytest
import requests
import time_machine
from requests.auth import HTTPDigestAuth

from pytest_interactions import CassetteMissError, PlaceholderError
from tests.scripted_server import Answer, Asked, scripted
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SESSION = "5f2c9e1ab7d84c3f9a6e0d1b2c3f4a5e"
PASSWORD = "pa55word-81mQzLr0"


def twice(answer: Callable[[Asked], Answer], path: Path, app: Callable[[str], Any]) -> str:
    """Record what `app` does with the server, and replay it three times without; return the cassette's text."""
    with scripted(answer) as server:
        with use_cassette(path, record_mode="once"):
            first = app(server.url)
        asked = len(server.asked)
        server.stop()
        for _ in range(3):
            with use_cassette(path):
                assert app(server.url) == first
        assert len(server.asked) == asked > 0
    return path.read_text("utf-8")


def _guarded(asked: Asked) -> Answer:
    given = asked.headers.get("authorization", "")
    if given.startswith("Digest") and f'nonce="{SESSION}"' in given:
        return Answer({"ok": 1})
    challenge = f'Digest realm="r", nonce="{SESSION}", opaque="{SESSION}", qop="auth", algorithm=MD5'
    return Answer({"error": "login"}, 401, {"www-authenticate": challenge})


def _by_urllib(url: str) -> int:
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, "u", PASSWORD)
    opener = urllib.request.build_opener(urllib.request.HTTPDigestAuthHandler(passwords))
    with opener.open(f"{url}/x") as answer:
        return int(answer.status)


DIGESTS: dict[str, Callable[[str], int]] = {
    "httpx": lambda url: httpx.get(f"{url}/x", auth=httpx.DigestAuth("u", PASSWORD)).status_code,
    "httpx2": lambda url: httpx2.get(f"{url}/x", auth=httpx2.DigestAuth("u", PASSWORD)).status_code,
    "requests": lambda url: requests.get(f"{url}/x", auth=HTTPDigestAuth("u", PASSWORD), timeout=5).status_code,
    "urllib": _by_urllib,
}


@pytest.mark.parametrize("client", DIGESTS)
def test_a_login_by_digest_succeeds_on_replay_too(client: str, tmp_path: Path) -> None:
    """Neither the password nor what it was mixed with is in the file."""
    text = twice(_guarded, tmp_path / "c.yaml", DIGESTS[client])
    assert PASSWORD not in text
    assert SESSION not in text


def test_a_client_finds_where_to_log_in_by_the_challenge(tmp_path: Path) -> None:
    """So MCP's clients begin their login."""
    metadata = "/.well-known/oauth-protected-resource"

    def answer(asked: Asked) -> Answer:
        if asked.path == metadata:
            return Answer({"authorization_servers": ["https://login.example"]})
        challenge = f'Bearer resource_metadata="http://{asked.headers["host"]}{metadata}"'
        return Answer(status=401, headers={"www-authenticate": challenge})

    def app(url: str) -> Any:
        challenge = httpx.post(f"{url}/mcp").headers["www-authenticate"]
        return httpx.get(challenge.split('"')[1]).json()

    twice(answer, tmp_path / "c.yaml", app)


@pytest.mark.parametrize("way", ["link", "number", "cursor"])
def test_all_pages_are_read(way: str, tmp_path: Path) -> None:
    """By a link to the next, its number, or a token for it, which is a secret by its name."""

    def answer(asked: Asked) -> Answer:
        query = parse_qs(asked.path.partition("?")[2])
        number = int(query.get("page", ["1"])[0][-1])
        token = hashlib.sha256(str(number).encode()).hexdigest() + str(number + 1)
        following = {
            "link": {"link": f'</items?page={number + 1}>; rel="next"'},
            "number": {"x-next-page": str(number + 1), "x-total-pages": "3"},
            "cursor": {"x-next-token": token},
        }
        return Answer({"page": number}, headers=following[way] if number < 3 else {})

    def app(url: str) -> list[int]:
        pages, query = [], "/items"
        while query:
            page = httpx.get(url + query)
            pages.append(page.json()["page"])
            number = page.headers.get("x-next-page") or page.headers.get("x-next-token")
            query = page.links["next"]["url"] if page.links else f"/items?page={number}" if number else ""
        assert pages == [1, 2, 3]
        return pages

    twice(answer, tmp_path / "c.yaml", app)


@pytest.mark.parametrize("client", [httpx.Client, requests.Session])
def test_a_cookie_that_an_app_shows_elsewhere_too_matches(client: Any, tmp_path: Path) -> None:
    """As frameworks want it of a form; it lasts on replay, though it would have ended."""

    def answer(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(cookies=(f"csrftoken={SESSION}; expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/", "lang=en"))
        is_right = SESSION in asked.headers["cookie"] and SESSION.encode() in asked.body
        return Answer({"welcome": asked.body.decode()}, 200 if is_right else 403)

    def app(url: str) -> Any:
        with client() as session:
            session.get(f"{url}/login")
            data = {"csrfmiddlewaretoken": session.cookies["csrftoken"], "user": "ann"}
            return session.post(f"{url}/login", data=data).status_code, session.cookies["lang"]

    text = twice(answer, tmp_path / "c.yaml", app)
    assert SESSION not in text


def test_limits_and_ids_are_read(tmp_path: Path) -> None:
    """An app may wait by the first, and log the second."""
    headers = {"x-ratelimit-remaining": "0", "x-request-id": "req-1"}
    twice(
        lambda _: Answer({}, headers=headers),
        tmp_path / "c.yaml",
        lambda url: [httpx.get(f"{url}/x").headers[name] for name in headers],
    )


def test_a_header_that_is_not_recorded_is_named_once_at_the_end(run: Any) -> None:
    """Only who knows the app can tell whether it reads one; what all servers send is not worth a line."""
    run.test(
        """
import pytest
from tests.scripted_server import Answer, scripted

@pytest.fixture
def url():
    headers = {"x-team": "a", "x-colour": "b", "server": "c", "x-xss-protection": "0", "x-request-id": "d"}
    with scripted(lambda _: Answer({}, headers=headers)) as server:
        yield server.url

@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.interactions(recorded_hosts="127.0.0.1")
def test_it(url, number):
    httpx.get(url)

@pytest.mark.interactions(recorded_hosts="127.0.0.1", before_record_response=lambda response: None)
def test_none(url):
    httpx.get(url)
"""
    )
    told = (
        "headers of responses that were not recorded: x-colour, x-team; if the app reads one, name it in keep_headers"
    )
    assert run.record().outlines.count(told) == 1
    kept = run.record("--interactions-keep-headers=x-team,x-colour", mode="rewrite")
    assert told[:20] not in kept.stdout.str()
    assert told not in run.replay("-k", "number").outlines


async def _ranges(url: str, *ranges: str) -> list[bytes]:
    async with httpx.AsyncClient() as client:
        asking = (client.get(f"{url}/file", headers={"range": f"bytes={each}"}) for each in ranges)
        return [answer.content for answer in await asyncio.gather(*asking)]


def _part(asked: Asked) -> Answer:
    first, last = map(int, asked.headers["range"].removeprefix("bytes=").split("-"))
    return Answer(bytes(range(first, last + 1)), 206, {"content-range": f"bytes {first}-{last}/256"}, kind="x/y")


def test_each_part_of_a_file_is_answered_by_itself_in_any_order(tmp_path: Path) -> None:
    """Parts have one URL, and a client may ask for them at once."""
    path = tmp_path / "c.yaml"
    with scripted(_part) as server, use_cassette(path, record_mode="once"):
        asyncio.run(_ranges(server.url, "0-9", "10-19"))
    with use_cassette(path):
        parts = asyncio.run(_ranges(server.url, "10-19", "0-9"))
        assert parts == [bytes(range(10, 20)), bytes(range(10))]
    with pytest.raises(CassetteMissError, match=r"path: .*/file bytes=\d+-\d+ -> .*/file bytes=20-29"):
        with use_cassette(path, unplayed="ignore"):
            asyncio.run(_ranges(server.url, "20-29"))


@pytest.mark.parametrize(
    ("given", "played"),
    [
        ({"expires": "Wed, 21 Oct 2015 08:28:00 GMT"}, {"expires": "Sat, 01 Jan 2050 01:00:00 GMT"}),
        ({"expires": "0"}, {"expires": "0"}),
        ({"cache-control": "max-age=60", "age": "1"}, {"cache-control": "max-age=60", "age": "1"}),
        ({"last-modified": "Wed, 21 Oct 2015 07:00:00 GMT"}, {"last-modified": "Wed, 21 Oct 2015 07:00:00 GMT"}),
    ],
)
def test_a_cache_takes_a_replayed_answer_for_a_fresh_one(
    given: dict[str, str], played: dict[str, str], tmp_path: Path
) -> None:
    """Its date is that of the replay, and what was said of the time after it holds."""
    date = {"date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    with (
        scripted(lambda _: Answer({}, headers=given | date)) as server,
        use_cassette(tmp_path / "c.yaml", record_mode="once"),
    ):
        httpx.get(server.url)
    with time_machine.travel("2050-01-01T00:00:00Z", tick=False), use_cassette(tmp_path / "c.yaml"):
        headers = dict(httpx.get(server.url).headers)
    assert headers == {"content-type": headers["content-type"], "date": "Sat, 01 Jan 2050 00:00:00 GMT"} | played


def test_a_date_that_is_none_stays(tmp_path: Path) -> None:
    """And so does one that no cache goes by."""
    dates = [{"date": "today", "etag": "a"}, {"date": "Wed, 21 Oct 2015 07:28:00 GMT"}]
    for number, given in enumerate(dates):
        path = tmp_path / f"{number}.yaml"
        with (
            scripted(lambda _, given=given: Answer({}, headers=given)) as server,  # type: ignore[misc]
            use_cassette(path, record_mode="once", keep_headers=["date"]),
        ):
            httpx.get(server.url)
        with use_cassette(path):
            assert httpx.get(server.url).headers["date"] == given["date"]


def _mcp(asked: Asked) -> Answer:
    if asked.method == "GET":
        return Answer([b": ping\r\n\r\n"])
    if asked.method == "DELETE":
        return Answer()
    question = json.loads(asked.body)
    session = {"mcp-session-id": SESSION}
    if question["method"] != "initialize" and asked.headers["mcp-session-id"] != SESSION:
        return Answer(status=404)
    return Answer([{"jsonrpc": "2.0", "id": question["id"], "result": {"asked": question["method"]}}], headers=session)


def _agent(url: str, *, listens: int = 1) -> list[str]:
    """Do what a client of MCP's streamable HTTP does."""
    accept = {"accept": "application/json, text/event-stream"}
    with httpx.Client(base_url=url, headers=accept) as client:
        first = client.post("/mcp", json={"jsonrpc": "2.0", "id": 0, "method": "initialize"})
        session = first.headers.get("mcp-session-id")
        if session is None:
            return []
        client.headers["mcp-session-id"] = session
        for _ in range(listens):
            client.get("/mcp")
        called = client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/call"})
        client.delete("/mcp")
        return [first.text, called.text]


def test_a_session_of_mcp_replays_whole(tmp_path: Path) -> None:
    """With its id, its stream and its end; the id itself is not in the file."""
    text = twice(_mcp, tmp_path / "c.yaml", _agent)
    assert SESSION not in text
    assert re.findall(r"method: (\w+)", text) == ["POST", "GET", "POST", "DELETE"]


@pytest.mark.parametrize("listens", [0, 3])
def test_a_client_may_listen_more_or_less_often_to_a_server_that_says_nothing(listens: int, tmp_path: Path) -> None:
    """It listens anew whenever its stream has ended, which on replay is at once."""
    with scripted(_mcp) as server, use_cassette(tmp_path / "c.yaml", record_mode="once"):
        first = _agent(server.url)
    with use_cassette(tmp_path / "c.yaml"):
        assert _agent(server.url, listens=listens) == first


def test_a_stream_that_says_something_is_to_be_heard(tmp_path: Path) -> None:
    """It is played once, and by then."""
    with (
        scripted(lambda _: Answer([{"jsonrpc": "2.0"}])) as server,
        use_cassette(tmp_path / "c.yaml", record_mode="once"),
    ):
        httpx.get(server.url)
    with pytest.raises(CassetteMissError), use_cassette(tmp_path / "c.yaml"):
        httpx.get(server.url)
        httpx.get(server.url)


def test_a_session_that_was_replayed_is_not_gone_on_with(tmp_path: Path) -> None:
    """The server knows no such session, and would say so in a way that is hard to understand."""
    with scripted(_mcp) as server:
        with use_cassette(tmp_path / "c.yaml", record_mode="once"):
            httpx.post(f"{server.url}/mcp", json={"jsonrpc": "2.0", "id": 0, "method": "initialize"})
        with pytest.raises(PlaceholderError, match="header mcp-session-id"):
            with use_cassette(tmp_path / "c.yaml", record_mode="new_episodes"):
                _agent(server.url)
        assert len(server.asked) == 1


def test_the_cookie_of_a_replayed_answer_keeps_nobody_from_asking_more(tmp_path: Path) -> None:
    """A client sends it by itself, and a server that does not know it gives another."""
    with scripted(lambda _: Answer({}, cookies=(f"__cf_bm={SESSION}; Path=/",))) as server:
        for path in ("/a", "/b"):
            with use_cassette(tmp_path / "c.yaml", record_mode="new_episodes"), httpx.Client() as client:
                client.get(f"{server.url}/a")
                client.get(f"{server.url}{path}") if path == "/b" else None
        assert [asked.path for asked in server.asked] == ["/a", "/b"]
