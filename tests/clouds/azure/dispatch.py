"""The checks that Resource Manager makes before an operation runs: token, tenant, version, faults, model; then the operation."""

import json
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.contract import violations
from tests.clouds.azure.errors import AzureError, error_reply, not_implemented, refusal
from tests.clouds.azure.identity import ARM, METRICS, Token
from tests.clouds.azure.operations import OPERATIONS
from tests.clouds.faults import Fault
from tests.clouds.wire import Reply, Request

if TYPE_CHECKING:
    from tests.clouds.azure.endpoint import Endpoint

_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)
_CHALLENGE = 'Bearer authorization_uri="{0}/{1}", error="invalid_token", error_description="{2}"'
DATA_PLANE = "monitor:Batch"
"""What is no part of Resource Manager and wants a token of its own."""
PUBLIC = frozenset({"retail:Prices"})
"""What nobody signs in for."""


class Dispatch:
    """One request on its way to its operation."""

    def __init__(self, endpoint: "Endpoint", request: Request) -> None:
        url = urlsplit(request.target)
        self.endpoint, self.request = endpoint, request
        self.path = unquote(url.path)
        self.query = dict(parse_qsl(url.query, keep_blank_values=True))
        self.query = {("$skiptoken" if name.lower() == "$skiptoken" else name): v for name, v in self.query.items()}
        self.name, self.tenant, self.params = f"{request.method} {url.path}", "", {}
        self.fault: Fault | None = None
        found = _SUBSCRIPTION.match(self.path)
        self.subscription = found[1].lower() if found else ""

    def answer(self) -> Reply:
        """The reply, whatever happens."""
        headers: dict[str, str] = {}
        try:
            operation, names = _route(self.request.method, self.path)
            self.name = operation.name
            token = self._authenticate()
            self._suffer()
            self._demand_version()
            call = Call(
                self.endpoint, operation, self.path, names, self.query, self.request.headers, self._body(operation),
                token, self.fault, headers,
            )  # fmt: skip
            call.refuse_unheard()
            result = operation.handler(call)
            if isinstance(result, Reply):
                return Reply(result.status, result.body, headers | result.headers)
            self._keep("reply", operation.reply, result)
            return Reply(
                200, json.dumps(result).encode(), headers | {"Content-Type": "application/json; charset=utf-8"}
            )
        except AzureError as error:
            if error.status == 501:
                self.endpoint.unimplemented.append(error.message)
            refused = error_reply(error)
            return Reply(refused.status, refused.body, headers | refused.headers)

    def _authenticate(self) -> Token:
        if self.name in PUBLIC:
            return Token("", self.endpoint.ledger.home, "", "", 0)
        scheme, _, text = self.request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not text:
            raise self._unauthorized("missing_token")
        token = self.endpoint.identities.find(text)
        if token is None:
            raise self._unauthorized("unknown_token")
        if token.audience.rstrip("/") != (METRICS if self.name == DATA_PLANE else ARM):
            raise self._unauthorized("wrong_audience")
        if token.expires <= time.time():
            raise self._unauthorized("expired_token")
        self.tenant = token.tenant
        return token

    def _demand_version(self) -> None:
        if self.name not in PUBLIC and "api-version" not in self.query:
            raise AzureError(
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )

    def _suffer(self) -> None:
        endpoint = self.endpoint
        self.fault = fault = endpoint.faults.striking(self.name, account=self.subscription, tenant=self.tenant)
        if self.subscription in endpoint.disabled and self.request.method != "GET":
            raise refusal("subscription_disabled", self.name)
        if fault is None or fault.code == "report_failed":
            return
        if fault.reason == "expired_token":
            endpoint.identities.expire_all()
            raise self._unauthorized("expired_token")
        if fault.code:
            raise AzureError(fault.code, fault.message or fault.code, fault.status, fault.headers)
        if fault.reason:
            error = refusal(fault.reason, self.name, fault.message)
            raise AzureError(error.code, error.message, error.status, fault.headers)

    def _unauthorized(self, reason: str) -> AzureError:
        error = refusal(reason, self.name)
        said = _CHALLENGE.format(self.endpoint.url, self.tenant or self.endpoint.ledger.home, error.message)
        return AzureError(error.code, error.message, error.status, {"WWW-Authenticate": said})

    def _body(self, operation: Operation) -> Any:
        if not self.request.body:
            self.params = dict(self.query)
            return None
        try:
            body = json.loads(self.request.body)
        except ValueError as error:
            raise AzureError("InvalidRequestContent", f"The request content was invalid: {error}") from error
        self.params = body
        self._keep("request", operation.request, body)
        return body

    def _keep(self, side: str, model: Any, value: Any) -> None:
        found = [f"{self.name} {side} {text}" for text in violations(model, value)] if model is not None else []
        if not found:
            return
        self.endpoint.violations.extend(found)
        code = "InvalidRequestContent" if side == "request" else "FakeContractViolation"
        raise AzureError(code, "; ".join(found)[:2000])


def _route(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    for operation in OPERATIONS:
        if operation.method == method and (found := operation.path.fullmatch(path)):
            return operation, found.groupdict()
    raise not_implemented(f"{method} {path}")
