"""The API's errors, in the words of the real one as far as these have been seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

#: The `code` in the error's body by HTTP status. That of 400 has been seen in real traffic; the others are named after
#: google.rpc.Code in the same spelling.
CODES: Final = {
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

#: The `status` of errors of the older methods, where it is not the `code` in capitals.
_STATUSES: Final = {400: "INVALID_ARGUMENT", 409: "ABORTED"}

#: The real API's general message by HTTP status.
MESSAGES: Final = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials.",
    403: "The caller does not have permission.",
    404: "Requested entity was not found.",
    429: "You exceeded your current quota, please check your plan and billing details.",
    500: "An internal error has occurred. Please retry.",
    503: "The model is overloaded. Please try again later.",
}
_SERVER_ERRORS: Final = 500


def code_of(status: int) -> str:
    """Return the `code` of errors with an HTTP status."""
    return CODES.get(status, "invalid_request" if status < _SERVER_ERRORS else "internal")


def message_of(status: int) -> str:
    """Return the general message of errors with an HTTP status."""
    return MESSAGES.get(status, f"The server answered with status {status}.")


def error_body(code: str, message: str) -> Json:
    """Return the JSON of an error."""
    return {"error": {"message": message, "code": code}}


def older_error_body(status: int, name: str | None, message: str) -> Json:
    """Return the JSON of an error of the API's older methods, which have a number and a name of google.rpc.Code."""
    usual = _STATUSES.get(status, code_of(status).upper())
    return {"error": {"code": status, "message": message, "status": name or usual}}
