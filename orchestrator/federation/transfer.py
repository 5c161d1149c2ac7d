"""Bulk transfer: take a cloud's parts by shared path, or chunk by chunk as MCP resources, and verify every byte."""

import base64
import hashlib
import uuid
from pathlib import Path

import anyio.to_thread
from mcp.types import BlobResourceContents, TextResourceContents
from pydantic import ValidationError

from orchestrator.federation.failure import UpstreamFailure
from orchestrator.federation.federation import Federation
from serving.files import discard
from shared_models.disk import unavailable
from shared_models.errors import TransferCorruptError
from shared_models.export import ExportAnswer, ExportManifest, ExportPart, ImportReport, PartAccess


async def fetch_parts(
    federation: Federation, provider: str, known_sha256: list[str], into: Path, *, deadline: float
) -> tuple[tuple[ExportPart, ...], tuple[ImportReport, ...]]:
    """All parts of one cloud, readable at their `path`; those already known are named and not transferred.

    Raises:
        UpstreamFailure: the cloud did not answer.
        TransferCorruptError: bytes arrived that were not announced.
        LedgerUnavailableError: the disk refused.

    """
    known = set(known_sha256)
    manifest = await _manifest(federation, provider, deadline, shared_path=True)
    missing = [part for part in manifest.parts if part.sha256 not in known]
    if all([await anyio.Path(part.path).is_file() for part in missing]):
        return manifest.parts, manifest.reports
    # No common file system: ask again for the parts as numbered, hashed chunks.
    manifest = await _manifest(federation, provider, deadline, shared_path=False)
    access = {entry.sha256: entry for entry in manifest.access}
    parts = [
        part if part.sha256 in known else await _fetch(federation, provider, part, access[part.sha256], into, deadline)
        for part in manifest.parts
    ]
    return tuple(parts), manifest.reports


async def _manifest(federation: Federation, provider: str, deadline: float, *, shared_path: bool) -> ExportManifest:
    arguments = {"shared_path": shared_path, "limit": 1}
    answer = await federation.ask_one(provider, "export_costs", arguments, ExportAnswer, deadline=deadline)
    contents = await federation.read(provider, answer.manifest_uri, deadline=deadline)
    text = contents[0].text if isinstance(contents[0], TextResourceContents) else ""
    if hashlib.sha256(text.encode()).hexdigest() != answer.manifest_sha256:
        raise _corrupt(provider)
    try:
        return ExportManifest.model_validate_json(text)
    except ValidationError as error:
        raise UpstreamFailure.malformed(provider) from error


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
    except OSError as error:
        raise unavailable(error, into.name) from error
    finally:
        await anyio.to_thread.run_sync(discard, temporary)
    return part.model_copy(update={"path": str(target)})


def _verified(provider: str, content: object, expected: str) -> bytes:
    data = base64.b64decode(content.blob) if isinstance(content, BlobResourceContents) else b""
    if hashlib.sha256(data).hexdigest() != expected:
        raise _corrupt(provider)
    return data


def _corrupt(provider: str) -> TransferCorruptError:
    return TransferCorruptError(
        f"Bytes from {provider} arrived otherwise than announced.", hint="Repeat the sync; nothing was changed."
    )
