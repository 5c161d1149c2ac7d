"""What a FOCUS column is: name, feature level, type, nullability, condition and allowed values."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Level(StrEnum):
    """How strongly the specification asks for the column."""

    MANDATORY = "Mandatory"
    CONDITIONAL = "Conditional"
    RECOMMENDED = "Recommended"
    OPTIONAL = "Optional"


class Kind(StrEnum):
    """The data type of a column."""

    STRING = "String"
    DECIMAL = "Decimal"
    DATE_TIME = "Date/Time"
    JSON = "JSON"


@dataclass(frozen=True, kw_only=False)
class Column:
    """One column of one dataset."""

    name: str
    level: Level
    kind: Kind
    nullable: bool = False
    condition: str = ""
    allowed: type[StrEnum] | None = None
    since: str = ""


@dataclass(frozen=True)
class Dataset:
    """One FOCUS dataset: its columns in the specification's order."""

    name: str
    columns: tuple[Column, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        """The column of that name; KeyError without one."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}
