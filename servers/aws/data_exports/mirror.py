"""The local mirror of a place: per export and billing period the files of its current delivery, all or nothing.

`<folder>/<export>/<period>/current.json` names the version that counts; a version is a folder of its own in the layout
of the export, so that a reader sees the old delivery or the new one, and only periods that changed are read again.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from servers.aws.data_exports.discovery import Place
from servers.aws.data_exports.fetch import fetch
from servers.aws.data_exports.listing import Delivery, StoredObject, deliveries, listed, named_by
from servers.aws.live import Live
from serving.files import exclusive_lock, write_whole
from shared_models.base import WireModel
from shared_models.disk import unavailable
from shared_models.errors import LedgerUnavailableError, SourceChangedError

_STREAMS: Final = 8
_ATTEMPTS: Final = 3


class Version(WireModel):
    """One delivery as it was mirrored. `etags` are those of its manifest and its files, by key."""

    name: str
    source_key: str
    period: str
    manifest: str
    etags: dict[str, str]
    made_at: datetime

    def is_current(self, delivery: Delivery, objects: Mapping[str, StoredObject]) -> bool:
        """Whether S3 still has exactly this."""
        return self.manifest == delivery.manifest.key and _unchanged(self.etags, objects)


def mirrored(folder: Path) -> tuple[tuple[Path, Version], ...]:
    """Every current version with its folder, in a stable order; needs no network."""
    found: list[tuple[Path, Version]] = []
    for said in sorted(folder.glob("*/*/current.json")):
        version = _read(said)
        if version is not None:
            found.append((said.parent / version.name, version))
    return tuple(found)


def refresh(live: Live, place: Place, folder: Path) -> int:
    """Bring the mirror of a place up to date; how many deliveries were new. Blocking.

    Raises:
        SourceChangedError: objects changed again and again while they were read; the old versions stay.
        TransferCorruptError: an object did not arrive whole.
        LedgerUnavailableError: the disk refused, or another process keeps the mirror locked.
        FinOpsError: AWS refuses or fails.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unavailable(error, folder.name) from error
    with exclusive_lock(folder / "mirror.lock") as got:
        if not got:
            raise LedgerUnavailableError("Another process is fetching exports.", hint="Repeat in some minutes.")
        return _refresh(live, place, folder)


def _refresh(live: Live, place: Place, folder: Path) -> int:
    brought = 0
    for last in [*[False] * (_ATTEMPTS - 1), True]:
        objects = listed(live, place)
        try:
            fetched = [
                done for one in deliveries(objects.values()) if (done := _bring(live, place, one, objects, folder))
            ]
            # A delivery that went on while its files were read would be a mix of two.
            _settle(fetched, listed(live, place) if fetched else objects)
        except SourceChangedError:
            if last:
                raise
        else:
            return brought + len(fetched)
    return brought


def _bring(
    live: Live, place: Place, delivery: Delivery, objects: Mapping[str, StoredObject], folder: Path
) -> tuple[Path, Version] | None:
    """The files of one delivery in a folder of their own, not counting yet; None where it is mirrored already."""
    period = folder / _folder_name(f"{place.bucket}/{delivery.root}") / delivery.period
    known = _read(period / "current.json")
    if known is not None and known.is_current(delivery, objects):
        return None
    named = named_by(live, place, delivery, objects)
    etags = {one.key: one.etag for one in (delivery.manifest, *named.objects)}
    version = Version(
        name=hashlib.sha256(repr(sorted(etags.items())).encode()).hexdigest()[:16],
        source_key=f"s3://{place.bucket}/{delivery.root}".rstrip("/"),
        period=delivery.period,
        manifest=delivery.manifest.key,
        etags=etags,
        made_at=delivery.manifest.modified,
    )
    own = period / version.name / "costs" / (delivery.root.rstrip("/").rpartition("/")[2] or "export")
    shutil.rmtree(period / version.name, ignore_errors=True)
    wanted = {one: own / one.key.removeprefix(delivery.root) for one in named.objects}
    old = period / known.name / "costs" / own.name if known else None
    with ThreadPoolExecutor(_STREAMS) as pool:
        tasks = [
            pool.submit(fetch, live, place, one, file)
            for one, file in wanted.items()
            if not _kept(one, file, old, known, delivery.root)
        ]
        for task in tasks:
            task.result()
    manifest = own / delivery.manifest.key.removeprefix(delivery.root)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_bytes(named.body)
    made = delivery.manifest.modified.timestamp()
    os.utime(manifest, (made, made))
    return period, version


def _kept(one: StoredObject, file: Path, old: Path | None, known: Version | None, root: str) -> bool:
    """Take an unchanged object over from the version before."""
    if old is None or known is None or known.etags.get(one.key) != one.etag:
        return False
    former = old / one.key.removeprefix(root)
    if not former.is_file() or former.stat().st_size != one.size:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        file.hardlink_to(former)
    except OSError:
        shutil.copy2(former, file)
    return True


def _settle(fetched: list[tuple[Path, Version]], objects: Mapping[str, StoredObject]) -> None:
    """Let versions count that S3 still has; older ones than the one before are removed."""
    for _, version in fetched:
        if not _unchanged(version.etags, objects):
            raise SourceChangedError(
                f"The export of {version.period} changed while it was read.", hint="Repeat in some minutes."
            )
    for period, version in fetched:
        former = _read(period / "current.json")
        try:
            write_whole(period / "current.json", version.model_dump_json().encode())
        except OSError as error:
            raise unavailable(error, period.name) from error
        kept = {version.name, former.name if former else ""}
        for folder in period.iterdir():
            if folder.is_dir() and folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def _unchanged(etags: Mapping[str, str], objects: Mapping[str, StoredObject]) -> bool:
    return all(key in objects and objects[key].etag == etag for key, etag in etags.items())


def _read(said: Path) -> Version | None:
    """A version whose files are there; None makes it fetched again."""
    try:
        version = Version.model_validate_json(said.read_bytes())
    except (OSError, ValidationError):
        return None
    return version if (said.parent / version.name / "costs").is_dir() else None


def _folder_name(root: str) -> str:
    """A name that is safe on every file system and tells its export."""
    told = root.rstrip("/").rpartition("/")[2][:40]
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in told)
    return f"{safe}-{hashlib.sha256(root.encode()).hexdigest()[:12]}"
