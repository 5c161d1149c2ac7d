"""The rows of partition days as Parquet by invoice month: by the Storage Read API, or by a query where that fails.

Reading costs less than querying (1.10 against 6.25 USD a TiB) and is asked for first; whoever may not open read
sessions queries.
"""

# pyarrow has no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from servers.gcp.billing_exports.discovery import ExportTable
from servers.gcp.billing_exports.queries import READ_PRICE, begun, give_back, settle, take
from servers.gcp.live import Live
from shared_models.disk import unavailable
from shared_models.errors import FinOpsError, PermissionDeniedError, SourceNotEnabledError, TransferCorruptError

pc: Final[Any] = pyarrow.compute
_STREAMS: Final = 4


def condition_of(days: Sequence[str]) -> str:
    """The partitions of these days, so that no others are billed."""
    listed = ", ".join(f"TIMESTAMP('{day}')" for day in days)
    return f"_PARTITIONTIME IN ({listed})"


def fetch(live: Live, table: ExportTable, days: Sequence[str], folder: Path) -> tuple[dict[str, int], int]:
    """Write the rows of some partitions (all without any) to a folder; invoice month -> days with usage, and the rows.

    Raises:
        PurseEmptyError: today's limits do not allow it; nothing was read.
        TransferCorruptError: fewer or more rows arrived than BigQuery announced.
        LedgerUnavailableError: the disk refused.
        FinOpsError: BigQuery refuses or fails.

    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        writer = ByMonth(folder, table)
        try:
            announced = _read(live, table, days, writer)
        finally:
            writer.close()
    except OSError as error:
        raise unavailable(error, folder.name) from error
    if announced is not None and announced != writer.rows:
        raise TransferCorruptError(
            f"{writer.rows} of {announced} rows of {table.name} arrived.", hint="Repeat the sync."
        )
    return writer.months, writer.rows


def _read(live: Live, table: ExportTable, days: Sequence[str], writer: "ByMonth") -> int | None:
    """How many rows were announced, where that was told."""
    if table.partitioned:
        try:
            session, paid = _session(live, table, days)
        except (PermissionDeniedError, SourceNotEnabledError):
            pass  # a query needs neither the API nor its permission
        else:
            for batch in _streamed(live, table, session):
                writer.write(batch)
            give_back(live, paid, session.estimated_total_bytes_scanned, READ_PRICE)
            return None if not session.streams and not writer.rows else _announced(session)
    where = f" WHERE {condition_of(days)}" if table.partitioned and days else ""
    job, rows, paid = begun(live, f"SELECT * FROM `{table.name}`{where}", on=table.resource, location=table.location)
    try:
        for batch in rows.to_arrow_iterable():
            writer.write(batch)
    except OSError:
        raise
    except Exception as error:
        raise live.told(error, "bigquery.jobs.getQueryResults", table.resource) from error
    settle(live, job, paid)
    return int(rows.total_rows)


def _announced(session: Any) -> int | None:
    """The session's count is an estimate; exact where the restriction is on whole partitions, as ours is."""
    return int(session.estimated_row_count) or None


def _session(live: Live, table: ExportTable, days: Sequence[str]) -> tuple[Any, Any]:
    """An open read session whose bytes are taken from the purses."""
    request = {
        "parent": f"projects/{live.sessions.project()}",
        "read_session": {
            "table": table.resource,
            "data_format": "ARROW",
            "read_options": {"row_restriction": condition_of(days)},
        },
        "max_stream_count": _STREAMS,
    }
    session = live.asked("bigquerystorage", "create_read_session", request, on=table.resource)
    return session, take(live, int(session.estimated_total_bytes_scanned), READ_PRICE)


def _streamed(live: Live, table: ExportTable, session: Any) -> Iterator[Any]:
    """Every record batch of every stream; a stream that breaks is taken up where it broke."""
    client = live.sessions.client("bigquerystorage")
    schema: Any = None
    for stream in session.streams:
        live.limiter("bigquerystorage").wait()
        try:
            for message in client.read_rows(stream.name, retry=live.sessions.retry):
                schema = schema or pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
                yield pa.ipc.read_record_batch(pa.py_buffer(message.arrow_record_batch.serialized_record_batch), schema)
        except FinOpsError:
            raise
        except Exception as error:
            raise live.told(error, "bigquerystorage.read_rows", table.resource) from error


class ByMonth:
    """Parquet files by invoice month, written batch by batch."""

    def __init__(self, folder: Path, table: ExportTable) -> None:
        self._folder = folder
        self._table = table
        self._writers: dict[str, Any] = {}
        self.months: dict[str, int] = {}
        self.rows = 0

    def write(self, batch: Any) -> None:
        """Split a batch by its rows' invoice months."""
        if not batch.num_rows:
            return
        months, days = _months(batch), pc.strftime(_starts(batch), format="%Y%m%d")
        for month in pc.unique(months).to_pylist():
            own = pc.equal(months, month)
            part = batch.filter(own)
            self.months.setdefault(month, 0)
            for day in pc.unique(days.filter(own)).to_pylist():
                if day is not None and day.startswith(month):
                    self.months[month] |= 1 << (int(day[6:]) - 1)
            if month not in self._writers:
                file = self._folder / f"{month}.parquet"
                self._writers[month] = pq.ParquetWriter(file, batch.schema, compression="zstd")
            self._writers[month].write_batch(part)
        self.rows += batch.num_rows

    def close(self) -> None:
        """Finish the files; they are dated as the table is."""
        for month, writer in self._writers.items():
            writer.close()
            if self._table.modified is not None:
                made = self._table.modified.timestamp()
                os.utime(self._folder / f"{month}.parquet", (made, made))


def _months(batch: Any) -> Any:
    """`202610` for each row: the month on whose invoice it is; the month of its usage where it has none."""
    names = set(batch.schema.names)
    if "invoice" in names:
        told = pc.struct_field(batch.column("invoice"), "month")
    elif "BillingPeriodStart" in names:
        told = pc.strftime(batch.column("BillingPeriodStart"), format="%Y%m")
    else:
        told = pa.nulls(batch.num_rows, pa.string())
    used = pc.strftime(_starts(batch), format="%Y%m")
    return pc.fill_null(pc.coalesce(told, used), f"{datetime.now(UTC):%Y%m}")


def _starts(batch: Any) -> Any:
    """When each row's usage began, in UTC."""
    return batch.column("usage_start_time" if "usage_start_time" in batch.schema.names else "ChargePeriodStart")
