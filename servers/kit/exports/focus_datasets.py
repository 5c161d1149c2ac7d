"""Which FOCUS dataset beside Cost and Usage a file is, by its columns; nothing of a bill counts as one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from servers.kit.exports.native import normalised
from shared_models.dataset import FOCUS_DATASETS, DatasetName
from shared_models.errors import UnreadableExportError, near_matches
from shared_models.export import SourceFormat
from shared_models.focus.column import Column, Level
from shared_models.focus.cost_and_usage import COST_AND_USAGE

_ENOUGH: Final = 2
"""So many of the columns that only this dataset has make a file one; a missing one is then an error that names it."""
_BILLS_OWN: Final = frozenset({"chargeperiodstart", "chargeperiodend", "effectivecost"})
_EARLIER: Final = "1.3"


@dataclass(frozen=True)
class DatasetShape:
    """A recognised file: its dataset, its version and the real spelling of its columns by their normalised names."""

    name: DatasetName
    version: SourceFormat
    spelling: Mapping[str, str]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that this version of the dataset has."""
        every = FOCUS_DATASETS[self.name].columns
        return tuple(c for c in every if c.since <= _EARLIER) if self.version is SourceFormat.FOCUS_1_3 else every


def recognise_dataset(columns: Iterable[str]) -> DatasetShape | None:
    """The dataset behind a header; None where it is a bill or nothing of FOCUS. Case and underscores do not matter."""
    spelling = {normalised(name): name for name in columns}
    if _BILLS_OWN & spelling.keys():
        return None
    counts = {name: len(_own(name) & spelling.keys()) for name in FOCUS_DATASETS}
    name, most = max(counts.items(), key=lambda found: found[1])
    return DatasetShape(name, _version(name, spelling), spelling) if most >= _ENOUGH else None


def require_columns(shape: DatasetShape, file: str) -> None:
    """Check that every column is there that its version of FOCUS asks for without condition.

    Raises:
        UnreadableExportError: a mandatory column is missing.

    """
    for column in shape.columns:
        if column.level is Level.MANDATORY and normalised(column.name) not in shape.spelling:
            near = near_matches(column.name, shape.spelling.values(), limit=2)
            raise UnreadableExportError(
                f"The column {column.name} is missing.",
                file=file,
                row=1,
                column=column.name,
                hint=f"Is it {' or '.join(near)}? Export the file with its FOCUS name."
                if near
                else f"Export {FOCUS_DATASETS[shape.name].name} with all its mandatory columns.",
            )


def _own(name: DatasetName) -> set[str]:
    """The columns that no bill has, by their normalised names."""
    return {normalised(column) for column in FOCUS_DATASETS[name].names if column not in COST_AND_USAGE.names}


def _version(name: DatasetName, spelling: Mapping[str, str]) -> SourceFormat:
    """1.3 for a contract commitment without any of the columns that 1.4 brought."""
    brought = {normalised(c.name) for c in FOCUS_DATASETS[name].columns if c.since > _EARLIER} & _own(name)
    return SourceFormat.FOCUS_1_4 if brought & spelling.keys() else SourceFormat.FOCUS_1_3
