import socket
import threading
import time

import httpx
import pytest
import uvicorn
from service import app


@pytest.fixture(scope="module")
def url():
    """The address of the service, which runs in a thread; one event loop, as its client has its connections there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_an_answer(interactions, url):
    assert httpx.get(f"{url}/health").json() == {"status": "up"}
    assert (
        "Why is the sky blue?" in httpx.get(f"{url}/ask", params={"question": "Why is the sky blue?"}).json()["answer"]
    )
    assert len(interactions.exchanges) == 1  # the service's own call; the test's calls of the service are none


def test_a_stream(interactions, url, snapshot_steps):
    with httpx.stream("GET", f"{url}/stream", params={"question": "Count to three"}) as response:
        words = list(response.iter_text())
    assert "Count to three" in "".join(words)
    assert interactions == snapshot_steps
