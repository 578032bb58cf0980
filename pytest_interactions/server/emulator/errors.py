"""The errors that the emulator answers with."""

from __future__ import annotations

from typing import Any

from pytest_interactions.api.error_bodies import code_of, error_body, message_of


class ApiError(Exception):
    """An answer that is an error; `status` is an HTTP status, `retry_after` is in seconds."""

    def __init__(
        self,
        status: int,
        message: str | None = None,
        *,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.message = message or message_of(status)
        self.code = code or code_of(status)
        self.retry_after = retry_after
        super().__init__(self.message)

    @property
    def body(self) -> dict[str, Any]:
        """Return the JSON that the real API would send."""
        return error_body(self.code, self.message)
