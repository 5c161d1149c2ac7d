"""The answer key: what is true of the organisation, summed from the generator's own ledger. No server reads it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import duckdb

from servers.sample import story
from servers.sample.accounts import MOVED_ON, RENAMED_ON, REORGANISED_ON
from servers.sample.extras import CORRECTIONS, CREDITS, REFUNDS
from servers.sample.plan import Plan
from servers.sample.sql import statement

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
        _copy(
            connection, f"SELECT {columns}, {_TOTALS} FROM key_cube GROUP BY ALL ORDER BY ALL", folder / f"{name}.csv"
        )
    for name, table in {"cube": "key_cube", "daily": "key_day"}.items():
        connection.execute(
            f"COPY (SELECT * FROM {table} ORDER BY ALL) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    _copy(
        connection,
        "SELECT provider, charge_month, currency, resource_id, any_value(resource_name) AS resource_name,"
        " sum(effective_cost) AS effective_cost FROM key_resource GROUP BY provider, charge_month, currency, resource_id"
        " QUALIFY row_number() OVER (PARTITION BY provider, charge_month, currency ORDER BY sum(effective_cost) DESC) <="
        " 20 ORDER BY 1, 2, 3, 6 DESC",
        folder / "top_resources.csv",
    )
    _copy(
        connection,
        "SELECT billing_account_id, billing_month, currency, sum(billed_cost) AS exact, CASE currency WHEN 'JPY' THEN"
        " ROUND(exact, 0) ELSE ROUND(exact, 2) END AS invoiced, invoiced - exact AS rounding FROM key_cube WHERE"
        f" billing_month < date_trunc('month', DATE '{plan.last_day}') AND charge_class IS NULL GROUP BY billing_account_id,"
        " billing_month, currency ORDER BY ALL",
        folder / "invoices.csv",
    )
    _copy(connection, "SELECT * FROM key_split ORDER BY ALL", folder / "kubernetes.csv")
    _copy(connection, _COMMITMENTS, folder / "commitments.csv")
    _write_changes(connection, plan, folder)
    _write_events(connection, plan, folder)
    _write_facts(folder)


_COMMITMENTS: Final = (
    "SELECT c.key, c.commitment_id, c.name, c.first, c.last, c.daily, c.daily * (c.last - c.first) AS term_cost,"
    " min(k.day) AS first_seen, sum(k.billed) AS billed, sum(k.used) AS used, sum(k.unused) AS unused,"
    " min(k.day) = c.first AND max(k.day) = c.last - 1 AS whole_term_seen FROM commitment c JOIN key_commitment k"
    " ON k.commitment = c.key GROUP BY c.key, c.commitment_id, c.name, c.first, c.last, c.daily ORDER BY c.key"
)


def _write_changes(connection: duckdb.DuckDBPyConnection, plan: Plan, folder: Path) -> None:
    """The last closed month against the one before, by service and by sub account."""
    closed = [month for month in plan.billing_months if plan.is_closed(month)][-2:]
    if len(closed) < 2:  # noqa: PLR2004
        return
    before, after = (f"sum(CASE WHEN charge_month = DATE '{month}' THEN effective_cost ELSE 0 END)" for month in closed)
    for name in ("service_name", "sub_account_id"):
        _copy(
            connection,
            f"SELECT provider, currency, {name}, {before} AS cost_before, {after} AS cost_after, cost_after - cost_before"
            " AS change FROM key_cube GROUP BY ALL ORDER BY provider, currency, abs(change) DESC, 3",
            folder / f"change_{closed[1]:%Y-%m}_by_{name}.csv",
        )


def _write_events(connection: duckdb.DuckDBPyConnection, plan: Plan, folder: Path) -> None:
    found: list[Mapping[str, object]] = []
    for event in story.EVENTS:
        if event.first >= plan.last_day or event.last < plan.billing_months[0]:
            continue
        row = connection.execute(
            "SELECT sum(extra_cost), count(DISTINCT day) FROM key_extra WHERE story = ?", [event.line]
        ).fetchone() or (None, 0)
        line = next((line for line in story.LINES if line.key == event.line), None)
        resource = connection.execute(
            "SELECT r.resource_id, a.sub_account_id FROM line l JOIN resource r USING (line_key) JOIN account a ON"
            " a.estate = l.estate AND a.number = l.account WHERE l.story = ? ORDER BY r.gen DESC LIMIT 1",
            [event.line],
        ).fetchone() or (None, None)
        found.append(
            asdict(event)
            | {"last": min(event.last, plan.last_day), "estate": line.estate if line else None}
            | {"resource_id": resource[0], "sub_account_id": resource[1], "region_id": line.region if line else None}
            | {"extra_cost": row[0], "days": row[1]}
        )
    lost = connection.execute(
        "SELECT a.sub_account_id, l.day, sum(l.rows), sum(l.cost) FROM lost l JOIN account a ON a.estate = l.estate AND"
        " a.number = l.account AND a.valid_to IS NULL GROUP BY ALL"
    ).fetchall()
    late = connection.execute(
        "SELECT sub_account_id, charge_month, billing_month, sum(rows), sum(billed_cost) FROM key_cube WHERE charge_month"
        " < billing_month AND charge_class IS NULL GROUP BY ALL"
    ).fetchall()
    (folder / "anomalies.json").write_text(
        json.dumps(
            {
                "events": found,
                "missing": [dict(zip(("sub_account_id", "day", "rows", "cost"), row, strict=True)) for row in lost],
                "late": [
                    dict(
                        zip(
                            ("sub_account_id", "charge_month", "billing_month", "rows", "billed_cost"), row, strict=True
                        )
                    )
                    for row in late
                ],
            },
            indent=2,
            default=str,
            ensure_ascii=False,
        ),
        encoding="utf-8",
    )


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
    (folder / "facts.json").write_text(json.dumps(facts, indent=2, default=str, ensure_ascii=False), encoding="utf-8")


def _copy(connection: duckdb.DuckDBPyConnection, select: str, file: Path) -> None:
    connection.execute(f"COPY ({select}) TO '{file}' (FORMAT csv, HEADER)")
