"""Tool: the bill in bulk."""

import hashlib
from pathlib import Path
from typing import Annotated, Final

import anyio.to_thread
from pydantic import Field

from servers.kit.deps import Cursor, Deps, answered, pagination
from shared_models.export import (
    ExportAnswer,
    ExportManifest,
    ExportPart,
    PartAccess,
    PartLink,
    totals_by_currency,
)
from shared_models.page import decode_cursor, question_digest
from shared_models.period import ChargePeriod

CHUNK_BYTES: Final = 4 << 20


async def export_costs(
    deps: Deps,
    period: Annotated[str | None, Field(description="For example 2026-10; all without it")] = None,
    shared_path: Annotated[bool, Field(description="False: do not rely on a common file system")] = True,
    limit: Annotated[int, Field(ge=1, le=50, description="Parts per page")] = 10,
    cursor: Cursor = None,
) -> ExportAnswer:
    """The bill in bulk for a sync: FOCUS 1.4 Parquet parts with rows, totals per currency and SHA-256. Read a part at
    its path, or chunk by chunk as resources; the manifest resource lists everything. Not for answering questions.
    """
    digest = question_digest(deps.cloud.name, "export_costs", period, shared_path)
    offset, _ = decode_cursor(cursor, digest=digest)
    found = await deps.cloud.exports.convert(ChargePeriod.parse(period) if period is not None else None)
    parts = tuple(part for export in found for part in export.parts)
    access = () if shared_path else tuple([await anyio.to_thread.run_sync(_access, deps, part) for part in parts])
    manifest = ExportManifest(
        provider=deps.cloud.name, parts=parts, access=access, reports=tuple(export.report for export in found)
    )
    sha256 = await anyio.to_thread.run_sync(_keep, export_folder(deps), manifest)
    chunks = {entry.sha256: entry.chunk_uris for entry in access}
    return ExportAnswer(
        provider=deps.cloud.name,
        rows=sum(part.rows for part in parts),
        totals=tuple(total for _, total in sorted(totals_by_currency(parts).items())),
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
                path=part.path if shared_path else None,
                chunk_uris=chunks.get(part.sha256, ()),
            )
            for part in parts[offset : offset + limit]
        ),
        pagination=pagination(offset, limit, len(parts), digest),
        coverage=answered(deps),
    )


def export_folder(deps: Deps) -> Path:
    """Where this server keeps converted parts and manifests."""
    return deps.settings.home / "servers" / deps.cloud.name / "exports"


def _keep(folder: Path, manifest: ExportManifest) -> str:
    data = manifest.model_dump_json().encode()
    sha256 = hashlib.sha256(data).hexdigest()
    file = folder / f"{sha256}.manifest.json"
    temporary = file.with_suffix(".tmp")
    temporary.write_bytes(data)
    temporary.replace(file)
    return sha256


def _access(deps: Deps, part: ExportPart) -> PartAccess:
    digests: list[str] = []
    with Path(part.path).open("rb") as handle:
        while block := handle.read(CHUNK_BYTES):
            digests.append(hashlib.sha256(block).hexdigest())
    base = f"skyledger://{deps.cloud.name}/exports/{part.sha256}"
    return PartAccess(
        sha256=part.sha256,
        chunk_uris=tuple(f"{base}/{number}" for number in range(len(digests))),
        chunk_sha256=tuple(digests),
    )
