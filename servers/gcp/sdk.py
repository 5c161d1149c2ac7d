"""The only module that loads google-auth and google-cloud-*, and only with the first live question.

Each service is one line of `SERVICES`: its module, its client, and whether it is asked over REST or gRPC. Another port
plugs in by a line there (and its package in the extra `[gcp]`), and asks through `Live`.
"""

# The clients have few type stubs; what leaves this module is typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import google.auth
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.api_core.retry import Retry, if_exception_type
from google.auth import impersonated_credentials
from google.auth.exceptions import TransportError
from google.auth.transport.requests import Request
from requests.exceptions import RequestException

from servers.gcp.settings import GcpSettings

SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)


@dataclass(frozen=True)
class Service:
    """Where a client is found, and its transport: `rest`, `grpc`, or none for BigQuery's own REST client."""

    module: str
    client: str
    transport: str | None = "rest"


SERVICES: Final = {
    "bigquery": Service("google.cloud.bigquery", "Client", None),
    "bigquerystorage": Service("google.cloud.bigquery_storage_v1", "BigQueryReadClient", "grpc"),
    "cloudbilling": Service("google.cloud.billing_v1", "CloudBillingClient"),
    "cloudcatalog": Service("google.cloud.billing_v1", "CloudCatalogClient"),
    "billingbudgets": Service("google.cloud.billing.budgets_v1", "BudgetServiceClient"),
    "organizations": Service("google.cloud.resourcemanager_v3", "OrganizationsClient"),
    "folders": Service("google.cloud.resourcemanager_v3", "FoldersClient"),
    "projects": Service("google.cloud.resourcemanager_v3", "ProjectsClient"),
    "tagbindings": Service("google.cloud.resourcemanager_v3", "TagBindingsClient"),
    "cloudasset": Service("google.cloud.asset_v1", "AssetServiceClient"),
    "monitoring": Service("google.cloud.monitoring_v3", "MetricServiceClient", "grpc"),
    "recommender": Service("google.cloud.recommender_v1", "RecommenderClient"),
}


@dataclass(frozen=True)
class Wire:
    """Where Google is asked if not at its usual place: Private Service Connect, a proxy, a local endpoint.

    `options` are google-cloud's own ClientOptions for REST clients, `channel` makes gRPC channels out of credentials,
    `credentials` stands for `google.auth.default`, `iam` is where service accounts are impersonated.
    """

    options: Any = None
    channel: Callable[[Any], Any] | None = None
    credentials: Callable[[], tuple[Any, str | None]] | None = None
    iam: str | None = None


class Sdk:
    """Credentials and clients. Making them is not safe for threads: hold a lock."""

    def __init__(self, settings: GcpSettings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire
        self._signed_in: tuple[Any, str | None] | None = None
        self.retry: Any = Retry(_passes, initial=0.3, maximum=20, timeout=settings.patience_seconds)
        """For every call and query job: throttling and failures are waited out, with jitter."""

    def credentials(self) -> tuple[Any, str | None]:
        """Application Default Credentials in whatever form they have, and the project that they name."""
        if self._signed_in is None:
            self._signed_in = self._default()
        return self._signed_in

    def refreshed(self) -> Any:
        """The credentials with a token that is good now."""
        credentials, _ = self.credentials()
        if not credentials.valid:
            credentials.refresh(Request())
        return credentials

    def client(self, name: str) -> Any:
        """A new client of a service."""
        service = SERVICES[name]
        made: Any = getattr(import_module(service.module), service.client)
        credentials, project = self.credentials()
        options = self._wire.options or ClientOptions()
        if service.transport is None:
            return made(
                project=self._settings.quota_project or project, credentials=credentials, client_options=options
            )
        if service.transport == "grpc" and self._wire.channel is not None:
            return made(transport=made.get_transport_class("grpc")(channel=self._wire.channel(credentials)))
        given = options if service.transport == "rest" else ClientOptions()
        return made(credentials=credentials, client_options=given, transport=service.transport)

    def _default(self) -> tuple[Any, str | None]:
        found = self._wire.credentials or _application_default
        credentials, project = found()
        quota = self._settings.quota_project
        if self._settings.impersonate:
            credentials = impersonated_credentials.Credentials(
                source_credentials=credentials,
                target_principal=self._settings.impersonate,
                target_scopes=list(SCOPES),
                quota_project_id=quota,
                iam_endpoint_override=self._wire.iam,
            )
        elif quota and hasattr(credentials, "with_quota_project"):
            credentials = credentials.with_quota_project(quota)
        return credentials, project


_TRANSIENT: Final = if_exception_type(
    exceptions.TooManyRequests,
    exceptions.ServiceUnavailable,
    exceptions.InternalServerError,
    exceptions.BadGateway,
    TransportError,
    RequestException,
)
_REASONS: Final = frozenset({"rateLimitExceeded", "jobRateLimitExceeded", "backendError", "internalError"})
"""BigQuery's words for what waiting helps against; it says 403 to too many requests."""


def _passes(error: Exception) -> bool:
    """Whether waiting helps."""
    said: Any = getattr(error, "errors", None) or ()
    return _TRANSIENT(error) or any(isinstance(one, dict) and one.get("reason") in _REASONS for one in said)


def _application_default() -> tuple[Any, str | None]:
    return google.auth.default(scopes=SCOPES)
