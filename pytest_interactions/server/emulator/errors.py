"""The API's errors, in the words of the real one as far as these have been seen."""

from __future__ import annotations

from typing import Any

#: The `code` in the error's body by HTTP status. That of 400 has been seen in real traffic; the others are named after
#: google.rpc.Code in the same spelling.
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

#: The real API's general message by HTTP status.
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
        self.message = message or MESSAGES.get(status, f"The server answered with status {status}.")
        self.code = code or CODES.get(status, "invalid_request" if status < _SERVER_ERRORS else "internal")
        self.retry_after = retry_after
        super().__init__(self.message)

    @property
    def body(self) -> dict[str, Any]:
        """Return the JSON that the real API would send."""
        return {"error": {"message": self.message, "code": self.code}}
