"""The sample's inventory as Resource Graph shows it: one record a resource, with the properties of its type."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from tests.clouds.azure.ledger import Ledger, identifier

COLUMNS: Final[Mapping[str, str]] = {
    "id": "VARCHAR", "name": "VARCHAR", "type": "VARCHAR", "tenantId": "VARCHAR", "kind": "VARCHAR", "location": "VARCHAR",
    "resourceGroup": "VARCHAR", "subscriptionId": "VARCHAR", "managedBy": "VARCHAR", "sku": "JSON", "plan": "JSON",
    "properties": "JSON", "tags": "JSON", "identity": "JSON", "zones": "JSON", "extendedLocation": "JSON",
}  # fmt: skip
_SPELLED: Final[Mapping[str, str]] = {
    "resourcegroups": "resourceGroups", "virtualmachines": "virtualMachines", "publicipaddresses": "publicIPAddresses",
    "storageaccounts": "storageAccounts", "managedclusters": "managedClusters", "sqlpools": "sqlPools",
    "microsoft.compute": "Microsoft.Compute", "microsoft.network": "Microsoft.Network", "microsoft.sql": "Microsoft.Sql",
    "microsoft.storage": "Microsoft.Storage", "microsoft.containerservice": "Microsoft.ContainerService",
    "microsoft.web": "Microsoft.Web", "microsoft.synapse": "Microsoft.Synapse",
    "microsoft.cognitiveservices": "Microsoft.CognitiveServices",
}  # fmt: skip
"""How Resource Manager spells what bills write in lower case: a client has to join them."""


def spelled(number: str) -> str:
    """A resource id as Resource Manager spells it."""
    return "/".join(_SPELLED.get(part, part) for part in number.split("/"))


def ensure(ledger: Ledger) -> None:
    """Create the tables `resources` and `resourcecontainers` if they are not there yet."""
    if ledger.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'resourcecontainers'"):
        return
    tenants = {one.id: one.tenant for one in ledger.subscriptions}
    items = [_resource(row, tenants) for row in ledger.rows("SELECT * FROM item ORDER BY resource_id")]
    _create(ledger, "resources", [one for one in items if one])
    _create(ledger, "resourcecontainers", _containers(ledger, items))


def _create(ledger: Ledger, table: str, rows: list[dict[str, Any]]) -> None:
    columns = ", ".join(
        f"j -> '{name}' AS \"{name}\"" if kind == "JSON" else f"j ->> '{name}' AS \"{name}\""
        for name, kind in COLUMNS.items()
    )
    with ledger.connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {table} AS SELECT {columns} FROM (SELECT unnest(CAST(? AS JSON[])) AS j)",
            [json.dumps(rows)],
        )


def _resource(row: Mapping[str, Any], tenants: Mapping[str, str]) -> dict[str, Any]:
    subscription = str(row["sub_account_id"] or "").rpartition("/")[2]
    if subscription not in tenants:
        return {}
    group = re.search(r"/resourcegroups/([^/]+)/", str(row["resource_id"]))
    return {
        "id": spelled(str(row["resource_id"])), "name": row["resource_name"], "type": row["native_type"],
        "tenantId": tenants[subscription], "kind": "StorageV2" if row["resource_type"] == "object_store" else "",
        "location": row["region_id"], "resourceGroup": group[1] if group else "", "subscriptionId": subscription,
        "managedBy": spelled(str(row["attached_to"] or "")), "sku": _sku(row), "plan": None, "properties": _properties(row),
        "tags": dict(row["tags"] or {}), "identity": None,
        "zones": [row["availability_zone"]] if row["availability_zone"] else None, "extendedLocation": None,
    }  # fmt: skip


def _sku(row: Mapping[str, Any]) -> dict[str, Any] | None:
    kind, sku = row["resource_type"], str(row["sku"])
    if kind == "virtual_machine":
        return None
    if kind == "block_volume":
        return {"name": "Premium_LRS", "tier": "Premium"}
    if kind == "ip_address":
        return {"name": "Standard", "tier": "Regional"}
    if kind == "object_store":
        return {"name": "Standard_LRS", "tier": "Standard"}
    if found := re.fullmatch(r"(GP|BC|HS)_(Gen\d)_(\d+)", sku):
        tier = {"GP": "GeneralPurpose", "BC": "BusinessCritical", "HS": "Hyperscale"}[found[1]]
        return {"name": f"{found[1]}_{found[2]}", "tier": tier, "family": found[2], "capacity": int(found[3])}
    return {"name": sku}


def _properties(row: Mapping[str, Any]) -> dict[str, Any]:
    kind, created = row["resource_type"], f"{row['created_at']:%Y-%m-%dT%H:%M:%SZ}"
    said: dict[str, Any] = {"provisioningState": "Succeeded"}
    if kind == "virtual_machine":
        said |= {
            "vmId": identifier(row["resource_id"]), "hardwareProfile": {"vmSize": row["sku"]}, "timeCreated": created,
            "extended": {"instanceView": {"powerState": {
                "code": f"PowerState/{row['state']}", "displayStatus": f"VM {row['state']}", "level": "Info",
            }}},
        }  # fmt: skip
    elif kind == "block_volume":
        said |= {
            "diskSizeGB": int(row["size_gib"] or 0), "diskState": "Attached" if row["attached_to"] else "Unattached",
            "tier": row["sku"], "timeCreated": created,
        }  # fmt: skip
        if row["unattached_since"]:
            said["LastOwnershipUpdateTime"] = f"{row['unattached_since']:%Y-%m-%dT%H:%M:%SZ}"
    elif kind == "ip_address":
        said |= {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"}
        if row["attached_to"]:
            said["ipConfiguration"] = {"id": spelled(str(row["attached_to"])) + "/ipConfigurations/primary"}
    elif kind == "object_store":
        said |= {"accessTier": "Cool" if "cool" in str(row["sku"]) else "Hot", "creationTime": created}
    elif kind == "database":
        said |= {"currentServiceObjectiveName": row["sku"], "status": "Online", "creationDate": created}
    return said


def _containers(ledger: Ledger, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    empty = dict.fromkeys(COLUMNS)
    found = [
        empty | {
            "id": f"/subscriptions/{one.id}", "name": one.name, "type": "microsoft.resources/subscriptions", "tenantId": one.tenant,
            "subscriptionId": one.id, "tags": dict(one.tags), "properties": {"state": "Enabled"}, "location": "",
        }
        for one in ledger.subscriptions
    ]  # fmt: skip
    groups = {(one["subscriptionId"], one["resourceGroup"], one["tenantId"], one["location"]) for one in items if one}
    for subscription, group, tenant, location in sorted(groups):
        if group:
            found.append(
                empty | {
                    "id": f"/subscriptions/{subscription}/resourceGroups/{group}", "name": group, "tenantId": tenant,
                    "type": "microsoft.resources/subscriptions/resourcegroups", "location": location, "resourceGroup": group,
                    "subscriptionId": subscription, "tags": {}, "properties": {"provisioningState": "Succeeded"},
                }
            )  # fmt: skip
    return found
