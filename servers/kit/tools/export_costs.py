"""Tool: the bill in bulk."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import anyio.to_thread
from pydantic import Field

from servers.kit.deps import Cursor, Deps, pagination
from serving.files import write_whole
from shared_models.coverage import Coverage, Gap, SourceState
from shared_models.dataset import DatasetName
from shared_models.digest import digest_of
from shared_models.disk import unavailable
from shared_models.errors import SourceNotEnabledError
from shared_models.export import (
    ConvertedExport,
    DatasetPart,
    ExportAnswer,
    ExportManifest,
    PartAccess,
    PartLink,
    totals_by_currency,
)
from shared_models.page import decode_cursor, question_digest
from shared_models.period import ChargePeriod
from shared_models.source_of_record import parts_of_record

CHUNK_BYTES: Final = 4 << 20


async def export_costs(
    deps: Deps,
    period: Annotated[str | None, Field(description="For example 2026-10; all without it")] = None,
    shared_path: Annotated[bool, Field(description="False: do not rely on a common file system")] = True,
    datasets: Annotated[list[DatasetName] | None, Field(description="Datasets to add; none without it")] = None,
    bills: Annotated[bool, Field(description="False: the datasets alone")] = True,
    limit: Annotated[int, Field(ge=1, le=50, description="Parts per page")] = 10,
    cursor: Cursor = None,
) -> ExportAnswer:
    """The bill in bulk for a sync: FOCUS 1.4 Parquet parts with rows, totals per currency and SHA-256. Read a part at
    its path, or chunk by chunk as resources; the manifest resource lists everything. Not for answering questions.
    """
    digest = question_digest(deps.cloud.name, "export_costs", period, shared_path, datasets, bills)
    offset, _ = decode_cursor(cursor, digest=digest)
    asked = ChargePeriod.parse(period) if period is not None else None
    found, gaps = await _bills(deps, asked, alone=not datasets) if bills else ((), ())
    parts = tuple(part for export in found for part in export.parts)
    counting = parts_of_record(parts)
    from servers.kit.datasets.handover import hand_over  # noqa: PLC0415 - a server starts without the converter

    beside = await hand_over(deps.cloud, datasets or [], found, export_folder(deps))
    files = {part.sha256: part.path for part in (*parts, *beside.parts)}
    access = () if shared_path else await anyio.to_thread.run_sync(_every_access, deps, files)
    manifest = ExportManifest(
        provider=deps.cloud.name,
        parts=parts,
        datasets=beside.parts,
        access=access,
        reports=(*(export.report for export in found), *beside.reports),
        gaps=(*gaps, *beside.gaps),
    )
    sha256 = await anyio.to_thread.run_sync(_keep, export_folder(deps), manifest)
    chunks = {entry.sha256: entry.chunk_uris for entry in access}
    return ExportAnswer(
        provider=deps.cloud.name,
        rows=sum(part.rows for part in counting),
        totals=tuple(total for _, total in sorted(totals_by_currency(counting).items())),
        manifest_uri=f"skyledger://{deps.cloud.name}/manifests/{sha256}",
        manifest_sha256=sha256,
        data=tuple(
            PartLink(
                billing_account_id=part.billing_account_id,
                billing_period_start=part.billing_period_start,
                source_format=part.source_format,
                rows=part.rows,
                sha256=part.sha256,
                size_bytes=part.size_bytes,
                of_record=part in counting,
                path=part.path if shared_path else None,
                chunk_uris=chunks.get(part.sha256, ()),
            )
            for part in parts[offset : offset + limit]
        ),
        datasets=_rows_by_dataset(beside.parts),
        pagination=pagination(offset, limit, len(parts), digest),
        coverage=Coverage(complete=not manifest.gaps, answered=(deps.cloud.name,), gaps=manifest.gaps),
    )


def export_folder(deps: Deps) -> Path:
    """Where this server keeps converted parts and manifests."""
    return deps.settings.home / "servers" / deps.cloud.name / "exports"


async def _bills(
    deps: Deps, period: ChargePeriod | None, *, alone: bool
) -> tuple[tuple[ConvertedExport, ...], tuple[Gap, ...]]:
    """The converted bills; a cloud without any may still hand over datasets, and says what is missing."""
    try:
        exports = deps.cloud.exports
        return await exports.convert(period), exports.gaps()
    except SourceNotEnabledError as error:
        if alone:
            raise
        missing = Gap(
            source=deps.cloud.name, state=SourceState.ERROR, code=error.code, message=error.message, hint=error.hint
        )
        return (), (missing,)


def _keep(folder: Path, manifest: ExportManifest) -> str:
    data = manifest.model_dump_json().encode()
    sha256 = digest_of(data)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{sha256}.manifest.json"
    try:
        if not file.is_file():
            write_whole(file, data)
    except OSError as error:
        raise unavailable(error, file.name) from error
    return sha256


def _rows_by_dataset(parts: Sequence[DatasetPart]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for part in parts:
        rows[part.name.value] = rows.get(part.name.value, 0) + part.rows
    return rows


def _every_access(deps: Deps, files: Mapping[str, str]) -> tuple[PartAccess, ...]:
    return tuple(_access(deps, sha256, Path(path)) for sha256, path in files.items())


def _access(deps: Deps, sha256: str, file: Path) -> PartAccess:
    digests: list[str] = []
    with file.open("rb") as handle:
        while block := handle.read(CHUNK_BYTES):
            digests.append(digest_of(block))
    base = f"skyledger://{deps.cloud.name}/exports/{sha256}"
    return PartAccess(
        sha256=sha256,
        chunk_uris=tuple(f"{base}/{number}" for number in range(len(digests))),
        chunk_sha256=tuple(digests),
    )
