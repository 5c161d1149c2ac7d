"""Every form of Application Default Credentials, through google-auth itself; quota projects; who may see what."""

import json
from datetime import timedelta
from pathlib import Path

import google.auth
import google.auth.compute_engine
import google.oauth2.credentials
import grpc
import pytest
from google.api_core import exceptions
from google.auth import credentials as auth_credentials
from google.auth import exceptions as auth_exceptions
from google.auth import identity_pool, impersonated_credentials
from google.auth.compute_engine import _metadata
from google.auth.transport.requests import Request
from google.cloud import bigquery, billing_v1, monitoring_v3, resourcemanager_v3
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport

from tests.clouds.gcp.endpoint import SCOPES, Endpoint
from tests.clouds.gcp.identity import Principal

USER = Principal("finops@quillhaven.example", "user")


def accounts(gcp: Endpoint, credentials) -> list[str]:
    with billing_v1.CloudBillingClient(
        credentials=credentials, client_options=gcp.options(), transport="rest"
    ) as client:
        return [one.name for one in client.list_billing_accounts()]


def user(gcp: Endpoint) -> google.oauth2.credentials.Credentials:
    """As `gcloud auth application-default login` leaves them; google-auth reads their file for its own server only."""
    gcp.identities.refresh_tokens["1//refresh"] = USER
    return google.oauth2.credentials.Credentials(
        None,
        refresh_token="1//refresh",  # noqa: S106 - a made-up one
        token_uri=f"{gcp.url}/token",
        client_id="c",
        client_secret="s",  # noqa: S106
        scopes=SCOPES,
    )


def federated_file(gcp: Endpoint, folder: Path, *, impersonate: str | None = None) -> Path:
    gcp.identities.subject_tokens["outside-token"] = "repo:quillhaven/infra"
    (folder / "subject").write_text("outside-token", encoding="utf-8")
    said = {
        "type": "external_account",
        "audience": gcp.identities.workload_audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{gcp.url}/v1/token",
        "credential_source": {"file": str(folder / "subject")},
    }
    if impersonate:
        said["service_account_impersonation_url"] = (
            f"{gcp.url}/v1/projects/-/serviceAccounts/{impersonate}:generateAccessToken"
        )
    return gcp.write(folder, said)


def test_a_service_account_signs_in_as_the_default(gcp: Endpoint, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcp.key_file(tmp_path)))

    credentials, project = google.auth.default(scopes=SCOPES)

    assert project == "qh-billing"
    assert accounts(gcp, credentials) == ["billingAccounts/01A7F3-9C42E8-D5B610"]
    assert gcp.served[-1].caller == gcp.ledger.principal


def test_bigquery_takes_the_token_of_the_token_endpoint(gcp: Endpoint) -> None:
    with bigquery.Client("qh-billing", gcp.credentials(), client_options=gcp.options()) as client:
        list(client.list_datasets())

    assert gcp.calls("oauth2.token") == [200]


def test_a_user_signs_in_with_a_refresh_token_and_needs_a_quota_project(gcp: Endpoint) -> None:
    credentials = user(gcp)

    with pytest.raises(exceptions.Forbidden, match="requires a quota project"):
        accounts(gcp, credentials)
    assert accounts(gcp, credentials.with_quota_project("qh-billing"))

    assert gcp.served[-1].quota_project == "qh-billing"
    with pytest.raises(exceptions.Forbidden, match="permission to use project elsewhere"):
        accounts(gcp, credentials.with_quota_project("elsewhere"))


def test_a_revoked_refresh_token_is_refused(gcp: Endpoint) -> None:
    credentials = user(gcp)
    gcp.identities.refresh_tokens.clear()

    with pytest.raises(auth_exceptions.RefreshError, match="invalid_grant"):
        credentials.refresh(Request())


def test_a_workload_of_another_provider_signs_in_by_federation(gcp: Endpoint, tmp_path: Path) -> None:
    credentials = identity_pool.Credentials.from_info(
        json.loads(federated_file(gcp, tmp_path).read_text()), scopes=SCOPES
    )

    assert accounts(gcp, credentials)
    assert gcp.served[-1].caller.endswith("/subject/repo:quillhaven/infra")


def test_federation_and_impersonation_end_in_the_service_account(gcp: Endpoint, tmp_path: Path) -> None:
    email = gcp.ledger.principal
    credentials = identity_pool.Credentials.from_info(
        json.loads(federated_file(gcp, tmp_path, impersonate=email).read_text()), scopes=SCOPES
    )

    with pytest.raises(auth_exceptions.RefreshError, match=r"iam.serviceAccounts.getAccessToken"):
        credentials.refresh(Request())
    member = (
        "principal://iam.googleapis.com/projects/472910385561/locations/global/workloadIdentityPools/quillhaven"
        "/subject/repo:quillhaven/infra"
    )
    gcp.identities.impersonators[email] = {member}

    assert accounts(gcp, credentials)
    assert gcp.served[-1].caller == email


def test_a_user_impersonates_a_service_account(gcp: Endpoint) -> None:
    gcp.identities.impersonators[gcp.ledger.principal] = {USER.member}
    credentials = impersonated_credentials.Credentials(
        user(gcp),
        gcp.ledger.principal,
        list(SCOPES),
        iam_endpoint_override=f"{gcp.url}/v1/projects/-/serviceAccounts/{gcp.ledger.principal}:generateAccessToken",
    )

    assert accounts(gcp, credentials)
    assert gcp.served[-1].caller == gcp.ledger.principal


def test_a_machine_signs_in_by_its_metadata_server(gcp: Endpoint, monkeypatch) -> None:
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", gcp.url.removeprefix("http://"))  # read at import
    credentials = google.auth.compute_engine.Credentials()

    credentials.refresh(Request())

    assert credentials.service_account_email == gcp.ledger.principal
    assert accounts(gcp, credentials)


def test_nobody_and_a_stranger_are_refused(gcp: Endpoint) -> None:
    for credentials in (auth_credentials.AnonymousCredentials(), google.oauth2.credentials.Credentials("made-up")):
        with pytest.raises((exceptions.Unauthorized, auth_exceptions.GoogleAuthError)):
            accounts(gcp, credentials)
    stranger = gcp.credentials()
    gcp.identities.revoke_keys()
    with pytest.raises((exceptions.Unauthorized, auth_exceptions.GoogleAuthError)):
        accounts(gcp, stranger)


def test_a_token_that_ends_in_mid_paging_is_renewed_by_the_client(gcp: Endpoint) -> None:
    gcp.page_sizes["Projects"] = 30
    client = bigquery.Client("qh-billing", gcp.credentials(), client_options=gcp.options())
    pages = client.query("SELECT * FROM billing_export.cloud_pricing_export").result(page_size=60).pages
    first = next(pages)
    gcp.identities.expire_tokens()

    rest = [row for page in pages for row in page]

    assert len(list(first)) + len(rest) == 144
    assert 401 in gcp.calls("bigquery.jobs.getQueryResults")
    client.close()


def test_a_lifetime_that_is_over_is_kept(gcp: Endpoint) -> None:
    gcp.identities.lifetime = timedelta(seconds=-1)
    with (
        bigquery.Client("qh-billing", gcp.credentials(), client_options=gcp.options()) as client,
        pytest.raises((exceptions.Unauthorized, auth_exceptions.GoogleAuthError)),
    ):
        list(client.list_datasets(retry=None))


def test_grpc_carries_the_credentials_over_tls_and_refuses_without(gcp: Endpoint) -> None:
    request = {"name": "projects/qh-billing", "filter": 'metric.type = "x"', "interval": {"end_time": gcp.now}}
    with gcp.channel(gcp.credentials()) as channel:
        client = monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))
        assert list(client.list_time_series(request)) == []
    with gcp.channel(google.oauth2.credentials.Credentials("made-up")) as channel:
        client = monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))
        with pytest.raises(exceptions.Unauthenticated):
            client.list_time_series(request)


def test_a_client_without_credentials_counts_as_somebody_only_where_the_test_says_so(gcp: Endpoint) -> None:
    request = {"name": "projects/qh-billing", "filter": 'metric.type = "x"', "interval": {"end_time": gcp.now}}
    with grpc.insecure_channel(f"127.0.0.1:{gcp.plain_grpc_port}") as channel:
        client = monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))
        with pytest.raises(exceptions.Unauthenticated):
            client.list_time_series(request)
        gcp.identities.anonymous = gcp.identities.operator
        assert list(client.list_time_series(request)) == []


def test_permissions_are_told_one_by_one(gcp: Endpoint) -> None:
    gcp.policy.deny("billing.budgets.*")
    asked = ["billing.accounts.get", "billing.budgets.list"]
    with billing_v1.CloudBillingClient(
        credentials=gcp.credentials(), client_options=gcp.options(), transport="rest"
    ) as client:
        held = client.test_iam_permissions(resource="billingAccounts/01A7F3-9C42E8-D5B610", permissions=asked)
    with resourcemanager_v3.ProjectsClient(
        credentials=gcp.credentials(), client_options=gcp.options(), transport="rest"
    ) as client:
        more = client.test_iam_permissions(resource="projects/qh-billing", permissions=["bigquery.jobs.create"])

    assert list(held.permissions) == ["billing.accounts.get"]
    assert list(more.permissions) == ["bigquery.jobs.create"]
