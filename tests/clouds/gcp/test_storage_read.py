"""The Storage Read API through its own client: Arrow batches that say what the REST rows say."""

from decimal import Decimal

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import BigQueryReadClient, types
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from tests.clouds.gcp.endpoint import Endpoint

DETAILED = "projects/qh-billing/datasets/billing_export/tables/gcp_billing_export_resource_v1_01A7F3_9C42E8_D5B610"


@pytest.fixture
def reader(gcp: Endpoint):
    with gcp.channel(gcp.credentials()) as channel:
        yield BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))


def session(reader: BigQueryReadClient, streams: int = 2, **options: object) -> types.ReadSession:
    asked = types.ReadSession(table=DETAILED, data_format=types.DataFormat.ARROW, read_options=options)
    return reader.create_read_session(parent="projects/qh-billing", read_session=asked, max_stream_count=streams)


def rows_of(reader: BigQueryReadClient, opened: types.ReadSession) -> list[dict]:
    schema = pa.ipc.read_schema(pa.py_buffer(opened.arrow_schema.serialized_schema))
    return [
        row
        for stream in opened.streams
        for message in reader.read_rows(stream.name)
        for row in pa.ipc.read_record_batch(
            pa.py_buffer(message.arrow_record_batch.serialized_record_batch), schema
        ).to_pylist()
    ]


def test_all_streams_together_are_the_table(gcp: Endpoint, reader: BigQueryReadClient) -> None:
    opened = session(reader)

    rows = rows_of(reader, opened)

    assert len(opened.streams) == 2
    assert len(rows) == opened.estimated_row_count == gcp.ledger.rows("SELECT count(*) AS n FROM detailed")[0]["n"]
    assert rows[0]["usage_start_time"].tzinfo is not None
    assert isinstance(rows[0]["price"]["effective_price"] or Decimal(0), Decimal)
    assert gcp.warehouse.scanned == opened.estimated_total_bytes_scanned > 100_000
    assert gcp.warehouse.billed == 0


def test_selected_fields_and_a_restriction_are_kept(reader: BigQueryReadClient) -> None:
    opened = session(
        reader,
        selected_fields=["cost", "service.description", "export_time"],
        row_restriction="service.description = 'BigQuery' AND export_time >= TIMESTAMP('2026-11-01')",
    )

    rows = rows_of(reader, opened)

    assert {tuple(row) for row in rows} == {("cost", "service", "export_time")}
    assert {row["service"]["description"] for row in rows} == {"BigQuery"}
    assert min(row["export_time"] for row in rows).month == 11


def test_partitions_can_be_chosen_by_the_pseudo_column(reader: BigQueryReadClient) -> None:
    everything, day = session(reader), session(reader, row_restriction="_PARTITIONDATE = '2026-10-05'")

    rows = rows_of(reader, day)

    assert {row["export_time"].day for row in rows} == {5}
    assert day.estimated_total_bytes_scanned < everything.estimated_total_bytes_scanned / 10


def test_a_broken_stream_is_taken_up_where_it_broke(gcp: Endpoint, reader: BigQueryReadClient) -> None:
    gcp.page_sizes["BigQueryRead"] = 300
    gcp.faults.truncate("BigQueryRead.ReadRows")
    opened = session(reader, streams=1)

    rows = rows_of(reader, opened)

    assert len(rows) == opened.estimated_row_count
    assert [one.request.offset for one in gcp.served if one.method == "BigQueryRead.ReadRows"] == [0, 300]


def test_the_result_of_a_query_is_read_as_arrow(gcp: Endpoint, reader: BigQueryReadClient) -> None:
    sql = "SELECT service.description AS service, SUM(CAST(cost AS NUMERIC)) AS cost FROM `{}` GROUP BY 1".format(
        DETAILED.replace("projects/", "").replace("/datasets/", ".").replace("/tables/", ".")
    )
    with bigquery.Client("qh-billing", gcp.credentials(), client_options=gcp.options()) as client:
        by_rest = {row["service"]: row["cost"] for row in client.query(sql).result()}
        destination = client.query(sql)
        destination.result()
        table = destination.destination

    asked = types.ReadSession(
        table=f"projects/{table.project}/datasets/{table.dataset_id}/tables/{table.table_id}",
        data_format=types.DataFormat.ARROW,
    )
    opened = reader.create_read_session(parent="projects/qh-billing", read_session=asked, max_stream_count=1)

    assert {row["service"]: row["cost"] for row in rows_of(reader, opened)} == by_rest


def test_a_table_that_one_may_not_read_is_denied(gcp: Endpoint, reader: BigQueryReadClient) -> None:
    gcp.policy.deny("bigquery.tables.getData", "*gcp_billing_export_resource*")

    with pytest.raises(exceptions.PermissionDenied):
        session(reader)
    gcp.policy.denials.clear()
    with pytest.raises(exceptions.InvalidArgument):
        session(reader, selected_fields=["nope"])
