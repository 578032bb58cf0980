"""The shapes of the keys of well-known services.

Each service gives its keys a beginning of their own, so that programs such as this one find them. The shapes are those
that the services document, or that gitleaks and detect-secrets know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_interactions.redaction.placeholders import HANDED_OUT
from pytest_interactions.redaction.randomness import is_random

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one kind of key.

    Attributes:
        id: Its name in options and findings, such as `github-token`.
        markers: Texts of which one is in every key of this kind; looked for first, as that is much cheaper.
        pattern: The text to replace: the group `key`, or all.
        is_drawn: Whether a match looks as if a machine had drawn it; what merely begins so does not.
    """

    id: str
    markers: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    is_drawn: Callable[[str], bool]

    @property
    def kind(self) -> str:
        """Return what a finding says: `a GitHub token (github-token)`."""
        name = _KINDS.get(self.id) or self.id.replace("-", " ")
        return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name} ({self.id})"

    def spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each key in `data`, which is text without escapes."""
        for match in self.pattern.finditer(data):
            start, end = match.span("key" if "key" in self.pattern.groupindex else 0)
            key = data[start:end].decode("latin-1")
            if HANDED_OUT not in key and self.is_drawn(key):
                yield start, end


#: The names of kinds that are written otherwise than their ids.
_KINDS: Final = {
    "google-api-key": "Google API key",
    "google-auth-key": "Google API key",
    "google-access-token": "Google access token",
    "google-refresh-token": "Google refresh token",
    "google-client-secret": "Google client secret",
    "json-web-token": "JSON web token",
    "aws-access-key-id": "AWS access key id",
    "aws-secret-access-key": "AWS secret access key",
    "github-token": "GitHub token",
    "openai-key": "OpenAI key",
    "anthropic-key": "Anthropic key",
}


def _any(_: str) -> bool:
    return True


def _no_example(key: str) -> bool:
    return _EXAMPLE.search(key) is None and _ROW_OF_WORDS.fullmatch(key) is None


def _mixed(key: str) -> bool:
    joined = re.sub("[-_]", "", key)
    return is_random(key) or is_random(joined) or any(map(_is_solid, _SEGMENT.findall(key)))


def _is_solid(segment: str) -> bool:
    return not segment.isalpha() and not segment.isdecimal()


def _with_a_digit(key: str) -> bool:
    return re.search(r"\d", key) is not None


def _with_digits(key: str) -> bool:
    return len(re.findall(r"\d", key)) >= _DIGITS or _mixed(key)


_EXAMPLE: Final = re.compile(r"(?i:your[-_]|[-_]your|place.?holder|goes.?here)|EXAMPLE|example|(.)\1{6}")
_ROW_OF_WORDS: Final = re.compile(r"(?:(?:[A-Z]?[a-z]{1,15}|[A-Z]{1,12}|\d{1,4})(?:[-_.]|$))+")
_SEGMENT: Final = re.compile("[A-Za-z0-9]{20,}")
_DIGITS: Final = 6

# A match with a letter or digit beside it is a piece of media and no key. In a form, a plus is a space.
_BEFORE: Final = "[A-Za-z0-9]"
_AFTER: Final = "(?![A-Za-z0-9])"
# A line break may be within a key of fixed length, where a mail or a terminal has folded it.
_FOLD: Final = r"(?:[ \t]*\r?\n[ \t]*)?"


def _key(name: str, markers: str, begin: str, rest: str, *, is_drawn: Callable[[str], bool] = _no_example) -> Shape:
    """Make a shape of a key that stands alone: `begin`, which stays first as that is fast to find, and `rest`."""
    pattern = rf"{re.escape(begin)}(?<!{_BEFORE}{re.escape(begin)}){rest}{_AFTER}"
    return Shape(name, tuple(marker.encode() for marker in markers.split()), re.compile(pattern.encode()), is_drawn)


def _in_context(
    name: str, markers: tuple[bytes, ...], pattern: bytes, *, is_drawn: Callable[[str], bool] = _no_example
) -> Shape:
    return Shape(name, markers, re.compile(pattern), is_drawn)


_WORD: Final = "[A-Za-z0-9_-]"
_ANY_CASE: Final = (b"bearer", b"Bearer", b"BEARER")

SHAPES: Final = (
    # Google's. A key of fixed length may be folded, and may follow on a name such as `backup_`.
    _key(
        "google-api-key",
        "AIza",
        "A",
        rf"{_FOLD}I{_FOLD}z{_FOLD}a(?:{_FOLD}{_WORD}){{35}}(?!{_WORD})",
        is_drawn=_any,
    ),
    _key("google-auth-key", "AQ.", "AQ.", rf"{_WORD}{{20,}}", is_drawn=_with_digits),
    _key("google-access-token", "ya29.", "ya29.", r"[A-Za-z0-9_.-]{20,}", is_drawn=_with_digits),
    _key("google-refresh-token", "1//0", "1//0", rf"{_WORD}{{30,}}", is_drawn=_mixed),
    _key("google-client-secret", "GOCSPX-", "GOCSPX-", rf"{_WORD}{{20,}}"),
    _key("firebase-server-key", ":APA91b", "AAAA", rf"{_WORD}{{7}}:APA91b{_WORD}{{100,}}"),
    _in_context("google-ephemeral-token", (b"auth_tokens/",), rb"auth_tokens/(?P<key>[A-Za-z0-9_-]{16,})"),
    # Of no service in particular. Letters and digits are mixed: "bearer authentication" is text.
    _in_context(
        "bearer-token",
        _ANY_CASE,
        rb"(?<![A-Za-z])(?i:bearer)(?:[ \t]+|%20|\+)"
        rb"(?P<key>[A-Za-z0-9._~+/-]{20,}={0,2})(?![A-Za-z0-9_])",
        is_drawn=_mixed,
    ),
    _in_context(
        "api-key-by-name",
        (b"pi_key", b"pi-key", b"PI_KEY", b"PI-KEY", b"pi-Key", b"piKey"),
        rb"(?i:api[-_]?key)[ \t+]*[:=][ \t+]*(?P<key>[A-Za-z0-9_.-]{24,})(?![A-Za-z0-9_-])",
        is_drawn=_mixed,
    ),
    _in_context(
        "private-key",
        (b"PRIVATE KEY", b"PRIVATE+KEY"),
        rb"-----BEGIN[ +](?:[A-Z0-9]+[ +])*PRIVATE[ +]KEY(?:[ +]BLOCK)?-----\s*(?:[A-Za-z-]{1,40}:[^\r\n]*\r?\n\s*)*"
        rb"[A-Za-z0-9+/=]{24,}(?:\s+[A-Za-z0-9+/=]{24,})*"
        rb"(?:(?:\s+[A-Za-z0-9+/=]{1,75})?\s*-----END[ +](?:[A-Z0-9]+[ +])*PRIVATE[ +]KEY(?:[ +]BLOCK)?-----)?",
        is_drawn=_any,
    ),
    _key("json-web-token", "eyJ", "eyJ", rf"{_WORD}{{10,2000}}\.eyJ{_WORD}{{10,}}\.{_WORD}{{20,}}"),
    # Of clouds.
    _key("aws-access-key-id", "AKIA ASIA ABIA ACCA", "A", r"(?:KI|SI|BI|CC)A[A-Z2-7]{16}", is_drawn=_any),
    _in_context(
        "aws-secret-access-key",
        (b"ecret_access_key", b"ECRET_ACCESS_KEY", b"ecretAccessKey"),
        rb"(?i:secret_?access_?key)[ \t+]*[:=][ \t+]*(?P<key>[A-Za-z0-9/+]{40})(?![A-Za-z0-9+=])",
        is_drawn=_mixed,
    ),
    _in_context("azure-storage-key", (b"AccountKey=",), rb"AccountKey=(?P<key>[A-Za-z0-9+/]{40,}={0,2})"),
    _key("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", "do", r"[opr]_v1_[0-9a-f]{64}"),
    _key("databricks-token", "dapi", "dapi", r"[0-9a-f]{32}(?:-\d)?"),
    _key("vault-token", "hvs. hvb.", "hv", rf"[sb]\.{_WORD}{{24,}}", is_drawn=_mixed),
    _in_context(
        "terraform-token", (b".atlasv1.",), rb"(?<![A-Za-z0-9])(?P<key>[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,})"
    ),
    # Of places for code and packages.
    _key("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", "gh", r"[pousr]_[A-Za-z0-9]{36,255}"),
    _key("github-fine-grained-token", "github_pat_", "github_pat_", r"[A-Za-z0-9_]{40,}"),
    _key(
        "gitlab-token",
        "glpat- glptt- gldt- glrt- glcbt- gloas- glsoat- glft- glimt- glagent-",
        "gl",
        rf"(?:pat|ptt|dt|rt|cbt|oas|soat|ft|imt|agent)-{_WORD}{{20,}}(?:\.{_WORD}+)*",
    ),
    _key("npm-token", "npm_", "npm_", r"[A-Za-z0-9]{36}"),
    _key("pypi-token", "pypi-AgE", "pypi-AgE", rf"{_WORD}{{50,}}"),
    _key("docker-token", "dckr_pat_ dckr_oat_", "dckr_", rf"[po]at_{_WORD}{{27,}}"),
    _key("rubygems-key", "rubygems_", "rubygems_", r"[0-9a-f]{48}"),
    # Of other models' services.
    _key("anthropic-key", "sk-ant-", "sk-ant-", rf"{_WORD}{{20,}}"),
    _key("openai-key", "sk-", "sk-", rf"(?!ant-){_WORD}{{20,}}", is_drawn=_mixed),
    _key("hugging-face-token", "hf_", "hf_", r"[A-Za-z0-9]{30,}"),
    _key("groq-key", "gsk_", "gsk_", r"[A-Za-z0-9]{40,}"),
    _key("perplexity-key", "pplx-", "pplx-", r"[A-Za-z0-9]{40,}"),
    _key("replicate-token", "r8_", "r8_", r"[A-Za-z0-9]{37}"),
    _key("xai-key", "xai-", "xai-", r"[A-Za-z0-9]{60,}"),
    _key("tavily-key", "tvly-", "tvly-", rf"(?:dev-|prod-)?{_WORD}{{30,}}"),
    _key("langsmith-key", "lsv2_", "lsv2_", r"(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    # Of messages and mails.
    _key(
        "slack-token",
        "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxe. xapp-",
        "x",
        r"(?:ox[abeprs]|app)[-.][A-Za-z0-9-]{20,}",
        is_drawn=_with_a_digit,
    ),
    _in_context(
        "slack-webhook",
        (b"hooks.slack.com",),
        rb"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<key>[A-Za-z0-9/_-]{30,})",
    ),
    _in_context("discord-webhook", (b"/api/webhooks/",), rb"/api/webhooks/\d{15,}/(?P<key>[A-Za-z0-9_-]{60,})"),
    _in_context(
        "telegram-token", (b":AA",), rb"(?<![A-Za-z0-9])(?P<key>\d{8,10}:AA[A-Za-z0-9_-]{33})(?![A-Za-z0-9_-])"
    ),
    _key("sendgrid-key", "SG.", "SG.", rf"{_WORD}{{16,}}\.{_WORD}{{16,}}"),
    _key("mailgun-key", "key-", "key-", r"[0-9a-f]{32}", is_drawn=_mixed),
    _in_context("mailchimp-key", (b"-us",), rb"(?<![A-Za-z0-9])(?P<key>[0-9a-f]{32}-us\d{1,2})(?![A-Za-z0-9])"),
    _key("twilio-key", "SK", "SK", r"[0-9a-f]{32}"),
    # Of money and shops.
    _in_context(
        "stripe-key",
        (b"k_live_", b"k_test_", b"k_prod_"),
        rb"(?<![A-Za-z0-9])(?P<key>[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,})",
    ),
    _key("stripe-webhook-secret", "whsec_", "whsec_", r"[A-Za-z0-9+/]{32,}={0,2}"),
    _key("square-token", "sq0atp- sq0csp-", "sq0", rf"(?:atp|csp)-{_WORD}{{22,}}"),
    _key("shopify-token", "shpat_ shpca_ shppa_ shpss_", "shp", r"(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    # Of tools.
    _key("notion-token", "ntn_", "ntn_", r"[A-Za-z0-9]{43,}"),
    _key("linear-key", "lin_api_ lin_oauth_", "lin_", r"(?:api|oauth)_[A-Za-z0-9]{32,}"),
    _key("airtable-token", "pat", "pat", r"[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    _key("postman-key", "PMAK-", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    _key("new-relic-key", "NRAK- NRII-", "NR", r"(?:AK|II)-[A-Za-z0-9_-]{27,32}"),
    _key("sentry-token", "sntrys_ sntryu_", "sntry", r"[su]_[A-Za-z0-9+/=_-]{60,}"),
    _key("grafana-token", "glsa_ glc_", "gl", r"(?:sa_[A-Za-z0-9]{32}_[0-9a-f]{8}|c_[A-Za-z0-9+/]{60,}={0,2})"),
    _key("age-secret-key", "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1", r"[0-9A-Z]{58}"),
)
