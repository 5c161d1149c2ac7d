"""SDK errors as ours (stand-in until the branch that owns this file is merged)."""

from typing import Any, cast

import botocore.exceptions as sdk

from shared_models.errors import (
    CredentialsMissingError,
    DeadlineExceededError,
    FinOpsError,
    InvalidArgumentError,
    PermissionDeniedError,
    ThrottledError,
    UpstreamUnavailableError,
)

_DENIED = ("AccessDenied", "Unauthorized", "AuthorizationError", "Forbidden", "NotAuthorized")
_EXPIRED = ("ExpiredToken", "RequestExpired", "TokenRefresh")
_THROTTLED = ("Throttl", "RequestLimitExceeded", "TooManyRequests", "LimitExceeded", "SlowDown")


def code_of(error: Exception) -> str:
    if isinstance(error, sdk.ClientError):
        return str(cast("dict[str, Any]", error.response).get("Error", {}).get("Code", ""))
    return type(error).__name__


def translated(error: Exception, call: str, *, on: str) -> FinOpsError:
    code = code_of(error)
    if isinstance(error, FinOpsError):
        return error
    if any(word in code for word in _EXPIRED):
        return CredentialsMissingError(
            f"The credentials expired ({code}) during {call} on {on}.", hint="Sign in again."
        )
    if any(word in code for word in _DENIED):
        return PermissionDeniedError(call, on=on)
    if any(word in code for word in _THROTTLED):
        return ThrottledError(f"{call} was throttled on {on}.", hint="later")
    if code in {"AuthFailure", "UnrecognizedClientException", "InvalidClientTokenId", "OptInRequired"}:
        return CredentialsMissingError(f"The credentials are not valid on {on} ({code}).", hint="Enable the region.")
    if isinstance(error, (sdk.ReadTimeoutError, sdk.ConnectTimeoutError)):
        return DeadlineExceededError(f"{call} on {on}", hint="later")
    if "Validation" in code or "Invalid" in code:
        return InvalidArgumentError("call", f"{call}: {error}", hint="")
    return UpstreamUnavailableError(f"{call} failed on {on}: {code}: {str(error)[:200]}", hint="Try again later.")
