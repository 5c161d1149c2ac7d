"""The only module, with `patience`, that loads azure-identity, azure-mgmt-* and azure-storage, and only when asked.

Each service is one line of `SERVICES`: its module, its client, and whether it is made for one subscription. Another
port plugs in by a line there (and its package in the extra `[azure]`), and asks through `servers.azure.live.Live`.
"""

# The clients are typed by halves; what leaves this module is typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import structlog
from azure.core import AzureClouds
from azure.identity import (
    AzureAuthorityHosts,
    AzureCliCredential,
    DefaultAzureCredential,
    DeviceCodeCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.mgmt.core.tools import get_arm_endpoints

from servers.azure.pacing import Budget, Timing
from servers.azure.patience import PatientPolicy
from servers.azure.settings import AzureCloud, AzureSettings, SignIn

_log = structlog.get_logger("skyledger")
_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 120
_DEVICE_SECONDS: Final = 300


@dataclass(frozen=True)
class Service:
    """Where a client is found, and whether one client is made for each subscription."""

    module: str
    client: str
    by_subscription: bool = False


SERVICES: Final = {
    "costmanagement": Service("azure.mgmt.costmanagement", "CostManagementClient"),
    "billing": Service("azure.mgmt.billing", "BillingManagementClient", by_subscription=True),
    "consumption": Service("azure.mgmt.consumption", "ConsumptionManagementClient", by_subscription=True),
    "subscriptions": Service("azure.mgmt.resource.subscriptions", "SubscriptionClient"),
    "managementgroups": Service("azure.mgmt.managementgroups", "ManagementGroupsMgmtClient"),
    "resourcegraph": Service("azure.mgmt.resourcegraph", "ResourceGraphClient"),
    "monitor": Service("azure.mgmt.monitor", "MonitorManagementClient", by_subscription=True),
    "advisor": Service("azure.mgmt.advisor", "AdvisorManagementClient", by_subscription=True),
    "reservations": Service("azure.mgmt.reservations", "ReservationsMgmtClient"),
    "carbon": Service("azure.mgmt.carbonoptimization", "CarbonOptimizationMgmtClient"),
}
NO_SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
"""Stands where a client wants a subscription and the operation does not."""


@dataclass(frozen=True)
class Cloud:
    """What differs between the clouds that Microsoft runs."""

    arm: AzureClouds
    authority: str
    storage: str


CLOUDS: Final[Mapping[AzureCloud, Cloud]] = {
    AzureCloud.PUBLIC: Cloud(
        AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD, "core.windows.net"
    ),
    AzureCloud.US_GOVERNMENT: Cloud(
        AzureClouds.AZURE_US_GOVERNMENT, AzureAuthorityHosts.AZURE_GOVERNMENT, "core.usgovcloudapi.net"
    ),
    AzureCloud.CHINA: Cloud(AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA, "core.chinacloudapi.cn"),
}


@dataclass(frozen=True)
class Wire:
    """Where Azure is asked if not at its usual place: a private link, a proxy, a local endpoint.

    `arm` stands for Resource Manager's address and `storage` makes an account's, `verify` is the certificates that are
    trusted, `identity` goes to azure-identity's credentials, `timing` is the clock on which quotas are waited for.
    """

    arm: str | None = None
    storage: Callable[[str], str] | None = None
    verify: str | bool = True
    identity: Mapping[str, Any] = field(default_factory=dict[str, Any])
    timing: Timing = field(default_factory=Timing)


class InTenant:
    """The credential as it signs in to one tenant."""

    def __init__(self, shared: "SharedCredential", tenant: str | None) -> None:
        self._shared = shared
        self._tenant = {"tenant_id": tenant} if tenant else {}

    @property
    def generation(self) -> int:
        """Counts how often the credential was made anew."""
        return self._shared.generation

    def renew(self, generation: int) -> None:
        """Forget tokens that Azure refuses."""
        self._shared.renew(generation)

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """A token of the tenant."""
        return self._shared.credential.get_token_info(*scopes, options={**self._tenant, **(options or {})})

    def get_token(self, *scopes: str, **named: Any) -> Any:
        """The same as older clients ask for it."""
        return self._shared.credential.get_token(*scopes, **{**self._tenant, **named})


class SharedCredential:
    """One credential for all tenants; made anew when its tokens are refused before their time. Safe for threads."""

    def __init__(self, settings: AzureSettings, identity: Mapping[str, Any]) -> None:
        self._settings = settings
        self._identity = identity
        self._guard = threading.Lock()
        self.generation = 0
        self.credential = self._made()

    def renew(self, generation: int) -> None:
        """Make the credential anew, unless that was done since; one that a person signed in stays."""
        with self._guard:
            if generation == self.generation and self._settings.sign_in is not SignIn.DEVICE_CODE:
                self.credential = self._made()
                self.generation += 1

    def _made(self) -> Any:
        own = self._settings
        given: dict[str, Any] = {"additionally_allowed_tenants": ["*"], **self._identity}
        if own.cloud is not AzureCloud.PUBLIC:
            given.setdefault("authority", CLOUDS[own.cloud].authority)
        match own.sign_in:
            case SignIn.DEFAULT:
                return DefaultAzureCredential(**given)
            case SignIn.ENVIRONMENT:
                return EnvironmentCredential(**given)
            case SignIn.WORKLOAD_IDENTITY:
                return WorkloadIdentityCredential(**given)
            case SignIn.MANAGED_IDENTITY:
                return ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID"), **given)
            case SignIn.CLI:
                return AzureCliCredential(additionally_allowed_tenants=["*"])
            case SignIn.DEVICE_CODE:
                tenant = {"tenant_id": own.tenants[0]} if own.tenants else {}
                return DeviceCodeCredential(prompt_callback=_prompt, timeout=_DEVICE_SECONDS, **tenant, **given)


class Sdk:
    """Credentials and clients. Making them is not safe for threads: hold a lock."""

    def __init__(self, settings: AzureSettings, wire: Wire) -> None:
        self._wire = wire
        self._cloud = CLOUDS[settings.cloud]
        self._shared = SharedCredential(settings, wire.identity)
        endpoints = get_arm_endpoints(self._cloud.arm)
        self.arm: str = (wire.arm or endpoints["resource_manager"]).rstrip("/")
        self._scopes: list[str] = endpoints["credential_scopes"]

    def token(self, tenant: str | None) -> str:
        """A token for Resource Manager in a tenant (the credential's own without one)."""
        return InTenant(self._shared, tenant).get_token_info(*self._scopes).token

    def client(
        self, name: str, tenant: str | None, subscription: str | None, budget: Budget, wait: Callable[[], None]
    ) -> Any:
        """A new client of a service in a tenant."""
        service = SERVICES[name]
        made: Any = getattr(import_module(service.module), service.client)
        credential = InTenant(self._shared, tenant)
        own = (subscription or NO_SUBSCRIPTION,) if service.by_subscription else ()
        return made(
            credential,
            *own,
            base_url=self.arm,
            credential_scopes=self._scopes,
            retry_policy=PatientPolicy(budget, wait, credential),
            **self._transport(),
        )

    def storage_address(self, account: str) -> str:
        """Where the blobs of a storage account are asked for."""
        return self._wire.storage(account) if self._wire.storage else f"https://{account}.blob.{self._cloud.storage}"

    def container(self, account: str, container: str, tenant: str | None) -> tuple[Any, InTenant]:
        """A new client of a container, and the credential that it uses."""
        credential = InTenant(self._shared, tenant)
        made: Any = import_module("azure.storage.blob").ContainerClient
        return made(self.storage_address(account), container, credential=credential, **self._transport()), credential

    def linked_blob(self, link: str) -> Any:
        """A client of the one blob that a link with an access signature leads to; it gets no credential of ours."""
        made: Any = import_module("azure.storage.blob").BlobClient
        return made.from_blob_url(link, **self._transport())

    def _transport(self) -> dict[str, Any]:
        return {
            "connection_verify": self._wire.verify,
            "connection_timeout": _CONNECT_SECONDS,
            "read_timeout": _READ_SECONDS,
            "user_agent": "skyledger",
        }


def _prompt(address: str, code: str, _expires: object) -> None:
    """Tell the person at the terminal where to sign in; the code alone opens nothing."""
    _log.warning("sign_in", open=address, code=code)
