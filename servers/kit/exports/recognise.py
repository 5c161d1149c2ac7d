"""Which bill is it: FOCUS by its columns, else one of the native formats by theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from servers.kit.exports.focus import focus_mapping, recognise, require_columns
from servers.kit.exports.native import NativeFormat, native_relation, normalised
from servers.kit.exports.typed import FAULT
from shared_models.export import CostBasis, SourceFormat


@dataclass(frozen=True)
class Recognised:
    """What a source is, and how its rows become FOCUS."""

    source_format: SourceFormat
    relation: str
    mapping: Mapping[str, str]
    bases: tuple[CostBasis, ...]
    provider: str | None = None
    aside: str | None = None
    apart: tuple[SourceFormat, str, tuple[CostBasis, ...]] | None = None
    notes: tuple[str, ...] = ()
    control: Mapping[CostBasis, str] | None = None
    """SQL for the source's own total of a metric, which owes nothing to the mapping."""


def recognise_source(
    connection: duckdb.DuckDBPyConnection,
    columns: Mapping[str, str],
    natives: Sequence[NativeFormat],
    file: Path,
) -> Recognised | None:
    """What the relation `source` holds; None where it is no bill that we know.

    Raises:
        UnreadableExportError: it is FOCUS, but a mandatory column is missing.

    """
    if shape := recognise(columns):
        require_columns(shape, str(file))
        return Recognised(shape.version, "source", focus_mapping(shape, columns), tuple(CostBasis))
    spelled = {normalised(name) for name in columns}
    fitting = [native for native in natives if native.required <= spelled]
    for native in sorted(fitting, key=lambda found: -len(found.required)):
        relation = native_relation(native, columns)
        only = len({found.source_format for found in fitting}) == 1  # the grouping has told them apart already
        if only or native.fits is None or _holds(connection, relation, native.fits):
            return Recognised(
                source_format=native.source_format,
                relation=f"(WITH native AS ({relation}) {native.rows})",
                mapping={**native.mapping, FAULT: "fault_"},
                bases=native.bases,
                provider=native.provider,
                aside=native.aside,
                apart=native.apart,
                notes=native.notes,
                control={basis: f"SELECT sum({amount}) FROM ({relation})" for basis, amount in native.control.items()},
            )
    return None


def _holds(connection: duckdb.DuckDBPyConnection, relation: str, condition: str) -> bool:
    row = connection.execute(f"WITH native AS ({relation}) SELECT {condition} FROM native").fetchone()
    return bool(row and row[0])
