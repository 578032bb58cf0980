"""Rules that others keep, by which the gate and `scan` find keys: gitleaks's format, and detect-secrets."""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from pytest_interactions.errors import OptionError, closest
from pytest_interactions.redaction.secrets import is_stand_in
from pytest_interactions.redaction.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pytest_interactions.redaction.shapes import Shape

#: The name by which the rules of detect-secrets are asked for.
DETECT_SECRETS: Final = "detect-secrets"
# What these look for is everywhere: words beside "password", addresses, and texts that look random.
_LOOSE: Final = {"KeywordDetector", "IPPublicDetector", "Base64HighEntropyString", "HexHighEntropyString"}

# What Go writes otherwise than Python.
_POSIX: Final = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "lower": "a-z",
    "upper": "A-Z",
    "xdigit": "a-fA-F0-9",
}
_POSIX_CLASS: Final = re.compile(r"\[:(\w+):\]")
_LATE_FLAGS: Final = re.compile(r"(?<!^)\(\?([ims]+)\)")


class Rule(Protocol):
    """A search for one kind of key in a text without escapes."""

    @property
    def id(self) -> str:
        """Return the name by which it is switched off."""
        ...

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each key."""
        ...


@dataclass(frozen=True, slots=True)
class GitleaksRule:
    """A rule of a file in gitleaks's format (https://github.com/gitleaks/gitleaks#configuration)."""

    id: str
    pattern: re.Pattern[str]
    group: int
    entropy: float
    keywords: tuple[str, ...]
    allowed: tuple[re.Pattern[str], ...]
    stop_words: tuple[str, ...]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each key."""
        lower = text.lower() if self.keywords else ""
        if self.keywords and not any(word in lower for word in self.keywords):
            return
        for match in self.pattern.finditer(text):
            group = self.group or (1 if self.pattern.groups else 0)
            key = match[group] or ""
            if key and not self._is_allowed(match[0], key):
                yield match.span(group)

    def _is_allowed(self, whole: str, key: str) -> bool:
        return (
            is_stand_in(key)
            or _entropy(key) < self.entropy
            or any(allowed.search(key) or allowed.search(whole) for allowed in self.allowed)
            or any(word in key.lower() for word in self.stop_words)
        )


@dataclass(frozen=True, slots=True)
class DetectSecretsRule:
    """A plugin of detect-secrets."""

    id: str
    plugin: Any

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each key."""
        for key in set(self.plugin.analyze_string(text)):
            start = text.find(key) if key and not is_stand_in(key) else -1
            while start >= 0:
                yield start, start + len(key)
                start = text.find(key, start + len(key))


def chosen(sources: Iterable[str], skipped: Collection[str]) -> tuple[tuple[Shape, ...], tuple[Rule, ...]]:
    """Return the shapes of this package and the rules of `sources`, but for those whose ids are `skipped`.

    Args:
        sources: TOML files, or `detect-secrets`.
        skipped: The ids.

    Raises:
        OptionError: A source can't be read or is not installed, or nothing has an id of `skipped`.
    """
    rules = [rule for source in sources for rule in _of(source)]
    known = {*(rule.id for rule in rules), *(shape.id for shape in SHAPES)}
    for name in skipped:
        if name not in known:
            raise OptionError(f"skip_rules: there is no rule {name!r}; did you mean {closest(name, known)!r}?")
    return (
        tuple(shape for shape in SHAPES if shape.id not in skipped),
        tuple(rule for rule in rules if rule.id not in skipped),
    )


@lru_cache(maxsize=8)
def _of(source: str) -> tuple[Rule, ...]:
    return tuple(_detect_secrets()) if source == DETECT_SECRETS else tuple(_gitleaks(Path(source)))


def _detect_secrets() -> Iterator[Rule]:
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    except ImportError:
        raise OptionError(
            "rules: detect-secrets is not installed; install it with: pip install 'pytest-interactions[rules]'"
        ) from None
    plugins: dict[str, Any] = get_mapping_from_secret_type_to_class()
    for kind, plugin in sorted(plugins.items()):
        if plugin.__name__ not in _LOOSE:
            yield DetectSecretsRule(re.sub(r"\W+", "-", kind.lower()).strip("-"), plugin())


def _gitleaks(path: Path) -> Iterator[Rule]:
    try:
        config = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise OptionError(f"rules: {path} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"rules: {path} is no TOML: {error}") from None
    if not isinstance(config.get("rules"), list):
        raise OptionError(f"rules: {path} has no [[rules]], so it is none of gitleaks's files")
    everywhere = list(_allow_lists(config))
    for number, rule in enumerate(config["rules"], 1):
        if isinstance(rule, dict) and "regex" in rule:  # others look at the names of files
            yield _gitleaks_rule(rule, [*everywhere, *_allow_lists(rule)], f"{path}, rule {rule.get('id', number)}")


def _gitleaks_rule(rule: dict[str, Any], allow_lists: list[dict[str, Any]], where: str) -> GitleaksRule:
    try:
        return GitleaksRule(
            id=str(rule["id"]),
            pattern=_pattern(rule["regex"]),
            group=int(rule.get("secretGroup", 0)),
            entropy=float(rule.get("entropy", 0)),
            keywords=tuple(str(word).lower() for word in rule.get("keywords", [])),
            allowed=tuple(_pattern(each) for allow_list in allow_lists for each in allow_list.get("regexes", [])),
            stop_words=tuple(
                str(word).lower() for allow_list in allow_lists for word in allow_list.get("stopwords", [])
            ),
        )
    except (re.error, KeyError, TypeError, ValueError) as error:
        raise OptionError(f"rules: {where} can't be used: {error}") from None


def _allow_lists(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    found = [table.get("allowlist"), *(table.get("allowlists") or [])]
    return (each for each in found if isinstance(each, dict))


def _pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern of Go's syntax: flags may stand anywhere there, and hold to the end of their group."""
    text = _POSIX_CLASS.sub(lambda match: _POSIX[match[1]], text).replace(r"\z", r"\Z")
    while late := _LATE_FLAGS.search(text):
        end = _end_of_group(text, late.end())
        text = f"{text[: late.start()]}(?{late[1]}:{text[late.end() : end]}){text[end:]}"
    return re.compile(text)


def _end_of_group(text: str, place: int) -> int:
    depth, in_class = 0, False
    while place < len(text):
        char = text[place]
        if char == "\\":
            place += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif char == ")":
            if not depth:
                return place
            depth -= 1
        place += 1
    return place


def _entropy(text: str) -> float:
    """Return Shannon's entropy of a text's characters, in bits."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)
