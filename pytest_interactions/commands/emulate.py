"""`pytest-interactions emulate`: the emulator in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.ports import add_listening

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

#: The interactions and files that are remembered, so that a server that runs for days does not grow.
_KEPT = 1000
_USAGE = """\

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


def arguments(parser: ArgumentParser) -> None:
    """Declare the port, the script and who is let in."""
    parser.description = "Serve a local Interactions API until Ctrl-C. The first line printed is its address."
    add_listening(parser)
    parser.add_argument("--script", type=Path, help="YAML file of scripted answers")


def run(options: Namespace) -> Status:
    """Serve until Ctrl-C or SIGTERM.

    The first line on the standard output is the address alone, so that a parent process can read it.

    Raises:
        MissingExtraError: A library of the extra is not installed.
        OSError: The port is taken.
        ScriptError: The script can't be used.
    """
    from pytest_interactions.server.emulator import Emulator  # first, because it says what to install
    from pytest_interactions.server.emulator.runner import EMULATOR_KEY
    from pytest_interactions.server.serving import foreground

    with Emulator(options.port, script=options.script, keep=_KEPT) as emulator, foreground() as wait:
        for name in options.allow_host:
            emulator.allow_host(name)
        for origin in options.allow_origin:
            emulator.allow_origin(origin)
        print(emulator.url, flush=True)
        print(_USAGE.format(url=emulator.url, key=EMULATOR_KEY), flush=True)
        wait()
    return Status.OK
