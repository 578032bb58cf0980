from __future__ import annotations

import base64
import json
from time import process_time
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.redaction.matcher import Matcher
from pytest_interactions.redaction.shapes import SHAPES

if TYPE_CHECKING:
    from pytest_interactions.redaction.shapes import Shape

redact = Matcher().redact

BODY = "Sy0_" * 8 + "abc"  # 35 characters
TOKEN = "abcdefghij0123456789"
BEGIN, END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"


@pytest.mark.parametrize("key", [f"AIza{BODY}", f"AQ.{TOKEN}", "ya29.abcdefghi.0123456789"])
def test_a_key_stands_alone_and_has_its_length(key: str) -> None:
    """Beside a letter or a digit, or if it is shorter, it is none; a name or a path may stand before it."""
    for around in ' .,:;"=()':
        assert redact(f"{around}{key}{around if around != '.' else ''}").strip(around) == "REDACTED"
    for beside in "aZ0":
        assert redact(f"{beside}{key}") == f"{beside}{key}"
    for before in ("/", "backup_", "my-", "+", "line\\n", "%20", "\\\\t"):
        assert redact(f"{before}{key}") == f"{before}REDACTED"
    assert redact(key[:-1]) == key[:-1]


def test_a_google_api_key_is_no_longer_than_it_is() -> None:
    """A longer run of its characters is something else; other keys have no such limit."""
    assert redact(f"AIza{BODY}x") == f"AIza{BODY}x"
    assert redact(f"AQ.{TOKEN * 2} ya29.{TOKEN * 2}") == "REDACTED REDACTED"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"Bearer {TOKEN}", "Bearer REDACTED"),
        (f"a bearer {TOKEN}== and", "a bearer REDACTED and"),
        (f"Bearer {TOKEN[::-1]}.", "Bearer REDACTED"),
        (f"Bearer .-~+/{TOKEN}", "Bearer REDACTED"),
        (f"Bearer {TOKEN}=x", "Bearer REDACTED=x"),
        (f"forbearer {TOKEN}", None),
        (f"Bearer {TOKEN[1:]}", None),
        ("Bearer YOUR_ACCESS_TOKEN_GOES_HERE", None),
        ("Bearer 01234567890123456789", None),
    ],
)
def test_a_bearer_token_is_long_and_mixed(text: str, clean: str | None) -> None:
    """Twenty characters or more, digits and letters among them, after that word alone."""
    assert redact(text) == (clean or text)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"{BEGIN}\n{'x' * 39}{END}", "REDACTED"),
        (f"{BEGIN}{'x' * 40}, and", "REDACTED, and"),
        (f"{BEGIN}{'x' * 23}!", None),
        (f"{BEGIN}\n{'x' * 64}\nand more words", "REDACTED\nand more words"),
        (f"{BEGIN}\\n{'x' * 40}\\r\\n{END}", "REDACTED"),
        (f"{BEGIN}\\\\n{'x' * 40}\\\\n{END}", "REDACTED"),
        (f"{BEGIN}{'x' * 40}{END}".replace("PRIVATE", "EC PRIVATE"), "REDACTED"),
    ],
)
def test_a_private_key_may_be_cut_and_its_lines_escaped(text: str, clean: str | None) -> None:
    """Two dozen characters of one are enough, without the line that ends it."""
    assert redact(text) == (clean or text)


_HEX = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
_LETTERS = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7nP9rS1uV3xY5aB7dE9gH1"
EXAMPLES = {
    "google-api-key": f"AIza{_LETTERS[:35]}",
    "google-auth-key": f"AQ.{_LETTERS[:40]}",
    "google-access-token": f"ya29.{_LETTERS}",
    "google-refresh-token": f"1//0{_LETTERS[:40]}",
    "google-client-secret": f"GOCSPX-{_LETTERS[:28]}",
    "firebase-server-key": f"AAAA{_LETTERS[:7]}:APA91b{_LETTERS * 2}{_LETTERS[:14]}",
    "google-ephemeral-token": f"auth_tokens/{_LETTERS[:32]}",
    "bearer-token": f"BEARER {_LETTERS[:40]}",
    "api-key-by-name": f"x-api-key: {_LETTERS[:40]}",
    "private-key": f"-----BEGIN RSA PRIVATE KEY-----\n{_LETTERS}\n{_LETTERS[:7]}==\n-----END RSA PRIVATE KEY-----",
    "json-web-token": f"eyJ{_LETTERS[:20]}.eyJ{_LETTERS[:30]}.{_LETTERS[:43]}",
    "aws-access-key-id": "AKIAQ3EGRIYVN5ZTK2PA",
    "aws-secret-access-key": f"aws_secret_access_key={_LETTERS[:40]}",
    "azure-storage-key": f"AccountKey={_LETTERS}{_LETTERS[:26]}==",
    "digitalocean-token": f"dop_v1_{_HEX * 2}",
    "databricks-token": f"dapi{_HEX}-2",
    "vault-token": f"hvs.{_LETTERS[:24]}",
    "terraform-token": f"{_LETTERS[:14]}.atlasv1.{_LETTERS}{_LETTERS[:7]}",
    "github-token": f"ghp_{_LETTERS[:36]}",
    "github-fine-grained-token": f"github_pat_{_LETTERS[:22]}_{_LETTERS[:59]}",
    "gitlab-token": f"glpat-{_LETTERS[:20]}",
    "npm-token": f"npm_{_LETTERS[:36]}",
    "pypi-token": f"pypi-AgEIcHlwaS5vcmc{_LETTERS}",
    "docker-token": f"dckr_pat_{_LETTERS[:27]}",
    "rubygems-key": f"rubygems_{_HEX}{_HEX[:16]}",
    "anthropic-key": f"sk-ant-api03-{_LETTERS}",
    "openai-key": f"sk-proj-{_LETTERS}",
    "hugging-face-token": f"hf_{_LETTERS[:34]}",
    "groq-key": f"gsk_{_LETTERS[:52]}",
    "perplexity-key": f"pplx-{_LETTERS[:48]}",
    "replicate-token": f"r8_{_LETTERS[:37]}",
    "xai-key": f"xai-{_LETTERS}{_LETTERS[:20]}",
    "tavily-key": f"tvly-dev-{_LETTERS[:32]}",
    "langsmith-key": f"lsv2_pt_{_HEX}_{_HEX[:10]}",
    "slack-token": f"xoxb-123456789012-1234567890123-{_LETTERS[:24]}",
    "slack-webhook": f"https://hooks.slack.com/services/T0A1B2C3D/B0A1B2C3D/{_LETTERS[:24]}",
    "discord-webhook": f"https://discord.com/api/webhooks/123456789012345678/{_LETTERS}{_LETTERS[:8]}",
    "telegram-token": f"123456789:AA{_LETTERS[:33]}",
    "sendgrid-key": f"SG.{_LETTERS[:22]}.{_LETTERS[:43]}",
    "mailgun-key": f"key-{_HEX}",
    "mailchimp-key": f"{_HEX}-us12",
    "twilio-key": f"SK{_HEX}",
    "stripe-key": f"sk_live_{_LETTERS[:24]}",
    "stripe-webhook-secret": f"whsec_{_LETTERS[:32]}",
    "square-token": f"sq0atp-{_LETTERS[:22]}",
    "shopify-token": f"shpat_{_HEX}",
    "notion-token": f"ntn_{_LETTERS[:46]}",
    "linear-key": f"lin_api_{_LETTERS[:40]}",
    "airtable-token": f"pat{_LETTERS[:14]}.{_HEX * 2}",
    "postman-key": f"PMAK-{_HEX[:24]}-{_HEX}0a",
    "new-relic-key": f"NRAK-{_LETTERS[:27].upper()}",
    "sentry-token": f"sntrys_{_LETTERS}{_LETTERS[:20]}",
    "grafana-token": f"glsa_{_LETTERS[:32]}_{_HEX[:8]}",
    "age-secret-key": f"AGE-SECRET-KEY-1{_LETTERS[:58].upper()}",
}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_each_shape_is_found_and_goes(shape: Shape) -> None:
    """In a line of its own, in JSON within JSON behind an escape, and in base64."""
    key = EXAMPLES[shape.id]
    random = key.split()[-1].rpartition("=")[2] or key
    for text in (f"see\n{key}\nand more", json.dumps(json.dumps(f"see\n{key}\tand more"))):
        assert shape.kind in {kind for _, _, kind in Matcher().find(text)}
        clean = redact(text)
        assert random[-20:] not in clean
        assert "see" in clean
        assert "and more" in clean
        assert redact(clean) == clean
    encoded = base64.b64encode(f"see\n{key}\nand more".encode()).decode()
    left = base64.b64decode(redact(encoded))
    assert left.startswith(b"see")  # one character has bits of two bytes
    assert random[-20:].encode() not in left


@pytest.mark.parametrize(
    "text",
    [
        *("AQ.ConfigurationManagerFactoryBean", "ya29.some_module_path_of_mine", "sk-learn-contrib-of-the-project"),
        *("sk-your-key-goes-here-please", "ghp_your_token", "hf_model_of_somebody_with_a_long_name_indeed"),
        *("Bearer YOUR_ACCESS_TOKEN_HERE", "api_key: your-own-key-of-this-service", "glpat-xxxxxxxxxxxxxxxxxxxx"),
        *("key-value-store-of-the-service", "patterns.of.things", "https://hooks.slack.com/docs"),
    ],
)
def test_what_merely_begins_like_a_key_is_none(text: str) -> None:
    """Words, and what stands in for a key."""
    assert redact(text) == text
    assert list(Matcher().find(text)) == []


def test_a_key_may_begin_with_a_plus_and_a_token_have_no_digit() -> None:
    """The sign is no space there, and what is around it may be a path."""
    secret = "+" + _LETTERS[:39]
    assert redact(f"aws_secret_access_key = {secret}/x") == "aws_secret_access_key = REDACTED/x"
    assert redact("Bearer exhAwicUdwExzyTyjPlwudBDuYSFEUcWqR.") == "Bearer REDACTED"


def test_a_key_of_fixed_length_may_be_folded() -> None:
    """And the words of the next line stay."""
    key = EXAMPLES["google-api-key"]
    assert redact(f"key: {key[:2]}\r\n  {key[2:20]}\n{key[20:]}\nand more") == "key: REDACTED\nand more"


_TAILS = ("a: ", " ", "A", "1", "-", "\n", "A B ", "x: y\n", "=", "a.", "%25", "&amp;", "A" * 24 + "\n", "_")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_time_is_linear_in_a_text_made_to_take_long(shape: Shape) -> None:
    """What begins like a key over and over, or goes on like one for long, takes as much longer as it is larger."""
    for marker in (mark.decode() for mark in shape.markers):
        begin = f"-----BEGIN {marker}-----\n" if shape.id == "private-key" else marker
        for tail in (*_TAILS, marker, f"-{marker}", f" {marker}"):
            steps = [_steps(shape, begin + tail * (size // len(tail)) + "!") for size in (4_000, 16_000)]
            assert steps[1] < max(8 * steps[0], 0.05), (tail, steps)


def _steps(shape: Shape, text: str) -> float:
    begun = process_time()
    list(shape.spans(text.encode()))
    return process_time() - begun
