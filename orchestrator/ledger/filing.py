"""Filing: a file comes into the ledger under its content's name, verified before anybody can see it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from serving.files import publish, sha256_of, temporary
from shared_models.disk import unavailable
from shared_models.errors import TransferCorruptError
from shared_models.export import DatasetPart, ExportPart


def file_part(part: ExportPart | DatasetPart, final: Path, verify: Callable[[Path], None] | None = None) -> None:
    """Bring a part's file to its final place, where it is not there already in its size; `verify` looks into it first.

    Raises:
        TransferCorruptError: its bytes are not those announced.
        LedgerUnavailableError: the disk refused.

    """
    if final.is_file() and final.stat().st_size == part.size_bytes:
        return
    try:
        with temporary(final) as incoming:
            _take(Path(part.path), incoming)
            if sha256_of(incoming) != part.sha256:
                raise corrupt(part, "arrived with other bytes than announced")
            if verify:
                verify(incoming)
            publish(incoming, final)
    except OSError as error:
        raise unavailable(error, final.name) from error


def is_intact(file: Path, sha256: str) -> bool:
    """Whether a file has the bytes that it was booked with; other bytes are moved aside, for new ones to come.

    Raises:
        OSError: the disk refused.

    """
    if not file.is_file():
        return False
    if sha256_of(file) == sha256:
        return True
    file.replace(file.with_name(f"{file.name}.damaged"))
    return False


def corrupt(part: ExportPart | DatasetPart, what: str, **details: object) -> TransferCorruptError:
    """The error for a part that is not what was announced."""
    named = (
        f"The dataset {part.name.value} of {part.provider}"
        if isinstance(part, DatasetPart)
        else f"A part of {part.provider} {part.billing_period_start:%Y-%m}"
    )
    return TransferCorruptError(f"{named} {what}.", hint="Repeat the sync; nothing was changed.", details=details)


def _take(source: Path, target: Path) -> None:
    # A hard link costs nothing; the converter's file is immutable and content-addressed too.
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
