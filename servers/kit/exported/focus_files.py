"""The FOCUS dataset files of a folder, among its bills or beside them, converted once and kept until they change."""

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import TypeAdapter

from servers.kit.datasets.focus_files import convert_datasets
from servers.kit.exports.layout import BILL_SUFFIXES
from shared_models.dataset import FOCUS_DATASETS
from shared_models.export import ConvertedDataset

_CONVERTED = TypeAdapter(tuple[ConvertedDataset, ...])


class FocusFiles:
    """Converts them into `<cache>`; blocking, call it off the event loop."""

    def __init__(self, folder: Path, cache: Path, provider: str) -> None:
        self._folder = folder
        self._cache = cache
        self._provider = provider
        self._guard = threading.Lock()

    def converted(self) -> tuple[ConvertedDataset, ...]:
        """Every FOCUS dataset of the folder, from the cache where nothing changed; none where it has only bills.

        Raises:
            UnreadableExportError: a file cannot be read.
            TooManyRejectsError: too many rows cannot be kept.

        """
        with self._guard:
            places = tuple(self._places())
            index = self._cache / f"{_stamp(places)}.datasets.json"
            if index.is_file():
                kept = _CONVERTED.validate_json(index.read_bytes())
                if all(Path(part.path).is_file() for dataset in kept for part in dataset.parts):
                    return kept
            found = tuple(
                dataset for place in places for dataset in convert_datasets(place, self._cache, provider=self._provider)
            )
            self._cache.mkdir(parents=True, exist_ok=True)
            temporary = index.with_suffix(".tmp")
            temporary.write_bytes(_CONVERTED.dump_json(found))
            temporary.replace(index)
            return found

    def _places(self) -> Iterator[Path]:
        if (self._folder / "costs").is_dir():
            yield self._folder / "costs"
        for name in FOCUS_DATASETS:
            files = (self._folder / f"{name.value}{suffix}" for suffix in BILL_SUFFIXES)
            yield from (file for file in files if file.is_file())
            if (self._folder / name.value).is_dir():
                yield self._folder / name.value


def _stamp(places: Iterable[Path]) -> str:
    """Changes when a file under one of the places comes, goes or changes."""
    files = (file for place in places for file in ((place,) if place.is_file() else sorted(place.rglob("*"))))
    listing = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files if file.is_file()]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:24]
