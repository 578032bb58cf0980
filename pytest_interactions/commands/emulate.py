"""`pytest-interactions emulate`: the emulator in the foreground, until it is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.commands.status import Status
from pytest_interactions.server.emulator.runner import EMULATOR_KEY, Emulator
from pytest_interactions.server.serving import foreground

if TYPE_CHECKING:
    from pathlib import Path

_HELP = """\

The Interactions API, emulated here. Stop it with Ctrl-C. Any API key will do.

Python (google-genai):
  export GOOGLE_GEMINI_BASE_URL={url} GEMINI_API_KEY={key}
  python -c 'from google import genai; client = genai.Client(); print(client.interactions.create(
      model="gemini-3.5-flash", input="Explain how AI works in a few words").output_text)'

curl:
  curl {url}/v1beta/interactions -H 'x-goog-api-key: {key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"model": "gemini-3.5-flash", "input": "Explain how AI works in a few words"}}'

JavaScript (@google/genai):
  const ai = new GoogleGenAI({{ apiKey: "{key}", httpOptions: {{ baseUrl: "{url}" }} }});
"""


def run(port: int = 0, script: Path | None = None) -> Status:
    """Serve until Ctrl-C or SIGTERM, and give the exit status: 0.

    The first line on the standard output is the address alone, for whoever starts this as a child process.

    Args:
        port: the TCP port on 127.0.0.1; 0 chooses a free one.
        script: a YAML file of scripted answers.

    Raises:
        OSError: the port is taken.
        ScriptError: the script can't be used.
    """
    with Emulator(port, script=script) as emulator, foreground() as wait:
        print(emulator.url, flush=True)
        print(_HELP.format(url=emulator.url, key=EMULATOR_KEY), flush=True)
        wait()
    return Status.OK
