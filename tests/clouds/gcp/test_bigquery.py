"""BigQuery over REST with Google's own client: queries, dry runs, limits, paging, types, jobs and refusals."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.clouds.gcp.bq_views import add_focus_view
from tests.clouds.gcp.endpoint import Endpoint

SUFFIX = "01A7F3_9C42E8_D5B610"
DETAILED = f"qh-billing.billing_export.gcp_billing_export_resource_v1_{SUFFIX}"
TEN_MEBIBYTES = 10 * 2**20


@pytest.fixture
def client(gcp: Endpoint):
    with bigquery.Client("qh-billing", gcp.credentials(), client_options=gcp.options()) as one:
        yield one


def dry(client: bigquery.Client, sql: str) -> int:
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    return client.query(sql, job_config=config).total_bytes_processed


def test_datasets_and_tables_are_listed_with_schema_and_partitioning(client: bigquery.Client) -> None:
    datasets = {one.dataset_id for one in client.list_datasets()}
    tables = {one.table_id for one in client.list_tables("billing_export")}
    table = client.get_table(DETAILED)

    assert datasets == {"billing_export", f"gcp_billing_immutable_{SUFFIX}_EU"}
    assert f"gcp_billing_export_v1_{SUFFIX}" in tables
    assert "cloud_pricing_export" in tables
    assert client.get_dataset("billing_export").location == "EU"
    assert table.time_partitioning.type_ == "DAY"
    assert table.num_rows > 1000
    assert table.num_bytes > 100_000
    fields = {field.name: field for field in table.schema}
    assert fields["credits"].mode == "REPEATED"
    assert [inner.name for inner in fields["service"].fields] == ["id", "description"]
    assert fields["usage_start_time"].field_type == "TIMESTAMP"


def test_rows_come_typed(client: bigquery.Client) -> None:
    sql = f"SELECT CAST(1.5 AS NUMERIC) AS n, t.* FROM `{DETAILED}` AS t WHERE ARRAY_LENGTH(credits) > 0 LIMIT 1"

    [row] = client.query(sql).result()

    assert row["n"] == Decimal("1.5")
    assert isinstance(row["cost"], float)
    assert isinstance(row["price"]["effective_price"], Decimal)
    assert row["usage_start_time"].tzinfo is not None
    assert {"name", "amount", "id"} <= row["credits"][0].keys()
    assert row["project"]["ancestors"][-1]["resource_name"] == "organizations/472910385561"
    assert "_PARTITIONTIME" not in row.keys()  # noqa: SIM118 - a Row is no mapping


def test_a_timestamp_keeps_its_microseconds(client: bigquery.Client) -> None:
    [row] = client.query("SELECT TIMESTAMP '2026-11-02 03:04:05.000007+00' AS t, DATE '2026-11-02' AS d").result()

    assert row["t"] == datetime(2026, 11, 2, 3, 4, 5, 7, tzinfo=UTC)
    assert row["d"] == date(2026, 11, 2)


def test_parameters_are_values_and_not_text(client: bigquery.Client) -> None:
    hostile = "x'; DROP TABLE detailed; --"
    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter("said", "STRING", hostile),
            bigquery.ScalarQueryParameter("since", "TIMESTAMP", datetime(2026, 11, 1, tzinfo=UTC)),
            bigquery.ArrayQueryParameter("services", "STRING", ["BigQuery", "Cloud Storage"]),
        ]
    )
    sql = (
        f"SELECT @said AS said, COUNT(*) AS n, MIN(export_time) AS first FROM `{DETAILED}`"
        " WHERE export_time >= @since AND service.description IN UNNEST(@services)"
    )

    [row] = client.query(sql, job_config=config).result()

    assert row["said"] == hostile
    assert row["n"] > 10
    assert row["first"] >= datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "form",
    [
        "SELECT SUM((SELECT SUM(c.amount) FROM UNNEST(t.credits) AS c)) FROM `{0}` AS t",
        "SELECT SUM((SELECT SUM(amount) FROM UNNEST(credits))) FROM `{0}`",
        "SELECT SUM(c.amount) FROM `{0}` AS t, t.credits AS c",
        "SELECT SUM(c.amount) FROM `{0}` AS t LEFT JOIN UNNEST(t.credits) AS c",
        "WITH x AS (SELECT credits FROM `{0}`) SELECT SUM(c.amount) FROM x CROSS JOIN UNNEST(x.credits) AS c",
    ],
)
def test_credits_add_up_in_every_form_of_unnest(client: bigquery.Client, gcp: Endpoint, form: str) -> None:
    [row] = client.query(form.format(DETAILED)).result()

    [truth] = gcp.ledger.rows("SELECT sum(list_sum(list_transform(credits, lambda c: c.amount))) AS n FROM detailed")
    assert row[0] == pytest.approx(truth["n"])


def test_a_dry_run_says_what_columns_and_partitions_cost_and_charges_nothing(gcp: Endpoint, client) -> None:
    everything = dry(client, f"SELECT * FROM `{DETAILED}`")
    one_column = dry(client, f"SELECT SUM(cost) FROM `{DETAILED}`")
    one_day = dry(client, f"SELECT SUM(cost) FROM `{DETAILED}` WHERE DATE(_PARTITIONTIME) = '2026-10-05'")
    member = dry(client, f"SELECT service.id FROM `{DETAILED}`")
    record = dry(client, f"SELECT service FROM `{DETAILED}`")

    assert dry(client, f"SELECT COUNT(*) FROM `{DETAILED}`") == 0
    assert everything == client.get_table(DETAILED).num_bytes
    assert one_column == 8 * client.get_table(DETAILED).num_rows
    assert 0 < one_day < one_column / 10
    assert one_column < member < record < everything
    assert gcp.warehouse.billed == 0


def test_a_query_is_billed_at_least_ten_mebibytes_a_table_and_a_cached_one_nothing(gcp: Endpoint, client) -> None:
    sql = f"SELECT SUM(cost) FROM `{DETAILED}`"

    first, again = client.query(sql), client.query(sql)
    first.result()
    again.result()

    assert first.total_bytes_billed == TEN_MEBIBYTES
    assert (again.cache_hit, again.total_bytes_billed) == (True, 0)
    assert gcp.warehouse.billed == TEN_MEBIBYTES


def test_maximum_bytes_billed_is_enforced(gcp: Endpoint, client: bigquery.Client) -> None:
    config = bigquery.QueryJobConfig(maximum_bytes_billed=1_000_000)

    with pytest.raises(exceptions.GoogleAPICallError, match=f"limit for bytes billed: 1000000. {TEN_MEBIBYTES} or"):
        client.query(f"SELECT SUM(cost) FROM `{DETAILED}`", job_config=config).result(retry=None, job_retry=None)

    assert gcp.warehouse.billed == 0


def test_results_are_paged_and_complete(gcp: Endpoint, client: bigquery.Client) -> None:
    rows = client.query(f"SELECT export_time, cost FROM `{DETAILED}` ORDER BY export_time").result(page_size=500)

    found = list(rows)

    assert len(found) == rows.total_rows == client.get_table(DETAILED).num_rows
    assert all(one["export_time"] <= other["export_time"] for one, other in pairwise(found))
    assert gcp.calls("bigquery.jobs.getQueryResults").count(200) >= 4


def test_rows_of_a_table_are_listed_free_of_charge(gcp: Endpoint, client: bigquery.Client) -> None:
    table = client.get_table("qh-billing.billing_export.cloud_pricing_export")

    rows = list(client.list_rows(table, page_size=50))

    assert len(rows) == table.num_rows == 144
    assert rows[0]["list_price"]["tiered_rates"][0]["usd_amount"] is not None
    assert gcp.warehouse.billed == 0


def test_the_short_way_of_jobs_query_answers_the_same(client: bigquery.Client) -> None:
    [row] = client.query_and_wait(f"SELECT COUNT(*) AS n FROM `{DETAILED}`")

    assert row["n"] == client.get_table(DETAILED).num_rows


def test_wildcard_tables_tell_their_suffix(client: bigquery.Client) -> None:
    sql = (
        "SELECT _TABLE_SUFFIX AS suffix, COUNT(*) AS n FROM `qh-billing.billing_export.gcp_billing_export_*`"
        " GROUP BY 1 ORDER BY 1"
    )

    assert [row["suffix"] for row in client.query(sql).result()] == [f"resource_v1_{SUFFIX}", f"v1_{SUFFIX}"]


def test_information_schema_tells_tables_columns_and_partitions(client: bigquery.Client) -> None:
    views = {
        name: list(client.query(f"SELECT * FROM `qh-billing.billing_export.INFORMATION_SCHEMA.{name}`").result())
        for name in ("TABLES", "COLUMNS", "PARTITIONS")
    }

    assert {row["table_type"] for row in views["TABLES"]} == {"BASE TABLE"}
    assert ("credits", "ARRAY<STRUCT>") in {(row["column_name"], row["data_type"]) for row in views["COLUMNS"]}
    assert "20261005" in {row["partition_id"] for row in views["PARTITIONS"]}


@pytest.mark.parametrize(
    ("sql", "error", "said"),
    [
        ("SELEC 1", exceptions.BadRequest, "Syntax error"),
        (f"SELECT nope FROM `{DETAILED}`", exceptions.BadRequest, "Unrecognized name: nope"),
        ("SELECT 1 FROM `qh-billing.billing_export.nope`", exceptions.NotFound, "Not found: Table"),
        ("SELECT 1 FROM `qh-billing.nope.nope`", exceptions.NotFound, "Not found: Dataset"),
        ("SELECT 1 FROM nope", exceptions.BadRequest, "must be qualified with a dataset"),
    ],
)
def test_a_wrong_query_is_refused_in_bigquerys_words(client: bigquery.Client, sql: str, error, said: str) -> None:
    with pytest.raises(error, match=said):
        client.query(sql).result()


def test_a_dataset_in_another_location_is_not_found_from_here(gcp: Endpoint, client: bigquery.Client) -> None:
    gcp.warehouse.dataset("billing_export").location = "europe-west1"

    with pytest.raises(exceptions.NotFound, match="was not found in location EU"):
        client.query(f"SELECT 1 FROM `{DETAILED}`", location="EU").result()
    job = client.query(f"SELECT COUNT(*) AS n FROM `{DETAILED}`")

    assert job.location == "europe-west1"
    assert [row["n"] for row in job.result()] == [client.get_table(DETAILED).num_rows]
    with pytest.raises(exceptions.NotFound, match="Not found: Job"):
        client.get_job(job.job_id, location="US")


def test_a_table_that_one_may_not_read_is_said_to_be_denied(gcp: Endpoint, client: bigquery.Client) -> None:
    gcp.policy.deny("bigquery.tables.getData", "*/tables/gcp_billing_export_resource_*")

    with pytest.raises(exceptions.Forbidden, match="Access Denied: Table"):
        client.query(f"SELECT 1 FROM `{DETAILED}`").result()
    assert list(client.query("SELECT 1 AS one FROM `billing_export.cud_subscriptions_export`").result())


def test_what_does_not_translate_is_said_to_be_unimplemented_and_noted(gcp: Endpoint, client) -> None:
    with pytest.raises(exceptions.MethodNotImplemented):
        client.query("SELECT ST_GEOGPOINT(1, 2)").result(retry=None)
    with pytest.raises(exceptions.MethodNotImplemented):
        client.query("CREATE TABLE billing_export.x AS SELECT 1").result(retry=None)

    assert len(gcp.unimplemented) == 2


def test_a_sync_of_an_earlier_moment_sees_what_was_exported_until_then(gcp: Endpoint, client) -> None:
    table = gcp.warehouse.table(f"gcp_billing_export_resource_v1_{SUFFIX}")
    sql = f"SELECT MAX(export_time) AS last, COUNT(*) AS n FROM `{DETAILED}`"

    table.exported_until(datetime(2026, 11, 10, tzinfo=UTC))
    [early] = client.query(sql).result()
    table.exported_until(None)
    [late] = client.query(sql).result()

    assert early["last"] <= datetime(2026, 11, 10, tzinfo=UTC) < late["last"]
    assert early["n"] < late["n"]


def test_the_focus_view_is_a_view_that_costs_what_its_query_reads(gcp: Endpoint, client: bigquery.Client) -> None:
    add_focus_view(gcp.warehouse)
    table = client.get_table("billing_export.focus_v1_0")
    sql = "SELECT SUM(BilledCost) AS n FROM billing_export.focus_v1_0"

    [row] = client.query(sql).result()

    [truth] = gcp.ledger.rows("SELECT sum(BilledCost) AS n FROM focus")
    assert (table.table_type, "gcp_billing_export_resource_v1" in table.view_query) == ("VIEW", True)
    assert row["n"] == truth["n"]
    assert dry(client, sql) > dry(client, f"SELECT SUM(cost) FROM `{DETAILED}`")
