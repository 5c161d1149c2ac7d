"""The bills of all payers: mirrored from S3 or beside it in the local folder, converted where they changed."""

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from servers.aws.data_exports.discovery import Place, configured, places
from servers.aws.data_exports.store import S3Store
from servers.aws.exports import NATIVE_FORMATS
from servers.aws.live import Live
from servers.kit.exported.bills import Bills, Booked
from servers.kit.live.mirror.gaps import gaps_of_damaged, gaps_of_unseen
from servers.kit.live.mirror.refresh import Damaged, refresh
from servers.kit.live.mirror.versions import Version, mirrored
from shared_models.coverage import Freshness, Gap, SourceState
from shared_models.errors import FinOpsError, SourceNotEnabledError
from shared_models.export import ConvertedExport, ExportPart
from shared_models.source_of_record import parts_of_record

FRESH_FOR: Final = timedelta(hours=4)
JUST_NOW: Final = timedelta(minutes=1)


class LiveBills:
    """Mirrors, converts and keeps; blocking, call it off the event loop. `beside` are the bills of a local folder."""

    def __init__(self, live: Live, cache: Path, beside: Booked | None) -> None:
        self._live = live
        self._cache = cache
        self._beside = beside
        self._folder = live.folder / "mirror"
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
            now = self._live.clock()
            if self.refreshed_at is not None and now - self.refreshed_at < older_than:
                return
            problems: list[tuple[str, FinOpsError]] = []
            damaged: list[Damaged] = []
            for place in self._places(problems):
                try:
                    damaged += refresh(S3Store(self._live, place), self._folder, now).damaged
                except FinOpsError as error:
                    problems.append((f"s3://{place.bucket}/{place.prefix}", error))
            refused = tuple(_gap(where, error) for where, error in problems)
            self.gaps = (*refused, *gaps_of_damaged("aws", damaged), *gaps_of_unseen("aws", self._folder, now))
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
            raise SourceNotEnabledError(
                "bills in bulk",
                source="AWS (no Data Export found)",
                hint="Create a Data Export of the FOCUS table; `skyledger doctor aws` prints a template.",
            )
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
            Freshness(source="aws", data_as_of=made, fetched_at=self.refreshed_at, origin=f"Data Export {key}")
            for key, made in sorted(newest.items())
        )

    def _of(self, folder: Path, version: Version) -> tuple[ConvertedExport, ...]:
        if folder not in self._bills:
            bills = Bills(folder, self._cache, "aws", NATIVE_FORMATS, source_key=version.source_key)
            self._bills = {**self._bills, folder: bills}
        return self._bills[folder].converted()

    def _places(self, problems: list[tuple[str, FinOpsError]]) -> tuple[Place, ...]:
        if self._live.settings.export_locations:
            return configured(self._live)
        found: list[Place] = []
        try:
            payers = self._live.sessions.payers()
        except FinOpsError as error:
            problems.append(("our own account", error))
            return ()
        for payer in payers:
            try:
                found += places(self._live, payer)
            except FinOpsError as error:
                problems.append((payer, error))
        return tuple(found)


def _gap(where: str, error: FinOpsError) -> Gap:
    message = f"exports of {where}: {error.message}"
    return Gap(source="aws", state=SourceState.PARTIAL, code=error.code, message=message, hint=error.hint)
