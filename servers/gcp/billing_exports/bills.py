"""The bills of every billing account: mirrored from its best export, converted where they changed.

Of the exports of an account the best counts (FOCUS, then detailed, then standard, or as the settings prefer), and a
worse one fills the months before the best one was switched on.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from servers.gcp.billing_exports.discovery import BILLS, TABLES, ExportTable, ExportTables, Kind
from servers.gcp.billing_exports.mirror import Plan, plan, refresh
from servers.gcp.billing_exports.state import State, month_folder, read_state
from servers.gcp.exports import NATIVE_FORMATS
from servers.gcp.gaps import gap_of
from servers.gcp.live import Live
from servers.kit.exported.bills import Bills, Booked
from shared_models.coverage import Freshness, Gap, SourceState
from shared_models.errors import FinOpsError, SourceNotEnabledError
from shared_models.export import ConvertedExport, ExportPart
from shared_models.source_of_record import parts_of_record

JUST_NOW: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Counting:
    """A mirrored table, and the invoice months that count of it with their versions."""

    folder: Path
    state: State
    months: Mapping[str, str]


class LiveBills:
    """Mirrors, converts and keeps; blocking, call it off the event loop. `beside` are the bills of a local folder."""

    def __init__(self, live: Live, tables: ExportTables, cache: Path, beside: Booked | None) -> None:
        self._live = live
        self._tables = tables
        self._cache = cache
        self._beside = beside
        self._folder = live.folder / "mirror"
        self._guard = threading.Lock()
        self._bills: dict[Path, Bills] = {}
        self.refreshed_at: datetime | None = None
        self.gaps: tuple[Gap, ...] = ()
        self.planned: tuple[Plan, ...] = ()

    def refresh(self, older_than: timedelta) -> None:
        """Read what changed unless that was done a while ago; what could not be read is a gap.

        Raises:
            FinOpsError: nothing could be read, and nothing is mirrored.

        """
        with self._guard:
            now = self._live.clock()
            if self.refreshed_at is not None and now - self.refreshed_at < older_than:
                return
            problems: list[FinOpsError] = []
            gaps: list[Gap] = []
            try:
                found = self._tables.found(older_than)
            except FinOpsError as error:
                problems.append(error)
                gaps.append(gap_of("billing exports", error))
            else:
                gaps += found.gaps
                for ranked in by_account(found.of(*TABLES), self._live.settings.prefer):
                    self._account(ranked, problems, gaps)
            if problems and not self.mirrored() and self._beside is None:
                raise problems[0]
            self.gaps = (*gaps, *(gap for one in self.mirrored() for gap in _holes(one.state)))
            self.planned = ()
            self.refreshed_at = now

    def plan(self) -> tuple[Plan, ...]:
        """What the next refresh would read and bill, by free requests; also kept for `freshness`.

        Raises:
            FinOpsError: Google refuses or fails.

        """
        ranked = by_account(self._tables.found().of(*TABLES), self._live.settings.prefer)
        self.planned = tuple(plan(self._live, tables[0], self._folder) for tables in ranked)
        return self.planned

    def mirrored(self) -> tuple[Counting, ...]:
        """What counts of the mirror."""
        states: dict[str, list[tuple[Path, State]]] = {}
        for said in sorted(self._folder.glob("*/state.json")):
            if (state := read_state(said.parent)) is not None:
                states.setdefault(state.table.billing_account_id or state.table.name, []).append((said.parent, state))
        return tuple(one for found in states.values() for one in _counting(found, self._live.settings.prefer))

    def converted(self) -> tuple[ConvertedExport, ...]:
        """Every bill that is mirrored or lies in the folder; only changed months are converted again.

        Raises:
            SourceNotEnabledError: there is no export at all.
            UnreadableExportError: a bill cannot be read.

        """
        found: list[ConvertedExport] = []
        for one in self.mirrored():
            for month, version in one.months.items():
                found += self._of(month_folder(one.folder, month, version), one.state.source_key)
        if self._beside is not None:
            found += self._beside.converted()
        if not found:
            raise SourceNotEnabledError(
                "bills in bulk",
                source="Google Cloud (no billing export is mirrored)",
                hint="Sync first; without an export in BigQuery `skyledger doctor gcp` prints how to set one up.",
            )
        return tuple(found)

    def booked(self) -> tuple[ExportPart, ...]:
        """The parts that count, none where nothing is mirrored."""
        try:
            return parts_of_record([part for export in self.converted() for part in export.parts])
        except SourceNotEnabledError:
            return ()

    def freshness(self) -> tuple[Freshness, ...]:
        """Which export counts for which account, how old it is, and what its next sync reads."""
        said = {one.table.name: one.said() for one in self.planned}
        found = [
            Freshness(
                source="gcp",
                data_as_of=one.state.table.modified,
                fetched_at=one.state.read_at,
                origin="; ".join(filter(None, (one.state.table.said, said.pop(one.state.table.name, "")))),
            )
            for one in self.mirrored()
        ]
        rest = [Freshness(source="gcp", origin=f"{one.table.said}; {one.said()}") for one in self.planned
                if one.table.name in said]  # fmt: skip
        return (*found, *rest)

    def _account(self, ranked: Sequence[ExportTable], problems: list[FinOpsError], gaps: list[Gap]) -> None:
        """The best export of an account, and worse ones for the months before it begins."""
        before: date | None = None
        for table in ranked:
            try:
                state = refresh(self._live, table, self._folder, before)
            except FinOpsError as error:
                problems.append(error)
                gaps.append(gap_of(table.said, error))
                continue
            if state is not None and (begins := state.begins()) is not None:
                before = date(int(begins[:4]), int(begins[4:]), 1)

    def _of(self, folder: Path, source_key: str) -> tuple[ConvertedExport, ...]:
        if folder not in self._bills:
            bills = Bills(folder, self._cache, "gcp", NATIVE_FORMATS, source_key=source_key)
            self._bills = {**self._bills, folder: bills}
        return self._bills[folder].converted()


def by_account(tables: Iterable[ExportTable], prefer: str | None) -> list[list[ExportTable]]:
    """The exports of each billing account, the best first; a view counts only where there is no table."""
    accounts: dict[str | None, list[ExportTable]] = {}
    for table in tables:
        accounts.setdefault(table.billing_account_id, []).append(table)
    views = accounts.pop(None, [])
    ranked = [
        sorted(own, key=lambda one: _rank(one, prefer)) for _, own in sorted(accounts.items(), key=lambda a: a[0] or "")
    ]
    return ranked or [[view] for view in views]


def _counting(found: Sequence[tuple[Path, State]], prefer: str | None) -> list[Counting]:
    """Each month of the best table that has it whole: the month of a switch to a better export is the worse one's."""
    bound: str | None = None
    ranked: list[Counting] = []
    for folder, state in sorted(found, key=lambda one: _rank(one[1].table, prefer)):
        ranked.append(Counting(folder, state, {m: v for m, v in state.months.items() if bound is None or m < bound}))
        bound = min(filter(None, (bound, state.begins())), default=None)
    counting: list[Counting] = []
    for number, one in enumerate(ranked):
        begins = one.state.begins() or ""
        others = {month for worse in ranked[number + 1 :] for month in worse.months}
        own = {month: version for month, version in one.months.items() if month >= begins or month not in others}
        if own:
            counting.append(Counting(one.folder, one.state, own))
    return counting


def _rank(table: ExportTable, prefer: str | None) -> tuple[bool, int]:
    return table.kind != prefer, BILLS.index(table.kind) if table.kind in BILLS else len(Kind)


def _holes(state: State) -> list[Gap]:
    said: list[tuple[str, str]] = []
    if state.missing:
        said.append(("days_missing", f"no rows were exported on {_days(state.missing)}"))
    if state.gone:
        said.append(("days_gone", f"{_days(state.gone)} are no longer in the table and stay as they were read"))
    if state.pending:
        said.append(("rows_pending", f"{state.pending} rows wait in the streaming buffer and come with a later sync"))
    return [
        Gap(source="gcp", state=SourceState.PARTIAL, code=code, message=f"{state.table.said}: {text}",
            hint="Look at the export in the Cloud console; what is missing comes with the next sync once it is there.")
        for code, text in said
    ]  # fmt: skip


def _days(days: Sequence[str]) -> str:
    shown = ", ".join(days[:10])
    return shown if len(days) <= 10 else f"{shown} and {len(days) - 10} more days"  # noqa: PLR2004 - as many are shown
