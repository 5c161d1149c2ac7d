"""What the mirror holds: `<folder>/<export>/<period>/current.json` names the version that counts.

A version is a folder beside it, in the layout of its export below `<version>/costs`: a reader sees the old delivery or
the new one, and only periods that changed are read again. `<folder>/<export>/seen.json` says when the store last had
each period.
"""

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import TypeAdapter, ValidationError

from servers.kit.live.mirror.store import Delivery, StoredObject
from serving.files import write_whole
from shared_models.base import WireModel
from shared_models.disk import unavailable
from shared_models.errors import UnreadableExportError

_SEEN: Final = TypeAdapter(dict[str, datetime])


class Version(WireModel):
    """One delivery as it was mirrored. `etags` are those of its manifest and its files, by key."""

    name: str
    source_key: str
    period: str
    manifest: str
    etags: dict[str, str]
    made_at: datetime

    def is_current(self, delivery: Delivery, objects: Mapping[str, StoredObject]) -> bool:
        """Whether the store still has exactly this."""
        return self.manifest == delivery.manifest.key and unchanged(self.etags, objects)


def version_of(address: str, delivery: Delivery, files: Iterable[StoredObject]) -> Version:
    """The version that these files of a delivery are."""
    etags = {one.key: one.etag for one in (delivery.manifest, *files)}
    return Version(
        name=hashlib.sha256(repr(sorted(etags.items())).encode()).hexdigest()[:16],
        source_key=f"{address}/{delivery.root}".rstrip("/"),
        period=delivery.period,
        manifest=delivery.manifest.key,
        etags=etags,
        made_at=delivery.manifest.modified,
    )


def mirrored(folder: Path) -> tuple[tuple[Path, Version], ...]:
    """Every current version with its folder, in a stable order; needs no network."""
    found: list[tuple[Path, Version]] = []
    for said in sorted(folder.glob("*/*/current.json")):
        version = current(said.parent)
        if version is not None:
            found.append((said.parent / version.name, version))
    return tuple(found)


def current(period: Path) -> Version | None:
    """The version of a period that counts and whose files are there; None makes it fetched again."""
    try:
        version = Version.model_validate_json((period / "current.json").read_bytes())
    except (OSError, ValidationError):
        return None
    return version if (period / version.name / "costs").is_dir() else None


def let_count(period: Path, version: Version) -> None:
    """Let a version count; older ones than the one before are removed.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    former = current(period)
    try:
        write_whole(period / "current.json", version.model_dump_json().encode())
    except OSError as error:
        raise unavailable(error, period.name) from error
    kept = {version.name, former.name if former else ""}
    for folder in period.iterdir():
        if folder.is_dir() and folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def unchanged(etags: Mapping[str, str], objects: Mapping[str, StoredObject]) -> bool:
    """Whether a listing still shows these."""
    return all(key in objects and objects[key].etag == etag for key, etag in etags.items())


def seen(export: Path) -> dict[str, datetime]:
    """When the store last had each period of an export."""
    try:
        return _SEEN.validate_json((export / "seen.json").read_bytes())
    except (OSError, ValidationError):
        return {}


def note_seen(export: Path, periods: Iterable[str], at: datetime) -> None:
    """Note that the store has these periods of an export now.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    known = seen(export) | dict.fromkeys(periods, at)
    try:
        export.mkdir(parents=True, exist_ok=True)
        write_whole(export / "seen.json", _SEEN.dump_json(known))
    except OSError as error:
        raise unavailable(error, export.name) from error


def export_folder(folder: Path, address: str, root: str) -> Path:
    """Where an export is mirrored: a name that is safe on every file system and tells the export."""
    told = root.rstrip("/").rpartition("/")[2][:40]
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in told)
    return folder / f"{safe}-{hashlib.sha256(f'{address}/{root}'.encode()).hexdigest()[:12]}"


def place_of(own: Path, root: str, key: str) -> Path:
    """Where an object of an export lies in the export's own folder.

    Raises:
        UnreadableExportError: its key leads out of that folder.

    """
    below = PurePosixPath(key.removeprefix(root))
    if below.is_absolute() or ".." in below.parts:
        raise UnreadableExportError("An object's key leads out of its export.", file=key, hint="Check the export.")
    return own / below
