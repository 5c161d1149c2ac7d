"""Datasets beside the bills: one immutable Parquet snapshot per (dataset, provider), each with its own age."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from orchestrator.business.config import AccountRecord
from orchestrator.ledger.catalog import new_generation, stamp, unstamp
from orchestrator.ledger.duck import connect, readable, text_literal
from orchestrator.ledger.home import publish
from orchestrator.ledger.ledger import Ledger
from serving.files import discard, temporary_beside
from shared_models.organisation import SubAccount


class DatasetName(StrEnum):
    """What is kept beside the bills."""

    INVENTORY = "inventory"
    RECOMMENDATIONS = "recommendations"
    COMMITMENTS = "commitments"
    ORGANISATION = "organisation"


@dataclass(frozen=True)
class DatasetSnapshot:
    """The current snapshot of one dataset of one provider."""

    name: DatasetName
    provider: str
    file: str
    rows: int
    data_as_of: datetime | None
    fetched_at: datetime


class Datasets:
    """Store and read snapshots of what is not a bill."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def store(
        self,
        name: DatasetName,
        provider: str,
        items: Sequence[BaseModel],
        *,
        data_as_of: datetime | None,
        now: datetime,
    ) -> None:
        """Replace a provider's snapshot; an import of bills never waits for it.

        Raises:
            LedgerUnavailableError: the disk refused.

        """
        final = self._ledger.home.snapshots / f"{name.value}-{provider}-{uuid.uuid4().hex[:12]}.parquet"
        _write(final, items)
        digest = hashlib.sha256(final.read_bytes()).hexdigest()
        with self._ledger.catalog.committing() as connection:
            generation = new_generation(connection, f"{name.value} {provider}", now)
            connection.execute(
                "UPDATE dataset SET to_generation = ? WHERE name = ? AND provider = ? AND to_generation IS NULL",
                [generation, name.value, provider],
            )
            connection.execute(
                "INSERT INTO dataset (name, provider, file, rows, sha256, data_as_of, fetched_at, from_generation)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    name.value,
                    provider,
                    f"snapshots/{final.name}",
                    len(items),
                    digest,
                    stamp(data_as_of) if data_as_of else None,
                    stamp(now),
                    generation,
                ],
            )

    def current(self, name: DatasetName | None = None) -> tuple[DatasetSnapshot, ...]:
        """The current snapshots, of one dataset or of all."""
        with self._ledger.catalog.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM dataset WHERE to_generation IS NULL AND (?1 IS NULL OR name = ?1)"
                " ORDER BY name, provider",
                [name.value if name else None],
            ).fetchall()
        return tuple(
            DatasetSnapshot(
                name=DatasetName(row["name"]),
                provider=row["provider"],
                file=row["file"],
                rows=int(row["rows"]),
                data_as_of=unstamp(row["data_as_of"]) if row["data_as_of"] else None,
                fetched_at=unstamp(row["fetched_at"]),
            )
            for row in rows
        )

    def organisation(self) -> tuple[tuple[AccountRecord, ...], dict[str, int]]:
        """The account tree as dimension records, and the number of sub accounts of each provider."""
        records: list[AccountRecord] = []
        counts: dict[str, int] = {}
        for snapshot in self.current(DatasetName.ORGANISATION):
            accounts = [SubAccount.model_validate(item) for item in self.items(snapshot)]
            counts[snapshot.provider] = len({account.sub_account_id for account in accounts})
            records += [_record(account) for account in accounts]
        return tuple(records), counts

    def items(self, snapshot: DatasetSnapshot) -> list[dict[str, object]]:
        """The items of a snapshot, as they were stored."""
        path = self._ledger.home.root / snapshot.file
        with connect() as connection, readable(path.name):
            rows = connection.execute(
                f"SELECT item FROM read_parquet({text_literal(str(path))}) ORDER BY position"
            ).fetchall()
        return [json.loads(item) for (item,) in rows]


def _write(final: Path, items: Sequence[BaseModel]) -> None:
    temporary = temporary_beside(final)
    lines = [[position, item.model_dump_json()] for position, item in enumerate(items)]
    try:
        with connect() as connection, readable(final.name):
            connection.execute("CREATE TABLE snapshot (position BIGINT, item VARCHAR)")
            if lines:
                connection.executemany("INSERT INTO snapshot VALUES (?, ?)", lines)
            connection.execute(f"COPY snapshot TO {text_literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)")
        publish(temporary, final)
    finally:
        discard(temporary)


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
