"""Answers as tables for a person: whatever a tool returns, with its evidence below."""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

_AMOUNTS = frozenset(
    [
        "amount",
        "compare_amount",
        "change",
        "before",
        "after",
        "price_effect",
        "quantity_effect",
        "other_change",
        "monthly_cost",
        "estimated_monthly_savings",
        "list_unit_price",
        "rows",
        "groups",
        "line_items",
        "BilledCost",
    ]
)
_BESIDE = ("coverage", "freshness", "evidence", "pagination", "notes")


def print_answer(answer: Mapping[str, Any], console: Console | None = None) -> None:
    """Scalars first, then each list of objects as a table, then notes, coverage, freshness and evidence."""
    console = console or Console(width=None if sys.stdout.isatty() else 160)
    for note in cast("Sequence[str]", answer.get("notes", ())):
        console.print(Text.assemble(("note", "yellow"), f" {note}"))
    for name, value in answer.items():
        if name in _BESIDE:
            continue
        if _is_table(value):
            console.print(table_of(name, cast("Sequence[Mapping[str, Any]]", value)))
        elif value not in ([], {}, None, ""):
            console.print(f"{name}: {_cell(value)}", highlight=False, markup=False)
    console.print(evidence_line(answer), style="dim", highlight=False, markup=False)


def table_of(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """One table; columns are the keys that occur, in order."""
    table = Table(title=title, title_justify="left")
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        table.add_column(name, justify="right" if name in _AMOUNTS else "left", overflow="fold")
    for row in rows:
        # As text, never as markup: names and tags come from bills.
        table.add_row(*[Text(_cell(row.get(name), money=name in _AMOUNTS)) for name in names])
    return table


def evidence_line(answer: Mapping[str, Any]) -> str:
    """Basis, period, coverage, freshness and query id in one line."""
    period = cast("Mapping[str, Any]", answer.get("period") or {})
    coverage = cast("Mapping[str, Any]", answer.get("coverage") or {})
    evidence = cast("Mapping[str, Any]", answer.get("evidence") or {})
    fresh = cast("Sequence[Mapping[str, Any]]", answer.get("freshness") or ())
    said = [
        f"basis {answer['metric']}" if "metric" in answer else "",
        f"period {period['start']} to {period['end']}" if "start" in period else "",
        f"coverage {', '.join(coverage.get('answered', ())) or 'none'}"
        + ("" if coverage.get("complete", True) else " (incomplete)")
        if coverage
        else "",
        "data as of " + ", ".join(sorted({f"{f['source']} {str(f.get('data_as_of'))[:16]}" for f in fresh}))
        if fresh
        else "",
        f"{evidence['line_items']} line items" if "line_items" in evidence else "",
        f"{evidence['source_files']} files, query {evidence['query_id']}" if "query_id" in evidence else "",
    ]
    gaps = [f"{gap['source']}: {gap['message']}" for gap in coverage.get("gaps", ()) if gap.get("state") != "partial"]
    return " | ".join(filter(None, [*said, *gaps]))


def _is_table(value: object) -> bool:
    rows = cast("list[object]", value) if isinstance(value, list) else []
    return len(rows) > 0 and isinstance(rows[0], dict)


def _cell(value: object, *, money: bool = False) -> str:
    match value:
        case None:
            return "-"
        case dict():
            pairs = cast("dict[str, object]", value).items()
            return ", ".join(f"{name}={_cell(item)}" for name, item in pairs)
        case list():
            return ", ".join(_cell(item) for item in cast("list[object]", value))
        case _:
            text = format(value)
            return _rounded(text) if money and "." in text else text


def _rounded(text: str) -> str:
    """An exact amount to the cent for reading; the answer itself keeps every digit."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return text
    tiny = abs(amount) < Decimal("0.005") and amount != 0
    return text if tiny else f"{amount:,.2f}"
