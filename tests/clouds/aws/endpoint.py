"""A local AWS endpoint that unmodified boto3 talks to: real HTTP and signatures, the vendor's models, one ledger.

A test takes the fixture `aws` (see conftest.py beside this); everything else is boto3:

    def test_it(aws, monkeypatch):
        for name, value in aws.environment().items():       # AWS_ENDPOINT_URL, keys of the payer's operator, region
            monkeypatch.setenv(name, value)
        aws.faults.throttle("ce:GetCostAndUsage", times=2)  # faults.py: what else can go wrong
        boto3.client("ce").get_cost_and_usage(...)          # today is `aws.now`, the ledger's last day
        assert aws.calls("ce:GetCostAndUsage").count(200) == 1 and aws.spent == Decimal("0.01")

Rules that it keeps: every reply is computed from the sample's files (`aws.ledger`) and the request; a request or reply
that breaks botocore's model is noted in `aws.violations` and fails the test at its end even if the caller swallowed the
error (`with aws.violations_expected() as seen:` where it is the point of the test); what it does not implement is
answered with 501 and noted in `aws.unimplemented`; a request without a valid Version 4 signature is refused.

Settings: `aws.now`, `aws.page_sizes["ce"]`, `aws.rates["ce"]` (requests a second before LimitExceededException),
`aws.settings["members_see_costs"]`, `aws.identities.external_id`, `.roles`, `.web_identity_tokens`. Buckets are
folders: `aws.buckets`. Two payers: `aws.environment(aws.ledger.payers[1])` is the Japanese one, billed in JPY.
"""

import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from botocore.model import OperationModel

from tests.clouds.aws import s3
from tests.clouds.aws.call import Call, Tokens
from tests.clouds.aws.contract import violations
from tests.clouds.aws.errors import AwsError, refusal
from tests.clouds.aws.faults import Fault, Faults
from tests.clouds.aws.identity import Identities, Principal
from tests.clouds.aws.ledger import Ledger
from tests.clouds.aws.operations import OPERATIONS
from tests.clouds.aws.signature import Signed, signed_at
from tests.clouds.aws.wire import Reply, Request, arguments, error_reply, operation_of, reply

UNSIGNED = frozenset({"sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML", "sso:GetRoleCredentials"})
PRICE_OF_A_COST_EXPLORER_REQUEST = Decimal("0.01")
_SKEW = timedelta(minutes=15)


@dataclass(frozen=True)
class Served:
    """One request that came in and how it was answered."""

    operation: str
    account: str
    region: str
    status: int
    params: Mapping[str, Any]


@dataclass
class Endpoint:
    """The endpoint over one ledger; `start` and `stop` it, or take the fixture."""

    ledger: Ledger
    identities: Identities
    now: datetime
    faults: Faults = field(default_factory=Faults)
    tokens: Tokens = field(default_factory=Tokens)
    violations: list[str] = field(default_factory=list)
    unimplemented: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Faults of the endpoint itself: never expected."""
    served: list[Served] = field(default_factory=list)
    page_sizes: dict[str, int] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    buckets: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def over(cls, sample: Path) -> "Endpoint":
        """An endpoint over a sample organisation's folder, its bills in the bucket that their manifests name."""
        ledger = Ledger(sample)
        endpoint = cls(ledger, Identities(ledger), ledger.as_of)
        endpoint.buckets[s3.BILLING_BUCKET] = ledger.folder / "costs"
        return endpoint

    def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._recent: dict[str, list[float]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self, payer: str | None = None) -> dict[str, str]:
        """The variables that point every AWS SDK here, as the operator of a payer (the first one if not said)."""
        operator = self.identities.operator(payer or self.ledger.payers[0])
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": operator.key,
            "AWS_SECRET_ACCESS_KEY": operator.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def calls(self, operation: str) -> list[int]:
        """The statuses with which an operation was answered, in order."""
        return [one.status for one in self.served if one.operation == operation]

    @property
    def spent(self) -> Decimal:
        """What Cost Explorer charges for the requests so far: each successful one, pages too."""
        paid = sum(one.operation.startswith("ce:") and one.status == 200 for one in self.served)
        return paid * PRICE_OF_A_COST_EXPLORER_REQUEST

    @contextmanager
    def violations_expected(self) -> Iterator[list[str]]:
        """Violations in here go to the caller's list and do not fail the test."""
        before, seen = self.violations, []
        self.violations = seen
        try:
            yield seen
        finally:
            self.violations = before

    def check(self) -> None:
        """Fail if any request or reply broke its contract, or the endpoint itself broke.

        Raises:
            AssertionError: with every violation.

        """
        assert not self.violations, "requests or replies broke the AWS model:\n" + "\n".join(self.violations)
        assert not self.broken, "the endpoint itself broke:\n" + "\n".join(self.broken)

    def answer(self, request: Request) -> tuple[Reply, Fault | None]:
        """The reply to one request, and the fault that its transport still has to suffer."""
        signed = Signed.read(request.headers.get("authorization"))
        operation = operation_of(request, signed.service if signed else None)
        if operation is None:
            said = f"{request.headers.get('x-amz-target') or request.method} {request.target}"
            self.unimplemented.append(said)
            return Reply(501, b'{"__type":"NotImplementedByFake"}'), None
        called = _Called(self, request, signed, operation)
        answered = called.answer()
        account = called.principal.account if called.principal else ""
        with self._lock:
            self.served.append(
                Served(called.name, account, signed.region if signed else "", answered.status, called.params)
            )
        return answered, called.fault

    def over_rate(self, service: str) -> bool:
        """Whether one more request now is above the service's rate."""
        if service not in self.rates:
            return False
        now = time.monotonic()
        with self._lock:
            recent = [at for at in self._recent.get(service, []) if at > now - 1]
            self._recent[service] = [*recent, now]
        return len(recent) >= self.rates[service]


@dataclass
class _Called:
    """One request on its way through the checks that AWS makes before an operation runs."""

    endpoint: Endpoint
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
        self.fault = fault = self.endpoint.faults.striking(self.name, account, region)
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


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                answered, fault = endpoint.answer(Request(self.command, self.path, headers, body))
            except Exception as error:  # noqa: BLE001 - the test must hear of it, the caller must not retry it
                endpoint.broken.append(f"{headers.get('x-amz-target') or self.path}: {error!r}")
                answered, fault = Reply(400, b'{"__type":"FakeIsBroken"}'), None
            self._send(answered, fault)

        do_GET = do_POST = do_HEAD = do_PUT = serve  # noqa: N815

        def _send(self, answered: Reply, fault: Fault | None) -> None:
            if fault and fault.delay:
                time.sleep(fault.delay)
            self.send_response(answered.status)
            for name, value in answered.headers.items():
                self.send_header(name, str(value))
            self.send_header("x-amzn-RequestId", secrets.token_hex(16))
            if "Content-Length" not in answered.headers:
                self.send_header("Content-Length", str(len(answered.body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            body = answered.body
            if fault and fault.keep_bytes is not None:
                self.wfile.write(body[: int(len(body) * fault.keep_bytes)])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            elif fault and fault.drip:
                step = max(1, len(body) // 20)
                for start in range(0, len(body), step):
                    self.wfile.write(body[start : start + step])
                    self.wfile.flush()
                    time.sleep(fault.drip / 20)
            else:
                self.wfile.write(body)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the client went away: its business
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing: `served` has it."""

    return Handler
