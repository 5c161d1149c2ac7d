"""The answer key: what is true of the organisation, summed from the generator's own ledger. No server reads it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import duckdb

from servers.sample import story
from servers.sample.accounts import MOVED_ON, RENAMED_ON, REORGANISED_ON
from servers.sample.extras import CORRECTIONS, CREDITS, REFUNDS
from servers.sample.plan import Plan
from servers.sample.sql import copy_csv, copy_parquet, statement

_TOTALS: Final = (
    "sum(rows) AS rows, sum(billed_cost) AS billed_cost, sum(effective_cost) AS effective_cost, sum(list_cost) AS"
    " list_cost, sum(contracted_cost) AS contracted_cost"
)
_MONTHLY: Final = {
    "totals": "provider, billing_account_id, billing_month, currency",
    "by_service": "provider, charge_month, currency, service_name",
    "by_category": "provider, charge_month, currency, service_category",
    "by_region": "provider, charge_month, currency, region_id",
    "by_account": "provider, billing_account_id, charge_month, currency, sub_account_id",
    "by_charge_category": "provider, charge_month, currency, charge_category, charge_class",
    "tagged": "provider, charge_month, currency, tagged",
    "specials": "provider, billing_account_id, billing_month, currency, kind",
}
"""File -> what it sums by, from the cube."""


def begin_answer_key(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables that every month adds to."""
    connection.execute(statement("key"))


def note_month(connection: duckdb.DuckDBPyConnection, plan: Plan, digits: int) -> None:
    """Add one month of one estate, before its rows are gone."""
    connection.execute(statement("note", digits=digits, last_day=plan.last_day))


def write_answer_key(connection: duckdb.DuckDBPyConnection, plan: Plan, folder: Path) -> None:
    """Write all files; `cube.parquet` and `daily.parquet` carry what the others do not."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in _MONTHLY.items():
        copy_csv(
            connection, f"SELECT {columns}, {_TOTALS} FROM key_cube GROUP BY ALL ORDER BY ALL", folder / f"{name}.csv"
        )
    for name, table in {"cube": "key_cube", "daily": "key_day"}.items():
        copy_parquet(connection, f"SELECT * FROM {table} ORDER BY ALL", folder / f"{name}.parquet")
    copy_csv(connection, statement("top_resources"), folder / "top_resources.csv")
    copy_csv(connection, statement("invoices", last_day=plan.last_day), folder / "invoices.csv")
    copy_csv(connection, statement("terms"), folder / "commitments.csv")
    copy_csv(connection, "SELECT * FROM key_split ORDER BY ALL", folder / "kubernetes.csv")
    copy_csv(connection, "SELECT * FROM key_coverage ORDER BY ALL", folder / "coverage.csv")
    _write_changes(connection, plan, folder)
    _write_events(connection, plan, folder)
    _write_facts(folder)


def _write_changes(connection: duckdb.DuckDBPyConnection, plan: Plan, folder: Path) -> None:
    """The last closed month against the one before, by service and by sub account."""
    closed = [month for month in plan.billing_months if plan.is_closed(month)][-2:]
    if len(closed) < 2:  # noqa: PLR2004
        return
    for name in ("service_name", "sub_account_id"):
        text = statement("change", dimension=name, before=closed[0], after=closed[1])
        copy_csv(connection, text, folder / f"change_{closed[1]:%Y-%m}_by_{name}.csv")


def _write_events(connection: duckdb.DuckDBPyConnection, plan: Plan, folder: Path) -> None:
    """The labelled events with their exact extra cost, and what is missing or late."""
    seen = [e for e in story.EVENTS if e.first < plan.last_day and e.last >= plan.billing_months[0]]
    missing = (
        "SELECT a.sub_account_id, l.day, sum(l.rows) AS rows, sum(l.cost) AS cost FROM lost l JOIN account a"
        " ON a.estate = l.estate AND a.number = l.account AND a.valid_to IS NULL GROUP BY ALL"
    )
    late = (
        "SELECT sub_account_id, charge_month, billing_month, sum(rows) AS rows, sum(billed_cost) AS billed_cost"
        " FROM key_cube WHERE charge_month < billing_month AND charge_class IS NULL GROUP BY ALL"
    )
    said = {
        "events": [_event(connection, event, plan) for event in seen],
        "missing": _records(connection, missing),
        "late": _records(connection, late),
    }
    _write_json(folder / "anomalies.json", said)


def _event(connection: duckdb.DuckDBPyConnection, event: story.Event, plan: Plan) -> Mapping[str, object]:
    found = _records(
        connection,
        "SELECT l.estate, l.region_id, l.sku, r.resource_id, a.sub_account_id FROM line l JOIN resource r USING"
        " (line_key) JOIN account a ON a.estate = l.estate AND a.number = l.account WHERE l.story = ?"
        " ORDER BY r.gen DESC, a.valid_from DESC NULLS LAST LIMIT 1",
        [event.line],
    )
    extra = _records(
        connection,
        "SELECT sum(extra_cost) AS extra_cost, count(DISTINCT day) AS days FROM key_extra WHERE story = ?",
        [event.line],
    )
    labelled = {**asdict(event), "last": min(event.last, plan.last_day)}
    return {**labelled, **(found[0] if found else {}), **extra[0]}


def _records(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()
) -> list[dict[str, object]]:
    result = connection.execute(query, list(parameters))
    names = [str(column[0]) for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _write_facts(folder: Path) -> None:
    """What else is known: single rows, and accounts that changed."""
    names = ("estate", "account", "sku", "day", "amount", "text")
    facts = {
        "credits": [dict(zip(names, row, strict=True)) for row in CREDITS],
        "refunds": [dict(zip(names, row, strict=True)) for row in REFUNDS],
        "corrections": [
            dict(zip(("estate", "account", "sku", "billing_month", "day", "amount", "published"), row, strict=True))
            for row in CORRECTIONS
        ],
        "account_changes": {"moved_on": MOVED_ON, "renamed_on": RENAMED_ON, "reorganised_on": REORGANISED_ON},
        "retagged_on": story.RETAGGED_ON,
        "injection_texts": [
            text
            for line in story.LINES
            for text in (line.name, *line.tags.values())
            if not text.isascii() or " " in text
        ],
    }
    _write_json(folder / "facts.json", facts)


def _write_json(file: Path, said: object) -> None:
    file.write_text(json.dumps(said, indent=2, default=str, ensure_ascii=False), encoding="utf-8")
