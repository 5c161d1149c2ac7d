"""Conversions of an export's billing periods as the one conversion of the export."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from serving.files import publish, temporary
from shared_models.digest import digest_of_json
from shared_models.disk import unavailable
from shared_models.export import ConvertedExport, ExportPart, Rejection
from shared_models.quoting import literal


def united(pieces: Sequence[ConvertedExport], out: Path) -> ConvertedExport:
    """All parts, and a report that adds up; no two pieces may have rows of one billing period.

    Raises:
        LedgerUnavailableError: the disk refused the rejected rows.

    """
    reports = [piece.report for piece in pieces]
    first = reports[0]
    parts = [part for piece in pieces for part in piece.parts]
    residuals = [residual for report in reports for residual in report.residuals]
    report = first.model_copy(
        update={
            "provider": ", ".join(sorted({part.provider for part in parts})) or first.provider,
            "files": sum(report.files for report in reports),
            "rows_read": sum(report.rows_read for report in reports),
            "rows_kept": sum(report.rows_kept for report in reports),
            "rows_rejected": sum(report.rows_rejected for report in reports),
            "rejections": _rejections(rejection for report in reports for rejection in report.rejections),
            "residuals": tuple(sorted(residuals, key=lambda r: (r.currency, r.billing_period_start, r.metric.value))),
            "notes": tuple(dict.fromkeys(note for report in reports for note in report.notes)),
            "rejected_path": _rejected([r.rejected_path for r in reports if r.rejected_path], out),
        }
    )
    return ConvertedExport(
        parts=tuple(sorted(parts, key=lambda part: _order(part, first.source_format.value))), report=report
    )


def _order(part: ExportPart, source_format: str) -> tuple[str, str, bool, str]:
    """As the survey of a whole export has its partitions: rows that stand apart come after the others."""
    start = part.billing_period_start.isoformat()
    return part.billing_account_id, start, part.source_format.value != source_format, part.provider


def _rejections(found: Iterable[Rejection]) -> tuple[Rejection, ...]:
    """Rows added up by reason; the example is the one that stands first in its file."""
    reasons: dict[str, Rejection] = {}
    for rejection in found:
        other = reasons.get(rejection.reason)
        if other is None:
            reasons[rejection.reason] = rejection
            continue
        shown = min(other, rejection, key=lambda r: r.row or 0)
        reasons[rejection.reason] = shown.model_copy(update={"rows": other.rows + rejection.rows})
    return tuple(sorted(reasons.values(), key=lambda r: (-r.rows, r.reason)))


def _rejected(paths: Sequence[str], out: Path) -> str | None:
    """One file of all rejected rows."""
    if len(paths) < 2:  # noqa: PLR2004 - nothing to unite
        return paths[0] if paths else None
    file = out / f"rejected-{digest_of_json(sorted(paths), 16)}.parquet"
    if file.is_file():
        return str(file)
    try:
        with temporary(file) as beside, duckdb.connect(":memory:") as connection:
            connection.execute(
                f"COPY (SELECT * FROM read_parquet([{', '.join(map(literal, paths))}]) ORDER BY _file, _row)"
                f" TO {literal(str(beside))} (FORMAT parquet, COMPRESSION zstd)"
            )
            publish(beside, file)
    except OSError as error:
        raise unavailable(error, out.name) from error
    return str(file)
