"""What Azure Resource Manager answers when it refuses: the code, message and status of its error body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.clouds.wire import Reply


@dataclass
class AzureError(Exception):
    """An error that the service itself documents: `code` and `status` go over the wire as they are."""

    code: str
    message: str
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


WORDS: Final[Mapping[str, tuple[str, str, int]]] = {
    "access_denied": ("AuthorizationFailed", "The client does not have authorization to perform action '{0}'.", 403),
    "missing_token": ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", 401),
    "unknown_token": ("InvalidAuthenticationToken", "The access token is invalid.", 401),
    "wrong_audience": ("InvalidAuthenticationTokenAudience", "The access token has been obtained for wrong audience.", 401),
    "wrong_tenant": ("InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer.", 401),
    "expired_token": ("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now.", 401),
    "throttled": ("429", "Too many requests. Please retry.", 429),
    "subscription_disabled": (
        "ReadOnlyDisabledSubscription", "The subscription is disabled and therefore marked as read only.", 409,
    ),
    "internal": ("InternalServerError", "Encountered internal server error.", 500),
    "unavailable": ("ServiceUnavailable", "The service is temporarily unavailable.", 503),
}  # fmt: skip
"""Reason -> code, message, status."""


def refusal(reason: str, operation: str, message: str | None = None) -> AzureError:
    """The error by which Resource Manager says the reason."""
    code, words, status = WORDS[reason]
    return AzureError(code, message or words.format(operation), status)


def bad_request(message: str) -> AzureError:
    """What Cost Management answers to arguments that break a documented rule."""
    return AzureError("BadRequest", message)


def not_found(what: str) -> AzureError:
    """What nobody here has, or this caller may not see."""
    return AzureError("ResourceNotFound", f"{what} was not found.", 404)


def not_implemented(what: str) -> AzureError:
    """A part of the request that the endpoint would otherwise ignore: an answer must not look like it heard it."""
    return AzureError("NotImplementedByFake", what, 501)


def error_reply(error: AzureError) -> Reply:
    """An error as Resource Manager writes it."""
    body = json.dumps({"error": {"code": error.code, "message": error.message}})
    return Reply(error.status, body.encode(), {"Content-Type": "application/json; charset=utf-8", **error.headers})
