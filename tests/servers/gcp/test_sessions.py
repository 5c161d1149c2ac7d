"""Who we are to Google Cloud: every form of Application Default Credentials, pacing, errors, and nothing that leaks."""

import json
from pathlib import Path

import pytest

from servers.gcp.errors import translated
from servers.gcp.settings import load_gcp_settings
from shared_models.errors import (
    CredentialsExpiredError,
    CredentialsMissingError,
    InvalidArgumentError,
    PermissionDeniedError,
    SourceNotEnabledError,
    ThrottledError,
    UpstreamUnavailableError,
)
from tests.clouds.gcp.endpoint import Endpoint
from tests.clouds.gcp.test_identity import federated_file, user
from tests.servers.gcp.conftest import Server, live_of, told

CANARY = "ya29.CANARY-token-that-nobody-may-see"


def test_settings_are_read_and_a_wrong_one_is_refused() -> None:
    said = load_gcp_settings(
        {
            "SKYLEDGER_GCP_LIVE": "on",
            "SKYLEDGER_GCP_BILLING_ACCOUNTS": "0123AB-4567CD-89EF01, billingAccounts/0B52C9-7E10D4-AA93F1",
            "SKYLEDGER_GCP_SCOPES": "organizations/472910385561,projects/qh-web",
            "SKYLEDGER_GCP_DATASETS": "qh-billing.billing_export",
            "SKYLEDGER_GCP_DAILY_BYTES": "200GiB",
        }
    )

    assert said.billing_accounts == ("0123AB-4567CD-89EF01", "0B52C9-7E10D4-AA93F1")
    assert said.datasets[0].dataset == "billing_export"
    assert said.daily_bytes == 200 * 2**30
    for name, value in [
        ("DAILY_BYTES", "much"),
        ("SCOPES", "everything"),
        ("DAILY_PURSE", "-1"),
        ("IMPERSONATE", "me"),
    ]:
        with pytest.raises(InvalidArgumentError):
            load_gcp_settings({f"SKYLEDGER_GCP_{name}": value})


def test_a_service_account_is_named_with_its_project(signed_in: Endpoint, tmp_path: Path) -> None:
    caller = live_of(signed_in, tmp_path).sessions.caller()

    assert (caller.principal, caller.project) == (signed_in.ledger.principal, "qh-billing")


def test_an_impersonated_service_account_is_who_asks(gcp: Endpoint, tmp_path: Path, monkeypatch) -> None:
    other = "ci@qh-billing.iam.gserviceaccount.com"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcp.key_file(tmp_path, other)))
    live = live_of(gcp, tmp_path, impersonate=gcp.ledger.principal, quota_project="qh-billing")

    with pytest.raises(PermissionDeniedError, match=r"iam\.serviceAccounts\.getAccessToken"):
        live.sessions.caller()
    gcp.identities.impersonators[gcp.ledger.principal] = {f"serviceAccount:{other}"}

    assert live.sessions.caller().principal == gcp.ledger.principal
    assert list(live.items("cloudbilling", "list_billing_accounts", {}, "billing_accounts"))
    assert (gcp.served[-1].caller, gcp.served[-1].quota_project) == (gcp.ledger.principal, "qh-billing")


def test_a_workload_of_another_provider_signs_in_by_federation(gcp: Endpoint, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(federated_file(gcp, tmp_path)))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "qh-billing")
    live = live_of(gcp, tmp_path)

    assert "workloadIdentityPools/quillhaven" in live.sessions.caller().principal
    assert list(live.items("cloudbilling", "list_billing_accounts", {}, "billing_accounts"))
    assert gcp.served[-1].caller.endswith("/subject/repo:quillhaven/infra")


def test_a_gcloud_user_needs_a_quota_project_and_is_told_so(gcp: Endpoint, tmp_path: Path) -> None:
    def live(**settings):
        made = live_of(gcp, tmp_path, **settings)
        made.sessions._wire = type(made.sessions._wire)(
            options=gcp.options(), channel=gcp.channel, credentials=lambda: (user(gcp), None)
        )
        return made

    with pytest.raises(SourceNotEnabledError) as refused:
        list(live().items("cloudbilling", "list_billing_accounts", {}, "billing_accounts"))
    assert "SKYLEDGER_GCP_QUOTA_PROJECT" in refused.value.hint
    with pytest.raises(CredentialsMissingError, match="No project"):
        live().sessions.project()

    assert list(live(quota_project="qh-billing").items("cloudbilling", "list_billing_accounts", {}, "billing_accounts"))


def test_no_credentials_are_said_with_what_to_do(gcp: Endpoint, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))

    with pytest.raises(CredentialsMissingError) as refused:
        live_of(gcp, tmp_path).sessions.caller()

    assert "gcloud auth application-default login" in refused.value.hint


def test_grpc_carries_the_same_credentials(signed_in: Endpoint, tmp_path: Path) -> None:
    live = live_of(signed_in, tmp_path, quota_project="qh-billing")
    request = {
        "name": "projects/qh-billing",
        "filter": 'metric.type = "compute.googleapis.com/instance/cpu/utilization"',
        "interval": {"start_time": {"seconds": 1}, "end_time": {"seconds": int(signed_in.now.timestamp())}},
    }

    list(live.items("monitoring", "list_time_series", request, "time_series"))

    assert (signed_in.served[-1].caller, signed_in.served[-1].quota_project) == (
        signed_in.ledger.principal,
        "qh-billing",
    )


def test_pages_are_all_read_and_one_that_comes_twice_counts_once(signed_in: Endpoint, tmp_path: Path) -> None:
    live = live_of(signed_in, tmp_path)
    every = [one.project_id for one in live.items("projects", "search_projects", {}, "projects")]
    signed_in.page_sizes["Projects"] = 7
    signed_in.faults.duplicate_page("Projects.SearchProjects")

    again = [one.project_id for one in live.items("projects", "search_projects", {}, "projects")]

    assert again == every
    assert len(signed_in.calls("Projects.SearchProjects")) > 2


def test_throttling_and_failures_are_waited_out(signed_in: Endpoint, tmp_path: Path) -> None:
    signed_in.faults.rate_limit("Folders.SearchFolders", times=1)
    signed_in.faults.backend_error("Folders.SearchFolders", after=1, times=1)
    signed_in.faults.truncate("Folders.SearchFolders", after=2, times=1)

    assert list(live_of(signed_in, tmp_path).items("folders", "search_folders", {}, "folders"))
    assert signed_in.calls("Folders.SearchFolders") == [429, 503, 200, 200]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("rate_limit", ThrottledError),
        ("backend_error", UpstreamUnavailableError),
        ("expired_token", CredentialsExpiredError),
    ],
)
def test_what_does_not_end_is_said_in_our_words(signed_in: Endpoint, tmp_path: Path, fault, expected) -> None:
    getattr(signed_in.faults, fault)("Folders.SearchFolders", times=99, after=0)

    with pytest.raises(expected):
        list(live_of(signed_in, tmp_path, patience_seconds=1).items("folders", "search_folders", {}, "folders"))


def test_a_refused_permission_is_named_as_google_names_it(signed_in: Endpoint, tmp_path: Path) -> None:
    account = f"billingAccounts/{signed_in.ledger.accounts[0]}"
    signed_in.policy.deny("billing.resourceAssociations.list", account)
    live = live_of(signed_in, tmp_path)

    with pytest.raises(PermissionDeniedError) as refused:
        list(
            live.items(
                "cloudbilling", "list_project_billing_info", {"name": account}, "project_billing_info", on=account
            )
        )

    assert refused.value.details == {"permission": "billing.resourceAssociations.list", "on": account}
    assert ("billing.resourceAssociations.list", account) in live.refused


def test_no_secret_reaches_an_error() -> None:
    class RefreshError(Exception):
        """As google-auth raises it."""

    said = (
        f'Bearer {CANARY} at https://oauth2.googleapis.com/token?x=1 "private_key": "-----BEGIN PRIVATE KEY-----\\nabc"'
    )
    error = translated(RefreshError(said), "oauth2.token", on="our own credentials")

    assert "CANARY" not in error.text()
    assert "abc" not in error.text()
    assert "http" not in error.text()


async def test_projects_have_their_payer_place_labels_and_tags(server: Server, signed_in: Endpoint) -> None:
    one = signed_in.ledger.projects[3]
    signed_in.settings["tags"] = {one["id"]: {"environment": "production"}}

    found = await told(server(), "list_accounts", limit=10)

    projects = {project["sub_account_id"]: project for project in found["data"]}
    assert found["pagination"]["total_estimate"] == len(signed_in.ledger.projects)
    assert projects[one["id"]]["path"] == list(one["path"])
    assert projects[one["id"]]["billing_account_id"] == one["billing_account"]
    assert projects[one["id"]]["tags"]["environment"] == "production"
    assert set(projects[one["id"]]["tags"]) >= {key.lower().replace(" ", "-") for key in one["labels"]}
    assert found["coverage"]["complete"]


async def test_a_payer_that_refuses_is_a_gap_and_hides_no_project(server: Server, signed_in: Endpoint) -> None:
    signed_in.policy.deny("billing.resourceAssociations.list")

    found = await told(server(), "list_accounts", limit=10)

    assert found["pagination"]["total_estimate"] == len(signed_in.ledger.projects)
    assert {one["billing_account_id"] for one in found["data"]} == {"none"}
    assert [gap["code"] for gap in found["coverage"]["gaps"]] == ["permission_denied"]


async def test_scopes_narrow_what_is_looked_at(server: Server, signed_in: Endpoint) -> None:
    folder = signed_in.ledger.folders[0]

    found = await told(server(scopes=(f"folders/{folder['id']}",)), "list_accounts", limit=200)

    depth = len(folder["path"])
    expected = [one["id"] for one in signed_in.ledger.projects if one["path"][1 : 1 + depth] == folder["path"]]
    assert expected
    assert sorted(one["sub_account_id"] for one in found["data"]) == sorted(expected)


async def test_the_card_names_principal_accounts_and_purses(server: Server, signed_in: Endpoint) -> None:
    card = await told(server(), "describe_server")

    assert card["identity"] == signed_in.ledger.principal
    assert card["billing_account_ids"] == list(signed_in.ledger.accounts)
    assert {purse["name"] for purse in card["purses"]} == {"gcp-bigquery", "gcp-bigquery-bytes"}
    assert "private_key" not in json.dumps(card)
