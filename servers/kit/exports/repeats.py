"""Files of an export that say the same again: a copy, a link, a packed twin. Their charges must not count twice."""

import gzip
import hashlib
import zlib
from collections.abc import Sequence
from functools import lru_cache
from io import BufferedReader
from pathlib import Path


def without_repeats(files: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[tuple[Path, Path], ...]]:
    """The files to read, and (repeat, what it repeats) of the others.

    Only files that could be the same are read for it: equal in size, or one the packed form of the other by its name.
    """
    repeats: dict[Path, Path] = {}
    alike: dict[object, list[Path]] = {}
    digest = lru_cache(maxsize=None)(_digest)
    for file in files:
        keys = (file.stat().st_size, _plain_name(file))
        others = dict.fromkeys(other for key in keys for other in alike.get(key, ()))
        same = next((other for other in others if file.samefile(other) or digest(file) == digest(other)), None)
        if same is not None:
            repeats[file] = repeats.get(same, same)
        for key in keys:
            alike.setdefault(key, []).append(file)
    return tuple(file for file in files if file not in repeats), tuple(repeats.items())


def _plain_name(file: Path) -> str:
    return str(file).removesuffix(".gz")


def _digest(file: Path) -> bytes:
    """Of the content, unpacked; a file that cannot be unpacked equals none, and its reader says what is wrong."""
    try:
        with _open(file) as handle:
            return hashlib.file_digest(handle, "sha256").digest()
    except (OSError, EOFError, zlib.error):
        return str(file).encode()


def _open(file: Path) -> BufferedReader | gzip.GzipFile:
    return gzip.open(file, "rb") if file.suffix.lower() == ".gz" else file.open("rb")
