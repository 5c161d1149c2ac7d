"""The bills of mirrored exports: brought from stores or beside them in the local folder, converted when changed."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from servers.kit.exported.bills import Bills, Booked
from servers.kit.exports.native import NativeFormat
from servers.kit.live.mirror.gaps import gaps_of_damaged, gaps_of_unseen
from servers.kit.live.mirror.refresh import Damaged, refresh
from servers.kit.live.mirror.store import Store
from servers.kit.live.mirror.versions import Version, mirrored
from shared_models.coverage import Freshness, Gap, SourceState
from shared_models.errors import FinOpsError, SourceNotEnabledError
from shared_models.export import ConvertedExport, ExportPart
from shared_models.source_of_record import parts_of_record
from shared_models.untrusted import safe_text

FRESH_FOR: Final = timedelta(hours=4)
JUST_NOW: Final = timedelta(minutes=1)
Problems = list[tuple[str, FinOpsError]]
"""Places that could not be looked at, and why."""


@dataclass(frozen=True)
class Place:
    """One store with the words for it in a gap."""

    told: str
    store: Store


@dataclass(frozen=True)
class Kind:
    """What one cloud's exports are called and how its bills are read."""

    source: str
    origin: str
    natives: Sequence[NativeFormat]
    none_found: SourceNotEnabledError


class MirroredBills:
    """Mirrors, converts and keeps; blocking, call it off the event loop. `beside` are the bills of a local folder."""

    def __init__(
        self,
        kind: Kind,
        places: Callable[[Problems], Iterable[Place]],
        folder: Path,
        cache: Path,
        beside: Booked | None,
        clock: Callable[[], datetime],
    ) -> None:
        """`places` looks for stores; what it cannot look at it adds to the problems."""
        self._kind = kind
        self._places = places
        self._folder = folder
        self._cache = cache
        self._beside = beside
        self._clock = clock
        self._guard = threading.Lock()
        self._bills: dict[Path, Bills] = {}
        self.refreshed_at: datetime | None = None
        self.gaps: tuple[Gap, ...] = ()

    def refresh(self, older_than: timedelta) -> None:
        """Look for new deliveries unless that was done a while ago; what could not be looked at is a gap.

        Raises:
            FinOpsError: nothing could be looked at, and nothing is mirrored.

        """
        with self._guard:
            now = self._clock()
            if self.refreshed_at is not None and now - self.refreshed_at < older_than:
                return
            problems: Problems = []
            damaged: list[Damaged] = []
            for place in self._places(problems):
                try:
                    damaged += refresh(place.store, self._folder, now).damaged
                except FinOpsError as error:
                    problems.append((place.told, error))
            source = self._kind.source
            refused = tuple(self._gap(where, error) for where, error in problems)
            self.gaps = (*refused, *gaps_of_damaged(source, damaged), *gaps_of_unseen(source, self._folder, now))
            failures = [error for _, error in problems] + [one.error for one in damaged]
            if failures and not mirrored(self._folder) and self._beside is None:
                raise failures[0]
            self.refreshed_at = now

    def converted(self) -> tuple[ConvertedExport, ...]:
        """Every bill that is mirrored or lies in the folder; only changed deliveries are converted again.

        Raises:
            SourceNotEnabledError: there is no export at all.
            UnreadableExportError: a bill cannot be read.

        """
        found = [export for folder, version in mirrored(self._folder) for export in self._of(folder, version)]
        if self._beside is not None:
            found += self._beside.converted()
        if not found:
            raise self._kind.none_found
        return tuple(found)

    def booked(self) -> tuple[ExportPart, ...]:
        """The parts that count, none where there is no export."""
        try:
            return parts_of_record([part for export in self.converted() for part in export.parts])
        except SourceNotEnabledError:
            return ()

    @property
    def present(self) -> bool:
        """Whether there is any bill without looking anew."""
        return self._beside is not None or bool(mirrored(self._folder))

    def freshness(self) -> tuple[Freshness, ...]:
        """How old the newest delivery of each export is."""
        newest: dict[str, datetime] = {}
        for _, version in mirrored(self._folder):
            newest[version.source_key] = max(version.made_at, newest.get(version.source_key, version.made_at))
        return tuple(
            Freshness(
                source=self._kind.source,
                data_as_of=made,
                fetched_at=self.refreshed_at,
                origin=f"{self._kind.origin} {key}",
            )
            for key, made in sorted(newest.items())
        )

    def _of(self, folder: Path, version: Version) -> tuple[ConvertedExport, ...]:
        if folder not in self._bills:
            bills = Bills(folder, self._cache, self._kind.source, self._kind.natives, source_key=version.source_key)
            self._bills = {**self._bills, folder: bills}
        return self._bills[folder].converted()

    def _gap(self, where: str, error: FinOpsError) -> Gap:
        message = safe_text(f"exports of {where}: {error.message}")
        return Gap(
            source=self._kind.source, state=SourceState.PARTIAL, code=error.code, message=message, hint=error.hint
        )
