"""Counting the rows that break each rule: many rules in one scan, and one example of each broken one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import duckdb

from servers.kit.conformance.plan import GroupFault, RowFault
from shared_models.quoting import quoted

_RULES_PER_SCAN: Final = 100
_ROW: Final = '"x_CheckedRow"'
"""The number of a row; the prefix keeps it apart from the columns of FOCUS."""

_SHOWN: Final = 200
"""Characters of an example value."""


@dataclass(frozen=True)
class Finding:
    """How many rows break a rule, and the first of them (counted from 1)."""

    rows: int
    example_row: int | None = None
    example_value: str | None = None


def measure(
    connection: duckdb.DuckDBPyConnection, relation: str, faults: Mapping[str, RowFault | GroupFault]
) -> dict[str, Finding]:
    """Rule id -> finding, for every fault given."""
    row_faults = {name: fault for name, fault in faults.items() if isinstance(fault, RowFault)}
    counts = _counts(connection, relation, row_faults)
    broken = {name: fault for name, fault in row_faults.items() if counts[name]}
    examples = _examples(connection, relation, broken)
    found = {name: Finding(rows, *examples.get(name, (None, None))) for name, rows in counts.items()}
    for name, fault in faults.items():
        if isinstance(fault, GroupFault):
            found[name] = _grouped(connection, relation, fault)
    return found


def _batches(faults: Mapping[str, RowFault]) -> Iterator[dict[str, RowFault]]:
    remaining = iter(faults.items())
    while batch := dict(islice(remaining, _RULES_PER_SCAN)):
        yield batch


def _counts(connection: duckdb.DuckDBPyConnection, relation: str, faults: Mapping[str, RowFault]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in _batches(faults):
        wide = ", ".join(f"count(*) FILTER ({fault.sql})" for fault in batch.values())
        row = connection.execute(f"SELECT {wide} FROM {quoted(relation)}").fetchone() or ()
        found |= dict(zip(batch, map(int, row), strict=True))
    return found


def _examples(
    connection: duckdb.DuckDBPyConnection, relation: str, faults: Mapping[str, RowFault]
) -> dict[str, tuple[int, str | None]]:
    found: dict[str, tuple[int, str | None]] = {}
    for batch in _batches(faults):
        wide = ", ".join(
            f"min({_ROW}) FILTER ({fault.sql}), "
            f"arg_min(coalesce(left({fault.shown}, {_SHOWN}), 'null'), {_ROW}) FILTER ({fault.sql})"
            for fault in batch.values()
        )
        row = connection.execute(f"SELECT {wide} FROM ({_numbered(relation)})").fetchone() or ()
        found |= {name: (int(row[2 * at]), row[2 * at + 1]) for at, name in enumerate(batch)}
    return found


def _numbered(relation: str) -> str:
    return f"SELECT row_number() OVER () AS {_ROW}, * FROM {quoted(relation)}"


def _grouped(connection: duckdb.DuckDBPyConnection, relation: str, fault: GroupFault) -> Finding:
    rows = f"SELECT * FROM ({_numbered(relation)}) WHERE {fault.where}"
    if fault.elements:
        rows = f"SELECT {_ROW}, unnest({fault.elements}) AS e FROM ({rows})"
    groups = (
        f"SELECT CAST({fault.key} AS VARCHAR) AS shown, count(*) AS members, min({_ROW}) AS first FROM ({rows}) "
        f"WHERE {fault.key} IS NOT NULL GROUP BY {fault.key} HAVING {fault.having}"
    )
    row = connection.execute(
        f"SELECT coalesce(sum(members), 0), min(first), left(arg_min(shown, first), {_SHOWN}) FROM ({groups})"
    ).fetchone() or (0, None, None)
    return Finding(int(row[0]), row[1], row[2])
