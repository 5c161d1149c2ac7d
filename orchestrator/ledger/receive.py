"""Receiving a dataset's part: its bytes, rows and columns must be what was announced, then it is filed."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import duckdb

from orchestrator.ledger.duck import connect
from orchestrator.ledger.filing import corrupt, file_part
from orchestrator.ledger.home import LedgerHome
from shared_models.dataset import columns_of
from shared_models.export import DatasetPart
from shared_models.quoting import literal


def receive_datasets(home: LedgerHome, parts: Sequence[DatasetPart]) -> None:
    """Bring each part's file under its content's name, verified; what is there already is not read again.

    Raises:
        TransferCorruptError: a part holds something else than announced.
        LedgerUnavailableError: the disk refused.

    """
    with connect() as connection:
        for part in parts:
            file_part(part, home.snapshots / f"{part.sha256}.parquet", partial(_verify, connection, part))


def _verify(connection: duckdb.DuckDBPyConnection, part: DatasetPart, file: Path) -> None:
    relation = f"read_parquet({literal(str(file))})"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        rows = connection.execute(f"SELECT count(*) FROM {relation}").fetchone() or (0,)
    except duckdb.Error as error:
        raise corrupt(part, "is no Parquet file") from error
    columns = {str(row[0]): str(row[1]) for row in described}
    if columns != columns_of(part.name) or rows[0] != part.rows:
        raise corrupt(part, "does not hold what was announced")
