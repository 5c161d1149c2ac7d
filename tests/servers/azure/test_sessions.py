"""Who we are to Azure: each tenant, each part of the credential chain, tokens that end early, waits as asked."""

import json

import pytest
from azure.core.exceptions import HttpResponseError

from servers.azure.settings import AzureCloud, SignIn, load_azure_settings
from shared_models.errors import (
    CredentialsMissingError,
    FinOpsError,
    InvalidArgumentError,
    PermissionDeniedError,
    ThrottledError,
    UpstreamUnavailableError,
)
from tests.clouds.azure.endpoint import Endpoint
from tests.servers.azure.conftest import Lives, Server, Waited, told

_PROFILE = "/providers/Microsoft.Billing/billingAccounts/8f:3a_2019-05-31/billingProfiles/AB-CD"


def query(first: str = "2026-10-01", last: str = "2026-10-31") -> dict:
    return {
        "type": "ActualCost", "timeframe": "Custom",
        "timePeriod": {"from": f"{first}T00:00:00Z", "to": f"{last}T23:59:59Z"},
        "dataset": {"granularity": "None", "aggregation": {"cost": {"name": "Cost", "function": "Sum"}}},
    }  # fmt: skip


def path_of(azure: Endpoint) -> str:
    return f"{azure.ledger.payers[0].strip('/')}/providers/Microsoft.CostManagement/query?api-version=2025-03-01"


def test_settings_name_scopes_and_places_as_people_write_them() -> None:
    settings = load_azure_settings(
        {
            "SKYLEDGER_AZURE_LIVE": "on", "SKYLEDGER_AZURE_CLOUD": "china", "SKYLEDGER_AZURE_SIGN_IN": "cli",
            "SKYLEDGER_AZURE_TENANTS": "Contoso.onmicrosoft.com, 0037CED4-b538-ea97-5a15-38512853fd72",
            "SKYLEDGER_AZURE_BILLING_SCOPES": _PROFILE, "SKYLEDGER_AZURE_MANAGEMENT_GROUPS": "platform",
            "SKYLEDGER_AZURE_SUBSCRIPTIONS": "/subscriptions/0037ced4-b538-ea97-5a15-38512853fd72",
            "SKYLEDGER_AZURE_REGIONS": "West Europe",
            "SKYLEDGER_AZURE_EXPORT_LOCATION": "https://bills.blob.core.windows.net/exports/focus/, abfss://c@lake.dfs.core.windows.net",
        }
    )  # fmt: skip

    assert (settings.live, settings.cloud, settings.sign_in) == (True, AzureCloud.CHINA, SignIn.CLI)
    assert settings.tenants == ("contoso.onmicrosoft.com", "0037ced4-b538-ea97-5a15-38512853fd72")
    assert settings.billing_scopes == (_PROFILE.strip("/"),)
    assert settings.subscriptions == ("0037ced4-b538-ea97-5a15-38512853fd72",)
    assert settings.regions == ("westeurope",)
    assert [(one.account, one.container, one.prefix) for one in settings.export_locations] == [
        ("bills", "exports", "focus"), ("lake", "c", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIVE", "maybe"), ("CLOUD", "mars"), ("SIGN_IN", "password"), ("TENANTS", "not a tenant"),
        ("BILLING_SCOPES", "/subscriptions/x"), ("SUBSCRIPTIONS", "prod"), ("PATIENCE", "-1"),
        ("EXPORT_LOCATION", "https://bills.blob.core.windows.net/exports?sig=canary"),
        ("EXPORT_LOCATION", "https://evil.example/exports"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        load_azure_settings({f"SKYLEDGER_AZURE_{name}": value})

    said = json.dumps(caught.value.envelope())
    assert f"SKYLEDGER_AZURE_{name}" in said
    assert "canary" not in said


def test_one_sign_in_enters_every_tenant(azure_here: Endpoint, lives: Lives) -> None:
    live, ledger = lives(), azure_here.ledger

    assert live.sessions.caller().tenant == ledger.home
    assert live.sessions.caller(ledger.guest).tenant == ledger.guest
    assert live.sessions.caller().object_id == azure_here.identities.principal
    own = live.items("subscriptions", "subscriptions.list", ledger.home)
    guest = live.items("subscriptions", "subscriptions.list", ledger.guest)
    assert {one.tenant_id for one in own} == {ledger.home}
    assert {one.tenant_id for one in guest} == {ledger.guest}


def test_a_managed_identity_does_not_pass_for_another_tenant(
    azure_here: Endpoint, lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure_here.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", azure_here.managed_identity_header)
    live = lives(sign_in=SignIn.MANAGED_IDENTITY)

    assert live.sessions.caller().tenant == azure_here.ledger.home
    with pytest.raises(CredentialsMissingError, match="do not enter the tenant"):
        live.sessions.caller(azure_here.ledger.guest)


def test_a_federated_token_signs_in(
    azure_here: Endpoint, lives: Lives, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    (tmp_path / "token").write_text("a token of the cluster")
    azure_here.identities.federated_tokens.add("a token of the cluster")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))

    assert lives(sign_in=SignIn.WORKLOAD_IDENTITY).sessions.caller().tenant == azure_here.ledger.home


def test_a_token_that_azure_refuses_before_its_time_is_replaced(azure_here: Endpoint, lives: Lives) -> None:
    live, ledger = lives(), azure_here.ledger
    live.items("subscriptions", "subscriptions.list", ledger.home)
    azure_here.identities.expire_all()

    assert live.items("subscriptions", "subscriptions.list", ledger.home)
    assert azure_here.calls("resources:Subscriptions") == [200, 401, 200]


def test_the_longest_wait_of_all_headers_is_kept(azure_here: Endpoint, lives: Lives, waited: Waited) -> None:
    azure_here.faults.throttle("costmanagement:Query", seconds=23)

    reply = lives().sent("costmanagement", "query.usage", azure_here.ledger.home, "POST", path_of(azure_here), query())

    assert (reply.status, azure_here.calls("costmanagement:Query")) == (200, [429, 200])
    assert sum(waited.waits) == pytest.approx(23)


def test_we_have_a_name_of_our_own_in_the_quotas(azure_here: Endpoint, lives: Lives) -> None:
    azure_here.quotas.default_client_exhausted = True

    assert lives().sent("costmanagement", "query.usage", azure_here.ledger.home, "POST", path_of(azure_here), query())
    assert azure_here.calls("costmanagement:Query") == [200]


def test_a_quota_is_kept_before_it_refuses(azure_here: Endpoint, lives: Lives, waited: Waited) -> None:
    live = lives(patience_seconds=7200)
    for _ in range(70):
        live.sent(
            "costmanagement", "query.usage", azure_here.ledger.home, "POST", path_of(azure_here),
            query("2026-01-01", "2026-11-24"),
        )  # fmt: skip

    assert azure_here.calls("costmanagement:Query") == [200] * 70
    assert 3600 < sum(waited.waits) < 2 * 3600


def test_patience_ends(azure_here: Endpoint, lives: Lives, waited: Waited) -> None:
    azure_here.faults.throttle("costmanagement:Query", seconds=600, times=9)

    with pytest.raises(ThrottledError):
        lives().sent("costmanagement", "query.usage", azure_here.ledger.home, "POST", path_of(azure_here), query())
    assert sum(waited.waits) <= 90


@pytest.mark.parametrize("fault", ["unavailable", "internal"])
def test_what_fails_in_passing_is_tried_again(azure_here: Endpoint, lives: Lives, fault: str) -> None:
    azure_here.faults.add("costmanagement:Query", reason=fault, times=2)

    lives().sent("costmanagement", "query.usage", azure_here.ledger.home, "POST", path_of(azure_here), query())
    assert azure_here.calls("costmanagement:Query")[-1] == 200


def test_a_link_to_a_foreign_host_gets_nothing_of_ours(azure_here: Endpoint, lives: Lives) -> None:
    for link in ("https://evil.example/next", azure_here.url.replace("https", "http") + "/next"):
        with pytest.raises(UpstreamUnavailableError, match="foreign host"):
            lives().sent("costmanagement", "query.usage", azure_here.ledger.home, "POST", link, query())
    assert azure_here.served == []


def test_a_refused_action_is_named_and_remembered(azure_here: Endpoint, lives: Lives) -> None:
    azure_here.faults.access_denied("resources:Subscriptions")
    live = lives()

    with pytest.raises(PermissionDeniedError):
        live.items("subscriptions", "subscriptions.list", azure_here.ledger.home)
    assert [on for _, on in live.refused] == [azure_here.ledger.home]


def test_no_secret_reaches_an_error(azure_here: Endpoint, lives: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "canary-secret")

    with pytest.raises(FinOpsError) as caught:
        lives().sessions.caller()
    said = json.dumps(caught.value.envelope())
    assert isinstance(caught.value, CredentialsMissingError)
    assert "canary" not in said
    assert azure_here.url not in said
    assert HttpResponseError.__name__ not in said


async def test_the_server_says_who_it_is_and_what_it_reaches(azure_here: Endpoint, server: Server) -> None:
    card = await told(server(), "describe_server")

    assert azure_here.ledger.home in card["identity"]
    assert azure_here.identities.principal in card["identity"]
    assert card["billing_account_ids"] == [
        f"/{azure_here.ledger.payers[0].strip('/').rpartition('/billingProfiles')[0]}"
    ]
    assert card["access"]["accounts_reached"] == len(azure_here.ledger.subscriptions)
    assert card["access"]["missing_permissions"] == []
    assert azure_here.calls("costmanagement:Query") == []


async def test_subscriptions_of_all_tenants_have_their_place_and_tags(azure_here: Endpoint, server: Server) -> None:
    page = await told(server(), "list_accounts", limit=100)

    assert {
        (one["sub_account_id"], tuple(one["path"]), tuple(sorted(one["tags"].items()))) for one in page["data"]
    } == {
        (f"/subscriptions/{one.id}", one.path, tuple(sorted(one.tags.items())))
        for one in azure_here.ledger.subscriptions
    }


async def test_a_tenant_that_refuses_is_a_gap_not_an_absence(azure_here: Endpoint, server: Server) -> None:
    azure_here.faults.tenant_refuses(azure_here.ledger.guest)

    page = await told(server(), "list_accounts", limit=100)
    card = await told(server(), "describe_server")

    assert {one["sub_account_id"] for one in page["data"]} == {
        f"/subscriptions/{one.id}" for one in azure_here.ledger.subscriptions if one.tenant == azure_here.ledger.home
    }
    assert any(azure_here.ledger.guest in gap["message"] for gap in page["coverage"]["gaps"])
    assert any("role Reader" in one["permission"] for one in card["access"]["missing_permissions"])


async def test_management_groups_narrow_what_is_looked_at(azure_here: Endpoint, server: Server) -> None:
    page = await told(server(management_groups=("platform",)), "list_accounts", limit=100)

    assert {one["sub_account_id"] for one in page["data"]} == {
        f"/subscriptions/{one.id}" for one in azure_here.ledger.subscriptions if one.path[1] == "Platform"
    }
