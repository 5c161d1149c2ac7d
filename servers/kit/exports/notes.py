"""What an import says beside its figures."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import duckdb

from servers.kit.exports.account import amount_of
from servers.kit.exports.recognise import Recognised
from shared_models.export import CostBasis, ExportPart
from shared_models.quoting import quoted

_TAGS: Final = "the tags of "
_CONTROL: Final = ": the source's own total is "


def counts_over_the_export(note: str) -> bool:
    """Whether a note has figures of all rows, so that those of two periods must not stand side by side."""
    return note.startswith(_TAGS) or _CONTROL in note


def control_notes(
    connection: duckdb.DuckDBPyConnection, recognised: Recognised, parts: Sequence[ExportPart]
) -> tuple[str, ...]:
    """Say it where a native bill's own total is not what was booked."""
    notes: list[str] = []
    for basis, statement in (recognised.control or {}).items():
        row = connection.execute(statement).fetchone()
        said = Decimal(row[0]) if row and row[0] is not None else Decimal(0)
        booked = sum((amount_of(total, basis) for part in parts for total in part.totals), Decimal(0))
        rows = sum(part.rows for part in parts)
        if abs(said - booked) > Decimal("1e-12") * max(rows, 1):
            notes.append(f"{basis.value}{_CONTROL}{said:f}, booked are {booked:f}")
    return tuple(notes)


def notes_on(
    connection: duckdb.DuckDBPyConnection, relation: str, kinds: Mapping[str, str], parts: Sequence[ExportPart]
) -> tuple[str, ...]:
    """Say which metrics are incomplete, how many tags could not be read, and whether the bill is pro-forma."""
    notes: list[str] = []
    unknown = sorted({basis.value for part in parts for basis in _missing(part)})
    notes += [f"{name} is not fully known from this source: its totals are incomplete" for name in unknown]
    if kinds.get("Tags") == "VARCHAR":
        row = connection.execute(f"SELECT count(*) FROM mapped WHERE {quoted('Tags')} IS NOT NULL").fetchone() or (0,)
        read = connection.execute(f"SELECT count(Tags) FROM {relation}").fetchone() or (0,)
        empty = connection.execute(
            f"SELECT count(*) FROM mapped WHERE trim({quoted('Tags')}) IN ('', 'NULL', 'null')"
        ).fetchone() or (0,)
        if lost := int(row[0]) - int(empty[0]) - int(read[0]):
            notes.append(f"{_TAGS}{lost} rows cannot be read and are null")
    if any(part.pro_forma for part in parts):
        notes.append("the bill is pro-forma: it is invoiced by somebody other than the cloud")
    return tuple(notes)


def _missing(part: ExportPart) -> tuple[CostBasis, ...]:
    return tuple(basis for basis in CostBasis if basis not in part.bases)
