"""The tables that agents' SQL can name: columns with types, and the files of a snapshot that hold the rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.snapshot import Snapshot
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


COST_AND_USAGE: Final = SqlTable("cost_and_usage", FACT_COLUMNS, _line_items)

TABLES: Final[dict[str, SqlTable]] = {table.name: table for table in (COST_AND_USAGE,)}


def columns_of(names: Iterable[str]) -> tuple[str, ...]:
    """The columns of these tables, each name once."""
    return tuple(dict.fromkeys(column for name in names for column in TABLES[name].columns))
