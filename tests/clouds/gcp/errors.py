"""What Google answers when it refuses: one canonical code, worded for gRPC, for google.rpc REST, and for BigQuery."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

DOMAIN: Final = "googleapis.com"
HTTP: Final = {
    "OK": 200,
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""Canonical code -> HTTP status, as google.rpc.Code says."""


@dataclass
class GoogleError(Exception):
    """An error that the API documents; `reason` is BigQuery's word or ErrorInfo's, `status` an HTTP status of its own."""

    code: str
    message: str
    reason: str | None = None
    status: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def http(self) -> int:
        """The HTTP status that goes with it."""
        return self.status or HTTP[self.code]

    @property
    def grpc(self) -> grpc.StatusCode:
        """The status by which gRPC says it."""
        return grpc.StatusCode[self.code]

    def as_rpc(self) -> bytes:
        """The body of a google.rpc REST service."""
        said: dict[str, Any] = {"code": self.http, "message": self.message, "status": self.code}
        if self.reason:
            info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": self.reason, "domain": DOMAIN}
            said["details"] = [{**info, "metadata": self.metadata}]
        return json.dumps({"error": said}).encode()

    def as_bigquery(self) -> bytes:
        """The body of BigQuery's REST service."""
        said = {"code": self.http, "message": self.message, "status": self.code, "errors": [self.entry()]}
        return json.dumps({"error": said}).encode()

    def entry(self) -> dict[str, str]:
        """One entry of an `errors` list, as BigQuery's jobs carry it too."""
        return {"reason": self.reason or "invalid", "message": self.message, "domain": "global"}


def invalid(message: str) -> GoogleError:
    """An argument breaks a documented rule."""
    return GoogleError("INVALID_ARGUMENT", message, "invalid")


def not_found(message: str) -> GoogleError:
    """There is nothing of this name, or nobody may know."""
    return GoogleError("NOT_FOUND", message, "notFound")


def denied(permission: str, resource: str) -> GoogleError:
    """The caller lacks a permission on a resource."""
    message = f"Permission '{permission}' denied on resource '{resource}' (or it may not exist)."
    return GoogleError("PERMISSION_DENIED", message, "IAM_PERMISSION_DENIED", metadata={"permission": permission})


def unimplemented(what: str) -> GoogleError:
    """The real service can do this, this endpoint cannot."""
    return GoogleError("UNIMPLEMENTED", f"NotImplementedByFake: {what}", "notImplemented")


REASONS: Final[dict[str, GoogleError]] = {
    "quota_exceeded": GoogleError(
        "PERMISSION_DENIED",
        "Quota exceeded: Your project exceeded quota for free query bytes scanned. For more information, see"
        " https://cloud.google.com/bigquery/docs/troubleshoot-quotas",
        "quotaExceeded",
    ),
    "bigquery_rate": GoogleError(
        "PERMISSION_DENIED",
        "Exceeded rate limits: too many api requests per user per method for this user_method. For more information,"
        " see https://cloud.google.com/bigquery/docs/troubleshoot-quotas",
        "rateLimitExceeded",
    ),
    "rate": GoogleError(
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service.",
        "RATE_LIMIT_EXCEEDED",
    ),
    "backend": GoogleError(
        "UNAVAILABLE", "Error encountered during execution. Retrying may solve the problem.", "backendError"
    ),
    "internal": GoogleError("INTERNAL", "An internal error has occurred. Please retry your request.", "internalError"),
    "unauthenticated": GoogleError(
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
        " authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        "authError",
    ),
    "access_denied": GoogleError(
        "PERMISSION_DENIED", "Access Denied: The caller does not have permission", "accessDenied"
    ),
}
"""What a fault of that name is said as."""
