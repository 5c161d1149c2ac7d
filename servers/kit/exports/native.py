"""What a native bill format declares: how to recognise it, prepare its rows, map them to FOCUS, and check the sum."""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from servers.kit.exports.sql import as_text, numbers_as_text
from shared_models.export import CostBasis, SourceFormat
from shared_models.quoting import literal, quoted

NUMBER: Final = "DECIMAL(38,18)"
"""Native amounts are read to 18 decimals."""


_METRICS: Final = ("BilledCost", "EffectiveCost")


def _no_tags(_columns: Mapping[str, str]) -> str:
    return "CAST(NULL AS VARCHAR)"


@dataclass(frozen=True)
class NativeFormat:
    """One native bill format, as data.

    Column names are normalised (lower case, letters and digits only), so that all spellings of one column are one.
    `required` identify the format. `texts`, `numbers` and `nested` are the columns that `rows` and `mapping` may use;
    one that a file lacks is null. `rows` is a SELECT over the relation `native` that yields one row per charge;
    `mapping` gives each FOCUS column as an SQL expression over such a row. `tags` makes the tags from the columns as
    they are spelled. `control` is BilledCost (and EffectiveCost) as an expression over an untouched `native` row: the
    control total does not depend on `rows` and `mapping`.
    """

    source_format: SourceFormat
    provider: str
    required: frozenset[str]
    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    mapping: Mapping[str, str]
    control: Mapping[CostBasis, str]
    nested: Mapping[str, str] = field(default_factory=dict[str, str])
    """{column: shape as DuckDB's json_transform takes it}."""
    rows: str = "SELECT * FROM native"
    tags: Callable[[Mapping[str, str]], str] = _no_tags
    bases: tuple[CostBasis, ...] = tuple(CostBasis)
    aside: str | None = None
    """SQL condition over a mapped row for rows that are set aside by rule (a split beside its parent)."""
    apart: tuple[SourceFormat, str, tuple[CostBasis, ...]] | None = None
    """(format, SQL condition over a mapped row, metrics known) of rows that make parts of their own, so that the ledger
    can count them beside another source that lacks just these."""
    fits: str | None = None
    """An SQL aggregate over `native` that must be true: tells formats with equal columns apart."""
    fault: str | None = None
    """SQL over a `native` row: why its charges cannot be kept, for what no mapped column shows; else null."""
    notes: tuple[str, ...] = ()

    @property
    def amounts(self) -> tuple[str, ...]:
        """The number columns that the source's costs are made of."""
        words = set(re.findall(r"\w+", " ".join((*self.control.values(), *map(self.mapping.__getitem__, _METRICS)))))
        return tuple(name for name in self.numbers if name in words)


def load_mapping(path: Path) -> dict[str, str]:
    """A mapping table: CSV with the columns `focus_column` and `expression`."""
    with path.open(encoding="utf-8", newline="") as handle:
        return {row["focus_column"]: row["expression"] for row in csv.DictReader(handle)}


def categories(path: Path, value: str) -> str:
    """SQL: the FOCUS ServiceCategory of a native service, from a CSV of `service,category`; else Other."""
    with path.open(encoding="utf-8", newline="") as handle:
        pairs = [(row["service"].lower(), row["category"]) for row in csv.DictReader(handle)]
    keys = ", ".join(literal(service) for service, _ in pairs)
    values = ", ".join(literal(category) for _, category in pairs)
    return f"COALESCE(MAP([{keys}], [{values}])[lower({value})], 'Other')"


def normalised(name: str) -> str:
    """`lineItem/UnblendedCost` and `line_item_unblended_cost` -> `lineitemunblendedcost`."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def native_relation(native: NativeFormat, columns: Mapping[str, str]) -> str:
    """SQL: the source with the format's columns under their normalised names, typed, null where the file lacks them."""
    spelled = {normalised(name): name for name in columns}

    def text(name: str) -> str:
        return as_text(quoted(spelled[name]), columns[spelled[name]]) if name in spelled else "CAST(NULL AS VARCHAR)"

    texts = dict.fromkeys((*sorted(native.required), *native.texts))
    plain = [name for name in texts if name not in native.numbers and name not in native.nested]
    selected = [
        *[f"{text(name)} AS {name}" for name in plain],
        *[f"TRY_CAST({text(name)} AS {NUMBER}) AS {name}" for name in native.numbers],
        *[f"{_nested(spelled.get(name), columns, shape)} AS {name}" for name, shape in native.nested.items()],
        f"{native.tags(columns)} AS tags_",
    ]
    unread = " ".join(
        f"WHEN {text(name)} IS NOT NULL AND TRY_CAST({text(name)} AS {NUMBER}) IS NULL"
        f" THEN {literal(f'{spelled[name]} is not a number')}"
        for name in native.amounts
        if name in spelled
    )
    selected.append(f"{f'CASE {unread} END' if unread else 'CAST(NULL AS VARCHAR)'} AS unread_")
    return (
        f"SELECT * EXCLUDE (unread_), COALESCE(unread_, {native.fault or 'NULL'}) AS fault_"
        f" FROM (SELECT {', '.join(selected)}, _file, _row FROM source)"
    )


def _nested(name: str | None, columns: Mapping[str, str], shape: str) -> str:
    """A nested column as the type that the format works with; JSON text is read, a missing column is null."""
    if name is None:
        return f"json_transform(CAST(NULL AS JSON), {literal(shape)})"
    text = quoted(name) if columns[name] == "VARCHAR" else f"CAST(to_json({quoted(name)}) AS VARCHAR)"
    return f"json_transform(TRY_CAST({numbers_as_text(text)} AS JSON), {literal(shape)})"
