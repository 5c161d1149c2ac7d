"""Bulk transfer: take a cloud's parts by shared path, or chunk by chunk as MCP resources, and verify every byte."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import anyio.to_thread
from mcp.types import BlobResourceContents, TextResourceContents
from pydantic import ValidationError

from orchestrator.federation.failure import UpstreamFailure
from orchestrator.federation.federation import Federation
from serving.files import publish, temporary
from shared_models.coverage import Gap
from shared_models.dataset import DatasetName
from shared_models.digest import digest_of
from shared_models.disk import unavailable
from shared_models.errors import TransferCorruptError
from shared_models.export import DatasetPart, ExportAnswer, ExportManifest, ExportPart, ImportReport, PartAccess

Part = TypeVar("Part", ExportPart, DatasetPart)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Fetched:
    """What one cloud handed over: bills and datasets whose files can be read, reports, and what it does not have."""

    parts: tuple[ExportPart, ...]
    datasets: tuple[DatasetPart, ...]
    reports: tuple[ImportReport, ...]
    gaps: tuple[Gap, ...]


async def fetch_parts(
    federation: Federation,
    provider: str,
    known_sha256: Iterable[str],
    into: Path,
    *,
    datasets: Sequence[DatasetName] = (),
    bills: bool = True,
    deadline: float,
) -> Fetched:
    """The bills of one cloud, unless they are not wanted, and these datasets, readable at their `path`.

    Parts that are known already are named and not transferred.

    Raises:
        UpstreamFailure: the cloud did not answer.
        TransferCorruptError: bytes arrived that were not announced.
        LedgerUnavailableError: the disk refused.

    """
    known = set(known_sha256)
    asked: dict[str, object] = {"shared_path": True, "limit": 1}
    if datasets:
        asked["datasets"] = [name.value for name in datasets]
    if not bills:
        asked["bills"] = False
    manifest = await _manifest(federation, provider, asked, deadline)
    missing = [part for part in (*manifest.parts, *manifest.datasets) if part.sha256 not in known]
    if all([await anyio.Path(part.path).is_file() for part in missing]):
        return Fetched(manifest.parts, manifest.datasets, manifest.reports, manifest.gaps)
    # No common file system: ask again for the parts as numbered, hashed chunks.
    manifest = await _manifest(federation, provider, {**asked, "shared_path": False}, deadline)
    access = {entry.sha256: entry for entry in manifest.access}

    async def fetched(part: Part) -> Part:
        if part.sha256 in known:
            return part
        return await _fetch(federation, provider, part, access.get(part.sha256), into, deadline)

    return Fetched(
        tuple([await fetched(part) for part in manifest.parts]),
        tuple([await fetched(part) for part in manifest.datasets]),
        manifest.reports,
        manifest.gaps,
    )


async def _manifest(
    federation: Federation, provider: str, arguments: dict[str, object], deadline: float
) -> ExportManifest:
    answer = await federation.ask_one(provider, "export_costs", arguments, ExportAnswer, deadline=deadline)
    contents = await federation.read(provider, answer.manifest_uri, deadline=deadline)
    text = contents[0].text if contents and isinstance(contents[0], TextResourceContents) else ""
    if digest_of(text) != answer.manifest_sha256:
        raise _corrupt(provider)
    try:
        manifest = ExportManifest.model_validate_json(text, extra="ignore")
    except ValidationError as error:
        raise UpstreamFailure.malformed(provider) from error
    # The digest becomes a part of a file's name here.
    every: tuple[ExportPart | DatasetPart, ...] = (*manifest.parts, *manifest.datasets)
    if not all(_DIGEST.fullmatch(part.sha256) and part.provider == provider for part in every):
        raise UpstreamFailure.malformed(provider)
    return manifest


async def _fetch(
    federation: Federation, provider: str, part: Part, access: PartAccess | None, into: Path, deadline: float
) -> Part:
    if access is None or len(access.chunk_uris) != len(access.chunk_sha256):
        raise UpstreamFailure.malformed(provider)
    target = into / f"{part.sha256}.parquet"
    try:
        with temporary(target) as beside:
            async with await anyio.open_file(beside, "wb") as handle:
                for uri, expected in zip(access.chunk_uris, access.chunk_sha256, strict=True):
                    contents = await federation.read(provider, uri, deadline=deadline)
                    await handle.write(_verified(provider, contents, expected))
            await anyio.to_thread.run_sync(publish, beside, target)
    except OSError as error:
        raise unavailable(error, into.name) from error
    return part.model_copy(update={"path": str(target)})


def _verified(provider: str, contents: Sequence[object], expected: str) -> bytes:
    content = contents[0] if contents else None
    try:
        data = base64.b64decode(content.blob) if isinstance(content, BlobResourceContents) else b""
    except ValueError:
        data = b""
    if digest_of(data) != expected:
        raise _corrupt(provider)
    return data


def _corrupt(provider: str) -> TransferCorruptError:
    return TransferCorruptError(
        f"Bytes from {provider} arrived otherwise than announced.", hint="Repeat the sync; nothing was changed."
    )
