"""Files that somebody made to do harm, or by mistake: each is made in a directory of its own."""

from __future__ import annotations

import base64
import bz2
import gzip
import importlib.util
import json
import os
import zlib
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What is in a file that none of the hostile ones may lead to, and what that file is called.
PRECIOUS: Final = "precious and secret to others"
VICTIM: Final = "victim.txt"

_OK: Final = "    status: {code: 200, message: OK}\n"
_MEDIA: Final = "pytest-interactions-media:"
_GIGABYTE: Final = 2**30


def cassette(  # noqa: PLR0913 - the parts of a cassette
    *,
    body: str = '\'{"input":"a"}\'',
    answer: str = '\'{"id":"v1_a","status":"completed","steps":[]}\'',
    uri: str = "http://127.0.0.1:1/v1/interactions",
    sent: str = "{content-type: [application/json]}",
    got: str = "{content-type: [application/json]}",
    head: str = "version: 1\n",
    end: str = "",
) -> str:
    """Return the text of a cassette of one exchange; all parts are YAML."""
    return (
        f"{head}interactions:\n- request:\n    method: POST\n    uri: {uri}\n    headers: {sent}\n    body: {body}\n"
        f"  response:\n{_OK}    headers: {got}\n    body:\n      string: {answer}\n{end}"
    )


def _answer(value: Any) -> str:
    return json.dumps(json.dumps(value))


@cache
def _packed(pack: Callable[[int], bytes], encoding: str) -> str:
    packed = base64.b64encode(pack(_GIGABYTE)).decode()
    return cassette(answer=f"!!binary {packed}", got=f"{{content-encoding: [{encoding}]}}")


@cache
def _gzipped(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    piece = bytes(2**20)
    return b"".join(packer.compress(piece) for _ in range(size // len(piece))) + packer.flush()


def _gzipped_twice(size: int) -> bytes:
    return gzip.compress(_gzipped(size))


def _brotlied(size: int) -> bytes:
    import brotli

    packer = brotli.Compressor(quality=5)
    return b"".join(bytes(packer.process(bytes(2**20))) for _ in range(size // 2**20)) + bytes(packer.finish())


def _zstded(size: int) -> bytes:
    import zstandard

    packer = zstandard.ZstdCompressor(level=3).compressobj()
    return b"".join(packer.compress(bytes(2**20)) for _ in range(size // 2**20)) + packer.flush()


def _aliases() -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]", *(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
    return "\n".join(lines) + "\n"


def _deep_answer() -> str:
    value: Any = "a"
    for _ in range(190):
        value = [value]
    for _ in range(4):
        value = [json.dumps(value)]
        for _ in range(190):
            value = [value]
    steps = [{"type": "function_result", "result": value}, {"type": [value]}, value]
    return cassette(answer=_answer({"status": "completed", "steps": steps}))


def _odd_types() -> str:
    steps = [{"type": ["a"]}, {"type": {"a": 1}}, {"type": None}, [], 5, None, {"type": "text", "text": {"a": []}}]
    kinds: list[Any] = ["step.delta", ["step.start"], {}]
    deltas = [{"event_type": kind, "index": [0], "delta": {"type": []}} for kind in kinds]
    stream = "".join(f"data: {json.dumps(delta)}\n\n" for delta in deltas)
    first = cassette(body=_answer({"input": steps, "tools": [5, {"type": []}]}), answer=_answer({"steps": steps}))
    return first + cassette(answer=json.dumps(stream), got="{content-type: [text/event-stream]}").partition("ons:\n")[2]


#: Texts of cassettes.
_TEXTS: Final[dict[str, Callable[[], str]]] = {
    "nested aliases": lambda: cassette(head="version: 1\n" + _aliases()),
    "nested aliases in a body": lambda: cassette(head="version: 1\n" + _aliases(), body="*a8"),
    "nested aliases in headers": lambda: cassette(head="version: 1\n" + _aliases(), sent="{a: *a8}"),
    "nested aliases as the list": lambda: "version: 1\n" + _aliases() + "interactions: *a8\n",
    "an alias of itself": lambda: "version: 1\ninteractions: &a\n- *a\n",
    "headers that hold themselves": lambda: cassette(sent="&a {a: *a}"),
    "a body that holds itself": lambda: cassette(body="&a [*a]"),
    "metadata that hold themselves": lambda: cassette(head="version: 1\nmetadata: &a {incomplete: *a}\n"),
    "a bomb of gzip": lambda: _packed(_gzipped, "gzip"),
    "a bomb of gzip, in deflate's words": lambda: _packed(_gzipped, "deflate, gzip"),
    "a bomb of gzip in gzip": lambda: _packed(_gzipped_twice, "gzip, gzip"),
    "deep YAML": lambda: "version: 1\ninteractions: " + "[" * 200_000 + "]" * 200_000 + "\n",
    "deep blocks of YAML": lambda: "version: 1\ninteractions:\n" + "".join(" " * n + "-\n" for n in range(3000)),
    "deep JSON": lambda: '{"interactions": ' + "[" * 200_000 + "]" * 200_000 + "}",
    "deep JSON in a body": lambda: cassette(answer=json.dumps("[" * 200_000 + "]" * 200_000)),
    "JSON of 190 levels in JSON": _deep_answer,
    "types that are lists": _odd_types,
    "a tag that runs a command": lambda: cassette(body=f'!!python/object/apply:os.system ["touch {VICTIM}.pwned"]'),
    "a tag that makes an object": lambda: cassette(sent="!!python/object/new:subprocess.Popen [[touch, pwned]]"),
    "a tag that names a function": lambda: cassette(uri="!!python/name:os.system"),
    "a tag nobody knows": lambda: cassette(body="!nobody {a: 1}"),
    "a merge key": lambda: cassette(head="version: 1\nbase: &b {method: GET}\n", end="  <<: *b\n"),
    "a merge key that holds itself": lambda: "version: 1\na: &a\n  <<: *a\ninteractions: []\n",
    "a merge of a text": lambda: cassette(end="  <<: text\n"),
    "keys that are there twice": lambda: cassette(end="  response: 5\n"),
    "two lists of interactions": lambda: cassette(end="interactions: []\n"),
    "two documents": lambda: cassette(end="---\ninteractions: []\n"),
    "version 2": lambda: cassette(head="version: 2\n"),
    "a version that is a list": lambda: cassette(head="version: [1]\n"),
    "no version": lambda: cassette(head=""),
    "tabs": lambda: cassette().replace("    ", "\t"),
    "a tab within a line": lambda: cassette(uri="\thttp://a/\t"),
    "a URI that is no URI": lambda: cassette(uri="'http://[::1/v1/interactions'"),
    "a URI with a port that is none": lambda: cassette(uri="http://h:99999/v1/interactions"),
    "a URI with controls": lambda: cassette(uri='"http://h/\\e[2J\\0\\x9b31m\\u202e"'),
    "a URI that is a number": lambda: cassette(uri="5"),
    "a URI of odd characters": lambda: cassette(uri='"http://\\u2100.com/v1/interactions"'),
    "a cut that is unknown": lambda: cassette(end="  cut:\n    by: nobody\n"),
    "a cut that is a text": lambda: cassette(end="  cut: text\n"),
    "a cut of more": lambda: cassette(end="  cut: {by: app, more: 1}\n"),
    "a cut that names what is no error": lambda: cassette(
        end="  cut: {by: connection, error: SystemExit, message: '1'}\n"
    ),
    "a huge number": lambda: cassette(answer="'" + '{"status":"completed","a":' + "9" * 10_000 + "}'"),
    "a huge number in YAML": lambda: cassette().replace("code: 200", "code: " + "9" * 10_000),
    "a huge number of base 60": lambda: cassette().replace("code: 200", "code: 1" + ":59" * 5000),
    "a code that is no number": lambda: cassette().replace("code: 200", "code: [1]"),
    "a code below zero": lambda: cassette().replace("code: 200", "code: -1"),
    "a day that is none": lambda: cassette(body="2001-99-99"),
    "base64 that is none": lambda: cassette(answer="!!binary '*'"),
    "odd content-encodings": lambda: cassette(got='{content-encoding: ["\\xff", "gzip, , br"]}'),
    "a content type of a codec": lambda: cassette(got="{content-type: [text/plain; charset=idna]}", answer="'x..y'"),
    "a list in place of text": lambda: cassette(answer="[[], {}, null, 5]"),
    "only spaces": lambda: "   \n\n",
    "half a conflict": lambda: cassette(end="=======\n>>>>>>> other\n"),
    "a key for everyone": lambda: cassette(body="AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"),
    "a million lines of a stream": lambda: cassette(answer="|\n" + "        data: 1\n\n" * 300_000),
    "one line of ten million": lambda: cassette(answer="'" + "a" * 10_000_000 + "'"),
    "ten thousand headers": lambda: cassette(got="{" + ", ".join(f"a{n}: [b]" for n in range(10_000)) + "}"),
}
for _name, _library, _pack in (("br", "brotli", _brotlied), ("zstd", "zstandard", _zstded)):
    if importlib.util.find_spec(_library):
        _TEXTS[f"a bomb of {_name}"] = partial(_packed, _pack, _name)
#: References to media, each with what it is: none leads out of the media's directory.
_REFERENCES: Final = {
    "a reference to what is not there": "0" * 32 + ".png",
    "a reference upwards": f"../{VICTIM}",
    "a reference from the root": "/etc/passwd",
    "a reference that is misspelt": "ABC.png",
    "a reference that is empty": "",
    "a reference to a link": "1" * 32 + ".txt",
    "a reference to a directory": "2" * 32 + ".bin",
    "a reference to a pipe": "3" * 32 + ".bin",
    "a reference to zeros without end": "4" * 32 + ".bin",
}


def _written(directory: Path, raw: bytes, name: str = "hostile.yaml") -> Path:
    path = directory / name
    path.write_bytes(raw)
    return path


def _with_text(text: Callable[[], str], directory: Path) -> Path:
    return _written(directory, text().encode("utf-8", "surrogatepass"))


def _with_media(reference: str, directory: Path) -> Path:
    folder = directory / "hostile.media"
    folder.mkdir()
    (folder / ("1" * 32 + ".txt")).symlink_to(directory / VICTIM)
    (folder / ("2" * 32 + ".bin")).mkdir()
    os.mkfifo(folder / ("3" * 32 + ".bin"))
    (folder / ("4" * 32 + ".bin")).symlink_to("/dev/zero")
    content = [{"type": "image", "mime_type": "image/png", "data": _MEDIA + reference}]
    steps = [{"type": "model_output", "content": content}]
    return _written(directory, cassette(answer=_answer({"status": "completed", "steps": steps})).encode())


def _fifo(directory: Path) -> Path:
    os.mkfifo(directory / "hostile.yaml")
    return directory / "hostile.yaml"


def _link(directory: Path, target: str) -> Path:
    (directory / "hostile.yaml").symlink_to(target)
    return directory / "hostile.yaml"


def _folder(directory: Path) -> Path:
    (directory / "hostile.yaml").mkdir()
    return directory / "hostile.yaml"


def _circle(directory: Path) -> Path:
    folder = directory / "hostile"
    folder.mkdir()
    (folder / "again").symlink_to(folder)
    _written(folder, cassette().encode(), "a.yaml")
    return folder


def _journal(directory: Path, *lines: str) -> Path:
    folder = directory / ".hostile.yaml.journal"
    folder.mkdir()
    _written(folder, "".join(lines).encode(), "aa.journal")
    (folder / "bb.journal").symlink_to("/dev/zero")
    (folder / "cc.journal").mkdir()
    os.mkfifo(folder / "dd.journal")
    (folder / "ee.journal").symlink_to(directory / VICTIM)
    return _written(directory, cassette().encode())


def _unreadable(directory: Path) -> Path:
    path = _written(directory, cassette().encode())
    path.chmod(0)
    return path


_BYTES: Final[dict[str, Callable[[Path], Path]]] = {
    "an empty file": lambda directory: _written(directory, b""),
    "NUL bytes": lambda directory: _written(directory, cassette().replace("completed", "\0").encode()),
    "NUL bytes alone": lambda directory: _written(directory, bytes(10_000)),
    "UTF-16": lambda directory: _written(directory, cassette().encode("utf-16")),
    "UTF-16 without a mark": lambda directory: _written(directory, cassette().encode("utf-16-le")),
    "UTF-32": lambda directory: _written(directory, cassette().encode("utf-32")),
    "no UTF-8": lambda directory: _written(
        directory, cassette(uri="http://h/\udcff").encode("utf-8", "surrogateescape")
    ),
    "lone surrogates": lambda directory: _written(directory, cassette(body='"\\ud800"').encode()),
    "an archive": lambda directory: _written(directory, bz2.compress(cassette().encode())),
    "a file that is gzipped zeros": lambda directory: _written(directory, _gzipped(_GIGABYTE)),
    "a name of 255 bytes": lambda directory: _written(directory, cassette().encode(), "é" * 125 + ".yaml"),
    "a name with controls": lambda directory: _written(directory, cassette().encode(), "a\x1b[2J\n.yaml"),
    "a name that is no UTF-8": lambda directory: _written(directory, cassette().encode(), os.fsdecode(b"\xff.yaml")),
}
_PLACES: Final[dict[str, Callable[[Path], Path]]] = {
    "a pipe": _fifo,
    "zeros without end": lambda directory: _link(directory, "/dev/zero"),
    "a link to another's file": lambda directory: _link(directory, VICTIM),
    "a link to itself": lambda directory: _link(directory, "hostile.yaml"),
    "a link to nothing": lambda directory: _link(directory, "nothing"),
    "a directory in place of a file": _folder,
    "a directory that holds itself": _circle,
    "a file that nobody may read": _unreadable,
    "a planted journal": lambda directory: _journal(directory, cassette(), "# finished\n"),
    "a planted journal that is none": lambda directory: _journal(directory, "&a [*a]\n# finished\n"),
}


#: What each hostile file is, and a function that makes it in a directory and returns its path.
FILES: Final[dict[str, Callable[[Path], Path]]] = {
    **{name: partial(_with_text, text) for name, text in _TEXTS.items()},
    **{name: partial(_with_media, reference) for name, reference in _REFERENCES.items()},
    **_BYTES,
    **_PLACES,
}
