"""What each tool may do in Azure, as one table, and the built-in roles that allow it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_COSTS: Final = ("azure_query_costs",)
_BILLS: Final = ("azure_query_costs", "azure_export_costs")
_ACCOUNTS: Final = ("azure_list_accounts",)


@dataclass(frozen=True)
class Need:
    """One built-in role, where it is assigned, and the tools that need it."""

    role: str
    at: str
    tools: tuple[str, ...]


NEEDS: Final = (
    Need("Cost Management Reader", "the billing account, else management groups or subscriptions", _BILLS),
    Need("Reader", "the root management group of each tenant", (*_ACCOUNTS, "azure_list_resources")),
    Need("Management Group Reader", "the root management group of each tenant", _ACCOUNTS),
    Need("Storage Blob Data Reader", "the storage account that holds the exports", _BILLS),
)
_ROLES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "microsoft.costmanagement": ("Cost Management Reader", _BILLS),
    "costmanagement": ("Cost Management Reader", _BILLS),
    "costmanagement:": ("Cost Management Reader", _BILLS),
    "microsoft.billing": ("Billing account reader (or Enterprise reader)", _COSTS),
    "billing": ("Billing account reader (or Enterprise reader)", _COSTS),
    "microsoft.management": ("Management Group Reader", _ACCOUNTS),
    "managementgroups": ("Management Group Reader", _ACCOUNTS),
    "management:": ("Management Group Reader", _ACCOUNTS),
    "microsoft.resources": ("Reader", _ACCOUNTS),
    "subscriptions": ("Reader", _ACCOUNTS),
    "resources:": ("Reader", _ACCOUNTS),
    "storage": ("Storage Blob Data Reader", _BILLS),
}


def role_for(permission: str) -> tuple[str, tuple[str, ...]]:
    """The built-in role that brings a refused action or operation, and the tools that need it."""
    told = permission.lower()
    for start, known in _ROLES.items():
        if told.startswith(start):
            return known
    return "Reader", ()
