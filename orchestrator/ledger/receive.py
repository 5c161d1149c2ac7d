"""Receiving a dataset's part: its bytes, rows and columns must be what was announced, then it is filed."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from orchestrator.ledger.duck import connect, text_literal
from orchestrator.ledger.home import LedgerHome, publish
from serving.files import discard, temporary_beside
from shared_models.dataset import columns_of
from shared_models.disk import unavailable
from shared_models.errors import TransferCorruptError
from shared_models.export import DatasetPart

_BLOCK: Final = 1 << 20


def receive_datasets(home: LedgerHome, parts: Sequence[DatasetPart]) -> None:
    """Bring each part's file under its content's name, verified; what is there already is not read again.

    Raises:
        TransferCorruptError: a part holds something else than announced.
        LedgerUnavailableError: the disk refused.

    """
    with connect() as connection:
        for part in parts:
            _receive(home, part, connection)


def _receive(home: LedgerHome, part: DatasetPart, connection: duckdb.DuckDBPyConnection) -> None:
    final = home.snapshots / f"{part.sha256}.parquet"
    if final.exists():
        return
    incoming = temporary_beside(final)
    try:
        _take(Path(part.path), incoming)
        _verify(incoming, part, connection)
        publish(incoming, final)
    except OSError as error:
        raise unavailable(error, final.name) from error
    finally:
        discard(incoming)


def _take(source: Path, target: Path) -> None:
    # A hard link costs nothing; the server's file is immutable and content-addressed too.
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _verify(file: Path, part: DatasetPart, connection: duckdb.DuckDBPyConnection) -> None:
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != part.sha256:
        raise _corrupt(part, "arrived with other bytes than announced")
    relation = f"read_parquet({text_literal(str(file))})"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        rows = connection.execute(f"SELECT count(*) FROM {relation}").fetchone() or (0,)
    except duckdb.Error as error:
        raise _corrupt(part, "is no Parquet file") from error
    columns = {str(row[0]): str(row[1]) for row in described}
    if columns != columns_of(part.name) or rows[0] != part.rows:
        raise _corrupt(part, "does not hold what was announced")


def _corrupt(part: DatasetPart, what: str) -> TransferCorruptError:
    return TransferCorruptError(
        f"The dataset {part.name.value} of {part.provider} {what}.",
        hint="Repeat the sync; nothing was changed.",
        details={"dataset": part.name.value, "provider": part.provider},
    )
