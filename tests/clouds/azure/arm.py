"""Resource Manager itself: tenants, subscriptions and management groups of the caller's tenant."""

from typing import Any, Final

from azure.mgmt.managementgroups import models as groups
from azure.mgmt.resource.subscriptions import models as subscriptions

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.contract import Page
from tests.clouds.azure.errors import AzureError
from tests.clouds.azure.ledger import Subscription, group_name
from tests.clouds.azure.scope import scope_of

_ROOT: Final = "Tenant Root Group"
_TYPE: Final = "Microsoft.Management/managementGroups"


def tenants(call: Call) -> dict[str, Any]:
    """GET tenants: those that know the application."""
    known = [tenant for tenant in call.ledger.tenants if tenant in call.endpoint.identities.tenants]
    return call.listed([_tenant(call, tenant) for tenant in known], "list")


def _tenant(call: Call, tenant: str) -> dict[str, Any]:
    home = tenant == call.ledger.home
    name = "Quillhaven Europe SE" if home else "Quillhaven Labs"
    domain = "quillhaven.example" if home else "labs.quillhaven.example"
    return {
        "id": f"/tenants/{tenant}", "tenantId": tenant, "tenantCategory": "Home" if tenant == call.tenant else "ManagedBy",
        "displayName": name, "defaultDomain": domain, "domains": [domain], "country": "DE", "countryCode": "DE",
        "tenantType": "AAD",
    }  # fmt: skip


def all_subscriptions(call: Call) -> dict[str, Any]:
    """GET subscriptions: the tenant's."""
    return call.listed([_subscription(call, one) for one in _own(call)], "list")


def one_subscription(call: Call) -> dict[str, Any]:
    """GET one subscription."""
    scope_of(call, f"subscriptions/{call.names['subscriptionId']}")
    known = call.ledger.subscription(call.names["subscriptionId"])
    return _subscription(call, known) if known else {}


def _subscription(call: Call, one: Subscription) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{one.id}", "authorizationSource": "RoleBased", "managedByTenants": [],
        "subscriptionId": one.id, "tenantId": one.tenant, "displayName": one.name,
        "state": "Disabled" if one.id in call.endpoint.disabled else "Enabled", "tags": dict(one.tags),
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01", "quotaId": "EnterpriseAgreement_2014-09-01", "spendingLimit": "Off",
        },
    }  # fmt: skip


def _own(call: Call) -> list[Subscription]:
    return [one for one in call.ledger.subscriptions if one.tenant == call.tenant]


def _tree(call: Call) -> dict[str, tuple[str, str | None]]:
    """Management group -> its name to read, and its parent."""
    tree: dict[str, tuple[str, str | None]] = {call.tenant: (_ROOT, None)}
    for one in _own(call):
        division, place = group_name(one.path[1:2]), group_name(one.path[1:3])
        tree[division] = (one.path[1], call.tenant)
        tree[place] = (one.path[2], division)
    return tree


def management_groups(call: Call) -> dict[str, Any]:
    """GET managementGroups: the tenant's, root first."""
    found = [
        {
            "id": f"/providers/{_TYPE}/{name}", "type": f"/providers/{_TYPE}", "name": name,
            "properties": {"tenantId": call.tenant, "displayName": title},
        }
        for name, (title, _) in _tree(call).items()
    ]  # fmt: skip
    return call.listed(found, "list")


def one_group(call: Call) -> dict[str, Any]:
    """GET one management group; `$expand=children` adds what is below, `$recurse=true` all the way down."""
    tree, name = _tree(call), call.names["groupId"]
    if name not in tree:
        raise AzureError("NotFound", f"'/providers/{_TYPE}/{name}' not found", 404)
    title, parent = tree[name]
    details = {"version": 1, "updatedTime": "2026-01-05T00:00:00Z", "updatedBy": call.token.client}
    if parent is not None:
        details["parent"] = {"id": f"/providers/{_TYPE}/{parent}", "name": parent, "displayName": tree[parent][0]}
    properties: dict[str, Any] = {"tenantId": call.tenant, "displayName": title, "details": details}
    if call.query.get("$expand") == "children":
        properties["children"] = _children(call, name, deep=call.query.get("$recurse", "").lower() == "true")
    return {"id": f"/providers/{_TYPE}/{name}", "type": _TYPE, "name": name, "properties": properties}


def _children(call: Call, name: str, *, deep: bool) -> list[dict[str, Any]]:
    tree = _tree(call)
    found: list[dict[str, Any]] = []
    for child, (title, parent) in tree.items():
        if parent == name:
            below = _children(call, child, deep=True) if deep else None
            said = {"type": _TYPE, "id": f"/providers/{_TYPE}/{child}", "name": child, "displayName": title}
            found.append(said | ({"children": below} if below else {}))
    found.extend(
        {"type": "/subscriptions", "id": f"/subscriptions/{one.id}", "name": one.id, "displayName": one.name}
        for one in _own(call)
        if group_name(one.path[1:3]) == name
    )
    return found


def descendants(call: Call) -> dict[str, Any]:
    """GET descendants: every group and subscription below a group."""
    tree, name = _tree(call), call.names["groupId"]
    if name not in tree:
        raise AzureError("NotFound", f"'/providers/{_TYPE}/{name}' not found", 404)
    found: list[dict[str, Any]] = []
    inside = {name}
    for child, (title, parent) in tree.items():
        if parent in inside:
            inside.add(child)
            found.append(_below(f"/providers/{_TYPE}/{child}", _TYPE, child, title, str(parent)))
    found.extend(
        _below(f"/subscriptions/{one.id}", "/subscriptions", one.id, one.name, parent)
        for one in _own(call)
        if (parent := group_name(one.path[1:3])) in inside
    )
    return call.listed(found, "list")


def _below(number: str, kind: str, name: str, title: str, parent: str) -> dict[str, Any]:
    return {
        "id": number, "type": kind, "name": name,
        "properties": {"displayName": title, "parent": {"id": f"/providers/{_TYPE}/{parent}"}},
    }  # fmt: skip


OPERATIONS: Final = (
    Operation("resources:Tenants", "GET", "/tenants", tenants, reply=Page(subscriptions.TenantIdDescription)),
    Operation("resources:Subscriptions", "GET", "/subscriptions", all_subscriptions, reply=Page(subscriptions.Subscription)),
    Operation("resources:Subscription", "GET", "/subscriptions/{subscriptionId}", one_subscription, reply=subscriptions.Subscription),
    Operation("management:Groups", "GET", "/providers/Microsoft.Management/managementGroups", management_groups, reply=Page(groups.ManagementGroupInfo)),
    Operation(
        "management:Group", "GET", "/providers/Microsoft.Management/managementGroups/{groupId}", one_group,
        reply=groups.ManagementGroup, query=frozenset({"$expand", "$recurse"}),
    ),
    Operation(
        "management:Descendants", "GET", "/providers/Microsoft.Management/managementGroups/{groupId}/descendants",
        descendants, reply=Page(groups.DescendantInfo), query=frozenset({"$top"}),
    ),
)  # fmt: skip
