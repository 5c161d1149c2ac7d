"""The BigQuery Storage Read API over gRPC: read sessions whose streams give Arrow record batches."""

import secrets
from collections.abc import Iterator
from typing import Any, Final

import duckdb
import pyarrow as pa
from google.cloud.bigquery_storage_v1 import types

from tests.clouds.gcp import bq_bytes
from tests.clouds.gcp.bq_jobs import Jobs, require_read
from tests.clouds.gcp.bq_sql import understand
from tests.clouds.gcp.bq_types import cast_of
from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import invalid, not_found, unimplemented
from tests.clouds.gcp.warehouse import Table

ROWS_OF_A_BATCH: Final = 500


def create_session(call: Call) -> types.ReadSession:
    """A session over a table or over the anonymous table of a query's result."""
    asked, options = call.request.read_session, call.request.read_session.read_options
    call.require("bigquery.readsessions.create", call.request.parent)
    if asked.data_format != types.DataFormat.ARROW:
        raise unimplemented("read sessions but in Arrow")
    rows, scanned = _rows(call, asked.table, list(options.selected_fields), options.row_restriction)
    count = min(call.request.max_stream_count or 2, 2, max(1, rows.num_rows))
    share = -(-rows.num_rows // count)
    name = f"{call.request.parent}/locations/eu/sessions/{secrets.token_hex(12)}"
    streams = [f"{name}/streams/{number}" for number in range(count)] if rows.num_rows else []
    for number, stream in enumerate(streams):
        call.warehouse.streams[stream] = rows.slice(number * share, share)
    call.warehouse.scanned += scanned
    return types.ReadSession(
        name=name,
        table=asked.table,
        data_format=asked.data_format,
        arrow_schema=types.ArrowSchema(serialized_schema=rows.schema.serialize().to_pybytes()),
        read_options=asked.read_options,
        streams=[types.ReadStream(name=stream) for stream in streams],
        estimated_total_bytes_scanned=scanned,
        estimated_row_count=rows.num_rows,
    )


def read_rows(call: Call) -> Iterator[types.ReadRowsResponse]:
    """The rows of a stream from an offset on."""
    rows: pa.Table | None = call.warehouse.streams.get(call.request.read_stream)
    if rows is None:
        raise not_found(f"Stream not found: {call.request.read_stream}")
    if call.request.offset > rows.num_rows:
        raise invalid(f"requested offset {call.request.offset} is beyond the end of the stream")
    size = call.page_size or ROWS_OF_A_BATCH
    return _batches(rows, call.request.offset, size)


def _batches(rows: pa.Table, offset: int, size: int) -> Iterator[types.ReadRowsResponse]:
    schema = types.ArrowSchema(serialized_schema=rows.schema.serialize().to_pybytes())
    first = True
    for batch in rows.slice(offset).combine_chunks().to_batches(max_chunksize=size):
        yield types.ReadRowsResponse(
            arrow_record_batch=types.ArrowRecordBatch(
                serialized_record_batch=batch.serialize().to_pybytes(), row_count=batch.num_rows
            ),
            row_count=batch.num_rows,
            arrow_schema=schema if first else None,
        )
        first = False


def _rows(call: Call, resource: str, fields: list[str], restriction: str) -> tuple[pa.Table, int]:
    parts = resource.split("/")
    if len(parts) != 6 or parts[::2] != ["projects", "datasets", "tables"]:
        raise invalid(f"Malformed table name: {resource}")
    jobs: Jobs = call.settings["jobs"]
    if (job := jobs.result_of(*parts[1::2])) and job.rows is not None:
        if restriction:
            raise unimplemented("row_restriction on a query's result")
        return job.rows.select(fields) if fields else job.rows, 0
    table = call.warehouse.find(*parts[1::2])
    require_read(call, table.resource)
    columns = _columns(call, table, fields)
    where = f" WHERE {restriction}" if restriction else ""
    sql = f"SELECT {', '.join(fields) or '*'} FROM `{table.project}.{table.dataset}.{table.name}`{where}"
    query = understand(sql, call.warehouse, table.project, {}, [])
    scanned = bq_bytes.processed(query, call.warehouse)
    query.tree.set("expressions", [])
    with call.ledger.cursor() as cursor:
        try:
            kept = query.tree.select("*", dialect="duckdb").sql(dialect="duckdb")
            return cursor.sql(f"SELECT {', '.join(columns)} FROM ({kept})").to_arrow_table(), scanned
        except duckdb.Error as error:
            raise invalid(f"request failed: Query error: {str(error).splitlines()[0]}") from error


def _columns(call: Call, table: Table, fields: list[str]) -> list[str]:
    """The selected columns, records cut to their selected members, all as BigQuery types them."""
    known = dict(call.warehouse.columns(table.sql))
    lower = {name.lower(): name for name in known}
    chosen: dict[str, list[str]] = {}
    for field in fields or list(known):
        first, _, rest = field.partition(".")
        if first.lower() not in lower or "." in rest:
            raise invalid(f"request failed: The following selected fields do not exist in the table schema: {field}")
        chosen.setdefault(lower[first.lower()], []).append(rest)
    return [_column(name, known[name], members) for name, members in chosen.items()]


def _column(name: str, kind: Any, members: list[str]) -> str:
    if "" in members:
        return f'CAST("{name}" AS {cast_of(kind)}) AS "{name}"'
    if kind.id != "struct":
        raise unimplemented("selected members of repeated records")
    inner = dict(kind.children)
    packed = ", ".join(f'"{one}" := CAST("{name}"."{one}" AS {cast_of(inner[one])})' for one in members)
    return f'struct_pack({packed}) AS "{name}"'


OPERATIONS: Final = {"BigQueryRead.CreateReadSession": create_session, "BigQueryRead.ReadRows": read_rows}
