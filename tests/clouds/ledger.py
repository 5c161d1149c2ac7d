"""The files of a sample organisation in memory, read without the project's own readers: the truth behind endpoints."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb


class Sample:
    """One cloud's part of a sample organisation, one table a file. Safe to read from many threads."""

    def __init__(self, sample: Path, cloud: str, tables: Mapping[str, str]) -> None:
        self.folder = sample / cloud
        said = json.loads((self.folder / "source.json").read_text(encoding="utf-8"))
        self.payers: tuple[str, ...] = tuple(said["billing_account_ids"])
        self.regions: tuple[str, ...] = tuple(said["regions"])
        self.as_of = datetime.fromisoformat(said["data_as_of"]).astimezone(UTC)
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.connection.execute("SET GLOBAL TimeZone = 'UTC'")
        for table, file in tables.items():
            self.connection.execute(f"CREATE TABLE {table} AS FROM '{self.folder / file}.parquet'")
        self.connection.execute(
            f"CREATE TABLE budget AS FROM read_csv('{sample / 'business' / 'budgets.csv'}') WHERE provider = '{cloud}'"
        )

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, object]]:
        """What a statement finds, a dictionary a row."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, list(values))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def close(self) -> None:
        """Let the memory go."""
        self.connection.close()
