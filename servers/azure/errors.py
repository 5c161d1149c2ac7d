"""What the Azure SDK says when it fails, as our errors: one table, first match counts."""

import re
from collections.abc import Callable
from typing import Any, Final

from shared_models.errors import (
    CredentialsExpiredError,
    CredentialsMissingError,
    DataNotReadyError,
    DeadlineExceededError,
    FinOpsError,
    InvalidArgumentError,
    PermissionDeniedError,
    SourceChangedError,
    SourceNotEnabledError,
    ThrottledError,
    UpstreamUnavailableError,
)

Make = Callable[[str, str, str], FinOpsError]
"""(operation as `costmanagement.query.usage`, where, Azure's words) -> our error."""
_LONGEST: Final = 240
_SECRET: Final = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.?[\w-]*|Bearer \S+|https?://\S+|\b(?:sig|client_secret|AccountKey|assertion)=[^&;\s]+"
    r"|-----BEGIN.*",
    re.IGNORECASE | re.DOTALL,
)
_ACTION: Final = re.compile(r"perform action '([\w./*-]+)'")


def _denied(call: str, on: str, said: str) -> FinOpsError:
    found = _ACTION.search(said)
    return PermissionDeniedError(found[1] if found and "/" in found[1] else call, on=on)


def _missing(call: str, on: str, _said: str) -> FinOpsError:
    return CredentialsMissingError(
        f"{call} on {on} found no usable Azure credentials.",
        hint="Sign in (`az login`), or set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret, certificate or token file.",
    )


def _unknown_here(_call: str, on: str, _said: str) -> FinOpsError:
    return CredentialsMissingError(
        f"{on} does not know our credentials.",
        hint="Invite the user as a guest, or consent to the application in that tenant, and assign its roles there.",
    )


def _expired(call: str, on: str, _said: str) -> FinOpsError:
    return CredentialsExpiredError(
        f"The credentials were refused during {call} on {on}.", hint="Sign in again and repeat the question."
    )


def _throttled(call: str, on: str, _said: str) -> FinOpsError:
    return ThrottledError(f"Azure throttled {call} on {on}.", hint="Repeat it in a minute; what was read is kept.")


def _disabled(call: str, on: str, _said: str) -> FinOpsError:
    return SourceNotEnabledError(call, source=f"{on} (disabled)", hint="Ask for it at a wider scope, or enable it.")


def _invalid(call: str, _on: str, said: str) -> FinOpsError:
    return InvalidArgumentError("query", f"Azure cannot answer {call}: {said}", hint="Change the question.")


def _absent(call: str, on: str, said: str) -> FinOpsError:
    return DataNotReadyError(
        f"{call} found nothing on {on}: {said}", hint="Check its id; `skyledger doctor azure` lists what is seen."
    )


def _changed(call: str, on: str, _said: str) -> FinOpsError:
    return SourceChangedError(f"What {call} was reading on {on} changed meanwhile.", hint="Repeat the question.")


def _late(call: str, on: str, _said: str) -> FinOpsError:
    return DeadlineExceededError(f"{call} on {on} did not answer in time.", hint="Repeat it.")


def _failed(call: str, on: str, said: str) -> FinOpsError:
    return UpstreamUnavailableError(f"{call} failed on {on}: {said}", hint="Repeat it in a minute.")


TABLE: Final[tuple[tuple[str, Make], ...]] = (
    (r"AADSTS(?:700016|90002|50020|65001|500011|500014|50034|90072|7000112)\b|not enabled for tenant", _unknown_here),
    (r"AADSTS(?:700082|70043|50173|700084|7000222|50076|50078|50079|53003)\b|interaction_required", _expired),
    (r"CredentialUnavailable|ClientAuthentication|AuthenticationRequired|AADSTS", _missing),
    (r"SubscriptionDisabled|DisabledSubscription", _disabled),
    (r"InvalidAuthenticationTokenTenant", _unknown_here),
    (r"\b401\b|ExpiredAuthenticationToken|InvalidAuthentication|AuthenticationFailed", _expired),
    (r"AuthorizationFailed|AuthorizationPermissionMismatch|AccessDenied|\b403\b", _denied),
    (r"\b429\b|TooManyRequests|RateLimit|QuotaExceeded", _throttled),
    (r"\b412\b|ConditionNotMet|PreconditionFailed", _changed),
    (r"\b404\b|NotFound", _absent),
    (r"Timeout|TimedOut|\b408\b|\b504\b", _late),
    (r"\b5\d\d\b", _failed),
    (r"\b400\b|\b422\b|BadRequest|InvalidQuery", _invalid),
)


def told_by(error: BaseException) -> str:
    """Every word by which an error tells what it is: the class, the status, Azure's code, the authority's number."""
    coded = getattr(getattr(error, "error", None), "code", None) or getattr(error, "error_code", None)
    words = [type(error).__name__, str(getattr(error, "status_code", None) or ""), str(coded or "")]
    words += re.findall(r"AADSTS\d+|interaction_required|not enabled for tenant", str(error))
    return " ".join(word for word in words if word)


def translated(error: Exception, call: str, *, on: str) -> FinOpsError:
    """The error that a reader can act on; `call` is an operation or permission, `on` a scope or a tenant."""
    if isinstance(error, FinOpsError):
        return error
    told = told_by(error)
    said = words(error)
    make = next((make for pattern, make in TABLE if re.search(pattern, told)), _failed)
    return make(call, on, said)


def words(error: BaseException) -> str:
    """What Azure said, in one short line, without tokens, signatures and addresses."""
    said: Any = getattr(getattr(error, "error", None), "message", None) or getattr(error, "message", None) or str(error)
    return " ".join(_SECRET.sub("[redacted]", str(said)).split())[:_LONGEST]
