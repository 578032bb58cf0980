"""The API's own errors: what a wrong request gets, in the words of the real one where they are known."""

from __future__ import annotations

from typing import Any

#: HTTP status to the `code` of the error body. Seen in real traffic: 400; the others after google.rpc.Code,
#: written the same way.
CODES = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "permission_denied",
    404: "not_found",
    408: "deadline_exceeded",
    409: "conflict",
    429: "resource_exhausted",
    499: "cancelled",
    500: "internal",
    501: "unimplemented",
    503: "unavailable",
    504: "deadline_exceeded",
}

#: What the real API says with these statuses when it says nothing more precise.
MESSAGES = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials.",
    403: "The caller does not have permission.",
    404: "Requested entity was not found.",
    429: "You exceeded your current quota, please check your plan and billing details.",
    500: "An internal error has occurred. Please retry.",
    503: "The model is overloaded. Please try again later.",
}


_SERVER_ERRORS = 500


class ApiError(Exception):
    """An answer that is an error: `status` is the HTTP one, `retry_after` is in seconds."""

    def __init__(
        self,
        status: int,
        message: str | None = None,
        *,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.message = message or MESSAGES.get(status, f"The server answered with status {status}.")
        self.code = code or CODES.get(status, "invalid_request" if status < _SERVER_ERRORS else "internal")
        self.retry_after = retry_after
        super().__init__(self.message)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON that the real API would send."""
        return {"error": {"message": self.message, "code": self.code}}
