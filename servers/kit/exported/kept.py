"""What was converted from a folder, kept beside an index until the folder changes; safe for many processes."""

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from serving.files import exclusive_lock, write_whole
from shared_models.digest import digest_of_json
from shared_models.disk import unavailable


class FilePart(Protocol):
    """A converted file with its length."""

    @property
    def path(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...


class Conversion(Protocol):
    """Something converted, with its files."""

    @property
    def parts(self) -> Sequence[FilePart]: ...


_RULES: Final = 2
"""Raised whenever the same files would be converted to something else."""
Kept = TypeVar("Kept", bound=Conversion)


class KeptConversions(Generic[Kept]):
    """Conversions of one kind in one cache folder; blocking, call it off the event loop."""

    def __init__(self, cache: Path, suffix: str, adapter: TypeAdapter[tuple[Kept, ...]]) -> None:
        self._cache = cache
        self._suffix = suffix
        self._adapter = adapter
        self._guard = threading.Lock()

    def of(self, files: Iterable[Path], convert: Callable[[], tuple[Kept, ...]]) -> tuple[Kept, ...]:
        """What these files were converted to, from the cache where neither they nor the results changed.

        Raises:
            LedgerUnavailableError: the disk refused what had to be written.

        """
        with self._guard:
            index = self._cache / f"{_stamp(files)}{self._suffix}"
            kept = self._read(index)
            return self._convert(index, convert) if kept is None else kept

    def piece(self, named: Sequence[str], files: Iterable[Path], convert: Callable[[], Kept | str]) -> Kept | str:
        """What a piece of the files that `of` is converting was converted to, kept by itself under its files and names.

        Why there is nothing is not kept.

        Raises:
            LedgerUnavailableError: the disk refused what had to be written.

        """
        index = self._cache / f"{_stamp(files, *named)}{self._suffix}"
        if kept := self._read(index):
            return kept[0]
        found = convert()
        if not isinstance(found, str):
            self._write(index, (found,))
        return found

    def _convert(self, index: Path, convert: Callable[[], tuple[Kept, ...]]) -> tuple[Kept, ...]:
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unavailable(error, self._cache.name) from error
        # Of several processes that want the same folder one converts, the others find its work.
        with exclusive_lock(self._cache / "convert.lock"):
            kept = self._read(index)
            if kept is not None:
                return kept
            found = convert()
            self._write(index, found)
            return found

    def _write(self, index: Path, found: tuple[Kept, ...]) -> None:
        try:
            write_whole(index, self._adapter.dump_json(found))
        except OSError as error:
            raise unavailable(error, self._cache.name) from error

    def _read(self, index: Path) -> tuple[Kept, ...] | None:
        """What an index names, if all of it is there in full length."""
        try:
            found = self._adapter.validate_json(index.read_bytes())
            whole = all(Path(part.path).stat().st_size == part.size_bytes for one in found for part in one.parts)
        except (FileNotFoundError, ValidationError):
            return None
        return found if whole else None


def _stamp(files: Iterable[Path], *named: str) -> str:
    """Changes when one of the files comes, goes or changes, or a name does."""
    listing = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in sorted(files) if file.is_file()]
    return digest_of_json([_RULES, *named, *listing], 24)
