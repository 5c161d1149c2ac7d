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
`aws.settings["members_see_costs"]`, `aws.identities.external_id`, `.roles`, `.web_identity_tokens`, `.saml_assertions`,
`.sso_tokens`. Buckets are
folders: `aws.buckets`. Two payers: `aws.environment(aws.ledger.payers[1])` is the Japanese one, billed in JPY.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.clouds.aws import metadata, s3
from tests.clouds.aws.dispatch import Dispatch
from tests.clouds.aws.faults import Faults
from tests.clouds.aws.identity import Identities
from tests.clouds.aws.ledger import Ledger
from tests.clouds.aws.signature import Signed
from tests.clouds.aws.wire import operation_of
from tests.clouds.faults import Fault
from tests.clouds.honesty import Honest
from tests.clouds.paging import Tokens
from tests.clouds.server import handler_of
from tests.clouds.wire import Reply, Request

PRICE_OF_A_COST_EXPLORER_REQUEST = Decimal("0.01")


@dataclass(frozen=True)
class Served:
    """One request that came in and how it was answered."""

    operation: str
    account: str
    region: str
    status: int
    params: Mapping[str, Any]


@dataclass
class Endpoint(Honest):
    """The endpoint over one ledger; `start` and `stop` it, or take the fixture."""

    ledger: Ledger
    identities: Identities
    now: datetime
    faults: Faults = field(default_factory=Faults)
    tokens: Tokens = field(default_factory=Tokens)
    served: list[Served] = field(default_factory=list)
    page_sizes: dict[str, int] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    buckets: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def over(cls, ledger: Ledger) -> "Endpoint":
        """An endpoint over a sample organisation, its bills in the bucket that their manifests name."""
        endpoint = cls(ledger, Identities(ledger), ledger.as_of)
        endpoint.buckets[s3.BILLING_BUCKET] = ledger.folder / "costs"
        return endpoint

    def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self, "x-amzn-RequestId"))
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

    def answer(self, request: Request) -> tuple[Reply, Fault | None]:
        """The reply to one request, and the fault that its transport still has to suffer."""
        if (local := metadata.answer(request, self.identities)) is not None:
            return local, None
        signed = Signed.read(request.headers.get("authorization"))
        operation = operation_of(request, signed.service if signed else None)
        if operation is None:
            said = f"{request.headers.get('x-amz-target') or request.method} {request.target}"
            self.unimplemented.append(said)
            return Reply(501, b'{"__type":"NotImplementedByFake"}'), None
        called = Dispatch(self, request, signed, operation)
        answered = called.answer()
        account = called.principal.account if called.principal else ""
        with self._lock:
            self.served.append(
                Served(called.name, account, signed.region if signed else "", answered.status, called.params)
            )
        return answered, called.fault

    def over_rate(self, service: str) -> bool:
        """Whether one more request now is above the service's rate: a bucket of a second's requests, at least one."""
        rate = self.rates.get(service)
        if rate is None:
            return False
        now, most = time.monotonic(), max(1.0, rate)
        with self._lock:
            left, at = self._buckets.get(service, (most, now))
            left = min(most, left + (now - at) * rate)
            allowed = left >= 1
            self._buckets[service] = (left - 1 if allowed else left, now)
        return not allowed
