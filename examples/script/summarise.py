"""Summarise a text file in one sentence: `python summarise.py FILE`."""

import sys
from pathlib import Path

from google import genai


def summarise(text: str) -> str:
    """Return one sentence on `text`."""
    client = genai.Client()
    turn = client.interactions.create(model="gemini-3.5-flash", input=f"Summarise in one sentence:\n{text}")
    return turn.output_text


if __name__ == "__main__":
    print(summarise(Path(sys.argv[1]).read_text(encoding="utf-8")))
