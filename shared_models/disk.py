"""What a failing disk means to the reader: full, read-only, forbidden, or something else."""

import errno
import os
from typing import Final

from shared_models.errors import LedgerUnavailableError

_REASONS: Final = {
    errno.ENOSPC: ("The disk is full", "Free some space and repeat; nothing was changed."),
    errno.EDQUOT: ("The disk quota is used up", "Free some space and repeat; nothing was changed."),
    errno.EROFS: ("The disk is read-only", "Set SKYLEDGER_HOME to a folder that can be written."),
    errno.EACCES: ("Permission was denied", "Set SKYLEDGER_HOME to a folder that you own."),
    errno.EPERM: ("Permission was denied", "Set SKYLEDGER_HOME to a folder that you own."),
    errno.ENOTDIR: ("A file stands where a folder should be", "Set SKYLEDGER_HOME to a folder."),
    errno.EEXIST: ("A file stands where a folder should be", "Set SKYLEDGER_HOME to a folder."),
}


def unavailable(error: OSError, where: str) -> LedgerUnavailableError:
    """The error of ours for a disk that refused."""
    reason = _REASONS.get(error.errno or 0)
    said, hint = reason or (f"The disk answered {error.strerror or error}", "Check the disk and repeat.")
    return LedgerUnavailableError(f"{said}: {where}.", hint=hint, details={"errno": error.errno})


def refused_by_disk(text: str, where: str) -> LedgerUnavailableError | None:
    """The same for a library that hands the system's words on; None where the text names no failure of a disk."""
    for number in _REASONS:
        if os.strerror(number) in text:
            return unavailable(OSError(number, os.strerror(number)), where)
    return None
