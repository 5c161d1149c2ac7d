"""Which containers hold exports: as the settings say, else as Cost Management describes the exports of a scope."""

from dataclasses import dataclass
from typing import Any

from servers.azure.live import Live
from servers.azure.scopes import Scope
from shared_models.errors import DataNotReadyError, InvalidArgumentError


@dataclass(frozen=True)
class Container:
    """One place in a storage account below which exports lie, and the tenant that reads it (our own without one)."""

    account: str
    container: str
    prefix: str
    tenant: str | None = None

    @property
    def address(self) -> str:
        """The container, as an export's place is called."""
        return f"azure://{self.account}/{self.container}"


def configured(live: Live) -> tuple[Container, ...]:
    """The places of the settings."""
    return tuple(
        Container(one.account, one.container, f"{one.prefix.strip('/')}/" if one.prefix.strip("/") else "")
        for one in live.settings.export_locations
    )


def containers(live: Live, scope: Scope) -> tuple[Container, ...]:
    """Where the exports of a scope lie; blocking.

    Raises:
        FinOpsError: Cost Management does not tell.

    """
    found = live.asked("costmanagement", "exports.list", scope.tenant, scope.id, on=scope.id)
    return tuple(dict.fromkeys(place for one in found.value or () for place in _places(one, scope.tenant)))


def profiles(live: Live, scope: Scope) -> tuple[Scope, ...]:
    """The billing profiles of a billing account, none where it has none; blocking.

    Raises:
        FinOpsError: Billing refuses or fails.

    """
    if scope.kind != "billing account":
        return ()
    name = scope.id.rpartition("/")[2]
    try:
        found = live.items("billing", "billing_profiles.list_by_billing_account", scope.tenant, name, on=scope.id)
    except (InvalidArgumentError, DataNotReadyError):
        return ()  # an enterprise agreement has no profiles
    return tuple(Scope(id=str(one.id).strip("/"), tenant=scope.tenant) for one in found)


def _places(export: Any, tenant: str) -> list[Container]:
    """None for an export of other things than costs (price sheets, reservations have no bill in them)."""
    kind = str(getattr(export.definition.type, "value", export.definition.type) or "")
    if kind not in {"FocusCost", "ActualCost", "AmortizedCost", "Usage"}:
        return []
    told = export.delivery_info.destination
    account = str(told.resource_id or told.storage_account or "").rpartition("/")[2]
    folder = str(told.root_folder_path or "").strip("/")
    prefix = f"{folder}/{export.name}/" if folder else f"{export.name}/"
    return [Container(account, str(told.container), prefix, tenant)] if account else []
