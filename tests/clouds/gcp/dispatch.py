"""The checks that Google makes before a method runs: token, quota project, fault; then the method, over REST or gRPC."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from tests.clouds.gcp import bq_rest, oauth
from tests.clouds.gcp.call import Call
from tests.clouds.gcp.contract import Method, route
from tests.clouds.gcp.errors import GoogleError, unimplemented
from tests.clouds.gcp.faults import Fault
from tests.clouds.gcp.identity import Principal
from tests.clouds.gcp.operations import OPERATIONS
from tests.clouds.gcp.transcoding import read, write
from tests.clouds.gcp.wire import Reply, Request, Served

if TYPE_CHECKING:
    from tests.clouds.gcp.endpoint import Endpoint

WANTS_QUOTA_PROJECT: Final = frozenset(
    {"Recommender", "AssetService", "BudgetService", "CloudBilling", "Projects", "Folders", "Organizations"}
)
"""Services that refuse a user's own credentials unless a quota project is named."""
_RESOURCES: Final = ("name", "parent", "scope", "resource", "account")


def rest(endpoint: "Endpoint", request: Request) -> tuple[Reply, Fault | None]:
    """The reply to one REST request, and the fault that its transport still has to suffer."""
    path = unquote(urlsplit(request.target).path)
    if (name := oauth.method_of(request)) is not None:
        return _oauth(endpoint, name, request)
    if bq_rest.is_bigquery(path):
        return _bigquery(endpoint, request)
    if (found := route(request.method, path)) is not None:
        return _transcoded(endpoint, request, *found)
    endpoint.unimplemented.append(f"{request.method} {path}")
    return Reply(501, unimplemented(f"{request.method} {path}").as_rpc()), None


def rpc(endpoint: "Endpoint", method: Method, request: Any, headers: Mapping[str, str]) -> tuple[Any, Fault | None]:
    """The reply to one call of a proto service, over whichever transport.

    Raises:
        GoogleError: as the service refuses.

    """
    principal, status, quota = None, 200, headers.get("x-goog-user-project")
    try:
        principal = endpoint.identities.bearer(headers.get("authorization"))
        service = method.name.split(".")[0]
        _quota_project(endpoint, principal, service, quota)
        fault = _suffer(endpoint, method.name, _resource(request))
        handler = OPERATIONS.get(method.name)
        if handler is None:
            raise unimplemented(method.name)
        call = _call(endpoint, method.name, request, principal, quota, fault)
        return handler(call), fault
    except GoogleError as error:
        status = error.http
        _note_unimplemented(endpoint, error)
        raise
    finally:
        endpoint.note(Served(method.name, principal.email if principal else "", status, quota, request))


def _call(
    endpoint: "Endpoint", name: str, request: Any, principal: Principal, quota: str | None, fault: Fault | None
) -> Call:
    return Call(
        method=name, request=request, principal=principal, quota_project=quota, ledger=endpoint.ledger,
        warehouse=endpoint.warehouse, policy=endpoint.policy, tokens=endpoint.tokens, now=endpoint.now,
        settings={**endpoint.settings, "jobs": endpoint.jobs}, fault=fault,
        page_size=endpoint.page_sizes.get(name, endpoint.page_sizes.get(name.split(".", maxsplit=1)[0])),
    )  # fmt: skip


def _resource(request: Any) -> str:
    found = [str(value) for name in _RESOURCES if isinstance(value := getattr(request, name, None), str) and value]
    return found[0] if found else ""


def _suffer(endpoint: "Endpoint", method: str, resource: str) -> Fault | None:
    fault = endpoint.faults.striking(method, resource)
    if fault and fault.error:
        raise fault.error
    return fault


def _quota_project(endpoint: "Endpoint", principal: Principal, service: str, quota: str | None) -> None:
    known = {value for one in endpoint.ledger.projects for value in (one["id"], one["number"])}
    if quota and (
        quota not in known or not endpoint.policy.allows(principal, "serviceusage.services.use", f"projects/{quota}")
    ):
        message = (
            f"Caller does not have required permission to use project {quota}. Grant the caller the"
            " roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission."
        )
        raise GoogleError(
            "PERMISSION_DENIED", message, "USER_PROJECT_DENIED", metadata={"consumer": f"projects/{quota}"}
        )
    if principal.kind == "user" and not quota and service in WANTS_QUOTA_PROJECT:
        message = (
            "Your application is authenticating by using local Application Default Credentials. The API requires a quota"
            " project, which is not set by default. To learn how to set your quota project, see"
            " https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds ."
        )
        raise GoogleError("PERMISSION_DENIED", message, "SERVICE_DISABLED")


def _note_unimplemented(endpoint: "Endpoint", error: GoogleError) -> None:
    if error.code == "UNIMPLEMENTED":
        endpoint.unimplemented.append(error.message)


def _transcoded(endpoint: "Endpoint", request: Request, method: Method, rule: Any, held: dict[str, str]):
    query = urlsplit(request.target).query
    try:
        message = read(method, rule, held, query, request.body)
    except GoogleError as error:
        endpoint.violations.append(f"{method.name}: {error.message}")
        return Reply(400, error.as_rpc()), None
    try:
        reply, fault = rpc(endpoint, method, message, request.headers)
        return Reply(200, write(method, reply, query)), fault
    except GoogleError as error:
        if "FakeContractViolation" in error.message:
            endpoint.violations.append(error.message)
        return Reply(error.http, error.as_rpc()), None


def _bigquery(endpoint: "Endpoint", request: Request) -> tuple[Reply, Fault | None]:
    found = bq_rest.method_of(request)
    quota, principal, status = request.headers.get("x-goog-user-project"), None, 200
    name, names = found or (f"bigquery {request.method} {request.target}", [])
    try:
        principal = endpoint.identities.bearer(request.headers.get("authorization"))
        _quota_project(endpoint, principal, "bigquery", quota)
        if found is None:
            raise unimplemented(name)
        fault = _suffer(endpoint, name, bq_rest.resource_of(names))
        call = _call(endpoint, name, None, principal, quota, fault)
        return Reply(200, json.dumps(bq_rest.answer(call, names, request, endpoint)).encode()), fault
    except GoogleError as error:
        status = error.http
        _note_unimplemented(endpoint, error)
        return Reply(status, error.as_bigquery()), None
    finally:
        body = json.loads(request.body) if request.body else None
        endpoint.note(Served(name, principal.email if principal else "", status, quota, body))


def _oauth(endpoint: "Endpoint", name: str, request: Request) -> tuple[Reply, Fault | None]:
    status = 200
    try:
        fault = _suffer(endpoint, name, "")
        reply = oauth.answer(name, request, endpoint)
        status = reply.status
    except GoogleError as error:
        status = error.http
        return Reply(status, error.as_rpc()), None
    else:
        return reply, fault
    finally:
        endpoint.note(Served(name, "", status, None, None))
