"""A local Google Cloud that unmodified google-cloud-* clients talk to: real REST, real gRPC over TLS, one ledger.

A test takes the fixture `gcp` (see conftest.py beside this); everything else is Google's own code:

    def test_it(gcp):
        credentials = gcp.credentials()                       # a service account's key file, loaded by google-auth
        client = bigquery.Client("qh-billing", credentials, client_options=gcp.options())
        gcp.faults.rate_limit("bigquery.jobs.insert", times=2)  # faults.py: what else can go wrong
        rows = client.query("SELECT ...").result()            # today is `gcp.now`, the ledger's last day
        assert gcp.warehouse.billed == 10 * 2**20 and gcp.calls("bigquery.jobs.insert") == [403, 403, 200]

gRPC-only services: `MetricServiceClient(transport=MetricServiceGrpcTransport(channel=gcp.channel(credentials)))`.

Rules that it keeps: every reply is computed from the sample's files (`gcp.ledger`) and the request; requests and replies
are the messages of the installed clients, and what a message does not have is refused and noted in `gcp.violations`,
which fails the test at its end; what is not implemented is answered with 501 or UNIMPLEMENTED and noted in
`gcp.unimplemented`; a request without a token that this endpoint gave out, or that a key of it signed, is refused.

Settings: `gcp.now`, `gcp.page_sizes["AssetService"]`, `gcp.settings["polls"]` (how often a job says RUNNING first),
`gcp.settings["tags"]` (project -> key -> value), `gcp.policy.deny(permission, resource, member)`, `gcp.identities`
(`impersonators`, `refresh_tokens`, `subject_tokens`, `anonymous`, `expire_tokens()`), `gcp.warehouse` (warehouse.py;
`add_focus_view(gcp.warehouse)` of bq_views.py).
"""

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
from google.api_core.client_options import ClientOptions
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request as AuthRequest
from google.oauth2 import service_account

from tests.clouds.gcp import dispatch
from tests.clouds.gcp.bq_jobs import Jobs
from tests.clouds.gcp.certificate import Certificate
from tests.clouds.gcp.faults import Fault, Faults
from tests.clouds.gcp.grpc_server import serve
from tests.clouds.gcp.identity import Identities, Policy, Principal
from tests.clouds.gcp.ledger import Ledger
from tests.clouds.gcp.server import handler_of
from tests.clouds.gcp.warehouse import Warehouse
from tests.clouds.gcp.wire import Reply, Request, Served
from tests.clouds.honesty import Honest
from tests.clouds.paging import Tokens

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


@dataclass
class Endpoint(Honest):
    """The endpoint over one ledger; `start` and `stop` it, or take the fixture."""

    ledger: Ledger
    warehouse: Warehouse
    identities: Identities
    jobs: Jobs
    now: datetime
    policy: Policy = field(default_factory=Policy)
    faults: Faults = field(default_factory=Faults)
    tokens: Tokens = field(default_factory=Tokens)
    served: list[Served] = field(default_factory=list)
    page_sizes: dict[str, int] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def over(cls, ledger: Ledger) -> "Endpoint":
        """An endpoint over a sample organisation, its exports in the operator's project."""
        warehouse = Warehouse.over(ledger)
        operator = Principal(ledger.principal, project=ledger.host_project)
        return cls(ledger, warehouse, Identities(operator), Jobs(warehouse), ledger.as_of)

    def start(self) -> None:
        """Listen on free ports of the loopback: one for REST, one for gRPC over TLS, one for gRPC in the clear."""
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.certificate = Certificate.made()
        self._grpc, self.grpc_port, self.plain_grpc_port = serve(self, self.certificate)

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._grpc.stop(0).wait(5)

    @property
    def url(self) -> str:
        """Where REST listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def grpc_target(self) -> str:
        """Where gRPC over TLS listens; the certificate is `certificate.authority`."""
        return f"localhost:{self.grpc_port}"

    def options(self, **more: Any) -> ClientOptions:
        """The client options that point a REST client here."""
        return ClientOptions(api_endpoint=self.url, **more)

    def key(self, email: str | None = None) -> dict[str, str]:
        """The key file of a service account, the operator's if not said."""
        principal = Principal(email, project=self.ledger.host_project) if email else self.identities.operator
        return self.identities.key_of(principal, f"{self.url}/token")

    def key_file(self, folder: Path, email: str | None = None) -> Path:
        """The same as a file, for GOOGLE_APPLICATION_CREDENTIALS."""
        return self.write(folder, self.key(email))

    def write(self, folder: Path, said: dict[str, Any]) -> Path:
        """Any credentials file, for GOOGLE_APPLICATION_CREDENTIALS."""
        file = folder / f"credentials-{len(list(folder.iterdir()))}.json"
        file.write_text(json.dumps(said), encoding="utf-8")
        return file

    def credentials(self, email: str | None = None) -> service_account.Credentials:
        """A service account's credentials, as google-auth loads them."""
        return service_account.Credentials.from_service_account_info(self.key(email), scopes=SCOPES)

    def channel(self, credentials: Any) -> grpc.Channel:
        """A channel of one's own to gRPC over TLS that carries these credentials; close it."""
        plugin = grpc.metadata_call_credentials(AuthMetadataPlugin(credentials, AuthRequest()))
        tls = grpc.ssl_channel_credentials(self.certificate.authority)
        return grpc.secure_channel(self.grpc_target, grpc.composite_channel_credentials(tls, plugin))

    def calls(self, method: str) -> list[int]:
        """The statuses with which a method was answered, in order."""
        return [one.status for one in self.served if one.method == method]

    def answer(self, request: Request) -> tuple[Reply, Fault | None]:
        """The reply to one REST request, and the fault that its transport still has to suffer."""
        return dispatch.rest(self, request)

    def note(self, served: Served) -> None:
        """Keep how a request was answered."""
        with self._lock:
            self.served.append(served)
