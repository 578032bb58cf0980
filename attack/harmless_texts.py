"""Texts that hold no secret although parts of them look like one, or like a place for one."""

from __future__ import annotations

import base64
import hashlib
import json
import textwrap
from typing import TYPE_CHECKING, Final

from attack.draw import generator, text, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_LINES: Final = (
    # URLs
    "https://api.example.com/items?key=name&order=asc",
    "GET /v1/items?key=created_at&token=next&page=2 HTTP/1.1",
    "https://shop.example.com/search?q=api+key&sort=price&session=summer",
    "https://docs.example.com/auth?code=sample&state=open",
    "fetch(`/api/items?key=${name}&order=${order}`).then(r => r.json())",
    'requests.get(f"https://api.example.com/v1?token={token}&key={key}")',
    "https://example.com/?signature=none&policy=public&pass=mountain",
    "https://user@example.com/path and https://example.com:8080/@handle/post",
    "postgresql://localhost:5432/inventory and redis://cache:6379/0",
    "mailto:someone@example.com?subject=token%20expired",
    "https://example.com/#code=section-two&key=chapter",
    # Names that begin as keys do
    "AQ.ConfigurationManagerFactoryBean is not found",
    "ya29.some_module_path.with_functions.and_classes",
    "import sk-learn-like-library-for-everyone as a dependency",
    "class AIzawaSensei(Teacher): pass",
    "The package xoxo-gift-wrapping-paper-and-ribbons is on sale.",
    "ghp_ is how a personal access token of GitHub begins; gho_ is one of OAuth.",
    "Keys begin with AIza, AQ., ya29., sk-, sk-ant-, hf_, gsk_ or xai-.",
    "the function glpat-style-names-are-not-allowed-here raises",
    "SG.Singapore.Southeast-Asia-Region is the zone",
    "rk_live_streams and sk_test_suite_runner are the names of two functions",
    "npm_config_registry and npm_lifecycle_event_of_this_package_here",
    "key-value-store-of-the-whole-application",
    "hf_hub_download and hf_transfer_enabled_by_default_since_last_year",
    "pat on the back; patTernMatching.isFun",
    "dapi is short for data API, and hvs. for high-voltage system",
    "SKU SK1234567890 and model SKILLED-WORKER",
    "eyJust words, no token: eyJolly.eyJumper.eyJacket",
    "whsec_ and pypi- are prefixes too",
    "auth_tokens/create and auth_tokens/list are methods",
    # Documentation
    "Authorization: Bearer YOUR_TOKEN",
    "Authorization: Bearer <your-access-token-goes-here>",
    "Set the header `Authorization: Bearer $ACCESS_TOKEN` and try again.",
    "bearer authentication-with-refresh-tokens is described below",
    "export OPENAI_API_KEY=sk-your-key-here",
    'client = genai.Client(api_key="YOUR_API_KEY")',
    'client = OpenAI(api_key=os.environ["OPENAI_API_KEY"])',
    "api_key: str = Field(..., description='the key')",
    "api_key = config.settings.provider.default_api_key_name",
    "const apiKey = process.env.NEXT_PUBLIC_FIREBASE_API_KEY;",
    "x-api-key: {{ apiKeyFromTheEnvironmentOfThisWorkspace }}",
    "curl -H 'x-goog-api-key: $GEMINI_API_KEY' https://generativelanguage.googleapis.com/v1beta/models",
    "aws_secret_access_key = <your secret access key of forty characters>",
    "AccountKey=<storage-account-key>;EndpointSuffix=core.windows.net",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
    "https://hooks.slack.com/services/ is where webhooks of Slack are",
    "password = getpass.getpass('Password: ')",
    "DB_PASSWORD=${DB_PASSWORD:?set me} docker compose up",
    "The token is REDACTED, the password is ********.",
    # Models, versions, names
    "gemini-3.5-flash, gemini-3.1-pro-preview-customtools, gpt-5.2-codex-2026-01-15, claude-sonnet-4-5-20250929",
    "models/gemini-embedding-001, deep-research-pro-preview-12-2025, imagen-4.0-ultra-generate-001",
    "projects/my-project/locations/us-central1/publishers/google/models/gemini-3.5-flash",
    "arn:aws:iam::123456789012:role/service-role/AmazonEKSClusterRole",
    "org.springframework.beans.factory.config.PropertyPlaceholderConfigurer",
    "com.google.android.gms.auth.api.signin.GoogleSignInOptionsExtension",
    "Donaudampfschifffahrtsgesellschaftskapitänsmütze",
    "supercalifragilisticexpialidocious and pneumonoultramicroscopicsilicovolcanoconiosis",
    "TypeError: __init__() got an unexpected keyword argument 'api_key'",
    "thought_signature, thoughtSignature and signature are names of fields",
    # SQL, shell, markup, styles
    "SELECT token, secret FROM sessions WHERE key = 'name' ORDER BY created_at DESC LIMIT 10;",
    "CREATE TABLE api_keys (id bigint primary key, api_key text not null, signature bytea);",
    "UPDATE users SET password = crypt(:password, gen_salt('bf')) WHERE token = :token",
    'grep -rn "api_key=" src/ | cut -d: -f1 | sort -u | xargs -r sed -i "s/api_key=/apiKey=/"',
    "ssh-keygen -t ed25519 -C 'deploy@example.com' -f ~/.ssh/id_ed25519 -N ''",
    "for f in *.json; do jq '.token, .signature' \"$f\"; done",
    '<input type="password" name="token" value="" placeholder="API key">',
    '<a href="/list?key=name&amp;order=asc&amp;token=1">next</a>',
    "<script src='/static/js/main.chunk.js?code=utf8' integrity='none'></script>",
    ".token.punctuation { color: #999999; } .token.secret { color: #c0ffee; }",
    "&lt;token&gt; &amp;key=value; &#x41;&#66;C &copy; 2026",
    "caf\\u00e9 \\u2013 na\\u00efve \\n\\t \\\\server\\share\\token.txt",
    "100%25 of 20%20 and a%3Db%26c%3Dd",
    "=?UTF-8?Q?Caf=C3=A9?= and a line=\nthat goes on=3D",
    # Dates and numbers
    "2026-10-04T12:34:56.789012Z, Sun, 04 Oct 2026 12:34:56 GMT, 20261004123456",
    "3.14159265358979323846264338327950288419716939937510582097494459",
    "IBAN DE89 3704 0044 0532 0130 00, ISBN 978-3-16-148410-0, phone +49 30 901820",
    "192.168.100.200:8443, fe80::1ff:fe23:4567:890a%eth0, 00:1B:44:11:3A:B7",
    "0x7ffd3c2a1b40 in main () at ./src/main.c:42; 0xDEADBEEFCAFEBABE",
    "matrix [[0.123456789, 1.23e-10], [9.87654321e+05, -0.000123]]",
)
_MODULES: Final = ("lodash", "react", "vite", "esbuild", "undici", "typescript", "zod", "prettier")
_LANGUAGES: Final = ("python", "js", "go", "java", "rust", "ruby", "php", "bash")
_SAMPLES: Final = {
    "python": 'def {n}(token: str, *, api_key: str | None = None) -> str:\n    """Return {n}."""\n    return f"{{token}}"\n',
    "js": "export const {n} = async (token, apiKey = null) => fetch(`/x?key=${{token}}`, {{ headers: {{ apiKey }} }});\n",
    "go": 'func {n}(token string, secret []byte) error {{\n\treturn fmt.Errorf("token=%s&key=%v", token, secret)\n}}\n',
    "java": 'public String {n}(String apiKey) {{ return builder.header("Authorization", "Bearer " + apiKey); }}\n',
    "rust": 'fn {n}(api_key: &str) -> Url {{ Url::parse(&format!("https://x/?key={{api_key}}&a=b")).unwrap() }}\n',
    "ruby": 'def {n}(token:, secret: ENV.fetch("SECRET")) = get("/x?token=#{{token}}&secret=#{{secret}}")\n',
    "php": "<?php function {n}($apiKey) {{ return '?key=' . urlencode($apiKey) . '&order=asc'; }}\n",
    "bash": '{n}() {{ curl -s -H "Authorization: Bearer ${{TOKEN}}" "https://x/?key=${{KEY}}&page=$1"; }}\n',
}
_NAMES: Final = ("fetch_all_items", "loadConfigurationFromEnvironment", "sign_request")


def texts() -> Iterator[tuple[str, str]]:
    """Yield texts, each with a name."""
    dice = generator("harmless texts")
    for number, line in enumerate(_LINES):
        yield f"line {number}", line
    for language in _LANGUAGES:
        for name in _NAMES:
            yield f"{language}, {name}", _SAMPLES[language].format(n=name)
    for number in range(6):
        yield from _drawn(dice, number)
    for number in range(8):  # large enough to hold by chance what a careless search takes for a key
        yield f"large picture {number}", base64.b64encode(b"\x89PNG\r\n\x1a\n" + dice.randbytes(150_000)).decode()


def _drawn(dice: Random, number: int) -> Iterator[tuple[str, str]]:
    """Yield texts of data that only looks drawn like a key, as hashes and media do."""
    raw = dice.randbytes(600)
    yield f"prose {number}", " ".join(words(dice, 40) for _ in range(4))
    yield f"git log {number}", "\n".join(f"commit {_sha1(dice)}\n    {words(dice, 6)}" for _ in range(4))
    yield f"short hashes {number}", " ".join(_sha1(dice)[:7] for _ in range(8))
    yield (
        f"sha256sums {number}",
        "\n".join(f"{hashlib.sha256(dice.randbytes(8)).hexdigest()}  f{n}.txt" for n in range(4)),
    )
    yield f"lock file {number}", _locked(dice)
    yield f"requirements {number}", f"httpx==0.28.1 \\\n    --hash=sha256:{hashlib.sha256(raw).hexdigest()}\n"
    yield f"hex dump {number}", "\n".join(f"{n:08x}  {raw[n : n + 16].hex(' ')}" for n in range(0, 160, 16))
    yield f"plain hex {number}", raw[:200].hex()
    yield f"DNA {number}", textwrap.fill(text(dice, "ACGT", 300), 60)
    yield f"picture {number}", "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + raw).decode()
    yield f"picture, wrapped {number}", base64.encodebytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + raw).decode()
    yield f"log {number}", _log(dice)
    yield (
        f"access log {number}",
        f'127.0.0.1 - - [04/Oct/2026:12:00:0{number} +0000] "GET /?key=name HTTP/1.1" 200 {number}12',
    )
    yield f"table {number}", "\n".join(",".join(str(dice.randrange(10**6)) for _ in range(6)) for _ in range(6))
    yield (
        f"diff {number}",
        f"index {_sha1(dice)[:10]}..{_sha1(dice)[:10]} 100644\n-api_key = None\n+api_key = settings.api_key\n",
    )


def _sha1(dice: Random) -> str:
    return hashlib.sha1(dice.randbytes(8), usedforsecurity=False).hexdigest()


def _locked(dice: Random) -> str:
    name = dice.choice(_MODULES)
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(dice.randbytes(8)).digest()).decode()
    resolved = f"https://registry.npmjs.org/{name}/-/{name}-4.17.{dice.randrange(30)}.tgz"
    return json.dumps({f"node_modules/{name}": {"resolved": resolved, "integrity": integrity}}, indent=2)


def _log(dice: Random) -> str:
    lines = [
        f"2026-10-04 12:00:0{n},{dice.randrange(1000):03} INFO [main] token={words(dice, 1) or 'none'} took {n} ms"
        for n in range(5)
    ]
    return "\n".join(lines)
