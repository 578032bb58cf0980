"""Draws keys in the formats of well-known services, which no run knows before."""

from __future__ import annotations

import base64
import json
import re
import string
from typing import TYPE_CHECKING, Final

from attack.draw import ALNUM, BASE32, HEX, WORD, base64_text, text
from attack.values import Secret

if TYPE_CHECKING:
    from random import Random

_ALPHABETS: Final = {
    "A": ALNUM,
    "W": WORD,
    "H": HEX,
    "B": ALNUM + "+/",
    "D": string.digits,
    "L": string.ascii_letters,
    "U": BASE32,
    "C": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",  # of bech32, which age writes its keys in
}
_DRAWN: Final = re.compile(r"\{([A-Z])(\d+)(?:-(\d+))?\}")

# Each with what is drawn, as `{alphabet and length}`; what stands around the key is outside of `<` and `>`.
_FORMATS: Final[dict[str, tuple[str, ...]]] = {
    "google-api-key": ("AIzaSy{W33}",),
    "google-auth-key": ("AQ.Ab8RN6{W44}",),
    "google-access-token": ("ya29.a0{W120-200}", "ya29.c.b0{W120-200}"),
    "google-refresh-token": ("1//0{W60-100}",),
    "google-client-secret": ("GOCSPX-{W28}",),
    "firebase-server-key": ("AAAA{W7}:APA91b{W134}",),
    "google-ephemeral-token": ("auth_tokens/<{H64}>",),
    "bearer-token": ("Bearer <{A32-60}>", "bearer <{W43}>", "Authorization: Bearer <{H40}>"),
    "api-key-by-name": ("api_key=<{H32}>", "x-api-key: <{A40}>", "apiKey: <{A32}>", "API_KEY=<{A24-48}>"),
    "aws-access-key-id": ("AKIA{U16}", "ASIA{U16}"),
    "aws-secret-access-key": ("aws_secret_access_key = <{B40}>", "secretAccessKey: <{B40}>"),
    "azure-storage-key": ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=<{B86}==>;EndpointSuffix=x",),
    "digitalocean-token": ("dop_v1_{H64}",),
    "databricks-token": ("dapi{H32}",),
    "vault-token": ("hvs.CAES{W90}",),
    "terraform-token": ("{A14}.atlasv1.{W67}",),
    "github-token": ("ghp_{A36}", "gho_{A36}", "ghs_{A36}"),
    "github-fine-grained-token": ("github_pat_{A22}_{A59}",),
    "gitlab-token": ("glpat-{W20}", "glpat-{W27}.01.{H9}"),
    "npm-token": ("npm_{A36}",),
    "pypi-token": ("pypi-AgEIcHlwaS5vcmc{W150}",),
    "docker-token": ("dckr_pat_{W27}",),
    "rubygems-key": ("rubygems_{H48}",),
    "anthropic-key": ("sk-ant-api03-{W93}AA",),
    "openai-key": ("sk-{A20}T3BlbkFJ{A20}", "sk-proj-{W74}T3BlbkFJ{W74}"),
    "hugging-face-token": ("hf_{L34}",),
    "groq-key": ("gsk_{A52}",),
    "perplexity-key": ("pplx-{A48}",),
    "replicate-token": ("r8_{A37}",),
    "xai-key": ("xai-{A80}",),
    "tavily-key": ("tvly-dev-{A32}", "tvly-{A32}"),
    "langsmith-key": ("lsv2_pt_{H32}_{H10}",),
    "slack-token": ("xoxb-{D12}-{D13}-{A24}", "xapp-1-A{U10}-{D13}-{H64}"),
    "slack-webhook": ("https://hooks.slack.com/services/<T{U10}/B{U10}/{A24}>",),
    "discord-webhook": ("https://discord.com/api/webhooks/{D18}/<{W68}>",),
    "telegram-token": ("{D10}:AA{W33}",),
    "sendgrid-key": ("SG.{W22}.{W43}",),
    "mailgun-key": ("key-{H32}",),
    "mailchimp-key": ("{H32}-us{D2}",),
    "twilio-key": ("SK{H32}",),
    "stripe-key": ("sk_live_{A24}", "rk_live_{A24}", "sk_test_51{A97}"),
    "stripe-webhook-secret": ("whsec_{A32}",),
    "square-token": ("sq0atp-{W22}",),
    "shopify-token": ("shpat_{H32}",),
    "notion-token": ("ntn_{A46}",),
    "linear-key": ("lin_api_{A40}",),
    "airtable-token": ("pat{A14}.{H64}",),
    "postman-key": ("PMAK-{H24}-{H34}",),
    "new-relic-key": ("NRAK-{U27}",),
    "sentry-token": ("sntrys_{B80}=_{B43}",),
    "grafana-token": ("glsa_{A32}_{H8}",),
    "age-secret-key": ("AGE-SECRET-KEY-1{C58}",),
}
_PRIVATE: Final = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY")
_COLUMNS: Final = 64

#: The kinds of keys.
KINDS: Final = (*_FORMATS, "json-web-token", "private-key")


def key(dice: Random, kind: str = "") -> Secret:
    """Draw a key of a kind, or of any."""
    kind = kind or dice.choice(KINDS)
    if kind == "json-web-token":
        return _json_web_token(dice)
    if kind == "private-key":
        return _private_key(dice)
    shown = _DRAWN.sub(lambda part: _piece(dice, part), dice.choice(_FORMATS[kind]))
    value = re.search("<(.+)>", shown)
    return Secret(kind, value[1] if value else shown, re.sub("[<>]", "", shown))


def _piece(dice: Random, part: re.Match[str]) -> str:
    return text(dice, _ALPHABETS[part[1]], int(part[2]), int(part[3] or 0))


def _json_web_token(dice: Random) -> Secret:
    parts = [
        {"alg": "RS256", "typ": "JWT"},
        {"sub": text(dice, string.digits, 10), "iat": dice.randint(10**9, 2 * 10**9)},
    ]
    written = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    token = ".".join([*written, base64_text(dice, dice.choice((32, 256)), urlsafe=True, padded=False)])
    return Secret("json-web-token", token, token)


def _private_key(dice: Random) -> Secret:
    name, body = dice.choice(_PRIVATE), "MII" + base64_text(dice, dice.randint(100, 400))
    lines = [body[i : i + _COLUMNS] for i in range(0, len(body), _COLUMNS)]
    shown = "\n".join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----"])
    return Secret("private-key", body, shown)
