"""What the mirror asks of an object store: what lies there, its bytes, and what the cloud's manifests say."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class StoredObject:
    """One object as a listing shows it; `etag` changes whenever its bytes do."""

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


@dataclass(frozen=True)
class Stream:
    """An object's bytes as they come, and the MD5 of all of them (in hex) where the store announces it."""

    blocks: Iterable[bytes]
    md5: str | None = None


class Store(Protocol):
    """One place in a store below which exports lie; blocking, and safe for many threads."""

    @property
    def address(self) -> str:
        """What stands before the keys when an export is called by its place, such as `s3://bucket`."""
        ...

    def listed(self) -> Mapping[str, StoredObject]:
        """Every object below the place.

        Raises:
            FinOpsError: the cloud refuses or fails.

        """
        ...

    def opened(self, wanted: StoredObject) -> AbstractContextManager[Stream]:
        """The bytes of exactly the listed version; what ends the stream early may be any exception.

        Raises:
            SourceChangedError: the object is no longer the one that was listed.
            FinOpsError: the cloud refuses or fails.

        """
        ...

    def deliveries(self, objects: Iterable[StoredObject]) -> tuple[Delivery, ...]:
        """The manifest that is current, for each export and billing period."""
        ...

    def named(self, delivery: Delivery, body: bytes, /) -> tuple[str, ...]:
        """The keys of the files that a manifest names.

        Raises:
            ValueError: it cannot be read.

        """
        ...
