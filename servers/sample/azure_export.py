"""Azure Cost Management exports: one run a billing period, and of the open period an older run beside the newest."""

import gzip
import json
import shutil
import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import duckdb

from servers.sample.azure_columns import COLUMNS
from servers.sample.estates import Estate
from servers.sample.plan import Plan, following
from servers.sample.sql import copy_csv

EXPORT: Final = "quillhaven-focus-cost"
_ROWS_A_PART: Final = 250_000
_LEVEL: Final = 4
_BLOCK: Final = 1 << 20
_OLDER_BY: Final = timedelta(days=4)
WITHOUT_CONTRACTED: Final = ("functions-gbs", "keyvault-ops")


def apply_quirks(connection: duckdb.DuckDBPyConnection, estate: Estate) -> None:
    """What Microsoft's export is known to lack: the marketplace's list cost, the contracted cost of some meters."""
    if estate.provider != "azure":
        return
    connection.execute("UPDATE charge SET list_cost = 0, list_price = NULL WHERE sku = 'marketplace'")
    connection.execute(
        "UPDATE charge SET contracted_cost = 0, contracted_price = NULL WHERE list_contains(?, sku)",
        [list(WITHOUT_CONTRACTED)],
    )


def write_azure(connection: duckdb.DuckDBPyConnection, month: date, plan: Plan, folder: Path) -> None:
    """Write one billing period: the newest run, and for the open one the run of some days ago too."""
    last = following(month) - timedelta(days=1)
    period = folder / EXPORT / f"{month:%Y%m%d}-{last:%Y%m%d}"
    made = min(following(month) + timedelta(days=5), plan.last_day)
    _write_run(connection, period, month, last, made, "true")
    older = made - _OLDER_BY
    if not plan.is_closed(month) and older > month:
        _write_run(connection, period, month, last, older, f"day < DATE '{older}'")


def _write_run(
    connection: duckdb.DuckDBPyConnection, period: Path, month: date, last: date, made: date, where: str
) -> None:
    run = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{EXPORT}/{month}/{made}"))
    folder = period / run
    folder.mkdir(parents=True, exist_ok=True)
    row = connection.execute(f"SELECT count(*) FROM charge WHERE {where}").fetchone() or (0,)
    parts = 1 + int(row[0]) // _ROWS_A_PART
    select = ", ".join(f'{sql} AS "{name}"' for name, sql in COLUMNS.items())
    blobs: list[dict[str, object]] = []
    for number in range(parts):
        file = folder / f"part_{number}_0001.csv.gz"
        rows = copy_csv(
            connection,
            f"SELECT {select} FROM bill WHERE {where} AND COALESCE(line_key, 0) % {parts} = {number}",
            file.with_suffix(""),
        )
        _compress(file)
        name = f"exports/{EXPORT}/{period.name}/{run}/{file.name}"
        blobs.append({"blobName": name, "byteCount": file.stat().st_size, "dataRowCount": rows})
    manifest = {
        "manifestVersion": "2024-04-01",
        "blobCount": parts,
        "dataRowCount": int(row[0]),
        "exportConfig": {
            "exportName": EXPORT,
            "dataVersion": "1.2-preview",
            "type": "FocusCost",
            "timeFrame": "Custom",
            "granularity": "Daily",
        },
        "deliveryConfig": {"partitionData": True, "fileFormat": "Csv", "compressionMode": "gzip"},
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{made}T04:12:31.0000000Z",
            "runId": run,
            "startDate": f"{month}T00:00:00",
            "endDate": f"{last}T00:00:00",
        },
        "blobs": blobs,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")


def _compress(file: Path) -> None:
    """Turn `<file without .gz>` into `<file>`, at a level that costs a third of the database's own compression."""
    plain = file.with_suffix("")
    with plain.open("rb") as source, file.open("wb") as target, gzip.GzipFile("", "wb", _LEVEL, target, 0) as packed:
        shutil.copyfileobj(source, packed, _BLOCK)
    plain.unlink()
