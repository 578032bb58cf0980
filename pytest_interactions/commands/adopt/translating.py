"""The options of vcrpy in this package's words."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.commands.adopt.static import UnknownValueError, value_of
from pytest_interactions.options import DEFAULT_MATCH_ON, RecordMode
from pytest_interactions.redaction.matcher import Matcher
from pytest_interactions.redaction.placeholders import REDACTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_interactions.commands.adopt.sources import Source

#: A translated option: its name, and the text of its value.
Option = tuple[str, str]

#: What needs no word here.
_NOT_NEEDED: Final = frozenset(
    {"decode_compressed_response", "drop_unused_requests", "filter_headers", "record_on_exception"}
)
_HOOKS: Final = {
    "before_record": "before_record_request",
    "before_record_request": "before_record_request",
    "before_record_response": "before_record_response",
}
#: What has no like here, and what to do instead.
_ADVICE: Final = {
    "additional_matchers": "a matcher of one's own has no like; change the compared request with normalize_request",
    "after_load_interaction": "it has no like; change the cassette itself, or the answer in the app",
    "allow_playback_repeats": "each recording is played once here; record the test anew, so that each request has its "
    "own",
    "allowed_hosts": "here it names hosts that are never recorded; sockets to this machine are open anyway",
    "before_save_interaction": "use before_record_request and before_record_response",
    "custom_patches": "it has no like; all clients of this package's list are patched",
    "filter_nested_post_data_parameters": "name each place by its JSON path with the option redact",
    "filter_sensitive_data": "name the texts, patterns or JSON paths with the option redact",
    "func_path_generator": "give each cassette its path",
    "ignore_hosts": "name the hosts, or patterns such as *.example.com, with allowed_hosts",
    "inject_cassette": "open the cassette with `with`, or ask for the fixture interactions",
    "match_on": "give it as a list of names: {matchers}",
    "path_transformer": "give each cassette its whole path",
    "persister": "cassettes are files; put them in the directory cassette_dir",
    "record_mode": "give one of {modes}",
    "serializer": "a cassette is YAML here; one in JSON is read",
    "skip_patchers": "let hosts through with allowed_hosts",
}
_LOCALHOST: Final = ("localhost", "127.0.0.1", "0.0.0.0", "::1")  # noqa: S104 - vcrpy's names of this machine
_MATCHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "uri": ("origin", "path", "query"),
    "url": ("origin", "path", "query"),
    "raw_body": ("body",),
    **{name: (name,) for name in ("method", "scheme", "host", "port", "path", "query", "headers", "body")},
}
_ORIGIN: Final = ("scheme", "host", "port")
#: What vcrpy compares if it is told nothing.
_WITHOUT_BODY: Final = tuple(name for name in DEFAULT_MATCH_ON if name != "body")
_PLAIN_NAME: Final = re.compile(r"[^.\[\]'\"\s*]+")


class Translation:
    """The options of one configuration, mark or call, translated.

    Attributes:
        new: For each old option the ones that take its place.
        left: The values of those that can't be translated, each with what to do.
    """

    def __init__(
        self, given: Mapping[str, ast.expr], source: Source, names: Mapping[str, Any], hosts: Iterable[str]
    ) -> None:
        """Translate.

        Args:
            given: The options and their values.
            source: The file of the values.
            names: The names of that file whose values can be told.
            hosts: The origins of the recorded requests.
        """
        self._given, self._source, self._names = given, source, names
        self._hosts = list(hosts) or ["https://example.com"]
        self._allowed: list[str] = []
        self._redact: list[str] = []
        self.new: dict[str, list[Option]] = {}
        self.left: list[tuple[ast.expr, str]] = []
        for name, value in given.items():
            self._translate(name, value)
        self._put("allowed_hosts", self._allowed, ("ignore_hosts", "ignore_localhost"))
        self._put("redact", self._redact, ("filter_query_parameters", "filter_post_data_parameters"))

    def _translate(self, name: str, value: ast.expr) -> None:
        self.new[name] = []
        is_off = isinstance(value, ast.Constant) and value.value in (None, False)
        if is_off or name in _NOT_NEEDED:
            return
        translate: Callable[[str, ast.expr], list[Option] | None] = {
            "record_mode": self._record_mode,
            "match_on": self._match_on,
            "serializer": self._serializer,
            "ignore_hosts": self._ignore_hosts,
            "ignore_localhost": self._ignore_localhost,
            "filter_query_parameters": self._query,
            "filter_post_data_parameters": self._post_data,
            **dict.fromkeys(_HOOKS, self._hook),
        }.get(name, lambda *_: None)
        try:
            options = translate(name, value)
        except UnknownValueError:
            options = None
        if options is None:
            self.left.append((value, f"{name} is not translated: {self._advice(name)}"))
        self.new[name] = options or []

    def _advice(self, name: str) -> str:
        advice = _ADVICE.get(name, "there is no such option here")
        if name in _HOOKS:
            advice = "give one function that calls the others"
        if name.startswith("filter_") and name not in _ADVICE:
            advice = "its names can't be read here; name what to take out with the option redact"
        return advice.format(matchers=", ".join(DEFAULT_MATCH_ON), modes=", ".join(RecordMode))

    def _put(self, option: str, values: list[str], froms: tuple[str, ...]) -> None:
        """Put what several old options say together in place of the first of them."""
        if values:
            first = next(name for name in self._given if name in froms)
            self.new[first].append((option, _text(list(dict.fromkeys(values)))))

    def _record_mode(self, _: str, value: ast.expr) -> list[Option] | None:
        if isinstance(value, ast.Attribute) and value.attr.lower() in list(RecordMode):
            return [("record_mode", _text(value.attr.lower()))]
        if isinstance(value, ast.Constant) and value.value not in list(RecordMode):
            return None
        return [("record_mode", self._source.segment(value))]

    def _match_on(self, _: str, value: ast.expr) -> list[Option] | None:
        given = value_of(value, self._names)
        if not isinstance(given, list | tuple) or not all(
            isinstance(name, str) and name in _MATCHERS for name in given
        ):
            return None
        names = [ours for name in given for ours in _MATCHERS[name]]
        if set(_ORIGIN) <= set(names):
            names[names.index("scheme")] = "origin"
            names = [name for name in names if name not in _ORIGIN]
        names = list(dict.fromkeys(names))
        return [] if set(names) == set(DEFAULT_MATCH_ON) else [("match_on", _text(names))]

    def _serializer(self, _: str, value: ast.expr) -> list[Option] | None:
        return [] if value_of(value, self._names) in ("yaml", "json") else None

    def _ignore_hosts(self, _: str, value: ast.expr) -> list[Option]:
        self._allowed += map(str, _listed(value_of(value, self._names)))
        return []

    def _ignore_localhost(self, _: str, value: ast.expr) -> list[Option]:
        self._allowed += _LOCALHOST if value_of(value, self._names) else ()
        return []

    def _hook(self, name: str, value: ast.expr) -> list[Option] | None:
        if isinstance(value, ast.List | ast.Tuple):
            if len(value.elts) != 1:
                return None
            value = value.elts[0]
        return [(_HOOKS[name], self._source.segment(value))]

    def _query(self, _: str, value: ast.expr) -> list[Option]:
        matcher = Matcher()
        for name in self._filtered(value):
            uris = (f"{host}/?{name}=x" for host in self._hosts)
            if not all(matcher.redact(uri).endswith(f"={REDACTED}") for uri in uris):
                self._redact.append(rf"re:(?<=[?&]{re.escape(name)}=)[^&#\s\x22'<>]+")
        return []

    def _post_data(self, _: str, value: ast.expr) -> list[Option] | None:
        if "match_on" in self._given and "body" in str(value_of(self._given["match_on"], self._names)):
            return None  # what the recorder took out of the body is missed in it
        for name in self._filtered(value):
            self._redact.append(f"$.{name}" if _PLAIN_NAME.fullmatch(name) else f"$[{name!r}]")
            if not Matcher().redact_form(f"{name}=x").endswith(f"={REDACTED}"):
                self._redact.append(rf"re:(?:(?<=^{re.escape(name)}=)|(?<=&{re.escape(name)}=))[^&\s]+")
        return [] if "match_on" in self._given else [("match_on", _text(list(_WITHOUT_BODY)))]

    def _filtered(self, value: ast.expr) -> list[str]:
        """Return the names of parameters, of which each may have a replacement beside it."""
        if not isinstance(value, ast.List | ast.Tuple):
            return [str(name) for name in _listed(value_of(value, self._names))]
        items = (item.elts[0] if isinstance(item, ast.Tuple) else item for item in value.elts)
        return [str(value_of(item, self._names)) for item in items]


def _listed(value: Any) -> list[Any]:
    """Return a list's items; of one that has a replacement beside it, the name."""
    if not isinstance(value, list | tuple):
        raise UnknownValueError
    return [item[0] if isinstance(item, tuple) else item for item in value]


def _text(value: Any) -> str:
    """Return a text or a list as Python has it, in double quotes where that is possible."""
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    plain = '"' not in value and "\\" not in value and value.isprintable()
    raw = '"' not in value and not value.endswith("\\") and value.isprintable()
    return f'"{value}"' if plain else f'r"{value}"' if raw else repr(value)


def literal(text: str) -> str:
    """Return the text of a string as Python has it."""
    return _text(text)
