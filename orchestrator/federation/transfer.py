"""Bulk transfer: take a cloud's parts by shared path, or chunk by chunk as MCP resources, and verify every byte."""

import base64
import hashlib
import uuid
from pathlib import Path
from typing import Final

import anyio.to_thread
from mcp.types import BlobResourceContents

from orchestrator.federation.federation import Federation
from shared_models.errors import TransferCorruptError
from shared_models.export import ExportAnswer, ExportPart, ImportReport, PartAccess

_PAGES: Final = 10_000


async def fetch_parts(
    federation: Federation, provider: str, known_sha256: list[str], into: Path, *, deadline: float
) -> tuple[tuple[ExportPart, ...], tuple[ImportReport, ...]]:
    """All parts of one cloud, readable at their `path`; those already known are named and not transferred.

    Raises:
        UpstreamFailure: the cloud did not answer.
        TransferCorruptError: bytes arrived that were not announced.

    """
    parts: list[ExportPart] = []
    reports: list[ImportReport] = []
    known = set(known_sha256)
    cursor: str | None = None
    for _ in range(_PAGES):
        arguments = {"shared_path": True, **({"cursor": cursor} if cursor else {})}
        answer = await federation.ask_one(provider, "export_costs", arguments, ExportAnswer, deadline=deadline)
        access = {entry.sha256: entry for entry in answer.access}
        for part in answer.parts:
            here = part
            if part.sha256 not in known and not await anyio.Path(part.path).is_file():
                here = await _fetch(federation, provider, part, access[part.sha256], into, deadline)
            parts.append(here)
        reports += answer.reports
        cursor = answer.pagination.next_cursor
        if cursor is None:
            break
    return tuple(parts), tuple(reports)


async def _fetch(
    federation: Federation, provider: str, part: ExportPart, access: PartAccess, into: Path, deadline: float
) -> ExportPart:
    temporary = into / f"{uuid.uuid4().hex}.tmp"
    target = into / f"{part.sha256}.parquet"
    try:
        async with await anyio.open_file(temporary, "wb") as handle:
            for uri, expected in zip(access.chunk_uris, access.chunk_sha256, strict=True):
                contents = await federation.read(provider, uri, deadline=deadline)
                await handle.write(_verified(provider, contents[0], expected))
        await anyio.to_thread.run_sync(temporary.replace, target)
    finally:
        await anyio.Path(temporary).unlink(missing_ok=True)
    return part.model_copy(update={"path": str(target)})


def _verified(provider: str, content: object, expected: str) -> bytes:
    data = base64.b64decode(content.blob) if isinstance(content, BlobResourceContents) else b""
    if hashlib.sha256(data).hexdigest() != expected:
        raise TransferCorruptError(
            f"A chunk from {provider} arrived with other bytes than announced.",
            hint="Repeat the sync; nothing was changed.",
        )
    return data
