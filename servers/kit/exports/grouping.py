"""Which files of an export are read together: those of one format. Two formats of one bill must never be summed."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final

import duckdb

from servers.kit.exports.focus import recognise
from servers.kit.exports.focus_datasets import recognise_dataset
from servers.kit.exports.layout import Export, discover, is_bill
from servers.kit.exports.native import NativeFormat, native_relation, normalised
from servers.kit.exports.precheck import csv_header
from servers.kit.exports.read import kind_of, open_source
from shared_models.errors import FinOpsError, UnreadableExportError
from shared_models.quoting import literal

_AMORTIZED_NAME: Final = re.compile(r"amorti[sz]ed", re.IGNORECASE)
_NAMING_PARTS: Final = 2
"""The file's own name and its folder's; further up the names are the machine's."""

_ACTUAL_NAME: Final = re.compile(r"actual", re.IGNORECASE)


def groups_of(export: Export, natives: Sequence[NativeFormat]) -> list[tuple[str, tuple[Path, ...]]]:
    """(format, files) of an export; files whose format is not known stand under an empty one.

    Files of the other FOCUS datasets are no bills and are left out.
    """
    groups: dict[tuple[str, str], list[Path]] = {}
    for file in export.files:
        columns = columns_of_file(file) if is_bill(file) else ()
        if is_bill(file) and recognise_dataset(columns) is None:
            groups.setdefault((kind_of(file), _format_of(file, columns, natives, export.told)), []).append(file)
    _refuse_two_kinds(groups)
    return [(source_format, tuple(files)) for (_, source_format), files in sorted(groups.items())]


def _refuse_two_kinds(groups: Mapping[tuple[str, str], Sequence[Path]]) -> None:
    """One export in two kinds of file is either the same bill twice or two bills: only its owner knows."""
    kinds: dict[str, str] = {}
    for (kind, source_format), files in groups.items():
        other = kinds.setdefault(source_format, kind) if source_format else kind
        if other != kind:
            raise UnreadableExportError(
                f"The folder holds {source_format} as {other} and as {kind}.",
                file=str(files[0]),
                hint="Keep one kind in the folder, or import the files one by one.",
            )


def holds_bills(path: Path, natives: Sequence[NativeFormat]) -> bool:
    """Whether anything under a path could be a bill, rather than another FOCUS dataset.

    Raises:
        UnreadableExportError: the path is not there or holds nothing to read.

    """
    return any(groups_of(export, natives) for export in discover(path))


def columns_of_file(file: Path) -> tuple[str, ...]:
    """The column names of a file; none where it cannot be read, for the reader will say why, with its row."""
    kind = kind_of(file)
    try:
        return csv_header(file) if kind == "csv" else _described(file, kind)
    except (FinOpsError, OSError, EOFError, UnicodeDecodeError, duckdb.Error):
        return ()


def _format_of(file: Path, columns: Sequence[str], natives: Sequence[NativeFormat], told: str) -> str:
    if shape := recognise(columns):
        return shape.version.value
    spelled = {normalised(name) for name in columns}
    fitting = sorted((n for n in natives if n.required <= spelled), key=lambda found: -len(found.required))
    if not fitting:
        return ""
    if fitting[0].fits is None:
        return fitting[0].source_format.value
    return _told_apart(file, fitting, told)


def _described(file: Path, kind: str) -> tuple[str, ...]:
    reader = "read_parquet" if kind == "parquet" else "read_json_auto"
    with _headers().cursor() as cursor:
        rows = cursor.execute(f"DESCRIBE SELECT * FROM {reader}({literal(str(file))})").fetchall()
    return tuple(str(row[0]) for row in rows)


@cache
def _headers() -> duckdb.DuckDBPyConnection:
    """One connection for all headers: to open one costs as much as to read fifty of them."""
    return duckdb.connect(":memory:")


def _told_apart(file: Path, fitting: Sequence[NativeFormat], told: str) -> str:
    """Actual and amortised exports have equal columns: the manifest tells, else their name, else their content."""
    named = told or "/".join(file.parts[-_NAMING_PARTS:])
    if _AMORTIZED_NAME.search(named):
        return next(n.source_format.value for n in fitting if n.fits is not None)
    if _ACTUAL_NAME.search(named):
        return next(n.source_format.value for n in fitting if n.fits is None)
    with closing(duckdb.connect(":memory:")) as connection:
        columns = open_source(connection, [file])
        for native in fitting:
            relation = native_relation(native, columns)
            row = connection.execute(
                f"WITH native AS ({relation}) SELECT {native.fits or 'true'} FROM native"
            ).fetchone()
            if row and row[0]:
                return native.source_format.value
    return ""
