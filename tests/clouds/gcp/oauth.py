"""Where tokens come from: signed JWTs, refresh tokens, the Security Token Service, impersonation, the metadata server."""

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.clouds.gcp.errors import GoogleError, denied
from tests.clouds.gcp.identity import Principal
from tests.clouds.gcp.wire import Reply, Request

if TYPE_CHECKING:
    from tests.clouds.gcp.endpoint import Endpoint

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_IMPERSONATION = re.compile(r"/v1/projects/-/serviceAccounts/([^:/]+):(generateAccessToken)")
AUDIENCE = "https://oauth2.googleapis.com/token"
"""What google-auth signs for, wherever it sends it."""
_METADATA = "/computeMetadata/v1/"


def method_of(request: Request) -> str | None:
    """The method that a request to one of these servers means; None for everybody else's."""
    path = urlsplit(request.target).path
    if path in {"/token", "/v1/token"}:
        return "sts.token" if path == "/v1/token" else "oauth2.token"
    if _IMPERSONATION.fullmatch(path):
        return "iamcredentials.generateAccessToken"
    return "metadata.get" if path.startswith(_METADATA) else None


def answer(method: str, request: Request, endpoint: "Endpoint") -> Reply:
    """The reply of a token server.

    Raises:
        GoogleError: as the IAM Credentials API says it; token servers answer in OAuth's own words.

    """
    if method == "metadata.get":
        return _metadata(request, endpoint)
    if method == "iamcredentials.generateAccessToken":
        return _impersonate(request, endpoint)
    form = _form(request)
    try:
        principal = _STS[form.get("grant_type", "")](form, endpoint)
    except KeyError:
        return _oauth_error("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
    except GoogleError as error:
        return _oauth_error(error.reason or "invalid_grant", error.message)
    token, _ = endpoint.identities.issue(principal)
    said: dict[str, Any] = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": int(endpoint.identities.lifetime.total_seconds()),
    }
    if method == "sts.token":
        said["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type, not a secret
    return Reply(200, json.dumps(said).encode())


def _form(request: Request) -> dict[str, str]:
    if "json" in request.headers.get("content-type", ""):
        return json.loads(request.body)
    return dict(parse_qsl(request.body.decode()))


def _oauth_error(error: str, description: str) -> Reply:
    return Reply(400, json.dumps({"error": error, "error_description": description}).encode())


def _signed(form: dict[str, str], endpoint: "Endpoint") -> Principal:
    return endpoint.identities.signer_of(form.get("assertion", ""), audience=AUDIENCE)


def _refreshed(form: dict[str, str], endpoint: "Endpoint") -> Principal:
    principal = endpoint.identities.refresh_tokens.get(form.get("refresh_token", ""))
    if principal is None:
        raise GoogleError("INVALID_ARGUMENT", "Token has been expired or revoked.", "invalid_grant")
    return principal


def _exchanged(form: dict[str, str], endpoint: "Endpoint") -> Principal:
    identities = endpoint.identities
    if form.get("audience") != identities.workload_audience:
        raise GoogleError("INVALID_ARGUMENT", f'Invalid value for "audience": {form.get("audience")}', "invalid_target")
    subject = identities.subject_tokens.get(form.get("subject_token", ""))
    if subject is None:
        raise GoogleError("INVALID_ARGUMENT", "The subject token is not valid.", "invalid_grant")
    pool = identities.workload_audience.removeprefix("//iam.googleapis.com/").split("/providers/")[0]
    return Principal(f"principal://iam.googleapis.com/{pool}/subject/{subject}", "federated")


_STS = {JWT_GRANT: _signed, "refresh_token": _refreshed, EXCHANGE_GRANT: _exchanged}


def _impersonate(request: Request, endpoint: "Endpoint") -> Reply:
    caller = endpoint.identities.bearer(request.headers.get("authorization"))
    found = _IMPERSONATION.fullmatch(urlsplit(request.target).path)
    email = found[1] if found else ""
    said = json.loads(request.body)
    if caller.member not in endpoint.identities.impersonators.get(email, set()):
        raise denied("iam.serviceAccounts.getAccessToken", f"projects/-/serviceAccounts/{email}")
    if not said.get("scope"):
        raise GoogleError("INVALID_ARGUMENT", "Request contains an invalid argument: scope is required.")
    asked = timedelta(seconds=float(str(said.get("lifetime", "3600s")).removesuffix("s")))
    if asked > timedelta(hours=1):
        raise GoogleError("INVALID_ARGUMENT", "The access token lifetime cannot exceed 3600s.")
    project = email.split("@")[1].split(".")[0]
    token, until = endpoint.identities.issue(Principal(email, project=project))
    return Reply(200, json.dumps({"accessToken": token, "expireTime": f"{until:%Y-%m-%dT%H:%M:%SZ}"}).encode())


def _metadata(request: Request, endpoint: "Endpoint") -> Reply:
    """The metadata server of a machine that runs as the operator."""
    if request.headers.get("metadata-flavor") != "Google":
        return Reply(403, b"Missing Metadata-Flavor:Google header.")
    path, operator = urlsplit(request.target).path.removeprefix(_METADATA), endpoint.identities.operator
    account = f"instance/service-accounts/{operator.email}"
    path = path.replace("instance/service-accounts/default", account)
    flavour = {"Metadata-Flavor": "Google", "Content-Type": "application/json"}
    if path == f"{account}/token":
        token, _ = endpoint.identities.issue(operator)
        seconds = int(endpoint.identities.lifetime.total_seconds())
        said = {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}
        return Reply(200, json.dumps(said).encode(), flavour)
    if path.rstrip("/") == account:
        said = {
            "email": operator.email,
            "aliases": ["default"],
            "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        }
        return Reply(200, json.dumps(said).encode(), flavour)
    texts = {"project/project-id": operator.project, "universe/universe-domain": "googleapis.com", "": ""}
    if path in texts:
        return Reply(200, texts[path].encode(), {**flavour, "Content-Type": "application/text"})
    return Reply(404, b"not found", flavour)
