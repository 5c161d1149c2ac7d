"""The tables that agents' SQL can name: columns with types, and the files of a snapshot that hold the rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.snapshot import Snapshot
from shared_models.dataset import DatasetName
from shared_models.dataset import columns_of as dataset_columns
from shared_models.focus.own_columns import FACT_COLUMNS


@dataclass(frozen=True)
class Source:
    """One immutable file and the hash of its bytes."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class SqlTable:
    """A table by name. One without sources in a snapshot is empty, and statements over it still bind."""

    name: str
    columns: Mapping[str, str]
    sources: Callable[[Ledger, Snapshot], tuple[Source, ...]]


def _line_items(ledger: Ledger, snapshot: Snapshot) -> tuple[Source, ...]:
    return tuple(Source(ledger.fact_path(load), load.sha256) for load in snapshot.booked)


def _dataset(name: DatasetName) -> SqlTable:
    def sources(ledger: Ledger, snapshot: Snapshot) -> tuple[Source, ...]:
        files = Datasets(ledger).table_at(name, snapshot.generation).files
        return tuple(Source(file, file.stem) for file in files)  # a snapshot's file is named by its hash

    return SqlTable(name.value, dataset_columns(name), sources)


COST_AND_USAGE: Final = SqlTable("cost_and_usage", FACT_COLUMNS, _line_items)

TABLES: Final[dict[str, SqlTable]] = {table.name: table for table in (COST_AND_USAGE, *map(_dataset, DatasetName))}


def columns_of(names: Iterable[str]) -> tuple[str, ...]:
    """The columns of these tables, each name once."""
    return tuple(dict.fromkeys(column for name in names for column in TABLES[name].columns))
