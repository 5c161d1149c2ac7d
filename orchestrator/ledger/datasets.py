"""Datasets beside the bills: immutable Parquet snapshots per (dataset, provider, source), each with its own age."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.business.config import AccountRecord
from orchestrator.ledger.catalog import keep_reports, new_generation
from orchestrator.ledger.dataset_rows import DatasetSnapshot, current_row, insert_row, refresh_row, snapshot_of
from orchestrator.ledger.dataset_sources import settle_sources
from orchestrator.ledger.duck import connect, readable
from orchestrator.ledger.journal import FORGOTTEN
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.receive import receive_datasets
from shared_models.dataset import FOCUS_DATASETS, DatasetName, columns_of
from shared_models.errors import SnapshotExpiredError
from shared_models.export import DatasetPart, ImportReport
from shared_models.organisation import SubAccount
from shared_models.quoting import literal


@dataclass(frozen=True)
class DatasetTable:
    """A dataset as a table: the files to read as one table, perhaps none, and the columns that each of them has."""

    files: tuple[Path, ...]
    columns: Mapping[str, str]


class Datasets:
    """Take in, commit and read snapshots of what is not a bill."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def receive(self, parts: Sequence[DatasetPart]) -> None:
        """Verify the parts and file them; nothing counts before `book`. What the ledger has already is not read again.

        Raises:
            TransferCorruptError: a part has other bytes, rows or columns than announced.
            LedgerUnavailableError: the disk refused.

        """
        receive_datasets(self._ledger.home, parts)

    def book(
        self, parts: Sequence[DatasetPart], reports: Sequence[ImportReport] = (), *, now: datetime, reason: str
    ) -> int:
        """Receive and commit parts in one step, each in place of what its source said before; returns how many are new.

        A part that says what the ledger has already changes nothing but its age.

        Raises:
            TransferCorruptError: a part has other bytes, rows or columns than announced.
            LedgerUnavailableError: the disk refused; nothing was changed.

        """
        with self._ledger.home.writing():  # no sweep takes a file between its arrival and the commit
            self.receive(parts)
            with self._ledger.catalog.committing() as connection:
                return self.book_within(connection, parts, reports, now=now, reason=reason)

    def book_within(
        self,
        connection: sqlite3.Connection,
        parts: Sequence[DatasetPart],
        reports: Sequence[ImportReport] = (),
        *,
        now: datetime,
        reason: str,
    ) -> int:
        """The same for received parts inside of another commit, so that both count at once or neither does.

        Raises:
            LedgerCorruptError: the file of another source, to merge with, is gone or damaged.
            LedgerUnavailableError: the disk refused.

        """
        fresh = [part for part in parts if not _is_known(connection, part, now)]
        if not fresh:
            return 0
        generation = new_generation(connection, reason, now)
        for part in fresh:
            insert_row(connection, _said(part, now), generation)
        for name, provider in sorted({(part.name, part.provider) for part in fresh}):
            if name in FOCUS_DATASETS:
                settle_sources(connection, self._ledger.home, name, provider, generation, now)
        keep_reports(connection, reports, generation)
        return len(fresh)

    def current(self, name: DatasetName | None = None) -> tuple[DatasetSnapshot, ...]:
        """The snapshots that count now, of one dataset or of all."""
        return self._snapshots(name, None)

    def at(self, name: DatasetName, generation: int) -> tuple[DatasetSnapshot, ...]:
        """What counted of a dataset in a generation.

        Raises:
            SnapshotExpiredError: a part of it was forgotten since.

        """
        found = self._snapshots(name, generation)
        if any(snapshot.file == FORGOTTEN for snapshot in found):
            raise SnapshotExpiredError(generation)
        return found

    def table_at(self, name: DatasetName, generation: int) -> DatasetTable:
        """A dataset as it was in a generation, for SQL; one that was never delivered has no files.

        Raises:
            SnapshotExpiredError: a part of it was forgotten since.

        """
        files = tuple(self._ledger.home.root / snapshot.file for snapshot in self.at(name, generation))
        return DatasetTable(files, columns_of(name))

    def known_sha256(self) -> list[str]:
        """The content of what the sources say now and whose file is there: it need not be transferred again."""
        with self._ledger.catalog.reading() as connection:
            rows = connection.execute("SELECT sha256, file FROM dataset WHERE to_generation IS NULL").fetchall()
        return sorted({row["sha256"] for row in rows if (self._ledger.home.root / row["file"]).is_file()})

    def organisation(self) -> tuple[tuple[AccountRecord, ...], dict[str, int]]:
        """The account tree as dimension records, and the number of sub accounts of each provider."""
        records: list[AccountRecord] = []
        counts: dict[str, int] = {}
        for snapshot in self.current(DatasetName.ORGANISATION):
            accounts = [SubAccount.model_validate(item) for item in self.items(snapshot)]
            counts[snapshot.provider] = len({account.sub_account_id for account in accounts})
            records += [_record(account) for account in accounts]
        return tuple(records), counts

    def items(self, *snapshots: DatasetSnapshot) -> list[dict[str, Any]]:
        """The rows of some snapshots of one dataset, without their nulls, times in UTC, in the files' order."""
        if not snapshots:
            return []
        files = ", ".join(literal(str(self._ledger.home.root / snapshot.file)) for snapshot in snapshots)
        with connect() as connection, readable(snapshots[0].file):
            connection.execute("SET preserve_insertion_order = true")
            result = connection.execute(f"SELECT * FROM read_parquet([{files}])")
            names = [str(column[0]) for column in result.description or ()]
            rows = result.fetchall()
        return [
            {name: _aware(value) for name, value in zip(names, row, strict=True) if value is not None} for row in rows
        ]

    def _snapshots(self, name: DatasetName | None, generation: int | None) -> tuple[DatasetSnapshot, ...]:
        with self._ledger.catalog.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM dataset WHERE booked = 1 AND (:name IS NULL OR name = :name) AND CASE WHEN :at IS NULL"
                " THEN to_generation IS NULL ELSE from_generation <= :at AND (to_generation IS NULL OR"
                " to_generation > :at) END ORDER BY name, provider, source_key",
                {"name": name.value if name else None, "at": generation},
            ).fetchall()
        return tuple(snapshot_of(row) for row in rows)


def _is_known(connection: sqlite3.Connection, part: DatasetPart, now: datetime) -> bool:
    """Whether the source said the same the last time; its age is then brought up to date."""
    found = current_row(connection, part.name, part.provider, part.source_key)
    if found is None or found["sha256"] != part.sha256:
        return False
    refresh_row(connection, int(found["id"]), part.data_as_of, now)
    return True


def _said(part: DatasetPart, now: datetime) -> DatasetSnapshot:
    return DatasetSnapshot(
        name=part.name,
        provider=part.provider,
        source_key=part.source_key,
        file=f"snapshots/{part.sha256}.parquet",
        rows=part.rows,
        sha256=part.sha256,
        data_as_of=part.data_as_of,
        fetched_at=now,
    )


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _record(account: SubAccount) -> AccountRecord:
    names = {
        "organisation_path": "/".join(account.path),
        "organisation_unit": account.path[-1] if account.path else None,
        **{f"organisation_level_{n}": name for n, name in enumerate(account.path, start=1)},
    }
    return AccountRecord.model_validate(
        {
            "sub_account_id": account.sub_account_id,
            "valid_from": account.valid_from.astimezone(UTC).date() if account.valid_from else None,
            "valid_to": account.valid_to.astimezone(UTC).date() if account.valid_to else None,
            **{name: value for name, value in names.items() if value},
        }
    )
