"""The report for a person: what is broken, worst first."""

from rich.table import Table
from rich.text import Text

from shared_models.conformance import ConformanceReport, Demand


def report_table(report: ConformanceReport, lines: int = 20) -> Table:
    """Broken rules, MUST before SHOULD and the most rows first, at most `lines`; the totals as the title."""
    title = (
        f"{report.name}: {report.model}, score {report.score} %: rules that hold {report.passed}, broken"
        f" {report.failed}, with nothing to say here {report.skipped}, wrong as published {report.known_bad}"
        f" ({report.rows:,} rows)"
    )
    table = Table(title=Text(title), title_justify="left")
    for heading in ("", "Column", "Rule"):
        table.add_column(heading, overflow="fold")
    table.add_column("Rows", justify="right")
    table.add_column("First", overflow="fold")
    failures = report.failures
    for one in failures[:lines]:
        first = "" if one.example_row is None else f"row {one.example_row}: {one.example_value}"
        style = "red" if one.demand is Demand.MUST else "yellow"
        said = Text(one.rule if not one.reason else f"{one.rule} ({one.reason})")
        table.add_row(Text(one.demand, style=style), Text(one.column), said, f"{one.rows:,}", Text(first))
    if len(failures) > lines:
        table.caption = f"and {len(failures) - lines} more"
    return table
