"""Who we are to Azure: azure-identity's credentials, each tenant that they enter, and clients that are made once."""

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from servers.azure.errors import translated
from servers.azure.pacing import Budgets, Timing
from servers.azure.settings import AzureSettings
from servers.kit.live.pacing import Limiter
from shared_models.errors import CredentialsMissingError, MissingExtraError

if TYPE_CHECKING:
    from servers.azure.sdk import Sdk, Wire

RATES: Final = {
    "costmanagement": (8.0, 20),
    "billing": (4.0, 10),
    "consumption": (1.0, 4),
    "resourcegraph": (2.5, 10),
    "monitor": (15.0, 30),
}
"""Service -> (calls a second, at once) of a tenant, below what Azure throttles at."""
_OTHERS: Final = (10.0, 50)
OUR_OWN: Final = "our own tenant"


@dataclass(frozen=True)
class Caller:
    """The principal behind our credentials in one tenant; `object_id` is what roles are assigned to."""

    tenant: str
    object_id: str
    principal: str


class Sessions:
    """Clients of any tenant; blocking, call it off the event loop. Safe for many threads."""

    def __init__(self, settings: AzureSettings, wire: "Wire | None" = None) -> None:
        self.settings = settings
        self._wire = wire
        self._guard = threading.RLock()
        self._sdk: Sdk | None = None
        self._callers: dict[str | None, Caller] = {}
        self._clients: dict[tuple[str, str | None, str | None], Any] = {}
        self._limiters: dict[tuple[str, str | None], Limiter] = {}
        self.timing = wire.timing if wire is not None else Timing()
        self.budgets = Budgets(self.timing, settings.patience_seconds)

    def client(self, service: str, tenant: str | None = None, subscription: str | None = None) -> Any:
        """The client of a service of `servers.azure.sdk.SERVICES` in a tenant (our own without one).

        Raises:
            MissingExtraError: the SDK is not installed.
            AccessError: there are no credentials.

        """
        key = (service, tenant, subscription)
        known = self._clients.get(key)
        if known is not None:
            return known
        with self._guard:
            if key not in self._clients:
                budget, wait = self.budgets.of(tenant), self.limiter(service, tenant).wait
                self._clients[key] = self._made(lambda sdk: sdk.client(service, tenant, subscription, budget, wait))
            return self._clients[key]

    def container(self, account: str, container: str, tenant: str | None = None) -> tuple[Any, Any]:
        """A new client of a container, and the credential that it uses, which can `renew`.

        Raises:
            MissingExtraError: the SDK is not installed.
            AccessError: there are no credentials.

        """
        with self._guard:
            return self._made(lambda sdk: sdk.container(account, container, tenant))

    def linked_blob(self, link: str) -> Any:
        """A client of a blob that a signed link leads to; check its host first."""
        with self._guard:
            return self._made(lambda sdk: sdk.linked_blob(link))

    def caller(self, tenant: str | None = None) -> Caller:
        """Who we are in a tenant, in our own one without it.

        Raises:
            MissingExtraError: the SDK is not installed.
            AccessError: there are no valid credentials, or they do not enter that tenant.

        """
        with self._guard:
            if tenant not in self._callers:
                caller = _caller(self._made(lambda sdk: sdk.token(tenant), tenant or OUR_OWN))
                if tenant is not None and "." not in tenant and caller.tenant != tenant:
                    raise CredentialsMissingError(
                        f"Our credentials do not enter the tenant {tenant}.",
                        hint="A managed identity belongs to one tenant: use an application or a user there.",
                    )
                self._callers[tenant] = caller
            return self._callers[tenant]

    @property
    def arm(self) -> str:
        """Resource Manager's address."""
        with self._guard:
            return self._made(lambda sdk: sdk.arm)

    def storage_address(self, account: str) -> str:
        """The address of a storage account's blobs."""
        with self._guard:
            return self._made(lambda sdk: sdk.storage_address(account))

    def limiter(self, service: str, tenant: str | None) -> Limiter:
        """The pacing of a service in a tenant."""
        key = (service, tenant)
        if key not in self._limiters:
            rate, burst = RATES.get(service, _OTHERS)
            self._limiters.setdefault(key, Limiter(rate, burst=burst))
        return self._limiters[key]

    def _made(self, make: "Callable[[Sdk], Any]", on: str = OUR_OWN) -> Any:
        try:
            return make(self._loaded())
        except ModuleNotFoundError as error:
            raise MissingExtraError("azure", needed_for="Live Azure data") from error
        except Exception as error:
            raise translated(error, "signing in", on=on) from error

    def _loaded(self) -> "Sdk":
        if self._sdk is None:
            from servers.azure.sdk import Sdk, Wire  # noqa: PLC0415 - the SDK is loaded by the first live question

            self._sdk = Sdk(self.settings, self._wire or Wire())
        return self._sdk


def _caller(token: str) -> Caller:
    """What a token says of its holder; nobody else is asked, and Azure itself is who checks it."""
    try:
        part = token.split(".")[1]
        said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        said = {}
    name = said.get("upn") or said.get("preferred_username") or said.get("unique_name") or said.get("email")
    kind = said.get("appid") or said.get("azp")
    told = name or (f"application {kind}" if kind else "a principal whose token does not name it")
    return Caller(str(said.get("tid", "")).lower(), str(said.get("oid", "")), str(told))
