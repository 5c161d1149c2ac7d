"""What sets Azure up for SkyLedger: role assignments and a FOCUS export, for az and for Terraform."""

import json
import shlex
from importlib.util import find_spec
from typing import Any, Final

from servers.azure.permissions import NEEDS
from servers.azure.settings import AzureSettings, load_azure_settings
from servers.kit.live.setup import LiveSetup, Wanted
from shared_models.errors import MissingExtraError

_NAME: Final = "skyledger-focus"
_CONTAINER: Final = "cost-exports"
_FOLDER: Final = "skyledger"
_VERSION: Final = "1.2-preview"
_API: Final = "2025-03-01"
_NOBODY: Final = "OBJECT-ID-OF-WHO-READS"
_STORAGE: Final = "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Storage/storageAccounts/ACCOUNT"
_SCOPE: Final = "/providers/Microsoft.Billing/billingAccounts/BILLING-ACCOUNT"
_GROUP: Final = "/providers/Microsoft.Management/managementGroups/TENANT-ID"
_ARM: Final = {
    "public": "https://management.azure.com",
    "usgovernment": "https://management.usgovcloudapi.net",
    "china": "https://management.chinacloudapi.cn",
}


def live_setup() -> LiveSetup:
    """Live Azure as the environment sets it.

    Raises:
        InvalidArgumentError: a SKYLEDGER_AZURE_ variable that cannot be used.

    """
    settings = load_azure_settings()
    scope = f"/{settings.billing_scopes[0]}" if settings.billing_scopes else _SCOPE
    group = (
        f"/providers/Microsoft.Management/managementGroups/{settings.management_groups[0]}"
        if settings.management_groups
        else _GROUP
    )
    return LiveSetup(
        switch="SKYLEDGER_AZURE_LIVE",
        on=settings.live,
        documents={
            "roles": lambda wanted: roles(wanted, group),
            "export": lambda wanted: export(wanted, scope),
            "terraform": lambda wanted: terraform(wanted, group, scope),
        },
        said=_said(settings),
        wrong=_wrong() if settings.live else (),
    )


def roles(wanted: Wanted, group: str) -> str:
    """Commands of az that assign the least roles; what cannot be assigned by az is a comment."""
    lines = [
        "# Who administers each tenant runs this once there; every role only reads.",
        "# On a billing account its owner assigns them in the portal (Access control of Cost Management): Billing",
        "# account reader for a customer agreement, Enterprise Administrator (read only) for an enterprise one.",
    ]
    who = shlex.quote(_object_id(wanted))
    lines += [
        f"az role assignment create --assignee-object-id {who} --role {shlex.quote(role)} --scope {shlex.quote(place)}"
        for role, place in _assignments(wanted, group)
    ]
    return "\n".join(lines)


def export(wanted: Wanted, scope: str) -> str:
    """A command of az that makes the daily FOCUS export at the widest billing scope."""
    where = f"{_ARM.get(wanted.partition or 'public', _ARM['public'])}{scope}"
    url = f"{where}/providers/Microsoft.CostManagement/exports/{_NAME}?api-version={_API}"
    body = json.dumps(_export(wanted), indent=2)
    return (
        "# The storage account's resource provider Microsoft.CostManagementExports must be registered.\n"
        f"az rest --method put --url {shlex.quote(url)} --body {shlex.quote(body)}"
    )


def terraform(wanted: Wanted, group: str, scope: str) -> str:
    """The same in Terraform's JSON syntax (`skyledger.tf.json`); the export by the azapi provider, which has FOCUS."""
    assigned = {
        f"skyledger_{number}": {"scope": place, "role_definition_name": role, "principal_id": _object_id(wanted)}
        for number, (role, place) in enumerate(_assignments(wanted, group))
    }
    said: dict[str, Any] = {
        "terraform": {
            "required_providers": {"azurerm": {"source": "hashicorp/azurerm"}, "azapi": {"source": "Azure/azapi"}}
        },
        "resource": {
            "azurerm_role_assignment": assigned,
            "azapi_resource": {
                "focus": {
                    "type": f"Microsoft.CostManagement/exports@{_API}",
                    "parent_id": scope,
                    "name": _NAME,
                    "body": _export(wanted),
                }
            },
        },
    }
    return json.dumps(said, indent=2)


def _assignments(wanted: Wanted, group: str) -> list[tuple[str, str]]:
    storage = wanted.storage or _STORAGE
    return [(need.role, storage if need.role.startswith("Storage") else group) for need in NEEDS]


def _object_id(wanted: Wanted) -> str:
    """The object id out of what `describe_server` calls us."""
    told = wanted.principal or _NOBODY
    return told.partition("(object ")[2].partition(")")[0] or told


def _export(wanted: Wanted) -> dict[str, Any]:
    return {
        "properties": {
            "format": "Parquet",
            "compressionMode": "snappy",
            "partitionData": True,
            "dataOverwriteBehavior": "OverwritePreviousReport",
            "schedule": {
                "status": "Active",
                "recurrence": "Daily",
                "recurrencePeriod": {"from": "2026-01-01T00:00:00Z", "to": "2036-01-01T00:00:00Z"},
            },
            "deliveryInfo": {
                "destination": {
                    "type": "AzureBlob",
                    "resourceId": wanted.storage or _STORAGE,
                    "container": _CONTAINER,
                    "rootFolderPath": _FOLDER,
                }
            },
            "definition": {
                "type": "FocusCost",
                "timeframe": "MonthToDate",
                "dataSet": {"granularity": "Daily", "configuration": {"dataVersion": _VERSION}},
            },
        }
    }


def _said(settings: AzureSettings) -> tuple[str, ...]:
    """What is set, in words."""
    told = {
        "cloud": settings.cloud.value,
        "signs in by": settings.sign_in.value,
        "tenants": ", ".join(settings.tenants),
        "billing scopes": ", ".join(settings.billing_scopes),
        "management groups": ", ".join(settings.management_groups),
        "subscriptions": f"{len(settings.subscriptions)} named" if settings.subscriptions else "",
        "regions": ", ".join(settings.regions),
        "exports in": ", ".join(f"{place.address}/{place.prefix}" for place in settings.export_locations),
    }
    return tuple(f"{what} {value}" for what, value in told.items() if value)


def _wrong() -> tuple[str, ...]:
    """What shows without asking Azure: an SDK that is not installed."""
    if find_spec("azure") is None or find_spec("azure.identity") is None:
        missing = MissingExtraError("azure", needed_for="Live Azure data")
        return (f"{missing.message} {missing.hint}",)
    return ()
