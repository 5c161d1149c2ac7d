"""What lies at a place in S3: the exports, their billing periods and the manifest of each that is current."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final, cast

from servers.aws.data_exports.discovery import Place
from servers.aws.live import Live
from shared_models.errors import SourceChangedError, UnreadableExportError

_MANIFEST: Final = re.compile(r"-Manifest\.json$")
_MONTHS: Final = re.compile(r"^\d{8}-\d{8}$")
_LARGEST_MANIFEST: Final = 64 << 20


@dataclass(frozen=True)
class StoredObject:
    """One object as a listing shows it."""

    key: str
    etag: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Delivery:
    """The current manifest of one billing period of one export; `root` is what stands before the export's own keys."""

    root: str
    period: str
    manifest: StoredObject


def listed(live: Live, place: Place) -> dict[str, StoredObject]:
    """Every object below a place; blocking.

    Raises:
        FinOpsError: AWS refuses or fails.

    """
    found: dict[str, StoredObject] = {}
    token: str | None = None
    while True:
        page = s3(live, place, "list_objects_v2", **({"ContinuationToken": token} if token else {}))
        for one in page.get("Contents", ()):
            found[one["Key"]] = StoredObject(one["Key"], one["ETag"], one["Size"], one["LastModified"])
        if not page.get("IsTruncated"):
            return found
        token = page["NextContinuationToken"]


def s3(live: Live, place: Place, operation: str, **arguments: Any) -> Any:
    """One request to the place's bucket; blocking.

    Raises:
        FinOpsError: AWS refuses or fails.

    """
    live.limiter("s3").wait()
    client = live.sessions.client("s3", place.region, place.account)
    if operation == "list_objects_v2":
        arguments["Prefix"] = place.prefix
    name = f"s3:{client.meta.method_to_api_mapping[operation]}"
    try:
        return getattr(client, operation)(Bucket=place.bucket, **arguments)
    except Exception as error:
        raise live.told(error, name, f"s3://{place.bucket}") from error


def deliveries(objects: Iterable[StoredObject]) -> tuple[Delivery, ...]:
    """The current manifest of each billing period: the one nearest to its root, of equals the newest.

    In overwrite mode there is one; create-new mode leaves one in a folder for each run, and legacy reports repeat the
    current one beside them.
    """
    current: dict[tuple[str, str], Delivery] = {}
    for manifest in objects:
        if not _MANIFEST.search(manifest.key):
            continue
        root, period = _root_and_period(PurePosixPath(manifest.key))
        known = current.get((root, period))
        if known is None or _rank(manifest) > _rank(known.manifest):
            current[root, period] = Delivery(root, period, manifest)
    return tuple(current[key] for key in sorted(current))


def named_by(live: Live, place: Place, delivery: Delivery, objects: Mapping[str, StoredObject]) -> "Named":
    """The manifest's bytes, and the objects that it names; blocking.

    Raises:
        UnreadableExportError: it is no manifest, or names nothing.
        SourceChangedError: it was replaced since it was listed, or names what is not there (yet).

    """
    manifest = delivery.manifest
    if manifest.size > _LARGEST_MANIFEST:
        raise UnreadableExportError("The manifest is too large.", file=manifest.key, hint="Check the export.")
    body = s3(live, place, "get_object", Key=manifest.key, IfMatch=manifest.etag)["Body"].read()
    try:
        said = cast("dict[str, Any]", json.loads(body))
        names = [str(name) for field in ("dataFiles", "reportKeys", "files") for name in said.get(field) or ()]
    except (ValueError, AttributeError, TypeError) as error:
        raise UnreadableExportError(
            "The manifest cannot be read.", file=manifest.key, hint="Wait for the next delivery of the export."
        ) from error
    keys = [_key(name, place.bucket) for name in names]
    absent = [key for key in keys if key not in objects or not key.startswith(delivery.root)]
    if not keys or absent:
        raise SourceChangedError(
            f"The manifest of {delivery.period} names {PurePosixPath(absent[0]).name if absent else 'nothing'},"
            " which is not below its export.",
            hint="A delivery may be under way; repeat in some minutes.",
        )
    return Named(body, tuple(objects[key] for key in keys))


@dataclass(frozen=True)
class Named:
    """A manifest as it was read, and what it names."""

    body: bytes
    objects: tuple[StoredObject, ...]


def _key(name: str, bucket: str) -> str:
    return name.removeprefix(f"s3://{bucket}/")


def _rank(manifest: StoredObject) -> tuple[int, datetime, str]:
    return -len(PurePosixPath(manifest.key).parts), manifest.modified, manifest.key


def _root_and_period(key: PurePosixPath) -> tuple[str, str]:
    """`<root>metadata/BILLING_PERIOD=2026-10/..` and `<root>20261001-20261101/..`."""
    parts = key.parts
    for place, part in enumerate(parts[:-1]):
        following = parts[place + 1]
        if part == "metadata" and "BILLING_PERIOD" in following:
            return _joined(parts[:place]), following.rpartition("=")[2]
        if _MONTHS.match(part):
            return _joined(parts[:place]), part
    return _joined(parts[:-1]), "all"


def _joined(parts: tuple[str, ...]) -> str:
    return "".join(f"{part}/" for part in parts)
