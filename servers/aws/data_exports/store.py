"""S3 as a store of exports, and what AWS's manifests say."""

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, Field

from servers.aws.data_exports.discovery import Place
from servers.aws.live import Live
from servers.kit.live.mirror.store import Delivery, StoredObject, Stream

_MANIFEST: Final = re.compile(r"-Manifest\.json$")
_MONTHS: Final = re.compile(r"^\d{8}-\d{8}$")
_PLAIN_ETAG: Final = re.compile(r'^"([0-9a-f]{32})"$')
_BLOCK: Final = 1 << 20


class _Manifest(BaseModel):
    """The names in a manifest: Data Exports say `dataFiles`, legacy reports `reportKeys`."""

    data_files: list[str] | None = Field(default=None, alias="dataFiles")
    report_keys: list[str] | None = Field(default=None, alias="reportKeys")


class S3Store:
    """One place in S3, asked with the credentials that read it."""

    def __init__(self, live: Live, place: Place) -> None:
        self._live = live
        self._place = place

    @property
    def address(self) -> str:
        """The bucket as an address."""
        return f"s3://{self._place.bucket}"

    def listed(self) -> Mapping[str, StoredObject]:
        """Every object below the place.

        Raises:
            FinOpsError: AWS refuses or fails.

        """
        found: dict[str, StoredObject] = {}
        token: str | None = None
        while True:
            paging = {"ContinuationToken": token} if token else {}
            page = self._ask("list_objects_v2", Prefix=self._place.prefix, **paging)
            for one in page.get("Contents", ()):
                found[one["Key"]] = StoredObject(one["Key"], one["ETag"], one["Size"], one["LastModified"])
            if not page.get("IsTruncated"):
                return found
            token = page["NextContinuationToken"]

    def opened(self, wanted: StoredObject) -> AbstractContextManager[Stream]:
        """The bytes of exactly the listed version.

        Raises:
            SourceChangedError: the object is no longer the one that was listed.
            FinOpsError: AWS refuses or fails.

        """
        return self._opened(wanted)

    @contextmanager
    def _opened(self, wanted: StoredObject) -> Generator[Stream, None, None]:
        answer = self._ask("get_object", Key=wanted.key, IfMatch=wanted.etag, ChecksumMode="ENABLED")
        # The ETag is the MD5 of the bytes where the object was put whole and not encrypted by KMS.
        told = _PLAIN_ETAG.match(wanted.etag)
        md5 = told[1] if told and "kms" not in str(answer.get("ServerSideEncryption", "")) else None
        with closing(answer["Body"]) as body:
            yield Stream(_blocks(body), md5)

    def deliveries(self, objects: Iterable[StoredObject]) -> tuple[Delivery, ...]:
        """The current manifest of each billing period."""
        return deliveries(objects)

    def named(self, _delivery: Delivery, body: bytes) -> tuple[str, ...]:
        """The keys that a manifest names.

        Raises:
            ValueError: it cannot be read.

        """
        said = _Manifest.model_validate_json(body)
        names = (*(said.data_files or ()), *(said.report_keys or ()))
        return tuple(name.removeprefix(f"{self.address}/") for name in names)

    def _ask(self, operation: str, **arguments: Any) -> Any:
        """One request to the place's bucket."""
        self._live.limiter("s3").wait()
        client = self._live.sessions.client("s3", self._place.region, self._place.account)
        name = f"s3:{client.meta.method_to_api_mapping[operation]}"
        try:
            return getattr(client, operation)(Bucket=self._place.bucket, **arguments)
        except Exception as error:
            raise self._live.told(error, name, self.address) from error


def deliveries(objects: Iterable[StoredObject]) -> tuple[Delivery, ...]:
    """The current manifest of each billing period: the one nearest to its root, of equals the newest.

    In overwrite mode there is one; create-new mode leaves one in a folder for each run, and legacy reports repeat the
    current one beside them.
    """
    current: dict[tuple[str, str], Delivery] = {}
    for manifest in objects:
        if not _MANIFEST.search(manifest.key):
            continue
        root, period = _root_and_period(manifest.key)
        known = current.get((root, period))
        if known is None or _rank(manifest) > _rank(known.manifest):
            current[root, period] = Delivery(root, period, manifest)
    return tuple(current[key] for key in sorted(current))


def _blocks(body: Any) -> Iterator[bytes]:
    while block := body.read(_BLOCK):
        yield block


def _rank(manifest: StoredObject) -> tuple[int, datetime, str]:
    return -manifest.key.count("/"), manifest.modified, manifest.key


def _root_and_period(key: str) -> tuple[str, str]:
    """`<root>metadata/BILLING_PERIOD=2026-10/..` and `<root>20261001-20261101/..`."""
    parts = key.split("/")
    for place, part in enumerate(parts[:-1]):
        following = parts[place + 1]
        if part == "metadata" and "BILLING_PERIOD" in following:
            return _joined(parts[:place]), following.rpartition("=")[2]
        if _MONTHS.match(part):
            return _joined(parts[:place]), part
    return _joined(parts[:-1]), "all"


def _joined(parts: Sequence[str]) -> str:
    return "".join(f"{part}/" for part in parts)
