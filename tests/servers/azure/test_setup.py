"""What `skyledger doctor azure` prints: roles that only read, and an export that the reader recognises."""

import json

import pytest

from servers.azure.setup import live_setup
from servers.kit.live.setup import Wanted
from shared_models.errors import PermissionDeniedError
from tests.clouds.azure.endpoint import Endpoint
from tests.servers.azure.conftest import Server, told

_WHO = "application a (object 11111111-2222-3333-4444-555555555555) in tenant t"
_STORE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/bills"


def test_both_ways_assign_the_same_roles_and_make_the_same_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLEDGER_AZURE_BILLING_SCOPES", "/providers/Microsoft.Billing/billingAccounts/7")
    documents = live_setup().documents
    said = {name: make(Wanted(_STORE, _WHO, "public")) for name, make in documents.items()}
    planned = json.loads(said["terraform"])["resource"]

    for assigned in planned["azurerm_role_assignment"].values():
        assert "Reader" in assigned["role_definition_name"]
        assert assigned["principal_id"] == "11111111-2222-3333-4444-555555555555"
        assert f"--role '{assigned['role_definition_name']}' --scope {assigned['scope']}" in said["roles"].replace(
            "--role Reader", "--role 'Reader'"
        )
    export = planned["azapi_resource"]["focus"]
    assert export["parent_id"] == "/providers/Microsoft.Billing/billingAccounts/7"
    assert "management.azure.com/providers/Microsoft.Billing/billingAccounts/7/providers/" in said["export"]
    assert json.dumps(export["body"], indent=2) in said["export"]
    assert export["body"]["properties"]["definition"]["type"] == "FocusCost"


def test_doctor_knows_the_settings_and_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not live_setup().on
    monkeypatch.setenv("SKYLEDGER_AZURE_LIVE", "on")
    monkeypatch.setenv("SKYLEDGER_AZURE_TENANTS", "contoso.onmicrosoft.com")

    assert live_setup().on
    assert live_setup().wrong == ()
    assert "tenants contoso.onmicrosoft.com" in live_setup().said


@pytest.mark.parametrize(
    ("operation", "role", "tool"),
    [
        ("management:Groups", "Management Group Reader", "azure_list_accounts"),
        ("resources:Subscriptions", "Reader", "azure_list_accounts"),
        ("costmanagement:Exports", "Cost Management Reader", "azure_query_costs"),
    ],
)
async def test_a_missing_role_is_named_with_the_tool_that_needs_it(
    azure_here: Endpoint, server: Server, operation: str, role: str, tool: str
) -> None:
    azure_here.faults.access_denied(operation)

    card = await told(server(), "describe_server")

    [*missing] = [one for one in card["access"]["missing_permissions"] if f"(role {role})" in one["permission"]]
    assert missing, card["access"]
    assert all(tool in one["tools"] for one in missing)
    assert PermissionDeniedError.code not in card["access"]["partition"]
