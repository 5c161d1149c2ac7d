"""Find the bills under a path: manifests first, for they say which files are current; loose files otherwise."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from shared_models.coverage import DatedBy
from shared_models.errors import UnreadableExportError

BILL_SUFFIXES: Final = (".csv", ".csv.gz", ".parquet", ".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson")
_AWS_MANIFEST: Final = re.compile(r"-Manifest\.json$")
_PERIOD_FOLDER: Final = re.compile(r"^\d{8}-\d{8}$")
UNDERSTOOD: Final = (
    "FOCUS 1.0 to 1.4, AWS CUR 2.0 and legacy CUR, Azure cost exports and Google billing exports"
    " as CSV, CSV.GZ, Parquet or JSON lines"
)


@dataclass(frozen=True)
class Export:
    """One export: its own name (or its place), its current files, and when it was made."""

    key: str
    files: tuple[Path, ...]
    made_at: datetime
    dated_by: DatedBy = DatedBy.FILE_TIME
    told: str = ""
    """What the export calls itself in its manifest: `ActualCost`, `AmortizedCost`."""

    empty: tuple[Path, ...] = ()
    """Manifests whose period has no files: an empty month, or an export that failed; nobody can tell which."""

    periods: tuple[tuple[Path, ...], ...] = ()
    """The files by billing period, where manifests tell it."""


def discover(path: Path) -> tuple[Export, ...]:
    """The exports under a file or folder, in a stable order.

    Raises:
        UnreadableExportError: the path is not there, not permitted, or holds nothing that could be a bill.

    """
    try:
        if path.is_file():
            return (_loose(str(path.resolve()), [path]),)
        if not path.is_dir():
            raise UnreadableExportError("There is nothing here.", file=str(path), hint="Check the path.")
        files = sorted(_files_below(path))
    except PermissionError as error:
        raise UnreadableExportError(
            "Permission was denied.", file=str(error.filename or path), hint="Give the current user read access."
        ) from error
    exports = [*_aws(files), *_azure(files)]
    claimed = _claimed(path, files)
    exports += _folders([file for file in files if not claimed & {file.parent, *file.parents} and is_bill(file)])
    if not exports:
        raise UnreadableExportError("No bill was found.", file=str(path), hint=f"SkyLedger reads {UNDERSTOOD}.")
    return tuple(sorted(exports, key=lambda export: export.key))


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file; a folder that cannot be read is an error, for the bill would silently lack what is in it."""

    def refuse(error: OSError) -> None:
        raise error

    for parent, _, names in os.walk(folder, onerror=refuse):
        yield from (file for file in (Path(parent) / name for name in names) if file.is_file())


def is_bill(file: Path) -> bool:
    """Whether a file's name could be a bill's; hidden files and manifests are not."""
    name = file.name.lower()
    return name.endswith(BILL_SUFFIXES) and not name.startswith((".", "_")) and "manifest" not in name


def _claimed(root: Path, files: Iterable[Path]) -> set[Path]:
    """Folders that belong to an export with a manifest: files that it does not list are not current."""
    folders: set[Path] = set()
    for manifest in files:
        if _AWS_MANIFEST.search(manifest.name):
            folders.add(_aws_root(manifest))
        elif manifest.name.lower() == "manifest.json" and _azure_period(manifest):
            folders.add(manifest.parent.parent.parent)
    return folders - {root.parent}


def _aws_root(manifest: Path) -> Path:
    """`<export>/metadata/BILLING_PERIOD=../X-Manifest.json` and `<report>/<period>/[assembly/]X-Manifest.json`."""
    for folder in manifest.parents:
        if folder.name == "metadata" or _PERIOD_FOLDER.match(folder.name):
            return folder.parent
    return manifest.parent


def _aws(files: Iterable[Path]) -> Iterator[Export]:
    by_export: dict[Path, dict[str, Path]] = {}
    for manifest in files:
        if _AWS_MANIFEST.search(manifest.name):
            folders = (folder.name for folder in manifest.parents)
            period = next((name for name in folders if "BILLING_PERIOD" in name or _PERIOD_FOLDER.match(name)), "")
            current = by_export.setdefault(_aws_root(manifest), {})
            # The manifest beside the period folder is the current one; those in assembly folders are history. Where
            # each run has a folder, its name begins with its time, and the last one counts: the files come in order.
            if period not in current or len(manifest.parts) <= len(current[period].parts):
                current[period] = manifest
    for folder, manifests in sorted(by_export.items()):
        periods = tuple(tuple(_aws_files(folder, manifest)) for manifest in manifests.values())
        listed = tuple(sorted(file for files in periods for file in files))
        yield Export(str(folder.resolve()), listed, _made_at(manifests.values()), periods=periods)


def _aws_files(folder: Path, manifest: Path) -> list[Path]:
    said = _read_json(manifest)
    names = [str(name) for field in ("dataFiles", "reportKeys", "files") for name in _list(said.get(field))]
    if not names:
        raise UnreadableExportError(
            "The manifest lists no files.", file=str(manifest), hint="Wait for the export to finish, or export again."
        )
    return [_below(folder, name, manifest) for name in names]


def _azure_period(manifest: Path) -> bool:
    return bool(_PERIOD_FOLDER.match(manifest.parent.parent.name))


def _azure(files: Iterable[Path]) -> Iterator[Export]:
    """`<export>/<period>/<run>/manifest.json`: of several runs of one period the newest counts."""
    by_export: dict[Path, dict[str, tuple[str, Path]]] = {}
    for manifest in files:
        if manifest.name.lower() != "manifest.json" or not _azure_period(manifest):
            continue
        said = _read_json(manifest)
        submitted = str(_dict(said.get("runInfo")).get("submittedTime") or _mtime(manifest).isoformat())
        period = manifest.parent.parent
        runs = by_export.setdefault(period.parent, {})
        if period.name not in runs or submitted > runs[period.name][0]:
            runs[period.name] = (submitted, manifest)
    for folder, runs in sorted(by_export.items()):
        manifests = [manifest for _, manifest in runs.values()]
        by_run = {manifest: _azure_files(manifest) for manifest in manifests}
        listed = [file for files in by_run.values() for file in files]
        told = {str(_dict(_read_json(manifest).get("exportConfig")).get("type", "")) for manifest in manifests}
        own = told.pop() if len(told) == 1 else ""
        empty = tuple(sorted(manifest for manifest, files in by_run.items() if not files))
        made_at, dated_by = _submitted_at(runs.values())
        periods = tuple(tuple(files) for files in by_run.values())
        yield Export(str(folder.resolve()), tuple(sorted(listed)), made_at, dated_by, own, empty, periods)


def _azure_files(manifest: Path) -> list[Path]:
    blobs = [_dict(blob) for blob in _list(_read_json(manifest).get("blobs"))]
    names = [str(blob.get("blobName", "")) for blob in blobs]
    return [_below(manifest.parent, name, manifest) for name in names if name]


def _folders(files: Iterable[Path]) -> Iterator[Export]:
    """Loose files: those of one folder are one export."""
    by_folder: dict[Path, list[Path]] = {}
    for file in files:
        by_folder.setdefault(file.parent, []).append(file)
    for folder, own in sorted(by_folder.items()):
        yield _loose(str(folder.resolve()), own)


def _loose(key: str, files: Iterable[Path]) -> Export:
    own = tuple(sorted(files))
    return Export(key, own, _made_at(own))


def _below(folder: Path, name: str, manifest: Path) -> Path:
    """The local file behind a manifest's object name: its longest suffix that exists below the export's folder."""
    parts = Path(name.replace("s3://", "")).parts
    for start in range(len(parts)):
        candidate = folder.joinpath(*parts[start:])
        if ".." not in parts and candidate.is_file():
            return candidate
    raise UnreadableExportError(
        f"The manifest lists {Path(name).name}, which is not here.",
        file=str(manifest),
        hint="Copy the export's folder completely.",
    )


def _mtime(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(microsecond=0)


def _made_at(files: Iterable[Path]) -> datetime:
    return max(_mtime(file) for file in files)


def _submitted_at(runs: Iterable[tuple[str, Path]]) -> tuple[datetime, DatedBy]:
    """When the newest run was submitted, as the manifests say; the time of their files where one does not."""
    found = list(runs)
    try:
        said = [_instant(_dict(_read_json(manifest).get("runInfo"))["submittedTime"]) for _, manifest in found]
    except (KeyError, TypeError, ValueError):
        return _made_at(manifest for _, manifest in found), DatedBy.FILE_TIME
    return max(said), DatedBy.MANIFEST


def _instant(text: str) -> datetime:
    """Azure writes seven decimals of a second, of which the whole seconds are enough."""
    instant = datetime.fromisoformat(text[: len("2026-11-01T04:12:31")])
    return instant.replace(tzinfo=UTC)


def _read_json(manifest: Path) -> dict[str, Any]:
    try:
        return _dict(json.loads(manifest.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError) as error:
        raise UnreadableExportError(
            "The manifest cannot be read.", file=str(manifest), hint="Copy the export again."
        ) from error


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
