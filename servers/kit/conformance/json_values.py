"""Checks inside JSON columns: on the elements of a list in the document, or on one value of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from servers.kit.conformance import formats
from servers.kit.conformance.columns import Columns
from servers.kit.conformance.model import Check
from shared_models.quoting import literal

_EACH: Final = "[*]"

_TYPES: Final = {
    "Array": ("ARRAY",),
    "Object": ("OBJECT",),
    "String": ("VARCHAR", "NULL"),
    "Decimal": ("DOUBLE", "BIGINT", "UBIGINT", "HUGEINT", "NULL"),
}
"""JSON types of each data type; null is a matter of other rules, except for a missing list or object."""


@dataclass(frozen=True)
class ElementTest:
    """A condition, never null, on `e`, one of the elements."""

    elements: str
    sql: str

    def some_element(self, holds: str) -> str:
        """Whether any element meets a condition on `e`."""
        return f"coalesce(len(list_filter({self.elements}, lambda e: {holds})) > 0, FALSE)"


@dataclass(frozen=True)
class _Place:
    """Where a path leads: the elements to look at, and the value inside of each."""

    elements: str
    inner: str

    @property
    def value(self) -> str:
        return f"json_extract(e, {literal(self.inner)})"

    @property
    def text(self) -> str:
        return f"json_extract_string(e, {literal(self.inner)})"

    @property
    def type(self) -> str:
        return f"coalesce(json_type(e, {literal(self.inner)}), '')"


def _place(column: str, path: str, columns: Columns) -> _Place:
    document = columns.json(column)
    before, each, after = path.partition(_EACH)
    if not each:
        return _Place(f"CASE WHEN json_valid({columns.text(column)}) THEN [{document}] END", path)
    return _Place(f"json_extract({document}, {literal(before + each)})", f"${after}")


def _type(check: Check, place: _Place) -> str:
    allowed = ", ".join(literal(kind) for kind in _TYPES[check.expected_type or "String"])
    missing = "FALSE" if check.expected_type in {"Array", "Object"} else f"{place.type} = ''"
    return f"({missing} OR {place.type} IN ({allowed}))"


def _null_or(holds: str, place: _Place) -> str:
    return f"({place.type} IN ('', 'NULL') OR coalesce({holds}, FALSE))"


def _has_value(check: Check, place: _Place) -> str:
    if check.value is None:
        return f"({place.type} IN ('', 'NULL'))"
    return f"coalesce({place.text} = {literal(str(check.value))}, FALSE)"


def _key_prefix(check: Check, place: _Place) -> str:
    known = ", ".join(literal(key) for key in check.ignore_keys) or "''"
    foreign = f"lambda k: NOT starts_with(k, {literal(check.prefix)}) AND k NOT IN ({known})"
    return f"coalesce(len(list_filter(json_keys({place.value}), {foreign})) = 0, TRUE)"


def _flat(_check: Check, place: _Place) -> str:
    nested = f"list_filter(json_extract({place.value}, '$.*'), lambda v: json_type(v) IN ('OBJECT', 'ARRAY'))"
    return f"({place.type} = 'OBJECT' AND coalesce(len({nested}) = 0, TRUE))"


def _number(_check: Check, place: _Place) -> str:
    return _null_or(formats.is_number(place.text), place)


def _unit(_check: Check, place: _Place) -> str:
    return _null_or(formats.is_unit(place.text), place)


def _string(_check: Check, place: _Place) -> str:
    return _null_or(formats.is_unicode(place.text), place)


_VALUES: Final[dict[str, Callable[[Check, _Place], str]]] = {
    "JSONCheckPathType": _type,
    "JSONCheckPathKeyExists": lambda _check, place: f"({place.type} <> '')",
    "JSONCheckPathValue": _has_value,
    "JSONCheckPathNotValue": lambda check, place: f"(NOT {_has_value(check, place)})",
    "JSONCheckPathKeyStartsWith": _key_prefix,
    "JSONCheckPathKeyValueFormat": _flat,
    "JSONCheckPathNumericFormat": _number,
    "JSONFormatNumeric": _number,
    "JSONCheckPathUnitFormat": _unit,
    "JSONFormatUnit": _unit,
    "JSONFormatString": _string,
}


def _on_value(build: Callable[[Check, _Place], str]) -> Callable[[Check, Columns], ElementTest]:
    def compiled(check: Check, columns: Columns) -> ElementTest:
        place = _place(check.column, check.path, columns)
        return ElementTest(place.elements, build(check, place))

    return compiled


def _same_value(check: Check, columns: Columns) -> ElementTest:
    """The value in each element against a column, or against the first value at a path of that column."""
    place = _place(check.column_a_name or "", check.path_a or "$", columns)
    other = check.column_b_name or ""
    if check.path_b:
        compared = f"json_extract_string({columns.json(other)}, {literal(check.path_b)})"
    else:
        compared = columns.text(other)
    return ElementTest(place.elements, f"coalesce({place.text} = {compared}, TRUE)")


JSON_CHECKS: Final[dict[str, Callable[[Check, Columns], ElementTest]]] = {
    **{name: _on_value(build) for name, build in _VALUES.items()},
    "JSONCheckPathSameValue": _same_value,
}


def element_pairs(check: Check, columns: Columns) -> tuple[str, str, str]:
    """For a check of parents: the elements, and the child and the parent in one element `e`."""
    child = _place(check.column, check.child_path or "$", columns)
    parent = _place(check.column, check.parent_path or "$", columns)
    return child.elements, child.text, parent.text
