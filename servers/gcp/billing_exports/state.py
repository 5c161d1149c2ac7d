"""What is mirrored of one table: read units by partition day, and the months that their rows belong to.

`<mirror>/<table>/state.json` is the one pointer: what it does not name does not count. A unit is the rows of one or
more partition days in files by invoice month, `units/<unit>/<month>.parquet`; a month is a folder that the converter
reads, `months/<month>/<version>/costs/<table>/<unit>.parquet`, of links to the units' files.
"""

import hashlib
import shutil
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

from pydantic import Field, ValidationError

from servers.gcp.billing_exports.discovery import ExportTable
from serving.files import write_whole
from shared_models.base import WireModel
from shared_models.disk import unavailable


class Partition(WireModel):
    """One day of a table as BigQuery describes it: other values are other content."""

    rows: int
    modified: str


class Unit(WireModel):
    """Partition days that were read together."""

    name: str
    days: dict[str, Partition]
    months: dict[str, int]
    """Invoice month -> the days of it on which there was usage, as bits."""
    rows: int


class State(WireModel):
    """A table's mirror."""

    table: ExportTable
    units: tuple[Unit, ...] = ()
    months: dict[str, str] = Field(default_factory=dict[str, str])
    """Invoice month -> version."""
    read_at: datetime
    missing: tuple[str, ...] = ()
    """Days between the first and the last for which the table has no rows."""
    gone: tuple[str, ...] = ()
    """Days that are mirrored and no longer in the table: they are kept."""
    before: date | None = None
    """From when on a better export counts; later partitions were not read."""
    pending: int = 0
    """Rows in the table's streaming buffer, which come with a later read."""

    def begins(self) -> str | None:
        """The first invoice month that the table has whole, with usage on each day; the first one where none is."""
        days: dict[str, int] = {}
        for unit in self.units:
            for month, bits in unit.months.items():
                days[month] = days.get(month, 0) | bits
        for month in sorted(days):
            last = days[month].bit_length()
            length = monthrange(int(month[:4]), int(month[4:]))[1]
            if days[month] == (1 << last) - 1 and (last >= length or month == max(days)) and last:
                return month
        return min(days, default=None)

    @property
    def source_key(self) -> str:
        """What the bill's source is called."""
        return f"bigquery://{self.table.name}"


def folder_of(mirror: Path, table: ExportTable) -> Path:
    """Where a table's mirror lies."""
    digest = hashlib.sha256(table.name.encode()).hexdigest()[:12]
    return mirror / f"{table.table[:60]}-{digest}"


def read_state(folder: Path) -> State | None:
    """What counts of a mirror; None makes it read again."""
    try:
        state = State.model_validate_json((folder / "state.json").read_bytes())
    except (OSError, ValidationError):
        return None
    whole = all(month_folder(folder, month, version).is_dir() for month, version in state.months.items())
    return state if whole else None


def month_folder(folder: Path, month: str, version: str) -> Path:
    """The folder of a month's version."""
    return folder / "months" / month / version


def with_months(folder: Path, state: State) -> State:
    """The state with a version of each month, whose files are in place.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    months: dict[str, list[Unit]] = {}
    for unit in state.units:
        for month in unit.months:
            months.setdefault(month, []).append(unit)
    try:
        versions = {month: _version(folder, state.table.table, month, units) for month, units in months.items()}
    except OSError as error:
        raise unavailable(error, folder.name) from error
    return state.model_copy(update={"months": dict(sorted(versions.items()))})


def publish_state(folder: Path, state: State) -> None:
    """Let a state count, and remove what neither it nor the one before names.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    former = read_state(folder)
    try:
        write_whole(folder / "state.json", state.model_dump_json().encode())
    except OSError as error:
        raise unavailable(error, folder.name) from error
    kept = [state, *([former] if former else [])]
    _remove_others(folder / "units", {unit.name for one in kept for unit in one.units})
    for place in (folder / "months").glob("*"):
        _remove_others(place, {one.months.get(place.name, "") for one in kept})


def unit_name(days: Mapping[str, Partition], rows_as_of: str) -> str:
    """A name that tells the content of partition days."""
    said = repr([sorted((day, one.rows, one.modified) for day, one in days.items()), rows_as_of])
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def _version(folder: Path, table: str, month: str, units: Iterable[Unit]) -> str:
    names = sorted(unit.name for unit in units)
    version = hashlib.sha256(repr(names).encode()).hexdigest()[:16]
    target = month_folder(folder, month, version)
    if not target.is_dir():
        beside = target.with_name(f".{version}")
        shutil.rmtree(beside, ignore_errors=True)
        (beside / "costs" / table).mkdir(parents=True)
        for name in names:
            _link(folder / "units" / name / f"{month}.parquet", beside / "costs" / table / f"{name}.parquet")
        beside.rename(target)
    return version


def _link(file: Path, to: Path) -> None:
    try:
        to.hardlink_to(file)
    except OSError:
        shutil.copy2(file, to)


def _remove_others(folder: Path, kept: set[str]) -> None:
    for one in folder.glob("*"):
        if one.name not in kept and one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
