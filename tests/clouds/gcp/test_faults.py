"""Faults over the wire, met by Google's own clients and their own retries."""

from datetime import date

import pytest
import requests
from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth.transport.requests import AuthorizedSession
from google.cloud import asset_v1, bigquery, billing_v1, monitoring_v3
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport

from tests.clouds.gcp.endpoint import SCOPES, Endpoint

TABLE = "gcp_billing_export_resource_v1_01A7F3_9C42E8_D5B610"
COUNT = f"SELECT COUNT(*) AS n FROM billing_export.{TABLE}"
QUICK = Retry(predicate=bigquery.DEFAULT_RETRY._predicate, initial=0.01, maximum=0.02, timeout=5)


@pytest.fixture
def client(gcp: Endpoint):
    with bigquery.Client("qh-billing", gcp.credentials(), client_options=gcp.options()) as one:
        yield one


def test_quota_exceeded_is_final(gcp: Endpoint, client: bigquery.Client) -> None:
    gcp.faults.quota_exceeded("bigquery.jobs.insert")

    with pytest.raises(exceptions.Forbidden) as caught:
        client.query(COUNT, retry=QUICK)

    assert caught.value.errors[0]["reason"] == "quotaExceeded"
    assert gcp.calls("bigquery.jobs.insert") == [403]


def test_rate_limits_and_backend_errors_are_retried_by_the_client(gcp: Endpoint, client: bigquery.Client) -> None:
    gcp.faults.rate_limit("bigquery.jobs.insert", times=2)
    gcp.faults.backend_error("bigquery.jobs.getQueryResults")

    rows = list(client.query(COUNT, retry=QUICK).result(retry=QUICK))

    assert rows
    assert gcp.calls("bigquery.jobs.insert") == [403, 403, 200]
    assert gcp.calls("bigquery.jobs.getQueryResults")[0] == 503


def test_other_services_say_resource_exhausted(gcp: Endpoint) -> None:
    gcp.faults.rate_limit("CloudBilling.ListBillingAccounts")
    with billing_v1.CloudBillingClient(
        credentials=gcp.credentials(), client_options=gcp.options(), transport="rest"
    ) as one:
        with pytest.raises(exceptions.TooManyRequests):
            one.list_billing_accounts()
        assert list(one.list_billing_accounts())


def test_grpc_says_unavailable(gcp: Endpoint) -> None:
    gcp.faults.backend_error("MetricService.ListTimeSeries")
    asked = {"name": "projects/qh-billing", "filter": 'metric.type = "x"', "interval": {"end_time": gcp.now}}
    with gcp.channel(gcp.credentials()) as channel:
        one = monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))
        with pytest.raises(exceptions.ServiceUnavailable):
            one.list_time_series(asked, retry=None)
        assert list(one.list_time_series(asked)) == []


def test_a_job_that_never_finishes_can_be_cancelled(gcp: Endpoint, client: bigquery.Client) -> None:
    gcp.faults.never_done()
    job = client.query(COUNT)

    for _ in range(3):
        job.reload()
        assert job.state == "RUNNING"
    job.cancel()
    job.reload()

    assert job.state == "DONE"
    assert job.error_result["reason"] == "stopped"


def test_a_job_runs_for_as_many_polls_as_asked(gcp: Endpoint, client: bigquery.Client) -> None:
    gcp.settings["polls"] = 2

    assert list(client.query(COUNT).result())
    assert len(gcp.calls("bigquery.jobs.getQueryResults")) >= 2


def test_a_dropped_column_and_a_new_one(gcp: Endpoint, client: bigquery.Client) -> None:
    table = gcp.warehouse.table(TABLE)
    table.drop_column("tags")
    table.add_column("carbon", "{'grams': 1.5::DECIMAL(38,9)}")

    names = {field.name: field for field in client.get_table(f"billing_export.{TABLE}").schema}

    assert "tags" not in names
    assert names["carbon"].fields[0].field_type == "NUMERIC"
    with pytest.raises(exceptions.BadRequest, match="Unrecognized name: tags"):
        client.query(f"SELECT tags FROM billing_export.{TABLE}")
    [row] = client.query(f"SELECT carbon.grams AS g FROM billing_export.{TABLE} LIMIT 1").result()
    assert str(row["g"]) == "1.5"


def test_a_table_without_some_days_lacks_their_partitions(gcp: Endpoint, client: bigquery.Client) -> None:
    gcp.warehouse.table(TABLE).lose_days(date(2026, 10, 5), date(2026, 10, 6))

    sql = "SELECT partition_id FROM billing_export.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = @t"
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("t", "STRING", TABLE)])
    partitions = {row["partition_id"] for row in client.query(sql, job_config=config).result()}

    assert not {"20261005", "20261006"} & partitions
    assert {"20261004", "20261007"} <= partitions


def test_a_table_can_insist_on_a_filter(gcp: Endpoint, client: bigquery.Client) -> None:
    gcp.warehouse.table(TABLE).requires_filter = True

    with pytest.raises(exceptions.BadRequest, match="without a filter"):
        client.query(f"SELECT SUM(cost) FROM billing_export.{TABLE}")
    assert list(
        client.query(f"SELECT SUM(cost) FROM billing_export.{TABLE} WHERE _PARTITIONDATE > '2026-11-01'").result()
    )


def test_a_truncated_body_never_looks_whole(gcp: Endpoint) -> None:
    gcp.faults.truncate("CloudBilling.ListBillingAccounts")
    session = AuthorizedSession(gcp.credentials())

    with session, pytest.raises((requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        session.get(f"{gcp.url}/v1/billingAccounts")


def test_a_token_that_is_refused_in_mid_paging_ends_the_listing(gcp: Endpoint) -> None:
    gcp.page_sizes["AssetService"] = 20
    gcp.faults.expired_token("AssetService.SearchAllResources", after=2)
    found = []
    with (
        asset_v1.AssetServiceClient(
            credentials=gcp.credentials(), client_options=gcp.options(), transport="rest"
        ) as one,
        pytest.raises(exceptions.Unauthorized),
    ):
        found.extend(one.search_all_resources(scope="organizations/472910385561"))

    assert gcp.calls("AssetService.SearchAllResources")[:3] == [200, 200, 401]


def test_a_page_that_comes_twice_leaves_nothing_out(gcp: Endpoint) -> None:
    gcp.page_sizes["AssetService"] = 20
    gcp.faults.duplicate_page("AssetService.SearchAllResources")
    with asset_v1.AssetServiceClient(
        credentials=gcp.credentials(), client_options=gcp.options(), transport="rest"
    ) as one:
        names = [found.name for found in one.search_all_resources(scope="organizations/472910385561")]

    assert len(names) == len(set(names)) + 20


def test_a_page_token_of_another_question_is_refused(gcp: Endpoint) -> None:
    gcp.page_sizes["AssetService"] = 20
    with asset_v1.AssetServiceClient(
        credentials=gcp.credentials(), client_options=gcp.options(), transport="rest"
    ) as one:
        token = next(one.search_all_resources(scope="organizations/472910385561").pages).next_page_token
        with pytest.raises(exceptions.BadRequest, match="page token"):
            one.search_all_resources({"scope": "projects/qh-billing", "page_token": token})


def test_a_request_that_says_what_its_message_lacks_is_a_violation(gcp: Endpoint) -> None:
    credentials = gcp.credentials().with_scopes(SCOPES)
    with AuthorizedSession(credentials) as session, gcp.violations_expected() as seen:
        refused = session.get(f"{gcp.url}/v1/billingAccounts?madeUp=1")

    assert refused.status_code == 400
    assert "madeUp" in seen[0]


def test_an_unknown_path_is_answered_with_501_and_noted(gcp: Endpoint) -> None:
    with AuthorizedSession(gcp.credentials()) as session:
        assert session.get(f"{gcp.url}/storage/v1/b?project=qh-billing").status_code == 501

    assert gcp.unimplemented == ["GET /storage/v1/b"]
