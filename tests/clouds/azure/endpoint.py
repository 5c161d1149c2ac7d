"""A local Azure that unmodified SDKs talk to: real TLS and tokens, the SDKs' own models, one ledger.

A test takes the fixture `azure` (see conftest.py beside this); everything else is the SDK:

    def test_it(azure):
        client = CostManagementClient(azure.credential(), **azure.arm())      # base_url, scopes, the test certificate
        azure.faults.throttle("costmanagement:Query", seconds=1)              # faults.py: what else can go wrong
        client.query.usage(f"subscriptions/{azure.ledger.subscriptions[0].id}", {...})   # today is `azure.now`
        assert azure.calls("costmanagement:Query") == [429, 200]

It is the authority, Resource Manager, the blob service, the retail prices and the metrics data plane in one server; the
tenants are `azure.ledger.home` and `.guest`, each with its own subscriptions and management groups, and the billing
account pays for both. Rules that it keeps: every reply is computed from the sample's files (`azure.ledger`) and the
request; a request or reply that breaks the SDK's model is noted in `azure.violations` and fails the test at its end even
if the caller swallowed the error (`with azure.violations_expected() as seen:` where it is the point of the test); what it
does not implement is answered with 501 and noted in `azure.unimplemented`; a request without a good token is refused.

Settings: `azure.now`, `azure.quotas` (enforced, clock, retry_after, default_client_exhausted), `azure.page_sizes`
(`query`, `graph`, `blob`, `list`), `azure.disabled` (subscriptions), `azure.identities` (certificates, federated_tokens,
tenants, lifetime, device_codes), `azure.report_polls`, `azure.report_parts`, `azure.foreign_host` (what blob links of
reports name instead of this server), `azure.containers` (folders and files of the storage account).
"""

import ssl
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azure.identity import ClientSecretCredential

from tests.clouds.azure import authority, blob, inventory
from tests.clouds.azure.certificate import Certificate
from tests.clouds.azure.dispatch import Dispatch
from tests.clouds.azure.faults import Faults
from tests.clouds.azure.identity import ARM, Identities
from tests.clouds.azure.ledger import Ledger
from tests.clouds.azure.quotas import Quotas
from tests.clouds.faults import Fault
from tests.clouds.honesty import Honest
from tests.clouds.paging import Tokens
from tests.clouds.server import handler_of
from tests.clouds.wire import Reply, Request


@dataclass(frozen=True)
class Served:
    """One request that came in and how it was answered."""

    operation: str
    tenant: str
    status: int
    params: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass
class Endpoint(Honest):
    """The endpoint over one ledger; `start` and `stop` it, or take the fixture."""

    ledger: Ledger
    certificate: Certificate
    now: datetime
    containers: dict[str, Path]
    identities: Identities
    faults: Faults = field(default_factory=Faults)
    quotas: Quotas = field(default_factory=Quotas)
    tokens: Tokens = field(default_factory=Tokens)
    served: list[Served] = field(default_factory=list)
    page_sizes: dict[str, int] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    report_polls: int = 1
    """How often a report is still being made when it is asked for."""
    report_parts: int = 2
    foreign_host: str | None = None
    reports: dict[str, Any] = field(default_factory=dict)
    authority_down: int = 0
    """How many token requests the authority still answers with 503."""
    managed_identity_header: str = "an identity header of App Service"

    @classmethod
    def over(cls, ledger: Ledger, certificate: Certificate, containers: dict[str, Path]) -> "Endpoint":
        """An endpoint over a sample organisation and its containers of exports."""
        return cls(ledger, certificate, ledger.as_of, containers, Identities(ledger))

    def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._lock = threading.Lock()
        self._scratch = tempfile.TemporaryDirectory(prefix="azure-reports-")
        inventory.ensure(self.ledger)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self, "x-ms-request-id"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate.serve(context)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )  # the handshake is the connection's own thread's business
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._scratch.cleanup()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    @property
    def scratch(self) -> Path:
        """Where reports are written until it stops."""
        return Path(self._scratch.name)

    @property
    def account_url(self) -> str:
        """The storage account with the exports."""
        return f"{self.url}/{blob.ACCOUNT}"

    def credential(self, tenant: str | None = None, **named: Any) -> ClientSecretCredential:
        """The reader's real credential in a tenant (the home tenant if not said)."""
        known = self.identities
        return ClientSecretCredential(
            tenant or self.ledger.home, known.client, known.secret, **(self.authority() | named)
        )

    def authority(self) -> dict[str, Any]:
        """What every credential of azure-identity takes to sign in here."""
        return {
            "authority": self.url, "disable_instance_discovery": True, "connection_verify": self.certificate.authority,
        }  # fmt: skip

    def arm(self) -> dict[str, Any]:
        """What every management client takes to talk to this endpoint."""
        return {
            "base_url": self.url, "credential_scopes": [f"{ARM}/.default"],
            "connection_verify": self.certificate.authority,
        }  # fmt: skip

    def environment(self, tenant: str | None = None) -> dict[str, str]:
        """The variables from which azure-identity's default credential signs in here."""
        return {
            "AZURE_TENANT_ID": tenant or self.ledger.home,
            "AZURE_CLIENT_ID": self.identities.client,
            "AZURE_CLIENT_SECRET": self.identities.secret,
            "AZURE_AUTHORITY_HOST": self.url,
            "REQUESTS_CA_BUNDLE": self.certificate.authority,
        }

    def calls(self, operation: str) -> list[int]:
        """The statuses with which an operation was answered, in order."""
        return [one.status for one in self.served if one.operation == operation]

    def answer(self, request: Request) -> tuple[Reply, Fault | None]:
        """The reply to one request, and the fault that its transport still has to suffer."""
        if (local := authority.answer(request, self)) is not None:
            self._note("authority", urlsplit(request.target).path.split("/")[1], local, {}, request)
            return local, None
        if blob.is_for_blobs(request):
            name, reply, fault = blob.answer(request, self)
            self._note(name, "", reply, {"target": request.target}, request)
            return reply, fault
        called = Dispatch(self, request)
        reply = called.answer()
        self._note(called.name, called.tenant, reply, called.params, request)
        return reply, called.fault

    def _note(self, name: str, tenant: str, reply: Reply, params: Any, request: Request) -> None:
        with self._lock:
            self.served.append(Served(name, tenant, reply.status, params, request.headers))
