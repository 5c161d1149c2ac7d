"""Bring one table's mirror up to date: only partition days that are new or changed are read, and all of them are.

Partitions tell their rows and when they were last written: late rows come in new or newer partitions, whatever month
they belong to, and a restated month shows in the partitions that were written again. The newest days are read one by
one, older ones by calendar month, so that an open month costs a day's bytes a day.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from servers.gcp.billing_exports.discovery import ExportTable
from servers.gcp.billing_exports.queries import READ_PRICE, estimate, give_back, price_of, run, take
from servers.gcp.billing_exports.rows import condition_of, fetch
from servers.gcp.billing_exports.state import (
    Partition,
    State,
    Unit,
    folder_of,
    publish_state,
    read_state,
    unit_name,
    with_months,
)
from servers.gcp.live import Live
from serving.files import exclusive_lock

_SINGLE_DAYS: Final = 7
_AT_ONCE: Final = 4
_WHOLE_FRESH_FOR: Final = timedelta(hours=24)
_SETTLING: Final = timedelta(days=45)
"""How long after a month rows of its invoice still come."""
_WHOLE: Final = "all"


@dataclass(frozen=True)
class Plan:
    """What a sync would read of a table, and what BigQuery would bill for it."""

    table: ExportTable
    days: tuple[str, ...]
    bytes: int

    def said(self) -> str:
        """In one sentence."""
        if not self.days:
            return f"{self.table.name} is mirrored as it is"
        dollars = price_of(self.bytes, READ_PRICE)
        return f"the next sync reads {len(self.days)} days of {self.table.name}: {self.bytes} bytes, USD {dollars:.6f}"


def refresh(live: Live, table: ExportTable, mirror: Path, before: date | None = None) -> State | None:
    """The mirror of a table as BigQuery has it now; blocking. None where it has nothing of the months that are wanted.

    `before` is the first day of the month from which on a better export counts: only older ones are read.

    Raises:
        PurseEmptyError: today's limits do not allow what is to be read; nothing was read.
        FinOpsError: BigQuery refuses or fails; what was mirrored before stays as it is.

    """
    folder = folder_of(mirror, table)
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(folder / "refresh.lock"):
        known = read_state(folder)
        if known is not None and known.before == before and _unchanged(live, known, table):
            return known
        partitions, pending = _partitions(live, table)
        if before is not None:
            partitions = _older(partitions, before)
            if not partitions:
                return known
        state = _read(live, table, folder, known, partitions)
        state = state.model_copy(
            update={"missing": holes(partitions, live.clock().date()), "pending": pending, "before": before}
        )
        publish_state(folder, state)
        return state


def _older(partitions: Mapping[str, Partition], before: date) -> dict[str, Partition]:
    """The partitions in which rows of earlier invoice months come; none where there are no such months."""
    first, last = before.isoformat(), (before + _SETTLING).isoformat()
    if not any(day < first for day in partitions):
        return {}
    return {day: one for day, one in partitions.items() if day <= last}


def plan(live: Live, table: ExportTable, mirror: Path) -> Plan:
    """What a sync would bill for a table, by free requests alone; blocking.

    Raises:
        FinOpsError: BigQuery refuses or fails.

    """
    known = read_state(folder_of(mirror, table))
    if known is not None and _unchanged(live, known, table):
        return Plan(table, (), 0)
    if known is None or not table.partitioned:
        return Plan(table, (_WHOLE,), table.bytes)
    # Which partitions changed is not free to know: those since the last single days are taken for changed.
    since = min((day for unit in known.units if len(unit.days) == 1 for day in unit.days), default="1970-01-01")
    sql = f"SELECT * FROM `{table.name}` WHERE _PARTITIONTIME >= TIMESTAMP('{since}')"
    return Plan(table, (f"since {since}",), estimate(live, sql, on=table.resource, location=table.location))


def _unchanged(live: Live, known: State, table: ExportTable) -> bool:
    if not table.partitioned:
        return live.clock() - known.read_at < _WHOLE_FRESH_FOR
    said = (table.modified, table.rows, table.bytes, table.columns)
    return said == (known.table.modified, known.table.rows, known.table.bytes, known.table.columns)


def _partitions(live: Live, table: ExportTable) -> tuple[dict[str, Partition], int]:
    """Day -> partition, and the rows that are not in any yet."""
    if not table.partitioned:
        return {_WHOLE: Partition(rows=-1, modified=live.clock().isoformat())}, 0
    sql = (
        "SELECT partition_id, total_rows, last_modified_time"
        f" FROM `{table.project}.{table.dataset}`.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = '{table.table}'"
    )
    answered = run(live, sql, on=table.resource, location=table.location)
    found: dict[str, Partition] = {}
    pending = 0
    for row in answered.rows:
        day = _day(str(row["partition_id"]))
        if day is None:
            pending += int(row["total_rows"] or 0)
        elif row["total_rows"]:
            found[day.isoformat()] = Partition(rows=row["total_rows"], modified=_text(row["last_modified_time"]))
    return dict(sorted(found.items())), pending


def _read(
    live: Live, table: ExportTable, folder: Path, known: State | None, partitions: Mapping[str, Partition]
) -> State:
    units = list(known.units) if known else []
    held = {day: one for unit in units for day, one in unit.days.items()}
    changed = {day for day, one in partitions.items() if held.get(day) != one}
    # A unit with a changed day is read again whole, those of its days that are gone excepted: they are kept.
    stale = [unit for unit in units if changed & set(unit.days)]
    wanted = changed | {day for unit in stale for day in unit.days if day in partitions}
    lost = {day for unit in stale for day in unit.days if day not in partitions}
    if lost:
        stale = [unit for unit in stale if not lost & set(unit.days)]
        wanted -= {day for unit in units if lost & set(unit.days) for day in unit.days}
    batches = _batches(wanted)
    if table.partitioned:
        _afford(live, table, [day for batch in batches for day in batch])
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tasks = [pool.submit(_unit, live, table, {day: partitions[day] for day in days}, folder) for days in batches]
        fresh = [task.result() for task in tasks]
    kept = [unit for unit in units if unit not in stale and unit.name not in {one.name for one in fresh}]
    gone = tuple(sorted(day for unit in kept for day in unit.days if day not in partitions))
    state = State(table=table, units=(*kept, *fresh), read_at=live.clock(), gone=gone if table.partitioned else ())
    return with_months(folder, state)


def _afford(live: Live, table: ExportTable, days: Sequence[str]) -> None:
    """Whether all of it can be paid for today: a table that is read by half would be a month with holes.

    Raises:
        PurseEmptyError: it cannot.

    """
    if days:
        sql = f"SELECT * FROM `{table.name}` WHERE {condition_of(days)}"
        count = estimate(live, sql, on=table.resource, location=table.location)
        give_back(live, take(live, count, READ_PRICE), 0, READ_PRICE)


def _unit(live: Live, table: ExportTable, days: Mapping[str, Partition], folder: Path) -> Unit:
    name = unit_name(days, live.clock().isoformat() if not table.partitioned else table.name)
    place = folder / "units" / name
    beside = place.with_name(f".{name}")
    months, rows = fetch(live, table, sorted(days), beside)
    shutil.rmtree(place, ignore_errors=True)
    beside.rename(place)
    return Unit(name=name, days=dict(days), months=months, rows=rows)


def _batches(days: Iterable[str]) -> list[list[str]]:
    """The newest days one by one, the others by calendar month."""
    ordered = sorted(days)
    if ordered == [_WHOLE]:
        return [ordered]
    newest = (date.fromisoformat(ordered[-1]) - timedelta(days=_SINGLE_DAYS)).isoformat() if ordered else ""
    months: dict[str, list[str]] = {}
    for day in ordered:
        months.setdefault(day if day > newest else day[:7], []).append(day)
    return list(months.values())


def holes(partitions: Mapping[str, Partition], today: date) -> tuple[str, ...]:
    """The days between the first and the last that have no rows and should."""
    days = sorted(day for day in partitions if day != _WHOLE)
    if not days:
        return ()
    first, last = date.fromisoformat(days[0]), min(date.fromisoformat(days[-1]), today)
    every = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days)]
    return tuple(day for day in every if day not in partitions)


def _day(partition: str) -> date | None:
    """`20261005` or `2026100512`; None for `__UNPARTITIONED__` and `__NULL__`."""
    try:
        return datetime.strptime(partition[:8], "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _text(moment: Any) -> str:
    return moment.isoformat() if hasattr(moment, "isoformat") else str(moment)
