"""A check on the values of a row, as a condition in SQL that is never null."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from servers.kit.conformance import formats
from servers.kit.conformance.columns import Columns
from servers.kit.conformance.json_values import JSON_CHECKS, ElementTest
from servers.kit.conformance.model import Check
from shared_models.quoting import literal

_SAME: Final = "1e-9"
"""Share of the result by which a product may differ as a double without differing as a decimal."""

_HALF_STEP: Final = "5e-7"
"""Half of the sixth decimal, the coarsest to which clouds round the quantities, prices and costs of a bill."""


class UnsupportedCheckError(Exception):
    """The model uses a check, or a form of one, that has no meaning here; the rule is skipped with this reason."""


@dataclass(frozen=True)
class RowTest:
    """A condition on a row."""

    sql: str


Test = RowTest | ElementTest


def _passing_null(holds: str) -> RowTest:
    """A requirement on values asks nothing of a null: whether null is allowed is a rule of its own."""
    return RowTest(f"coalesce({holds}, TRUE)")


def _sure(holds: str) -> RowTest:
    """A condition that is met only by values."""
    return RowTest(f"coalesce({holds}, FALSE)")


def _equal(check: Check, columns: Columns) -> str:
    if isinstance(check.value, int):
        return f"{columns.number(check.column)} = {check.value}"
    return f"{columns.text(check.column)} = {literal(str(check.value))}"


def _value(check: Check, columns: Columns, *, asked: bool) -> RowTest:
    if check.value is None:
        return RowTest(f"{columns.value(check.column)} IS NULL")
    return _passing_null(_equal(check, columns)) if asked else _sure(_equal(check, columns))


def _not_value(check: Check, columns: Columns, *, asked: bool) -> RowTest:
    """Null differs from every value: a charge without ChargeClass is not a correction."""
    del asked
    if check.value is None:
        return RowTest(f"{columns.value(check.column)} IS NOT NULL")
    return RowTest(f"NOT {_sure(_equal(check, columns)).sql}")


def _pair(check: Check, columns: Columns) -> tuple[str, str]:
    one, other = check.column_a_name or "", check.column_b_name or ""
    if columns.kinds.get(one) == columns.kinds.get(other):
        return columns.value(one), columns.value(other)
    return columns.text(one), columns.text(other)


def _same(check: Check, columns: Columns, *, asked: bool) -> RowTest:
    holds = " = ".join(_pair(check, columns))
    return _passing_null(holds) if asked else _sure(holds)


def _not_same(check: Check, columns: Columns, *, asked: bool) -> RowTest:
    holds = " <> ".join(_pair(check, columns))
    return _passing_null(holds) if asked else _sure(holds)


def _at_least(check: Check, columns: Columns, *, asked: bool) -> RowTest:
    holds = f"{columns.number(check.column)} >= {int(check.value or 0)}"
    return _passing_null(holds) if asked else _sure(holds)


def _factors(check: Check, columns: Columns) -> list[str]:
    """Doubles serve to judge nearness only; no amount leaves these expressions."""
    names = (check.column_a_name or "", check.column_b_name or "", check.result_column_name or "")
    return [f"TRY_CAST({columns.value(name)} AS DOUBLE)" for name in names]


def _product(check: Check, columns: Columns, *, asked: bool) -> RowTest:
    one, other, result = _factors(check, columns)
    holds = f"abs({one} * {other} - {result}) <= {_SAME} * greatest(abs({result}), 1)"
    return _passing_null(holds) if asked else _sure(holds)


def _rounded_product(check: Check, columns: Columns, *, asked: bool) -> RowTest:
    """Equal as far as three rounded numbers can tell."""
    one, other, result = _factors(check, columns)
    holds = f"abs({one} * {other} - {result}) <= {_HALF_STEP} * (abs({one}) + abs({other}) + 1)"
    return _passing_null(holds) if asked else _sure(holds)


def _after(check: Check, columns: Columns, *, asked: bool) -> RowTest:
    moments = [
        columns.value(name) if columns.is_moment(name) else f"TRY_CAST({columns.text(name)} AS TIMESTAMPTZ)"
        for name in (check.column_a_name or "", check.column_b_name or "")
    ]
    holds = " > ".join(moments)
    return _passing_null(holds) if asked else _sure(holds)


def _type_decimal(check: Check, columns: Columns) -> str:
    name = check.column
    if columns.is_decimal(name) or columns.is_float(name):
        return "TRUE"
    return f"TRY_CAST({columns.text(name)} AS DOUBLE) IS NOT NULL" if columns.untyped else "FALSE"


def _type_string(check: Check, columns: Columns) -> str:
    return "TRUE" if columns.is_text(check.column) else "FALSE"


def _type_moment(check: Check, columns: Columns) -> str:
    """Text serves where it reads as a time: that is how CSV and JSON carry one."""
    if columns.is_moment(check.column):
        return "TRUE"
    return f"TRY_CAST({columns.text(check.column)} AS TIMESTAMPTZ) IS NOT NULL"


def _moment_form(check: Check, columns: Columns) -> str:
    return "TRUE" if columns.is_moment(check.column) else formats.is_moment(columns.text(check.column))


def _key_values(check: Check, columns: Columns) -> str:
    value = columns.json(check.column)
    nested = f"list_filter(json_extract({value}, '$.*'), lambda v: json_type(v) IN ('OBJECT', 'ARRAY'))"
    return f"coalesce(json_type({value}) = 'OBJECT' AND len({nested}) = 0, FALSE)"


def _json_object(check: Check, columns: Columns) -> str:
    return f"coalesce(json_type({columns.json(check.column)}) = 'OBJECT', FALSE)"


def _on_text(form: Callable[[str], str]) -> Callable[[Check, Columns], str]:
    return lambda check, columns: form(columns.text(check.column))


_FORMS: Final[dict[str, Callable[[Check, Columns], str]]] = {
    "TypeDecimal": _type_decimal,
    "TypeString": _type_string,
    "TypeDateTime": _type_moment,
    "FormatNumeric": lambda check, columns: columns.numeric_form(check.column),
    "CheckDecimalValue": lambda check, columns: columns.numeric_form(check.column),
    "FormatString": _on_text(formats.is_unicode),
    "FormatDateTime": _moment_form,
    "FormatCurrency": _on_text(formats.is_currency_form),
    "CheckNationalCurrency": _on_text(formats.is_national_currency),
    "FormatUnit": _on_text(formats.is_unit),
    "FormatKeyValue": _key_values,
    "FormatJSON": _json_object,
}
"""Checks of one value's type or form: null passes as a requirement, and meets no condition."""

_RELATIONS: Final = {
    "CheckValue": _value,
    "CheckNotValue": _not_value,
    "CheckSameValue": _same,
    "CheckNotSameValue": _not_same,
    "CheckGreaterOrEqualThanValue": _at_least,
    "ColumnByColumnEqualsColumnValue": _product,
    "ColumnByColumnRoundsToColumnValue": _rounded_product,
    "CheckColumnAfterColumn": _after,
}


def compile_check(check: Check, columns: Columns, *, asked: bool) -> Test:
    """The check as SQL; `asked` for a requirement, otherwise for a condition.

    Raises:
        UnsupportedCheckError: the check function is unknown, or the check is malformed.

    """
    function = check.check_function
    if function in {"AND", "OR"}:
        return _combine([compile_check(item, columns, asked=asked) for item in check.items], function, asked=asked)
    if function in _RELATIONS:
        return _RELATIONS[function](check, columns, asked=asked)
    if function in _FORMS:
        holds = _FORMS[function](check, columns)
        if asked:
            return RowTest(f"({columns.value(check.column)} IS NULL OR coalesce({holds}, FALSE))")
        return RowTest(f"({columns.value(check.column)} IS NOT NULL AND coalesce({holds}, FALSE))")
    if function in JSON_CHECKS:
        return JSON_CHECKS[function](check, columns)
    raise UnsupportedCheckError(f"check function {function!r} is unknown" if function else "the check has no function")


def as_row(test: Test, *, asked: bool) -> RowTest:
    """A test of elements as one of the row: every element as a requirement, any element as a condition."""
    if isinstance(test, RowTest):
        return test
    return RowTest(f"NOT {test.some_element(f'NOT {test.sql}')}" if asked else test.some_element(test.sql))


def _combine(tests: list[Test], function: str, *, asked: bool) -> Test:
    if not tests:
        raise UnsupportedCheckError(f"{function} without items")
    sources = {test.elements if isinstance(test, ElementTest) else "" for test in tests}
    if len(sources) == 1 and isinstance(tests[0], ElementTest):
        return ElementTest(tests[0].elements, _joined([test.sql for test in tests], function))
    return RowTest(_joined([as_row(test, asked=asked).sql for test in tests], function))


def _joined(parts: list[str], function: str) -> str:
    return "(" + f" {function} ".join(parts) + ")"
