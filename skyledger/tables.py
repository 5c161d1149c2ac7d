"""Answers as tables for a person: whatever a tool returns, with its evidence below, readable at 80 columns."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from skyledger.cells import MONEY, cell, folded, stands_right

Row = Mapping[str, Any]
_BESIDE: Final = ("coverage", "freshness", "evidence", "pagination", "notes", "buckets")
_WIDEST_ID: Final = 25
"""An id longer than this is folded in its middle in a table; a record has it whole."""
_LEAST_WORDS: Final = 14
"""A column of words may be folded to this; narrower than that a table is hard to read, and its rows are records."""
_BETWEEN: Final = 2
"""Blanks between two columns."""
_IN_ONE_LINE: Final = 2
"""An object of so many values is written in one line."""


def print_answer(answer: Row, console: Console | None = None) -> None:
    """Notes, then scalars and each list of objects as a table, then coverage, freshness and evidence."""
    console = console or Console()
    for note in cast("Sequence[str]", answer.get("notes", ())):
        console.print(Text.assemble(("note", "yellow"), f" {note}"))
    columns = cast("Sequence[str]", answer.get("columns") or ())
    for name, value in answer.items():
        if name in _BESIDE or (name == "columns" and "rows" in answer):
            continue
        if is_table(value):
            print_tables(name, [unfolded(row, answer) for row in cast("Sequence[Row]", value)], console)
        elif name == "rows" and columns and isinstance(value, list):
            rows = cast("list[Sequence[object]]", value)
            print_tables(name, [dict(zip(columns, row, strict=True)) for row in rows], console, as_written=True)
        elif isinstance(value, dict) and len(cast("Row", value)) > _IN_ONE_LINE:
            _print_record(name, cast("Row", value), console)
        elif value not in ([], {}, None, ""):
            console.print(f"{name}: {cell(cast('object', value))}", highlight=False, markup=False)
    console.print(evidence_line(answer), style="dim", highlight=False, markup=False)


def print_tables(title: str, rows: Sequence[Row], console: Console, *, as_written: bool = False) -> None:
    """The rows as one table where it fits the console, else each row as a record; `as_written` keeps amounts exact."""
    rows = [{name: row.get(name) for name in _names(rows)} for row in rows]
    nested = any(is_table(value) for row in rows for value in row.values())
    if not nested and _least_width(rows, as_written=as_written) <= console.width:
        console.print(table_of(title, rows, as_written=as_written))
        return
    print_records(title, rows, console, as_written=as_written)


def print_records(title: str, rows: Sequence[Row], console: Console, *, as_written: bool = False) -> None:
    """Each row as lines of name and value, with long ids whole."""
    for number, row in enumerate(rows, start=1):
        _print_record(f"{title}, {number} of {len(rows)}", row, console, as_written=as_written)


def table_of(title: str, rows: Sequence[Row], *, as_written: bool = False) -> Table:
    """One table; columns are the keys that occur, the currency before the first amount, amounts to the right."""
    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    names = _names(rows)
    for name in names:
        right = stands_right(name, [row.get(name) for row in rows])
        header = Text(name if as_written else _label(name))
        table.add_column(header, justify="right" if right else "left", overflow="fold", no_wrap=right)
    for row in rows:
        # As text, never as markup: names and tags come from bills.
        table.add_row(*[Text(folded(_said(name, row, as_written=as_written), _WIDEST_ID)) for name in names])
    return table


def evidence_line(answer: Row) -> str:
    """Basis, period, coverage, freshness and query id in one line."""
    period = cast("Row", answer.get("period") or {})
    coverage = cast("Row", answer.get("coverage") or {})
    evidence = cast("Row", answer.get("evidence") or {})
    fresh = cast("Sequence[Row]", answer.get("freshness") or ())
    said = [
        f"basis {answer['metric']}" if "metric" in answer else "",
        f"period {period['start']} to {period['end']}" if "start" in period else "",
        f"coverage {', '.join(coverage.get('answered', ())) or 'none'}"
        + ("" if coverage.get("complete", True) else " (incomplete)")
        if coverage
        else "",
        "data as of " + ", ".join(sorted({_age(f) for f in fresh})) if fresh else "",
        f"{evidence['line_items']} line items" if "line_items" in evidence else "",
        f"{evidence['source_files']} files, query {evidence['query_id']}" if "query_id" in evidence else "",
    ]
    gaps = [f"{gap['source']}: {gap['message']}" for gap in coverage.get("gaps", ()) if gap.get("state") != "partial"]
    return " | ".join(filter(None, [*said, *gaps]))


def unfolded(row: Row, answer: Row) -> dict[str, Any]:
    """A row whose keys, series and further measures are columns of their own, named by what was asked; keys first."""
    keys: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for name, value in row.items():
        labels = answer.get({"keys": "group_by", "series": "buckets"}.get(name, "")) or ()
        if name == "also" and isinstance(value, dict):
            found |= cast("dict[str, Any]", value)
        elif labels and isinstance(value, list):
            named = dict(zip(cast("Sequence[str]", labels), cast("list[Any]", value), strict=True))
            keys, found = (named, found) if name == "keys" else (keys, found | named)
        else:
            found[name] = value
    return keys | found


def is_table(value: object) -> bool:
    """Whether a value is a list of objects."""
    rows = cast("list[object]", value) if isinstance(value, list) else []
    return len(rows) > 0 and isinstance(rows[0], dict)


def _age(fresh: Row) -> str:
    said = f"{fresh['source']} {str(fresh.get('data_as_of'))[:16]}"
    return f"{said} (file time)" if fresh.get("dated_by") == "file time" else said


def _names(rows: Sequence[Row]) -> list[str]:
    """The keys in order; the currency directly before the first amount."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    first = next((at for at, name in enumerate(names) if name in MONEY), None)
    if "currency" in names and first is not None:
        amount = names[first]
        names.remove("currency")
        names.insert(names.index(amount), "currency")
    return names


def _label(name: str) -> str:
    """Our own names in words; names of FOCUS, tags and dates as they are."""
    return name.replace("_", " ") if name.islower() and "." not in name else name


def _said(name: str, row: Row, *, as_written: bool) -> str:
    value = row.get(name)
    is_money = name in MONEY or ("-" in name and name[:4].isdigit())  # a bucket is named by its first day
    return cell(value, money=is_money and not as_written)


def _least_width(rows: Sequence[Row], *, as_written: bool) -> int:
    """The columns that the narrowest readable table of these rows takes."""
    width = 0
    for name in _names(rows):
        texts = [folded(_said(name, row, as_written=as_written), _WIDEST_ID) for row in rows]
        longest = max(map(len, texts))
        right = stands_right(name, [row.get(name) for row in rows])
        if not right:
            longest = min(longest, max(_LEAST_WORDS, *(len(word) for text in texts for word in text.split() or [""])))
        words = [name] if as_written or right else name.split("_")
        width += max(longest, *map(len, words)) + _BETWEEN
    return width - _BETWEEN


def _print_record(title: str, row: Row, console: Console, *, as_written: bool = False) -> None:
    """One object: a line for each of its values, long ones on lines of their own, lists of objects as tables below."""
    console.print(Text(title, style="bold"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in row.items():
        if not is_table(value) and value not in ([], {}, None, ""):
            grid.add_row(Text(name if as_written else _label(name)), Text(_said(name, row, as_written=as_written)))
    console.print(Padding(grid, (0, 0, 0, 2)))
    for name, value in row.items():
        if is_table(value):
            console.print(Padding(table_of(name, cast("Sequence[Row]", value)), (0, 0, 0, 2)))
