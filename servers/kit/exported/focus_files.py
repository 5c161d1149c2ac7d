"""The FOCUS dataset files of a folder, among its bills or beside them, converted once and kept until they change."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ConfigDict, TypeAdapter

from servers.kit.exported.kept import KeptConversions
from servers.kit.exports.layout import BILL_SUFFIXES
from shared_models.dataset import FOCUS_DATASETS
from shared_models.export import ConvertedDataset

_ADAPTER: Final = TypeAdapter(tuple[ConvertedDataset, ...], config=ConfigDict(defer_build=True))


class FocusFiles:
    """Converts them into `<cache>`; blocking, call it off the event loop."""

    def __init__(self, folder: Path, cache: Path, provider: str) -> None:
        self._folder = folder
        self._cache = cache
        self._provider = provider
        self._kept = KeptConversions(cache, ".datasets.json", _ADAPTER)

    def converted(self) -> tuple[ConvertedDataset, ...]:
        """Every FOCUS dataset of the folder, from the cache where nothing changed; none where it has only bills.

        Raises:
            UnreadableExportError: a file cannot be read.
            TooManyRejectsError: too many rows cannot be kept.
            LedgerUnavailableError: the disk refused what had to be written.

        """
        return self._kept.of(self._files(), self._convert)

    def _convert(self) -> tuple[ConvertedDataset, ...]:
        from servers.kit.datasets.focus_files import (  # noqa: PLC0415 - a server starts without the converter
            convert_datasets,
        )

        found = (convert_datasets(place, self._cache, provider=self._provider) for place in self._places())
        return tuple(dataset for datasets in found for dataset in datasets)

    def _files(self) -> Iterator[Path]:
        for place in self._places():
            yield from (place,) if place.is_file() else place.rglob("*")

    def _places(self) -> Iterator[Path]:
        if (self._folder / "costs").is_dir():
            yield self._folder / "costs"
        for name in FOCUS_DATASETS:
            files = (self._folder / f"{name.value}{suffix}" for suffix in BILL_SUFFIXES)
            yield from (file for file in files if file.is_file())
            if (self._folder / name.value).is_dir():
                yield self._folder / name.value
