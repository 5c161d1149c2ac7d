"""The authority: OpenID configuration, tokens by secret, certificate, federated token and device code, managed identity."""

import base64
import hashlib
import json
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography import x509

from tests.clouds.azure.identity import Token
from tests.clouds.wire import Reply, Request

if TYPE_CHECKING:
    from tests.clouds.azure.endpoint import Endpoint

_WEB = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def answer(request: Request, endpoint: "Endpoint") -> Reply | None:
    """The reply to a request for the authority; None where it is for somebody else."""
    url = urlsplit(request.target)
    parts = [part for part in url.path.split("/") if part]
    if parts == ["msi", "token"]:
        return _managed_identity(request, endpoint)
    if len(parts) < 3:
        return None
    tenant, rest = parts[0], parts[1:]
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    if rest[-2:] == [".well-known", "openid-configuration"]:
        return _said(_configuration(endpoint, tenant))
    if rest == ["oauth2", "v2.0", "token"]:
        return _token(endpoint, tenant, form)
    if rest == ["oauth2", "v2.0", "devicecode"]:
        code = secrets.token_urlsafe(32)
        endpoint.identities.device_codes[code] = False
        endpoint.identities.device_scopes[code] = form.get("scope", "")
        return _said(
            {
                "user_code": "QUILLHAVN",
                "device_code": code,
                "verification_uri": f"{endpoint.url}/devicelogin",
                "expires_in": 900,
                "interval": 1,
                "message": "Enter the code QUILLHAVN to authenticate.",
            }
        )
    return None


def _configuration(endpoint: "Endpoint", tenant: str) -> dict[str, Any]:
    base = f"{endpoint.url}/{tenant}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "issuer": f"{endpoint.url}/{tenant}/v2.0",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _token(endpoint: "Endpoint", tenant: str, form: dict[str, str]) -> Reply:
    known = endpoint.identities
    if endpoint.authority_down > 0:
        endpoint.authority_down -= 1
        return _refused(90033, "temporarily_unavailable", "A transient error has occurred. Please try again.", 503)
    if tenant not in {*endpoint.ledger.tenants, "organizations", "common"}:
        return _refused(90002, "invalid_request", f"Tenant '{tenant}' not found.")
    if tenant in endpoint.ledger.tenants and tenant not in known.tenants:
        return _refused(
            700016,
            "unauthorized_client",
            f"Application with identifier '{form.get('client_id')}' was not found in the directory '{tenant}'.",
        )
    audience = _audience(form.get("scope", ""))
    if form.get("grant_type") == _DEVICE:
        return _by_device(endpoint, tenant, form)
    if form.get("grant_type") != "client_credentials":
        endpoint.unimplemented.append(f"authority: {form.get('grant_type')}")
        return _refused(70003, "unsupported_grant_type", "The app requested an unsupported grant type.")
    if form.get("client_id") != known.client:
        return _refused(700016, "unauthorized_client", f"Application '{form.get('client_id')}' was not found.")
    if "client_secret" in form:
        if form["client_secret"] != known.secret:
            return _refused(7000215, "invalid_client", "Invalid client secret provided.", 401)
    elif form.get("client_assertion_type") != _WEB or not _is_trusted(endpoint, form.get("client_assertion", "")):
        return _refused(700213, "invalid_client", "No matching federated identity record or certificate found.", 401)
    return _granted(known.issue(tenant, audience), known.lifetime)


def _by_device(endpoint: "Endpoint", tenant: str, form: dict[str, str]) -> Reply:
    known = endpoint.identities
    signed_in = known.device_codes.get(form.get("device_code", ""))
    if signed_in is None:
        return _refused(70020, "bad_verification_code", "The provided value for the input parameter is not valid.")
    if not signed_in:
        return _refused(70016, "authorization_pending", "The user has not signed in yet.")
    home = endpoint.ledger.home if tenant in {"organizations", "common"} else tenant
    reader = {
        "aud": known.client, "iss": f"{endpoint.url}/{home}/v2.0", "sub": known.principal, "oid": known.principal, "tid": home,
        "preferred_username": "ada.brandt@quillhaven.example", "exp": int(time.time()) + 3600, "iat": int(time.time()),
    }  # fmt: skip
    audience = _audience(known.device_scopes[form["device_code"]])
    client = base64.urlsafe_b64encode(json.dumps({"uid": known.principal, "utid": home}).encode()).decode()
    signed = jwt.encode(reader, "not checked by clients that came straight here over TLS", "HS256")
    return _granted(known.issue(home, audience), known.lifetime, id_token=signed, client_info=client)


def _audience(scopes: str) -> str:
    return next((one.removesuffix("/.default") for one in scopes.split() if "/" in one), "")


def _is_trusted(endpoint: "Endpoint", assertion: str) -> bool:
    known = endpoint.identities
    if assertion in known.federated_tokens:
        return True
    for pem in known.certificates:
        try:
            key = x509.load_pem_x509_certificate(pem).public_key()
            claims = jwt.decode(assertion, key, ["RS256", "PS256"], options={"verify_aud": False})
        except (jwt.PyJWTError, ValueError):
            continue
        return claims.get("iss") == known.client and str(claims.get("aud", "")).startswith(endpoint.url)
    return False


def _managed_identity(request: Request, endpoint: "Endpoint") -> Reply:
    """The identity endpoint of App Service: a header proves that the caller runs there."""
    query = dict(parse_qsl(urlsplit(request.target).query))
    if request.headers.get("x-identity-header") != endpoint.managed_identity_header:
        return Reply(401, b"{}", {"Content-Type": "application/json"})
    known = endpoint.identities
    token = known.issue(endpoint.ledger.home, query.get("resource", "").rstrip("/"))
    return _said(
        {
            "access_token": token.text,
            "expires_on": str(int(token.expires)),
            "resource": token.audience,
            "token_type": "Bearer",
            "client_id": known.client,
        }
    )


def _granted(token: Token, lifetime: int, **more: str) -> Reply:
    said = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token.text}
    return _said(said | more)


def _refused(number: int, error: str, text: str, status: int = 400) -> Reply:
    trace = hashlib.sha256(text.encode()).hexdigest()[:12]
    said = {
        "error": error, "error_description": f"AADSTS{number}: {text} Trace ID: {trace}", "error_codes": [number],
        "trace_id": trace, "correlation_id": base64.b16encode(trace.encode()).decode().lower(),
    }  # fmt: skip
    return Reply(status, json.dumps(said).encode(), {"Content-Type": "application/json"})


def _said(body: dict[str, Any]) -> Reply:
    return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
