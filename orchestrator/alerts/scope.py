"""A part of the estate whose daily cost is watched, and its series."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

LEVELS: Final = (
    (),
    ("x_Provider",),
    ("x_Provider", "ServiceName"),
    ("x_Provider", "SubAccountId"),
    ("x_Provider", "SubAccountId", "ServiceName"),
)
"""What is watched, from the whole estate down; what lies below is searched for the cause only."""


@dataclass(frozen=True)
class Scope:
    """One currency of one part of the estate."""

    currency: str
    where: tuple[tuple[str, str | None], ...] = ()

    def contains(self, other: "Scope") -> bool:
        """Whether the other is a part of this one, or the same."""
        return self.currency == other.currency and set(self.where) <= set(other.where)

    def meets(self, other: "Scope") -> bool:
        """Whether both can hold the same charge: no column with two values."""
        mine, others = dict(self.where), dict(other.where)
        return self.currency == other.currency and all(mine[name] == others[name] for name in mine.keys() & others)

    @property
    def said(self) -> dict[str, str | None]:
        """Column by value."""
        return dict(self.where)


@dataclass(frozen=True)
class Series:
    """Daily costs of scopes over the same days; a day before a scope's cloud has data, or after, is missing."""

    first: date
    length: int
    costs: Mapping[Scope, Mapping[date, Decimal]]
    known: Mapping[Scope, tuple[date, date]]
    """First and last day with data, of the scope's cloud."""
