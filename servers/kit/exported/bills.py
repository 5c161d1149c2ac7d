"""The bills of a folder, converted once and kept: what changed is converted again, by export and billing period."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from pydantic import ConfigDict, TypeAdapter

from servers.kit.exported.kept import KeptConversions
from servers.kit.exports.native import NativeFormat
from shared_models.export import ConvertedExport, ExportPart
from shared_models.source_of_record import parts_of_record

_ADAPTER: Final = TypeAdapter(tuple[ConvertedExport, ...], config=ConfigDict(defer_build=True))


class Booked(Protocol):
    """Converted bills of which only some count; blocking."""

    def converted(self) -> tuple[ConvertedExport, ...]: ...

    def booked(self) -> tuple[ExportPart, ...]: ...


class Bills:
    """Converts `<folder>/costs` into `<cache>`; blocking, call it off the event loop.

    `source_key` is what the export is called elsewhere; without it, it is called by its place. From `by_period_from`
    bytes an export is converted by billing period; without it, from where that is worth it.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        provider: str,
        natives: Sequence[NativeFormat],
        source_key: str | None = None,
        by_period_from: int | None = None,
    ) -> None:
        self._source_key = source_key
        self._by_period_from = by_period_from
        self._folder = folder / "costs"
        self._cache = cache
        self._provider = provider
        self._natives = natives
        self._kept = KeptConversions(cache, ".json", _ADAPTER)

    def converted(self) -> tuple[ConvertedExport, ...]:
        """Every export of the folder, from the cache where nothing changed.

        Raises:
            UnreadableExportError: a bill cannot be read.
            TooManyRejectsError: too many rows cannot be booked.
            LedgerUnavailableError: the disk refused what had to be written.

        """
        return self._kept.of(self._folder.rglob("*"), self._convert)

    def _convert(self) -> tuple[ConvertedExport, ...]:
        from servers.kit.exports.convert import ConvertOptions, convert  # noqa: PLC0415 - a server starts without it

        options = ConvertOptions(source_key=self._source_key)
        if self._by_period_from is not None:
            options = replace(options, by_period_from=self._by_period_from)
        return convert(
            self._folder,
            self._cache,
            provider=self._provider,
            natives=self._natives,
            options=options,
            keep=self._kept.piece,
        )

    def booked(self) -> tuple[ExportPart, ...]:
        """The parts that count by the ledger's own rule, so that nothing counts twice."""
        return parts_of_record([part for export in self.converted() for part in export.parts])
