"""Bring the mirror of a place up to date: each delivery all or nothing, one that is damaged without the others."""

import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

from servers.kit.live.mirror.fetch import fetch
from servers.kit.live.mirror.store import Delivery, Store, StoredObject
from servers.kit.live.mirror.versions import (
    Version,
    current,
    export_folder,
    let_count,
    note_seen,
    place_of,
    unchanged,
    version_of,
)
from serving.files import exclusive_lock
from shared_models.disk import unavailable
from shared_models.errors import FinOpsError, LedgerUnavailableError, SourceChangedError, UnreadableExportError

_STREAMS: Final = 8
_ATTEMPTS: Final = 3
_LARGEST_MANIFEST: Final = 64 << 20


@dataclass(frozen=True)
class Damaged:
    """A delivery that could not be mirrored, and why; the one that was mirrored before still counts."""

    source_key: str
    period: str
    error: FinOpsError


@dataclass(frozen=True)
class Refreshed:
    """How many deliveries were new, and which could not be mirrored."""

    brought: int
    damaged: tuple[Damaged, ...] = ()


def refresh(store: Store, folder: Path, now: datetime) -> Refreshed:
    """Mirror what is new at a place; blocking. What changes while it is read is read again some times.

    Raises:
        LedgerUnavailableError: the disk refused, or another process keeps the mirror locked.
        FinOpsError: the cloud does not list the place.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unavailable(error, folder.name) from error
    with exclusive_lock(folder / "mirror.lock") as got:
        if not got:
            raise LedgerUnavailableError("Another process is fetching exports.", hint="Repeat in some minutes.")
        return _refresh(store, folder, now)


def _refresh(store: Store, folder: Path, now: datetime) -> Refreshed:
    brought = 0
    found: tuple[Delivery, ...] = ()
    damaged: list[Damaged] = []
    for last in [*[False] * (_ATTEMPTS - 1), True]:
        objects = store.listed()
        found = store.deliveries(objects.values())
        fetched, damaged = _bring_all(store, found, objects, folder)
        # A delivery that went on while its files were read would be a mix of two.
        still = store.listed() if fetched else objects
        for one in fetched:
            if unchanged(one.version.etags, still):
                let_count(one.period, one.version)
                brought += 1
            else:
                damaged.append(_damaged(store, one.delivery, _changed(one.delivery)))
        if last or not any(isinstance(one.error, SourceChangedError) for one in damaged):
            break
    for root in {one.root for one in found}:
        note_seen(export_folder(folder, store.address, root), [one.period for one in found if one.root == root], now)
    return Refreshed(brought, tuple(damaged))


@dataclass(frozen=True)
class _Fetched:
    delivery: Delivery
    period: Path
    version: Version


def _bring_all(
    store: Store, found: tuple[Delivery, ...], objects: Mapping[str, StoredObject], folder: Path
) -> tuple[list[_Fetched], list[Damaged]]:
    """The new deliveries, not counting yet; a disk that refuses ends it, a delivery that is damaged only itself."""
    fetched: list[_Fetched] = []
    damaged: list[Damaged] = []
    for delivery in found:
        try:
            period = export_folder(folder, store.address, delivery.root) / _one_name(delivery.period)
            known = current(period)
            if known is None or not known.is_current(delivery, objects):
                fetched.append(_Fetched(delivery, period, _bring(store, delivery, objects, period, known)))
        except LedgerUnavailableError:
            raise
        except FinOpsError as error:
            damaged.append(_damaged(store, delivery, error))
    return fetched, damaged


def _bring(
    store: Store, delivery: Delivery, objects: Mapping[str, StoredObject], period: Path, known: Version | None
) -> Version:
    """The files of one delivery in a folder of their own."""
    body, files = _named(store, delivery, objects, period)
    version = version_of(store.address, delivery, files)
    export = delivery.root.rstrip("/").rpartition("/")[2] or "export"
    own = period / version.name / "costs" / _one_name(export)
    shutil.rmtree(period / version.name, ignore_errors=True)
    wanted = {one: place_of(own, delivery.root, one.key) for one in files}
    old = period / known.name / "costs" / own.name if known else None
    with ThreadPoolExecutor(_STREAMS) as pool:
        tasks = [
            pool.submit(fetch, store, one, file)
            for one, file in wanted.items()
            if not _kept(one, file, old, known, delivery.root)
        ]
        for task in tasks:
            task.result()
    manifest = place_of(own, delivery.root, delivery.manifest.key)
    try:
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_bytes(body)
        os.utime(manifest, (version.made_at.timestamp(), version.made_at.timestamp()))
    except OSError as error:
        raise unavailable(error, manifest.name) from error
    return version


def _named(
    store: Store, delivery: Delivery, objects: Mapping[str, StoredObject], period: Path
) -> tuple[bytes, tuple[StoredObject, ...]]:
    """The manifest's bytes, and the objects that it names."""
    manifest = delivery.manifest
    if manifest.size > _LARGEST_MANIFEST:
        raise UnreadableExportError("The manifest is too large.", file=manifest.key, hint="Check the export.")
    copy = period / "manifest.part"
    fetch(store, manifest, copy)
    body = copy.read_bytes()
    copy.unlink()
    try:
        keys = store.named(delivery, body)
    except ValueError as error:
        raise UnreadableExportError(
            "The manifest cannot be read.", file=manifest.key, hint="Wait for the next delivery of the export."
        ) from error
    absent = [key for key in keys if key not in objects or not key.startswith(delivery.root)]
    if not keys or absent:
        raise SourceChangedError(
            f"The manifest of {delivery.period} names {PurePosixPath(absent[0]).name if absent else 'nothing'},"
            " which is not below its export.",
            hint="A delivery may be under way; repeat in some minutes.",
        )
    return body, tuple(objects[key] for key in dict.fromkeys(keys))


def _kept(one: StoredObject, file: Path, old: Path | None, known: Version | None, root: str) -> bool:
    """Take an unchanged object over from the version before."""
    if old is None or known is None or known.etags.get(one.key) != one.etag:
        return False
    former = place_of(old, root, one.key)
    if not former.is_file() or former.stat().st_size != one.size:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        file.hardlink_to(former)
    except OSError:
        shutil.copy2(former, file)
    return True


def _one_name(told: str) -> str:
    """A folder's name out of what the store says."""
    return told if told not in {"", ".", ".."} and "/" not in told and "\\" not in told else "all"


def _changed(delivery: Delivery) -> FinOpsError:
    return SourceChangedError(
        f"The export of {delivery.period} changed while it was read.", hint="Repeat in some minutes."
    )


def _damaged(store: Store, delivery: Delivery, error: FinOpsError) -> Damaged:
    return Damaged(f"{store.address}/{delivery.root}".rstrip("/"), delivery.period, error)
