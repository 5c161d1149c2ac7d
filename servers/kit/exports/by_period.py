"""Convert an export one billing period at a time, so that a changed month costs what this month costs.

What comes back is what the whole export would be converted to. Each thing that is decided over all rows at once is
either the same by period, or makes the export be converted whole:

* Split costs are judged within a billing period (it is in their key), rows that stand apart row by row, sums add up: so
  no two units may have rows of one billing period, rejected ones included. Files that say the same again would be of
  one period too, and a bill's month is never in two parts of one source.
* The columns and their types decide on mapping and reading: so all units must have the same.
* A row's provider may come from other rows of its account: that is the same where all units file the account under one
  provider, for then this is the only cloud that any of its rows names.
* The share of rejected rows, and the notes with figures, are the whole export's.

Only the fingerprint is the unit's own, for the export's would read every file.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

import duckdb

from servers.kit.exports.grouping import columns_of_file
from servers.kit.exports.layout import Export
from servers.kit.exports.notes import counts_over_the_export
from servers.kit.exports.read import kind_of
from servers.kit.exports.united import united
from shared_models.export import ConvertedExport
from shared_models.quoting import literal

Files = tuple[Path, ...]
Found = ConvertedExport | str
"""A conversion, or why there is none."""
Keep = Callable[[Sequence[str], Files, Callable[[], Found]], Found]
"""What was kept under these names for these files, else what the function says."""
_ANY_SHARE: Final = 1.0
BY_PERIOD_FROM: Final = 100 << 20
"""Bytes of an export from which units pay: each costs about half a second of planning, whatever it holds."""


def converted_by_period(
    export: Export,
    files: Files,
    out: Path,
    convert: Callable[[Files, float], Found],
    max_reject_share: float,
    said: Sequence[str],
    keep: Keep,
    from_bytes: int,
) -> Found:
    """The files of one format of an export, by period where that says the same and is worth it, else whole.

    `convert` takes files and the share of their rows that may be rejected; `said` is what else its result depends on.

    Raises:
        FinOpsError: what `convert` raises; LedgerUnavailableError where the disk refused.

    """
    found: Found | None = None
    units = _units(export, files) if sum(file.stat().st_size for file in files) >= from_bytes else []
    if len(units) > 1 and _alike(units):
        pieces = _pieces(units, lambda unit: keep((*said, "period"), unit, partial(convert, unit, _ANY_SHARE)))
        if pieces and _faulty(pieces) <= max_reject_share * sum(piece.report.rows_read for piece in pieces):
            found = united(pieces, out)
    found = found or keep((*said, str(max_reject_share)), files, partial(convert, files, max_reject_share))
    return found if isinstance(found, str) else _dated(found, export)


def _units(export: Export, files: Files) -> list[Files]:
    """The files by billing period; none where the layout does not tell the period of each."""
    periods = [frozenset(period) for period in export.periods]
    units = [unit for unit in (tuple(file for file in files if file in period) for period in periods) if unit]
    return sorted(units) if sorted(file for unit in units for file in unit) == sorted(files) else []


def _pieces(units: Sequence[Files], converted: Callable[[Files], Found]) -> list[ConvertedExport]:
    """Each unit's conversion; none as soon as one shows that the export must be converted whole."""
    pieces: list[ConvertedExport] = []
    periods: set[str] = set()
    providers: dict[str, str] = {}
    for unit in units:
        piece = converted(unit)
        if isinstance(piece, str) or any(map(counts_over_the_export, piece.report.notes)):
            return []
        own = {residual.billing_period_start for residual in piece.report.residuals}
        if periods & own or piece.report.source_format is not (pieces or [piece])[0].report.source_format:
            return []
        if any(providers.setdefault(p.billing_account_id, p.provider) != p.provider for p in piece.parts):
            return []
        periods |= own
        pieces.append(piece)
    return pieces


def _faulty(pieces: Sequence[ConvertedExport]) -> int:
    return sum(r.rows for piece in pieces for r in piece.report.rejections if not r.expected)


def _alike(units: Sequence[Files]) -> bool:
    """Whether all units have the same columns of the same types; JSON has none before all of it is read."""
    kind = kind_of(units[0][0])
    if kind == "json":
        return False
    if kind == "csv":
        return len({frozenset(name for file in unit for name in columns_of_file(file)) for unit in units}) == 1
    with closing(duckdb.connect(":memory:")) as connection:
        return len({_schema(connection, unit) for unit in units}) == 1


def _schema(connection: duckdb.DuckDBPyConnection, files: Files) -> frozenset[tuple[str, ...]] | None:
    names = ", ".join(literal(str(file)) for file in files)
    try:
        found = connection.execute(
            "SELECT DISTINCT name, concat_ws(' ', type, converted_type, logical_type, precision, scale)"
            f" FROM parquet_schema([{names}]) WHERE COALESCE(type, converted_type, logical_type) IS NOT NULL"
        ).fetchall()
    except duckdb.Error:  # whoever converts it says what is wrong with it
        return None
    return frozenset(found)


def _dated(found: ConvertedExport, export: Export) -> ConvertedExport:
    """When the export was made may change while a unit stays as it is."""
    made = {"data_as_of": export.made_at, "dated_by": export.dated_by}
    return found.model_copy(update={"parts": tuple(part.model_copy(update=made) for part in found.parts)})
