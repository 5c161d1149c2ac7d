"""The bills of a folder, converted once and kept until the folder changes."""

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from servers.kit.exports.convert import ConvertOptions, convert
from servers.kit.exports.native import NativeFormat
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

        """
        with self._guard:
            index = self._cache / f"{self._stamp()}.json"
            if index.is_file():
                found = _CONVERTED.validate_json(index.read_bytes())
                if all(Path(part.path).is_file() for export in found for part in export.parts):
                    return found
            found = convert(
                self._folder, self._cache, provider=self._provider, natives=self._natives, options=ConvertOptions()
            )
            temporary = index.with_suffix(".tmp")
            temporary.write_bytes(_CONVERTED.dump_json(found))
            temporary.replace(index)
            return found

    def booked(self) -> tuple[ExportPart, ...]:
        """The parts that count by the ledger's own rule, so that nothing counts twice."""
        parts = [part for export in self.converted() for part in export.parts]
        partitions: dict[tuple[str, str], list[Candidate]] = {}
        for number, part in enumerate(parts):
            key = part.billing_account_id, part.billing_period_start.isoformat()
            partitions.setdefault(key, []).append(_candidate(number, part))
        counting = {number for loads in partitions.values() for number in of_record(loads)}
        return tuple(part for number, part in enumerate(parts) if number in counting)

    def _stamp(self) -> str:
        files = sorted(file for file in self._folder.rglob("*") if file.is_file())
        listing = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
        return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:24]


def _candidate(number: int, part: ExportPart) -> Candidate:
    return Candidate(number, part.source_format, part.source_key, part.pro_forma, frozenset(part.sub_account_ids))
