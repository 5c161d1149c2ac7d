"""The checks that AWS makes before an operation runs: signature, clock, policy, rate, model; then the operation."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.model import OperationModel

from tests.clouds.aws import s3
from tests.clouds.aws.call import Call
from tests.clouds.aws.contract import violations
from tests.clouds.aws.errors import AwsError, refusal
from tests.clouds.aws.identity import Principal
from tests.clouds.aws.operations import OPERATIONS
from tests.clouds.aws.signature import Signed, signed_at
from tests.clouds.aws.wire import arguments, error_reply, reply
from tests.clouds.faults import Fault
from tests.clouds.wire import Reply, Request

if TYPE_CHECKING:
    from tests.clouds.aws.endpoint import Endpoint

UNSIGNED = frozenset({"sso:GetRoleCredentials", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"})
_SKEW = timedelta(minutes=15)


@dataclass
class Dispatch:
    """One request on its way through the checks that AWS makes before an operation runs."""

    endpoint: "Endpoint"
    request: Request
    signed: Signed | None
    operation: OperationModel
    principal: Principal | None = None
    fault: Fault | None = None
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def service(self) -> str:
        return self.operation.service_model.service_name

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation.name}"

    @property
    def protocol(self) -> str:
        return str(self.operation.service_model.resolved_protocol)

    def answer(self) -> Reply:
        try:
            self._authenticate()
            self._suffer()
            handler = OPERATIONS.get(self.name)
            if handler is None and self.service != "s3":
                self.endpoint.unimplemented.append(self.name)
                return Reply(501, b'{"__type":"NotImplementedByFake"}', {"Content-Type": "application/x-amz-json-1.1"})
            if self.service == "s3":
                return s3.answer(self.request, self.operation.name, self.endpoint)
            self.params = arguments(self.request, self.operation)
            self._keep("request", self.operation.input_shape, self.params)
            result = handler(self._call())
            self._keep("reply", self.operation.output_shape, result)
            return reply(self.operation, result)
        except AwsError as error:
            if error.status == 501:
                self.endpoint.unimplemented.append(f"{self.name}: {error.message}")
            return error_reply(error, self.protocol, self.service, secrets.token_hex(16))

    def _authenticate(self) -> None:
        if self.signed is None:
            if self.name in UNSIGNED:
                return
            raise self._refused("missing_signature")
        principal = self.endpoint.identities.find(self.signed.key)
        if principal is None or principal.token != self.request.headers.get("x-amz-security-token"):
            raise self._refused("unknown_key")
        at = signed_at(self.request.headers)
        if at is None or abs(datetime.now(UTC) - at) > _SKEW:
            raise self._refused("clock_skew")
        request = self.request
        if not self.signed.verify(principal.secret, request.method, request.target, request.headers, request.body):
            raise self._refused("wrong_signature")
        if principal.expires is not None and principal.expires <= datetime.now(UTC):
            raise self._refused("expired_token")
        self.principal = principal

    def _suffer(self) -> None:
        account = self.principal.account if self.principal else ""
        region = self.signed.region if self.signed else ""
        self.fault = fault = self.endpoint.faults.striking(self.name, account=account, region=region)
        if fault and fault.code:
            raise AwsError(fault.code, fault.message or fault.code, fault.status)
        if fault and fault.reason:
            denied = f"User: {self.principal.arn if self.principal else 'anonymous'} is not authorized to perform: {self.name}"
            message = fault.message or (denied if fault.reason == "access_denied" else None)
            raise self._refused(fault.reason, message)
        if self.endpoint.over_rate(self.service):
            raise self._refused("throttled")

    def _keep(self, side: str, shape: Any, value: Any) -> None:
        found = [f"{self.name} {side} {text}" for text in violations(shape, value)]
        if not found:
            return
        self.endpoint.violations.extend(found)
        code = "ValidationException" if side == "request" else "FakeContractViolation"
        raise AwsError(code, "; ".join(found)[:2000])

    def _call(self) -> Call:
        endpoint = self.endpoint
        anonymous = Principal("", "anonymous", "", "", "")
        return Call(
            service=self.service,
            operation=self.operation.name,
            params=self.params,
            principal=self.principal or anonymous,
            region=self.signed.region if self.signed else "us-east-1",
            ledger=endpoint.ledger,
            identities=endpoint.identities,
            tokens=endpoint.tokens,
            now=endpoint.now,
            page_size=endpoint.page_sizes.get(self.service, 100),
            settings=endpoint.settings,
            fault=self.fault,
        )

    def _refused(self, reason: str, message: str | None = None) -> AwsError:
        return refusal(reason, self.service, self.protocol, message)
