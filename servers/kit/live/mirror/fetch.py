"""Bring one object to a local file: streamed, of the version that was listed, verified, published whole."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from servers.kit.live.mirror.store import Store, StoredObject, Stream
from serving.files import publish, temporary
from shared_models.disk import unavailable
from shared_models.errors import FinOpsError, TransferCorruptError

_ATTEMPTS: Final = 3


def fetch(store: Store, wanted: StoredObject, file: Path) -> None:
    """Write an object to a file; blocking. A stream that breaks is read again.

    Raises:
        SourceChangedError: the object is no longer the one that was listed.
        TransferCorruptError: what arrived is not what the store announced, again and again.
        LedgerUnavailableError: the disk refused.
        FinOpsError: the cloud refuses or fails.

    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with temporary(file) as beside:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    _stream(store, wanted, beside)
                    break
                except TransferCorruptError:
                    if attempt == _ATTEMPTS:
                        raise
            os.utime(beside, (wanted.modified.timestamp(), wanted.modified.timestamp()))
            publish(beside, file)
    except OSError as error:
        raise unavailable(error, file.name) from error


def _stream(store: Store, wanted: StoredObject, file: Path) -> None:
    digest, size = hashlib.md5(usedforsecurity=False), 0
    with store.opened(wanted) as stream, file.open("wb") as out:
        for block in _blocks(stream, wanted):
            out.write(block)
            digest.update(block)
            size += len(block)
    if size != wanted.size:
        raise _broken(wanted, f"{size} of {wanted.size} bytes arrived")
    if stream.md5 is not None and digest.hexdigest() != stream.md5:
        raise _broken(wanted, "its bytes are not those that the store announced")


def _blocks(stream: Stream, wanted: StoredObject) -> Iterator[bytes]:
    """The blocks of a stream; a failure to read is told apart from a disk that refuses what was read."""
    blocks = iter(stream.blocks)
    while True:
        try:
            block = next(blocks)
        except StopIteration:
            return
        except Exception as error:
            raise _broken(wanted, f"its stream broke ({type(error).__name__})") from error
        yield block


def _broken(wanted: StoredObject, why: str) -> FinOpsError:
    return TransferCorruptError(f"{wanted.key} did not arrive whole: {why}.", hint="Repeat the sync.")
