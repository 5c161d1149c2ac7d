"""What a native bill format declares: how to recognise it, prepare its rows, map them to FOCUS, and check the sum."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared_models.export import CostBasis, SourceFormat

Prepare = Callable[[Mapping[str, str]], str]
"""From {normalised column: SQL type} to a SELECT over the relation `source`, one row per charge."""


@dataclass(frozen=True)
class NativeFormat:
    """One native bill format, as data.

    `required` are normalised column names (lower case, letters and digits only) that identify it; `prepare` yields the
    rows that are charges, with normalised column names, and keeps `_file` and `_row`; `mapping` gives each FOCUS
    column as an SQL expression over a prepared row (columns that the source lacks must not be named: `prepare` adds
    them as null); `control` gives BilledCost (and EffectiveCost where it is known) as an SQL expression over an
    untouched `source` row, so that the control total does not depend on `prepare` and `mapping`.
    """

    source_format: SourceFormat
    provider: str
    required: frozenset[str]
    optional: tuple[str, ...]
    prepare: Prepare
    mapping: Mapping[str, str]
    control: Mapping[CostBasis, Prepare]
    bases: tuple[CostBasis, ...] = tuple(CostBasis)
    notes: tuple[str, ...] = ()
    expected_aside: str | None = field(default=None)
    """SQL condition over a prepared row for rows that are set aside by rule (a split beside its parent)."""


def load_mapping(path: Path) -> dict[str, str]:
    """A mapping table: CSV with the columns `focus_column` and `expression`."""
    with path.open(encoding="utf-8", newline="") as handle:
        return {row["focus_column"]: row["expression"] for row in csv.DictReader(handle)}


def normalised(name: str) -> str:
    """`lineItem/UnblendedCost` and `line_item_unblended_cost` -> `lineitemunblendedcost`."""
    return "".join(letter for letter in name.lower() if letter.isalnum())
