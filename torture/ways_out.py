"""Ways from a Python process to another machine: each a function that takes what stands for that machine.

What it takes is an address of this machine that is not its loopback, where a server counts its visitors.
"""

from __future__ import annotations

import _socket
import asyncio
import ctypes
import http.client
import multiprocessing
import queue
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import urllib.request
from importlib import import_module
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Host = tuple[str, int]

#: Kept from before any replay.
_CONNECT: Final = socket.socket.connect
_LOOK_UP: Final = _socket.getaddrinfo
_BY_NAME: Final = _socket.gethostbyname
_GET: Final = b"GET / HTTP/1.0\r\n\r\n"
#: A name that nobody has, and that no resolver is to be told.
_UNTOLD: Final = "secret.invalid"


class _Own(socket.socket):
    def connect(self, address: Any) -> None:
        _socket.socket.connect(self, address)


def _visit(connection: Any) -> None:
    connection.send(_GET)
    connection.recv(1)
    connection.close()


def _by(connect: Callable[[Any, Host], object], kind: Callable[[], Any] = socket.socket) -> Callable[[Host], None]:
    def way(host: Host) -> None:
        connection = kind()
        try:
            connect(connection, host)
            _visit(connection)
        finally:
            connection.close()

    return way


def _datagram(send: Callable[[socket.socket, Host], object]) -> Callable[[Host], None]:
    def way(host: Host) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            send(datagrams, host)

    return way


def _connected_datagram(datagrams: socket.socket, host: Host) -> None:
    datagrams.connect(host)
    datagrams.send(b"x")


def _tls(host: Host) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with context.wrap_socket(socket.socket(), server_hostname="x", do_handshake_on_connect=False) as connection:
        connection.connect(host)


def _http_client(host: Host) -> None:
    connection = http.client.HTTPConnection(*host)
    connection.request("GET", "/")
    connection.getresponse().read()


def _loop(work: Callable[[Host], Awaitable[object]], loop: str = "asyncio") -> Callable[[Host], None]:
    def way(host: Host) -> None:
        async def main() -> None:
            await work(host)

        with asyncio.Runner(loop_factory=import_module(loop).new_event_loop) as runner:
            runner.run(main())

    return way


async def _streams(host: Host) -> None:
    reader, writer = await asyncio.open_connection(*host)
    writer.write(_GET)
    await reader.read(1)
    writer.close()


async def _sent_datagram(host: Host) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=host)
    transport.sendto(b"x")
    await asyncio.sleep(0)
    transport.close()


async def _bare_datagram(host: Host) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("0.0.0.0", 0))  # noqa: S104
    transport.sendto(b"x", host)
    await asyncio.sleep(0)
    transport.close()


async def _looped(host: Host) -> None:
    await asyncio.get_running_loop().getaddrinfo(_UNTOLD, host[1])


def _trio(host: Host) -> None:
    trio = import_module("trio")

    async def main() -> None:
        stream = await trio.open_tcp_stream(*host)
        await stream.send_all(_GET)
        await stream.receive_some(1)
        await stream.aclose()

    trio.run(main)


def _thread(host: Host) -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            _by(_CONNECT)(host)
        except BaseException as error:  # noqa: BLE001 - it is raised where the way is tried
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


class Worker:
    """A thread that has begun before any replay, and tries what it is given."""

    def __init__(self) -> None:
        self._work: queue.Queue[Host] = queue.Queue()
        self._done: queue.Queue[BaseException | None] = queue.Queue()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                _by(_CONNECT)(self._work.get())
            except BaseException as error:  # noqa: BLE001 - it is raised where the way is tried
                self._done.put(error)
            else:
                self._done.put(None)

    def __call__(self, host: Host) -> None:
        """Have the thread connect."""
        self._work.put(host)
        raised = self._done.get()
        if raised is not None:
            raise raised


def _gevent(host: Host) -> None:
    _visit(import_module("gevent.socket").create_connection(host))


def _forked(host: Host) -> None:
    child = multiprocessing.get_context("fork").Process(target=_quietly, args=(host,))
    child.start()
    child.join()
    if child.exitcode:
        raise ConnectionError(f"the child ended with {child.exitcode}")


def _quietly(host: Host) -> None:
    try:
        _by(_CONNECT)(host)
    except BaseException:  # noqa: BLE001 - whatever it was, its status says so
        sys.exit(1)


def _http(library: str, get: Callable[[Any, str], object]) -> Callable[[Host], None]:
    return lambda host: void(get(import_module(library), f"http://{host[0]}:{host[1]}/"))


def void(_: object) -> None:
    """Return nothing, whatever was returned."""


#: Ways that connect or send, and that the server sees if they are not refused.
SEEN: Final[dict[str, Callable[[Host], None]]] = {
    "connect": _by(lambda connection, host: connection.connect(host)),
    "connect_ex": _by(lambda connection, host: connection.connect_ex(host)),
    "connect, kept": _by(_CONNECT),
    "connect of _socket": _by(lambda connection, host: connection.connect(host), _socket.socket),
    "connect of _socket, by a subclass": _by(lambda connection, host: connection.connect(host), _Own),
    "connect by bytes": _by(lambda connection, host: connection.connect((host[0].encode(), host[1]))),
    "connect by IPv6": _by(
        lambda connection, host: connection.connect((f"::ffff:{host[0]}", host[1], 0, 0)),
        lambda: socket.socket(socket.AF_INET6),
    ),
    "create_connection": lambda host: _visit(socket.create_connection(host)),
    "TLS": _tls,
    "sendto": _datagram(lambda datagrams, host: datagrams.sendto(b"x", host)),
    "sendto with flags": _datagram(lambda datagrams, host: datagrams.sendto(b"x", 0, host)),
    "sendmsg": _datagram(lambda datagrams, host: datagrams.sendmsg([b"x"], [], 0, host)),
    "connected datagrams": _datagram(_connected_datagram),
    "asyncio": _loop(_streams),
    "asyncio's datagrams": _loop(_sent_datagram),
    "asyncio's datagrams, each addressed": _loop(_bare_datagram),
    "a thread": _thread,
    "a forked child": _forked,
    "http.client": _http_client,
    "urllib": _http("urllib.request", lambda _, url: urllib.request.urlopen(url).read()),  # noqa: S310 - it is http
    "urllib3": _http("urllib3", lambda library, url: library.request("GET", url, retries=False)),
    "requests": _http("requests", lambda library, url: library.get(url)),
    "httpx": _http("httpx", lambda library, url: library.get(url)),
    "httpcore": _http("httpcore", lambda library, url: library.request("GET", url)),
    "smtplib": lambda host: void(import_module("smtplib").SMTP(*host, timeout=1)),
    "trio": _trio,
    "gevent": _gevent,
    "uvloop": _loop(_streams, "uvloop"),
    "uvloop's datagrams": _loop(_sent_datagram, "uvloop"),
}

#: Look-ups, which nobody here can see.
LOOK_UPS: Final[dict[str, Callable[[Host], None]]] = {
    "getaddrinfo": lambda host: void(socket.getaddrinfo(_UNTOLD, host[1])),
    "getaddrinfo of _socket": lambda host: void(_socket.getaddrinfo(_UNTOLD, host[1])),
    "getaddrinfo, kept": lambda host: void(_LOOK_UP(_UNTOLD, host[1])),
    "getaddrinfo below localhost": lambda host: void(socket.getaddrinfo("secret.localhost", host[1])),
    "getaddrinfo behind an address": lambda host: void(socket.getaddrinfo(f"127.0.0.1 {_UNTOLD}", host[1])),
    "gethostbyname": lambda _: void(socket.gethostbyname(_UNTOLD)),
    "gethostbyname, kept": lambda _: void(_BY_NAME(_UNTOLD)),
    "gethostbyname_ex": lambda _: void(socket.gethostbyname_ex(_UNTOLD)),
    "gethostbyaddr": lambda host: void(socket.gethostbyaddr(host[0])),
    "getnameinfo": lambda host: void(socket.getnameinfo(host, 0)),
    "getfqdn": lambda _: void(socket.getfqdn(_UNTOLD)),
    "connect by name": _by(lambda connection, host: connection.connect((_UNTOLD, host[1]))),
    "connect_ex by name": _by(lambda connection, host: connection.connect_ex((_UNTOLD, host[1]))),
    "bind by name": _by(lambda connection, _: connection.bind((_UNTOLD, 0))),
    "sendto by name": _datagram(lambda datagrams, host: datagrams.sendto(b"x", (_UNTOLD, host[1]))),
    "sendmsg by name": _datagram(lambda datagrams, host: datagrams.sendmsg([b"x"], [], 0, (_UNTOLD, host[1]))),
    "asyncio's getaddrinfo": _loop(_looped),
    "uvloop's getaddrinfo": _loop(_looped, "uvloop"),
    "gevent's getaddrinfo": lambda host: void(import_module("gevent.socket").getaddrinfo(_UNTOLD, host[1])),
}


# --- below Python ---


def _ctypes(host: Host) -> None:
    address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(host[1]), socket.inet_aton(host[0]))
    with socket.socket() as connection:
        if ctypes.CDLL(None).connect(connection.fileno(), address, len(address)):
            raise ConnectionError("connect of the C library")
        _visit(connection)


def _child(*command: str) -> Callable[[Host], None]:
    def way(host: Host) -> None:
        if which(command[0]) is None:
            raise ImportError(f"{command[0]} is not installed")
        filled = [part.format(host=host[0], port=host[1]) for part in command]
        subprocess.run(filled, check=True, capture_output=True, timeout=20)  # noqa: S603 - the commands are below

    return way


def _pycurl(host: Host) -> None:
    curl = import_module("pycurl").Curl()
    curl.setopt(curl.URL, f"http://{host[0]}:{host[1]}/")
    curl.setopt(curl.WRITEFUNCTION, lambda _: None)
    curl.perform()


def _grpc(host: Host) -> None:
    grpc = import_module("grpc")
    with grpc.insecure_channel(f"{host[0]}:{host[1]}") as channel:
        channel.unary_unary("/x/y")(b"", timeout=2)


_PYTHON: Final = (
    "import socket; s = socket.create_connection(('{host}', {port})); s.send(b'GET / HTTP/1.0\\r\\n\\r\\n')"
)

#: Ways that the interpreter does not tell of, which only a network of the run's own closes.
BENEATH: Final[dict[str, Callable[[Host], None]]] = {
    "ctypes": _ctypes,
    "pycurl": _pycurl,
    "grpc": _grpc,
    "curl_cffi": _http("curl_cffi.requests", lambda library, url: library.get(url)),
    "a child in Python": _child(sys.executable, "-c", _PYTHON),
    "a child that is curl": _child("curl", "-s", "http://{host}:{port}/"),
    "uvloop's datagrams, each addressed": _loop(_bare_datagram, "uvloop"),
}


def is_installed(name: str) -> bool:
    """Return whether the library that a way is named for is there, if it is named for one."""
    library = re.split(r"\W", name, maxsplit=1)[0]
    return library not in _LIBRARIES or find_spec(library) is not None


_LIBRARIES: Final = {
    "urllib3",
    "requests",
    "httpx",
    "httpcore",
    "trio",
    "gevent",
    "uvloop",
    "pycurl",
    "grpc",
    "curl_cffi",
}
