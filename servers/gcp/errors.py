"""What Google's clients say when they fail, as our errors: one table, first match counts."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from shared_models.errors import (
    CredentialsExpiredError,
    CredentialsMissingError,
    DataNotReadyError,
    DeadlineExceededError,
    FinOpsError,
    InvalidArgumentError,
    PermissionDeniedError,
    SourceNotEnabledError,
    ThrottledError,
    UpstreamUnavailableError,
)

Make = Callable[[str, str, str], FinOpsError]
"""(method as `bigquery.jobs.insert`, where, Google's words) -> our error."""
_LONGEST: Final = 240
_SECRET: Final = re.compile(
    r"ya29\.[\w.-]+|1//[\w-]{6,}|eyJ[\w-]+\.[\w-]+\.[\w-]*|Bearer \S+|-----BEGIN.*|https?://\S+|\"?private_key\S*",
    re.IGNORECASE | re.DOTALL,
)
_PERMISSION: Final = re.compile(r"\b[a-z][a-zA-Z]+(?:\.[a-z][a-zA-Z]+){2}\b")


def _denied(call: str, on: str, said: str) -> FinOpsError:
    usual = "bigquery.tables.getData" if "to query table" in said else call
    permission = next((found for found in _PERMISSION.findall(said) if not found.endswith(".com")), usual)
    return PermissionDeniedError(permission, on=on)


def _unused(call: str, on: str, said: str) -> FinOpsError:
    if "quota project" in said:
        return SourceNotEnabledError(
            call,
            source=f"{on} without a quota project",
            hint="Set SKYLEDGER_GCP_QUOTA_PROJECT to a project that may use the API.",
        )
    api = call.partition(".")[0]
    return SourceNotEnabledError(
        call, source=on, hint=f"Enable the API of {api} in the quota project (gcloud services)."
    )


def _missing(call: str, on: str, _said: str) -> FinOpsError:
    return CredentialsMissingError(
        f"{call} on {on} found no usable Google credentials.",
        hint="Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS.",
    )


def _expired(call: str, on: str, _said: str) -> FinOpsError:
    return CredentialsExpiredError(
        f"The credentials were refused during {call} on {on}.", hint="Sign in again and repeat the question."
    )


def _throttled(call: str, on: str, said: str) -> FinOpsError:
    return ThrottledError(f"Google throttled {call} on {on}: {said}", hint="Repeat it in a minute.")


def _quota(call: str, on: str, said: str) -> FinOpsError:
    return ThrottledError(
        f"A quota of Google is used up for {call} on {on}: {said}",
        hint="Waiting a minute does not help: raise the quota, or repeat it tomorrow.",
    )


def _too_dear(call: str, on: str, said: str) -> FinOpsError:
    return InvalidArgumentError(
        "query", f"{call} on {on} would bill more than was estimated: {said}", hint="Ask for a shorter period."
    )


def _invalid(call: str, _on: str, said: str) -> FinOpsError:
    return InvalidArgumentError("query", f"Google cannot answer {call}: {said}", hint="Change the question.")


def _absent(call: str, on: str, said: str) -> FinOpsError:
    return DataNotReadyError(
        f"{call} found nothing on {on}: {said}",
        hint="Check the name and its location; `skyledger doctor gcp` lists them.",
    )


def _late(call: str, on: str, _said: str) -> FinOpsError:
    return DeadlineExceededError(f"{call} on {on} did not answer in time.", hint="Repeat it.")


def _failed(call: str, on: str, said: str) -> FinOpsError:
    return UpstreamUnavailableError(f"{call} failed on {on}: {said}", hint="Repeat it in a minute.")


TABLE: Final[tuple[tuple[str, Make], ...]] = (
    (r"DefaultCredentials|MutualTLS|UserAccessToken", _missing),
    (r"getAccessToken|IAM_PERMISSION_DENIED", _denied),
    (r"RefreshError|ReauthFail|InvalidValue|Unauthenticated|Unauthorized|authError", _expired),
    (r"SERVICE_DISABLED|accessNotConfigured", _unused),
    (r"bytesBilledLimitExceeded", _too_dear),
    (r"quotaExceeded", _quota),
    (r"rateLimitExceeded|RATE_LIMIT|TooManyRequests|ResourceExhausted|jobRateLimitExceeded", _throttled),
    (r"Forbidden|PermissionDenied|accessDenied|USER_PROJECT_DENIED", _denied),
    (r"backendError|internalError|ServiceUnavailable|InternalServerError|BadGateway|jobBackendError", _failed),
    (r"GatewayTimeout|DeadlineExceeded|Timeout|TimedOut", _late),
    (r"NotFound|notFound", _absent),
    (r"BadRequest|InvalidArgument|FailedPrecondition|OutOfRange|invalidQuery", _invalid),
)


def reasons_of(error: BaseException) -> str:
    """Every word by which an error tells what it is: reasons that Google gave, then the classes of it and its cause."""
    said: list[str] = [str(getattr(error, "reason", "") or "")]
    said += [str(one.get("reason", "")) for one in _entries(getattr(error, "errors", ()))]
    said.append(type(error).__name__)
    cause = getattr(error, "cause", None) or error.__cause__
    if type(error).__name__ == "RetryError" and isinstance(cause, BaseException):
        return reasons_of(cause)
    return " ".join(one for one in said if one)


def translated(error: Exception, call: str, *, on: str) -> FinOpsError:
    """The error that a reader can act on; `call` is a method or permission, `on` a resource."""
    if isinstance(error, FinOpsError):
        return error
    told = reasons_of(error)
    if "getAccessToken" in str(error):
        told = f"getAccessToken {told}"
    make = next((make for pattern, make in TABLE if re.search(pattern, told)), _failed)
    return make(call, on, str(error) if make in {_denied, _unused} else words(error))


def words(error: Exception) -> str:
    """What Google said, in one short line, without tokens, keys and addresses."""
    cause = getattr(error, "cause", None)
    if type(error).__name__ == "RetryError" and isinstance(cause, Exception):
        return words(cause)
    text = str(getattr(error, "message", "") or (error.args[0] if error.args else ""))
    return " ".join(_SECRET.sub("[redacted]", text).split())[:_LONGEST]


def _entries(said: object) -> Iterable[dict[str, Any]]:
    if not isinstance(said, list | tuple):
        return ()
    return [cast("dict[str, Any]", one) for one in cast("list[Any]", said) if isinstance(one, dict)]
