"""Bring one object to a local file: streamed, of the version that was listed, verified, published whole."""

import hashlib
import os
import re
from contextlib import closing
from pathlib import Path
from typing import Final

from servers.aws.data_exports.discovery import Place
from servers.aws.data_exports.listing import StoredObject, s3
from servers.aws.live import Live
from serving.files import publish, temporary
from shared_models.disk import unavailable
from shared_models.errors import FinOpsError, TransferCorruptError

_BLOCK: Final = 1 << 20
_PLAIN_ETAG: Final = re.compile(r'^"([0-9a-f]{32})"$')
_ATTEMPTS: Final = 3


def fetch(live: Live, place: Place, wanted: StoredObject, file: Path) -> None:
    """Write an object to a file; blocking. A stream that breaks is read again.

    Raises:
        SourceChangedError: the object is no longer the one that was listed.
        TransferCorruptError: what arrived is not what S3 announced, again and again.
        LedgerUnavailableError: the disk refused.
        FinOpsError: AWS refuses or fails.

    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary(file) as beside:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    _stream(live, place, wanted, beside)
                    break
                except TransferCorruptError:
                    if attempt == _ATTEMPTS:
                        raise
            os.utime(beside, (wanted.modified.timestamp(), wanted.modified.timestamp()))
            publish(beside, file)
    except OSError as error:
        raise unavailable(error, file.name) from error


def _stream(live: Live, place: Place, wanted: StoredObject, file: Path) -> None:
    answer = s3(live, place, "get_object", Key=wanted.key, IfMatch=wanted.etag, ChecksumMode="ENABLED")
    digest, size = hashlib.md5(usedforsecurity=False), 0
    with closing(answer["Body"]) as body, file.open("wb") as out:
        try:
            while block := body.read(_BLOCK):
                out.write(block)
                digest.update(block)
                size += len(block)
        except OSError:
            raise
        except Exception as error:
            raise _broken(wanted, f"its stream broke ({type(error).__name__})") from error
    if size != wanted.size:
        raise _broken(wanted, f"{size} of {wanted.size} bytes arrived")
    # The ETag is the MD5 of the bytes where the object was put whole and not encrypted by KMS.
    told = _PLAIN_ETAG.match(wanted.etag)
    if told and "kms" not in str(answer.get("ServerSideEncryption", "")) and digest.hexdigest() != told[1]:
        raise _broken(wanted, "its bytes are not those of its ETag")


def _broken(wanted: StoredObject, why: str) -> FinOpsError:
    return TransferCorruptError(f"{wanted.key} did not arrive whole: {why}.", hint="Repeat the sync.")
