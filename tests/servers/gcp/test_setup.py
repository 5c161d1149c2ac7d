"""What `gcp_describe_server` and `skyledger doctor gcp` say: who we are, what is found, what is missing, how to set it up."""

import json

import pytest

from servers.gcp import sdk
from servers.gcp.permissions import NEEDS
from servers.gcp.settings import GcpSettings
from servers.gcp.setup import bindings, gcloud, terraform
from servers.kit.live.setup import Wanted
from skyledger.cli import run
from tests.clouds.gcp.endpoint import Endpoint
from tests.servers.gcp.conftest import Server, told, wire
from tests.servers.gcp.test_mirror import DETAILED, open_month

SETTINGS = GcpSettings(
    quota_project="qh-billing", billing_accounts=("01A7F3-9C42E8-D5B610",), scopes=("organizations/472910385561",)
)
READER = Wanted(principal="reader@qh-billing.iam.gserviceaccount.com")


def test_every_need_has_a_role_and_every_role_only_reads() -> None:
    granted = {one["role"] for one in bindings(SETTINGS, READER)}

    assert granted == {need.role for need in NEEDS}
    assert not [role for role in granted if any(word in role.lower() for word in ("admin", "editor", "owner"))]


def test_gcloud_and_terraform_grant_the_same_and_say_what_the_console_does() -> None:
    script, module = gcloud(SETTINGS, READER), json.loads(terraform(SETTINGS, READER))

    members = [
        (one["role"], one["member"])
        for kind, named in module["resource"].items()
        if kind.endswith("_iam_member")
        for one in named.values()
    ]
    assert sorted(members) == sorted((one["role"], one["member"]) for one in bindings(SETTINGS, READER))
    assert all(f"--role={role}" in script for role, _ in members)
    assert "gcloud billing accounts add-iam-policy-binding 01A7F3-9C42E8-D5B610" in script
    assert "bq add-iam-policy-binding" in script
    assert "FOCUS" in module["//"]
    assert "Billing Account Administrator" in script


async def test_the_card_names_exports_their_next_sync_and_each_missing_permission(
    server: Server, signed_in: Endpoint
) -> None:
    account = f"billingAccounts/{signed_in.ledger.accounts[0]}"
    signed_in.policy.deny("billing.resourceAssociations.list", account)
    signed_in.policy.deny("bigquery.readsessions.create")
    signed_in.policy.deny("bigquery.tables.getData", f"*{DETAILED}")

    card = await told(server(), "describe_server")

    missing = {
        one["permission"]: (one["on"].rpartition("/")[2], one["tools"]) for one in card["access"]["missing_permissions"]
    }
    assert missing == {
        "billing.resourceAssociations.list": (signed_in.ledger.accounts[0], ["gcp_list_accounts"]),
        "bigquery.readsessions.create": ("qh-billing", ["gcp_export_costs"]),
        "bigquery.tables.getData": (DETAILED, ["gcp_query_costs", "gcp_export_costs"]),
    }
    origins = " ".join(fresh["origin"] for fresh in card["freshness"])
    assert "the next sync reads" in origins
    for name in ("cloud_pricing_export", "cud_subscriptions_export", DETAILED):
        assert f"qh-billing.billing_export.{name}" in origins
    assert card["access"]["accounts_reached"] == len(signed_in.ledger.projects)
    assert signed_in.warehouse.billed == signed_in.warehouse.scanned == 0


async def test_a_permission_that_was_granted_is_no_longer_missing(server: Server, signed_in: Endpoint) -> None:
    open_month(signed_in, DETAILED)
    signed_in.policy.deny("bigquery.jobs.create")
    live = server()
    refused = await told(live, "query_costs", start="2026-11-06", end="2026-11-20")
    assert refused["error"]["code"] == "permission_denied"
    signed_in.policy.denials.clear()

    card = await told(live, "describe_server")

    assert card["access"]["missing_permissions"] == []
    assert not card["access"]["accounts_refused"]


def test_doctor_says_it_all_and_prints_documents(
    signed_in: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKYLEDGER_GCP_LIVE", "on")
    monkeypatch.setattr(sdk, "Wire", lambda: wire(signed_in))
    signed_in.policy.deny("bigquery.readsessions.create")

    status = run(["doctor", "gcp"])

    said = capsys.readouterr().out
    assert status == 1
    assert f"ok    we are {signed_in.ledger.principal}" in said
    assert "CHECK bigquery.readsessions.create is missing on projects/qh-billing: gcp_export_costs needs it" in said
    assert run(["doctor", "gcp", "--print", "terraform"]) == 0
    module = json.loads(capsys.readouterr().out)
    assert signed_in.ledger.principal in json.dumps(module)
    assert "private_key" not in said
