"""Convert the FOCUS dataset files under a path: recognise, type, account for every row, write one part a provider."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

from servers.kit.datasets.files import Origin, scratch_connection, write_dataset
from servers.kit.datasets.focus_rows import create_rows
from servers.kit.exports.convert import ConvertOptions
from servers.kit.exports.focus_datasets import DatasetShape, recognise_dataset, require_columns
from servers.kit.exports.grouping import columns_of_file
from servers.kit.exports.layout import Export, discover, is_bill
from servers.kit.exports.native import normalised
from servers.kit.exports.read import kind_of, open_source
from serving.files import publish, sha256_of, temporary
from shared_models.dataset import RECORD_KEYS, DatasetName, columns_of
from shared_models.errors import TooManyRejectsError, UnreadableExportError
from shared_models.export import ConvertedDataset, CostBasis, DatasetPart, ImportReport, Rejection, Residual
from shared_models.quoting import literal, quoted

_FIRST: Final = ("_file", "_row", "_column", "left(_value, 80)")
_Group = tuple[DatasetName, str, str]
"""(dataset, kind of file, version): files that are read together."""


def convert_datasets(
    path: Path, out: Path, *, provider: str | None, options: ConvertOptions | None = None
) -> tuple[ConvertedDataset, ...]:
    """Convert every FOCUS dataset file under a path; none when there are only bills. Blocking.

    Raises:
        UnreadableExportError: a file cannot be read or lacks a mandatory column; the error names file, row and column.
        TooManyRejectsError: more rows were rejected than `max_reject_share` allows; nothing stays written.

    """
    options = options or ConvertOptions()
    converted: list[ConvertedDataset] = []
    for export in discover(path):
        groups = dataset_groups(export)
        often = {name for name, times in Counter(shape.name for shape, _ in groups).items() if times > 1}
        for shape, files in groups:
            # A dataset that lies here in two formats is two sources: they are compared, never added.
            form = f" ({kind_of(files[0])}, {shape.version.value})" if shape.name in often else ""
            converted.append(
                _convert(export, f"{options.source_key or export.key}{form}", shape, files, out, provider, options)
            )
    return tuple(converted)


def dataset_groups(export: Export) -> list[tuple[DatasetShape, tuple[Path, ...]]]:
    """The FOCUS datasets of an export with their files, in a stable order."""
    groups: dict[_Group, tuple[DatasetShape, list[Path]]] = {}
    for file in filter(is_bill, export.files):
        shape = recognise_dataset(columns_of_file(file))
        if shape is not None:
            key = (shape.name, kind_of(file), shape.version.value)
            groups.setdefault(key, (shape, []))[1].append(file)
    return [(shape, tuple(files)) for _, (shape, files) in sorted(groups.items(), key=lambda group: group[0])]


def _convert(
    export: Export,
    key: str,
    header: DatasetShape,
    files: tuple[Path, ...],
    out: Path,
    provider: str | None,
    options: ConvertOptions,
) -> ConvertedDataset:
    written: list[DatasetPart] = []
    try:
        with scratch_connection() as connection:
            kinds = open_source(connection, files)
            shape = DatasetShape(header.name, header.version, {normalised(name): name for name in kinds})
            require_columns(shape, str(files[0]))
            create_rows(connection, shape, kinds, provider=provider)
            read, refused = _rejections(connection)
            _tolerate(refused, read, options)
            for (slug,) in connection.execute(
                "SELECT DISTINCT x_Provider FROM kept_or_not WHERE _reason IS NULL ORDER BY 1"
            ).fetchall():
                origin = Origin(shape.name, slug, key, export.made_at)
                written.append(write_dataset(connection, _kept(shape.name, slug), origin, out))
            report = ImportReport(
                dataset=shape.name,
                path=key,
                provider=", ".join(part.provider for part in written) or (provider or "unknown"),
                source_format=shape.version,
                source_key=key,
                files=len(files),
                rows_read=read,
                rows_kept=sum(part.rows for part in written),
                rows_rejected=sum(found.rows for found in refused),
                rejections=refused,
                residuals=_residuals(connection, shape),
                rejected_path=_keep_rejected(connection, shape.name, files, out) if refused else None,
            )
    except duckdb.Error as error:
        _discard(written)
        said = str(error).splitlines()[0].split(":", 1)[-1].strip()[:200]
        raise UnreadableExportError(
            f"The file cannot be converted: {said}", file=str(files[0]), hint="Check the file, or export it again."
        ) from error
    return ConvertedDataset(parts=tuple(written), report=report)


def _kept(name: DatasetName, provider: str) -> str:
    columns = ", ".join(map(quoted, columns_of(name)))
    order = ", ".join(map(quoted, RECORD_KEYS[name]))
    return (
        f"SELECT {columns} FROM kept_or_not WHERE _reason IS NULL AND x_Provider = {literal(provider)} ORDER BY {order}"
    )


def _tolerate(refused: Sequence[Rejection], read: int, options: ConvertOptions) -> None:
    faulty = sum(found.rows for found in refused)
    if faulty and faulty > options.max_reject_share * read:
        first = refused[0]
        raise TooManyRejectsError(
            f"{faulty} of {read} rows cannot be kept, first: {first.reason}"
            f" ({first.file}, row {first.row}, column {first.column}).",
            hint="Mend the export, or allow more with --max-reject-share.",
            details={"rejections": [found.model_dump() for found in refused[:5]]},
        )


def _rejections(connection: duckdb.DuckDBPyConnection) -> tuple[int, tuple[Rejection, ...]]:
    """How many rows were read, and those that cannot be kept by reason, with where the first of them stands."""
    read = connection.execute("SELECT count(*) FROM kept_or_not").fetchone() or (0,)
    rows = connection.execute(
        f"SELECT _reason, count(*), {', '.join(f'first({name} ORDER BY _file, _row)' for name in _FIRST)}"
        " FROM kept_or_not WHERE _reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return int(read[0]), tuple(
        Rejection(reason=reason, rows=int(count), file=str(file), row=int(row), column=column, example=value or "")
        for reason, count, file, row, column, value in rows
    )


def _residuals(connection: duckdb.DuckDBPyConnection, shape: DatasetShape) -> tuple[Residual, ...]:
    """Source - rejected - kept of the invoices' amounts, per (currency, billing period), as for a bill."""
    if shape.name is not DatasetName.INVOICE_DETAIL:
        return ()
    rows = connection.execute(
        "SELECT COALESCE(BillingCurrency, '?'), COALESCE(strftime(BillingPeriodStart, '%Y-%m-%d'), '?'),"
        " COALESCE(sum(_said), 0), COALESCE(sum(_said) FILTER (_reason IS NOT NULL), 0),"
        " COALESCE(sum(BilledCost) FILTER (_reason IS NULL), 0) FROM kept_or_not GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    return tuple(
        Residual(
            currency=currency,
            billing_period_start=start,
            metric=CostBasis.BILLED,
            source=Decimal(source),
            rejected=Decimal(rejected),
            ledger=Decimal(kept),
            residual=Decimal(source) - Decimal(rejected) - Decimal(kept),
        )
        for currency, start, source, rejected, kept in rows
    )


def _keep_rejected(connection: duckdb.DuckDBPyConnection, name: DatasetName, files: Sequence[Path], out: Path) -> str:
    """The rejected rows as a file whose name says whose they are."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"rejected-{sha256_of(*files)[:16]}-{name.value}.parquet"
    with temporary(target) as beside:
        connection.execute(
            "COPY (SELECT * FROM kept_or_not WHERE _reason IS NOT NULL ORDER BY _file, _row)"
            f" TO {literal(str(beside))} (FORMAT parquet, COMPRESSION zstd)"
        )
        publish(beside, target)
    return str(target)


def _discard(parts: Sequence[DatasetPart]) -> None:
    for part in parts:
        Path(part.path).unlink(missing_ok=True)
