"""The bills of a folder, converted once and kept until the folder changes."""

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from servers.kit.exports.convert import ConvertOptions, convert
from servers.kit.exports.native import NativeFormat
from serving.files import exclusive_lock, write_whole
from shared_models.disk import unavailable
from shared_models.export import ConvertedExport, ExportPart
from shared_models.source_of_record import Candidate, of_record

_CONVERTED = TypeAdapter(tuple[ConvertedExport, ...])


class Bills:
    """Converts `<folder>/costs` into `<cache>`; blocking, call it off the event loop."""

    def __init__(self, folder: Path, cache: Path, provider: str, natives: Sequence[NativeFormat]) -> None:
        self._folder = folder / "costs"
        self._cache = cache
        self._provider = provider
        self._natives = natives
        self._guard = threading.Lock()

    def converted(self) -> tuple[ConvertedExport, ...]:
        """Every export of the folder, from the cache where nothing changed.

        Raises:
            UnreadableExportError: a bill cannot be read.
            TooManyRejectsError: too many rows cannot be booked.
            LedgerUnavailableError: the disk refused what had to be written.

        """
        with self._guard:
            index = self._cache / f"{self._stamp()}.json"
            kept = _kept(index)
            if kept is not None:
                return kept
            return self._convert(index)

    def booked(self) -> tuple[ExportPart, ...]:
        """The parts that count by the ledger's own rule, so that nothing counts twice."""
        parts = [part for export in self.converted() for part in export.parts]
        partitions: dict[tuple[str, str], list[Candidate]] = {}
        for number, part in enumerate(parts):
            key = part.billing_account_id, part.billing_period_start.isoformat()
            partitions.setdefault(key, []).append(_candidate(number, part))
        counting = {number for loads in partitions.values() for number in of_record(loads)}
        return tuple(part for number, part in enumerate(parts) if number in counting)

    def _convert(self, index: Path) -> tuple[ConvertedExport, ...]:
        # Of several processes that want the same folder one converts, the others find its work.
        with exclusive_lock(_made(self._cache) / "convert.lock"):
            kept = _kept(index)
            if kept is not None:
                return kept
            options = ConvertOptions()
            found = convert(self._folder, self._cache, provider=self._provider, natives=self._natives, options=options)
            try:
                write_whole(index, _CONVERTED.dump_json(found))
            except OSError as error:
                raise unavailable(error, self._cache.name) from error
            return found

    def _stamp(self) -> str:
        files = sorted(file for file in self._folder.rglob("*") if file.is_file())
        listing = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
        return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:24]


def _candidate(number: int, part: ExportPart) -> Candidate:
    return Candidate(
        load_id=number,
        source_format=part.source_format,
        source_key=part.source_key,
        pro_forma=part.pro_forma,
        sub_account_ids=frozenset(part.sub_account_ids),
        charges=(part.charge_period_min, part.charge_period_max),
    )


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unavailable(error, folder.name) from error
    return folder


def _kept(index: Path) -> tuple[ConvertedExport, ...] | None:
    """What an index names, if all of it is there in full length."""
    try:
        found = _CONVERTED.validate_json(index.read_bytes())
        sizes = {Path(part.path).stat().st_size == part.size_bytes for export in found for part in export.parts}
    except (FileNotFoundError, ValidationError):
        return None
    return None if False in sizes else found
