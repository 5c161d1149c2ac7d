"""Convert any bill to FOCUS 1.4 Parquet: discover, recognise, type, account for every row, write sorted parts."""

import shutil
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb
import psutil

from servers.kit.exports.account import rejections, residuals
from servers.kit.exports.by_period import BY_PERIOD_FROM, Keep, converted_by_period
from servers.kit.exports.grouping import groups_of
from servers.kit.exports.layout import UNDERSTOOD, Export, discover
from servers.kit.exports.native import NativeFormat
from servers.kit.exports.notes import control_notes, notes_on
from servers.kit.exports.read import open_source
from servers.kit.exports.recognise import Recognised, recognise_source
from servers.kit.exports.repeats import without_repeats
from servers.kit.exports.split_cost import split_condition
from servers.kit.exports.survey import survey
from servers.kit.exports.typed import create_mapped, create_prepared
from servers.kit.exports.write import Origin, PartWriter
from serving.files import publish, sha256_of, temporary
from shared_models.disk import refused_by_disk, unavailable
from shared_models.errors import FinOpsError, TooManyRejectsError, UnreadableExportError
from shared_models.export import ConvertedExport, ExportPart, ImportReport
from shared_models.quoting import literal

Progress = Callable[[float, str], None]
_MOST_MEMORY: Final = 2 << 30
"""What a month of any size is sorted within; the rest is spilled to disk beside the result."""
_EMPTY: Final = "holds no rows: a month that it had before stays as it was booked"
_UNKNOWN: Final = "has none of the known shapes"


@dataclass(frozen=True)
class ConvertOptions:
    """What an owner may set about an import."""

    max_reject_share: float = 0.01
    source_key: str | None = None
    threads: int | None = None
    by_period_from: int = BY_PERIOD_FROM


def convert(
    path: Path,
    out: Path,
    *,
    provider: str | None,
    natives: Sequence[NativeFormat] = (),
    options: ConvertOptions | None = None,
    progress: Progress | None = None,
    keep: Keep | None = None,
) -> tuple[ConvertedExport, ...]:
    """Convert every export under a path; its parts are written to `out`, one file each, named by their content.

    `keep` says what was kept of former conversions: then only the changed billing periods are converted again.

    Raises:
        UnreadableExportError: a file cannot be read or is no bill; the error names file, row and column.
        TooManyRejectsError: more rows were rejected than `max_reject_share` allows; nothing stays written.
        LedgerUnavailableError: the disk refused what had to be written.

    """
    options = options or ConvertOptions()
    _make(out)
    converted: list[ConvertedExport] = []
    exports = discover(path)
    work = [(export, *group) for export in exports for group in groups_of(export, natives)]
    skipped = [(manifest, _EMPTY) for export in exports for manifest in export.empty]
    for number, (export, wanted, files) in enumerate(work):
        if progress:
            progress(number / len(work), Path(export.key).name)
        found = _convert_kept(export, files, out, provider, _only(natives, wanted), options, keep)
        if isinstance(found, ConvertedExport):
            converted.append(found)
        else:
            skipped += [(file, found) for file in files]
    if not converted:
        file, why = skipped[0] if skipped else (path, _UNKNOWN)
        raise UnreadableExportError(
            f"No file here is a bill that SkyLedger knows: {file.name} {why}.",
            file=str(file),
            hint=f"SkyLedger reads {UNDERSTOOD}.",
        )
    if progress:
        progress(1.0, "done")
    return _noted(converted, [_left_out(file, why) for file, why in skipped])


def _left_out(file: Path, why: str) -> str:
    return f"{file.parent.name}/{file.name} {why}" if why == _EMPTY else f"{file.name} {why} and was not read"


def _noted(converted: Sequence[ConvertedExport], notes: Sequence[str]) -> tuple[ConvertedExport, ...]:
    """What was left out is said with the first report."""
    first, *rest = converted
    report = first.report.model_copy(update={"notes": (*first.report.notes, *notes)})
    return (first.model_copy(update={"report": report}), *rest)


def _only(natives: Sequence[NativeFormat], wanted: str) -> Sequence[NativeFormat]:
    """The native formats that the files were grouped by; all of them where that is not known."""
    return [native for native in natives if native.source_format.value == wanted] or natives


def _convert_kept(
    export: Export,
    files: tuple[Path, ...],
    out: Path,
    provider: str | None,
    natives: Sequence[NativeFormat],
    options: ConvertOptions,
    keep: Keep | None,
) -> ConvertedExport | str:
    if keep is None:
        return _convert_group(export, files, out, provider, natives, options)

    def once(some: tuple[Path, ...], share: float) -> ConvertedExport | str:
        return _convert_group(export, some, out, provider, natives, replace(options, max_reject_share=share))

    said = (export.key, provider or "", options.source_key or "", *(native.source_format.value for native in natives))
    return converted_by_period(export, files, out, once, options.max_reject_share, said, keep, options.by_period_from)


def _convert_group(
    export: Export,
    files: tuple[Path, ...],
    out: Path,
    provider: str | None,
    natives: Sequence[NativeFormat],
    options: ConvertOptions,
) -> ConvertedExport | str:
    """The converted files, or why they are no bill."""
    files, repeats = without_repeats(files)
    scratch = out / f".work-{uuid.uuid4().hex}"
    _make(scratch)
    written: list[ExportPart] = []
    try:
        with closing(_connect(scratch, options)) as connection:
            columns = open_source(connection, files)
            recognised = recognise_source(connection, columns, natives, files[0])
            if recognised is None:
                return _UNKNOWN
            if connection.execute("SELECT 1 FROM source LIMIT 1").fetchone() is None:
                return _EMPTY
            origin = _origin(export, files, recognised, options)
            converted = _convert_rows(connection, recognised, origin, files, out, provider, options, written)
    except duckdb.Error as error:
        _discard(written)
        raise _failed(error, files[0], out) from error
    except FinOpsError:
        _discard(written)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    said = [f"{repeat.name} says the same as {first.name} and was not read" for repeat, first in repeats]
    return _noted([converted], said)[0]


def _convert_rows(
    connection: duckdb.DuckDBPyConnection,
    recognised: Recognised,
    origin: Origin,
    files: tuple[Path, ...],
    out: Path,
    provider: str | None,
    options: ConvertOptions,
    written: list[ExportPart],
) -> ConvertedExport:
    kinds = create_mapped(connection, recognised.relation, recognised.mapping)
    aside = recognised.aside or split_condition(connection, kinds)
    apart = recognised.apart[1] if recognised.apart else None
    create_prepared(connection, kinds, source_format=origin.source_format.value, aside=aside, apart=apart)
    found = survey(connection, kinds, origin.source_format, given=provider, native=recognised.provider)
    relation = "prepared"
    if found.scattered:
        connection.execute("CREATE TEMP TABLE kept AS SELECT * FROM prepared")
        relation = "kept"
    refused = rejections(connection, relation) if found.rejected else ()
    faulty = found.rejected - sum(r.rows for r in refused if r.expected)
    if faulty and faulty > options.max_reject_share * found.rows:
        first = next(r for r in refused if not r.expected)
        raise TooManyRejectsError(
            f"{faulty} of {found.rows} rows cannot be booked, first: {first.reason} ({first.file}, row {first.row}).",
            hint="Mend the export, or allow more with --max-reject-share.",
            details={"rejections": [r.model_dump() for r in refused[:5]]},
        )
    writer = PartWriter(connection, relation, kinds, recognised.relation == "source", origin, out)
    written.extend(map(writer.write, found.partitions))  # one at a time: what stands written is discarded on a fault
    report = ImportReport(
        path=origin.source_key,
        provider=", ".join(sorted({part.provider for part in written})) or (provider or "unknown"),
        source_format=origin.source_format,
        source_key=origin.source_key,
        files=len(files),
        rows_read=found.rows,
        rows_kept=found.rows - found.rejected,
        rows_rejected=found.rejected,
        rejections=refused,
        residuals=residuals(found.source, found.rejected_sums, written),
        notes=(
            *recognised.notes,
            *control_notes(connection, recognised, written),
            *notes_on(connection, relation, kinds, written),
            *[_left_out(file, _EMPTY) for file in files if str(file) not in found.files],
        ),
        rejected_path=_keep_rejected(connection, relation, out, origin) if found.rejected else None,
    )
    return ConvertedExport(parts=tuple(written), report=report)


def _keep_rejected(connection: duckdb.DuckDBPyConnection, relation: str, out: Path, origin: Origin) -> str:
    file = out / f"rejected-{origin.fingerprint[:16]}-{origin.source_format.value.replace('+', '-')}.parquet"
    try:
        with temporary(file) as beside:
            connection.execute(
                f"COPY (SELECT * FROM {relation} WHERE _reason IS NOT NULL ORDER BY _file, _row)"
                f" TO {literal(str(beside))} (FORMAT parquet, COMPRESSION zstd)"
            )
            publish(beside, file)
    except OSError as error:
        raise unavailable(error, out.name) from error
    return str(file)


def _origin(export: Export, files: Sequence[Path], recognised: Recognised, options: ConvertOptions) -> Origin:
    return Origin(
        source_format=recognised.source_format,
        source_key=options.source_key or export.key,
        fingerprint=sha256_of(*files),
        bases=recognised.bases,
        made_at=export.made_at,
        dated_by=export.dated_by,
        apart=(recognised.apart[0], recognised.apart[2]) if recognised.apart else None,
    )


def _connect(scratch: Path, options: ConvertOptions) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        str(scratch / "work.duckdb"),
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
    )
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    most = min(psutil.virtual_memory().total // 2, _MOST_MEMORY)
    connection.execute(f"SET memory_limit = '{most}B'")
    connection.execute(f"SET temp_directory = {literal(str(scratch / 'spill'))}")
    if options.threads:
        connection.execute(f"SET threads = {options.threads}")
    return connection


def _discard(parts: Sequence[ExportPart]) -> None:
    for part in parts:
        Path(part.path).unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unavailable(error, folder.name) from error


def _failed(error: duckdb.Error, file: Path, out: Path) -> FinOpsError:
    if refused := refused_by_disk(str(error), out.name):
        return refused
    said = str(error).splitlines()[0].split(":", 1)[-1].strip()[:200]
    return UnreadableExportError(
        f"The bill cannot be converted: {said}", file=str(file), hint="Check the file, or export it again."
    )
