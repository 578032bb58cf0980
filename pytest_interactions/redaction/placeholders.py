"""What stands in a cassette, and in a replay, for what must not be there or is not needed. Nothing is imported here."""

from __future__ import annotations

from typing import Final

#: The text that replaces a secret.
REDACTED: Final = "REDACTED"
#: The beginning of what stands for a value that a response's header hands out: no writer escapes letters and digits.
HANDED_OUT: Final = "redactedHeader"
#: The API key that replay sets when there is none. A message that holds it is only good for replay, but no secret.
PLACEHOLDER_KEY: Final = "pytest-interactions-placeholder-key"
#: What stands for each project of Google Cloud, by its id or its number, and for each location.
PROJECT: Final = "redacted-project"
LOCATION: Final = "redacted-location"
