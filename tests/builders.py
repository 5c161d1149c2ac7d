"""Builders that name only what a test is about."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import duckdb
from pydantic import BaseModel

from servers.kit.datasets.files import SERVER, Origin
from servers.kit.datasets.items import part_of_items
from shared_models.dataset import DatasetName
from shared_models.export import CostBasis, CurrencyTotals, DatasetPart, ExportPart, SourceFormat
from shared_models.focus.own_columns import FACT_COLUMNS
from shared_models.period import ChargePeriod, month_start

Value = TypeVar("Value")
NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
OCTOBER = ChargePeriod.month(2026, 10)
SEPTEMBER = ChargePeriod.month(2026, 9)

DEFAULTS: Mapping[str, object] = {
    "x_Provider": "aws",
    "ServiceProviderName": "AWS",
    "HostProviderName": "AWS",
    "InvoiceIssuerName": "AWS",
    "BillingAccountId": "100",
    "BillingCurrency": "USD",
    "SubAccountId": "a1",
    "ServiceName": "Compute",
    "ServiceCategory": "Compute",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-10-01",
    "Cost": "1",
}


def cost_row(**columns: object) -> dict[str, object]:
    """One line item; `Cost` fills all four metrics, the billing period is the month of the charge."""
    row = {**DEFAULTS, **columns}
    start = datetime.fromisoformat(str(row["ChargePeriodStart"]))
    cost = row.pop("Cost")
    for metric in CostBasis:
        row.setdefault(metric.value, cost)
    row.setdefault("ChargePeriodEnd", start.replace(hour=23, minute=59).isoformat())
    row.setdefault("BillingPeriodStart", month_start(start.year, start.month).isoformat()[:19])
    row.setdefault("BillingPeriodEnd", month_start(start.year, start.month + 1).isoformat()[:19])
    return row


def export_part(folder: Path, rows: Sequence[Mapping[str, object]], **changes: object) -> ExportPart:
    """A real fact file of these rows, with the part that announces it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"part-{len(list(folder.iterdir()))}.parquet"
    with duckdb.connect(":memory:") as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in FACT_COLUMNS.items())
        connection.execute(f"CREATE TABLE fact ({columns})")
        names = list(FACT_COLUMNS)
        marks = ", ".join("?" for _ in names)
        connection.executemany(
            f"INSERT INTO fact VALUES ({marks})", [[row.get(name) for name in names] for row in rows]
        )
        connection.execute(f"COPY fact TO '{file}' (FORMAT parquet)")
    first = rows[0]
    data = file.read_bytes()
    values: dict[str, object] = {
        "provider": first["x_Provider"],
        "billing_account_id": first["BillingAccountId"],
        "billing_period_start": datetime.fromisoformat(str(first["BillingPeriodStart"])).replace(tzinfo=UTC),
        "billing_period_end": datetime.fromisoformat(str(first["BillingPeriodEnd"])).replace(tzinfo=UTC),
        "source_format": SourceFormat.FOCUS_1_2,
        "source_key": "export",
        "fingerprint": "f",
        "bases": tuple(CostBasis),
        "path": str(file),
        "rows": len(rows),
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "totals": _totals(rows),
        "sub_account_ids": tuple(sorted({str(row["SubAccountId"]) for row in rows if row.get("SubAccountId")})),
        "account_rows": sum(not row.get("SubAccountId") for row in rows),
        "charge_period_min": min(_instant(row["ChargePeriodStart"]) for row in rows),
        "charge_period_max": max(_instant(row["ChargePeriodEnd"]) for row in rows),
        "data_as_of": NOW,
    }
    return ExportPart.model_validate({**values, **changes})


def settled(value: Value) -> Callable[[], Awaitable[Value]]:
    """An asynchronous question whose answer is known."""

    async def answer() -> Value:
        return value

    return answer


def dataset_part(folder: Path, name: DatasetName, *items: BaseModel, source: str = SERVER) -> DatasetPart:
    """What a cloud's server says in a dataset, as a real file."""
    return part_of_items(items, Origin(name, "aws", source, None), folder)


def _instant(value: object) -> datetime:
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)


def _totals(rows: Sequence[Mapping[str, object]]) -> tuple[CurrencyTotals, ...]:
    totals: list[CurrencyTotals] = []
    for currency in sorted({str(row["BillingCurrency"]) for row in rows}):
        own = [row for row in rows if row["BillingCurrency"] == currency]
        sums = [sum((Decimal(str(row[basis.value])) for row in own), Decimal(0)) for basis in CostBasis]
        totals.append(
            CurrencyTotals(
                currency=currency,
                rows=len(own),
                billed_cost=sums[0],
                effective_cost=sums[1],
                list_cost=sums[2],
                contracted_cost=sums[3],
            )
        )
    return tuple(totals)
