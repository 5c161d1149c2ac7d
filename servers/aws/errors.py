"""What the AWS SDK says when it fails, as our errors: one table, first match counts."""

import re
from collections.abc import Callable
from typing import Any, Final, cast

from shared_models.errors import (
    ClockSkewError,
    CredentialsExpiredError,
    CredentialsMissingError,
    DataNotReadyError,
    DeadlineExceededError,
    FinOpsError,
    InvalidArgumentError,
    PermissionDeniedError,
    RegionDisabledError,
    SourceChangedError,
    ThrottledError,
    UpstreamUnavailableError,
)

Make = Callable[[str, str, str], FinOpsError]
"""(operation as `ce:GetCostAndUsage`, where, the SDK's words) -> our error."""
_LOST: Final = (
    "ReadTimeout|ConnectionClosed|IncompleteRead|ResponseStreaming|ResponseParser|ResponseCutOff|HTTPClientError"
)
_LONGEST: Final = 200
_SECRET: Final = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|(?<=external id )\S+|https?://\S+", re.IGNORECASE)


def _denied(call: str, on: str, said: str) -> FinOpsError:
    if "service control policy" in said:
        return PermissionDeniedError(call, on=on, hint=f"A service control policy denies {call}; ask who owns it.")
    return PermissionDeniedError(call, on=on)


def _missing(call: str, on: str, _said: str) -> FinOpsError:
    return CredentialsMissingError(
        f"{call} on {on} found no usable AWS credentials.",
        hint="Sign in (for example `aws sso login`), or name a profile with SKYLEDGER_AWS_PROFILE.",
    )


def _expired(call: str, on: str, _said: str) -> FinOpsError:
    return CredentialsExpiredError(
        f"The credentials expired during {call} on {on}.",
        hint="Sign in again and repeat; check this machine's clock too.",
    )


def _skewed(call: str, on: str, _said: str) -> FinOpsError:
    return ClockSkewError(f"AWS refused the time of {call} on {on}.", hint="Set this machine's clock and repeat.")


def _throttled(call: str, on: str, _said: str) -> FinOpsError:
    return ThrottledError(f"AWS throttled {call} on {on} after five attempts.", hint="Repeat in a minute.")


def _invalid(call: str, _on: str, said: str) -> FinOpsError:
    return InvalidArgumentError("query", f"AWS cannot answer {call}: {said}", hint="Change the question.")


def _not_ready(call: str, on: str, _said: str) -> FinOpsError:
    return DataNotReadyError(f"AWS has no data for {call} on {on} yet.", hint="A new account has data after a day.")


def _changed(call: str, on: str, _said: str) -> FinOpsError:
    return SourceChangedError(f"What {call} was reading on {on} changed meanwhile.", hint="Repeat the question.")


def _late(call: str, on: str, _said: str) -> FinOpsError:
    return DeadlineExceededError(f"{call} on {on} did not answer in time.", hint="Repeat it.")


def _disabled(_call: str, on: str, _said: str) -> FinOpsError:
    return RegionDisabledError(on.rpartition(" in ")[2], on=on.partition(" in ")[0])


def _unknown_key(call: str, on: str, said: str) -> FinOpsError:
    """A region that is not enabled does not know keys that hold elsewhere; ours are tried where there is no region."""
    return _disabled(call, on, said) if " in " in on else _missing(call, on, said)


def _failed(call: str, on: str, said: str) -> FinOpsError:
    return UpstreamUnavailableError(f"{call} failed on {on}: {said}", hint="Repeat it in a minute.")


TABLE: Final[tuple[tuple[str, Make], ...]] = (
    (r"NoCredentials|PartialCredentials|ProfileNotFound|CredentialRetrieval|ConfigNotFound", _missing),
    (r"NoRegionError|SSOTokenLoad|LoginRefresh|LoginTokenLoad", _missing),
    (r"RequestExpired|ExpiredToken|TokenRefresh|UnauthorizedSSOToken|TokenRetrieval|SSOError", _expired),
    (r"RequestTimeTooSkewed|InvalidSignature|SignatureDoesNotMatch", _skewed),
    (r"OptInRequired|RegionDisabled|AuthFailure", _disabled),
    (r"UnrecognizedClient|InvalidClientTokenId", _unknown_key),
    (r"InvalidAccessKeyId|MissingAuthenticationToken", _missing),
    (r"AccessDenied|UnauthorizedOperation|NotAuthorized|AuthorizationError|Forbidden|^403$", _denied),
    (r"LimitExceeded|Throttl|TooManyRequests|SlowDown|^Throttled", _throttled),
    (r"RequestChanged|PreconditionFailed|^412$|InvalidNextToken|InvalidContinuationToken", _changed),
    (r"DataUnavailable|BillExpiration", _not_ready),
    (r"ConnectTimeout|ReadTimeout|^RequestTimeout", _late),
    (r"Validation|InvalidParameter|InvalidArgument", _invalid),
)


def code_of(error: Exception) -> str:
    """AWS's own code of an error it answered, else the SDK's class name."""
    answered = getattr(error, "response", None)
    if isinstance(answered, dict):
        return str(cast("dict[str, Any]", answered).get("Error", {}).get("Code", ""))
    return type(error).__name__


def may_have_been_served(error: BaseException | None) -> bool:
    """Whether AWS may have served, and charged for, a request whose answer did not arrive whole."""
    return re.search(_LOST, type(error).__name__) is not None


def translated(error: Exception, call: str, *, on: str) -> FinOpsError:
    """The error that a reader can act on; `on` is an account, `account in region` where a region matters."""
    if isinstance(error, FinOpsError):
        return error
    code = code_of(error)
    said = _words(error)
    make = next((make for pattern, make in TABLE if re.search(pattern, code)), _failed)
    if make is _skewed and "expired" not in said.lower() and code != "RequestTimeTooSkewed":
        make = _missing
    elif make is _expired and "signature expired" in said.lower():
        make = _skewed
    return make(call, on, said)


def _words(error: Exception) -> str:
    """What AWS said, short, without key ids and addresses."""
    answered = getattr(error, "response", None)
    text = str(cast("dict[str, Any]", answered).get("Error", {}).get("Message", "")) if answered else ""
    return _SECRET.sub("[redacted]", f"{code_of(error)} {text}".strip())[:_LONGEST]
