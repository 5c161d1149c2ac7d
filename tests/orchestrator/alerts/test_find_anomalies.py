"""The tool through a client: what it finds in a ledger, how it adds up, and what people's words change."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from orchestrator.ledger.ledger import Ledger
from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from tests.builders import NOW, cost_row, export_part

FIRST, LAST = date(2026, 7, 1), date(2026, 10, 31)
SPIKE = date(2026, 10, 14)
PERIOD = {"period": "2026-10"}


def usage(day: date, cost: Decimal, **columns: object) -> dict[str, object]:
    return cost_row(
        Cost=str(cost), ChargePeriodStart=day.isoformat(), ChargeFrequency="Usage-Based", PricingUnit="Hours", **columns
    )


def bill() -> Iterator[dict[str, object]]:
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        weekend = Decimal("0.5") if day.weekday() > 4 else Decimal(1)
        storm = Decimal(900) if day == SPIKE else Decimal(0)
        moved = day >= date(2026, 10, 6)
        yield usage(day, 300 * weekend + storm, ServiceName="Compute", RegionId="north", ResourceId="vm-1")
        yield usage(day, 200 * weekend, ServiceName="Compute", RegionId="south", ResourceId="vm-2")
        yield usage(day, Decimal(0 if moved else 100), ServiceName="Old database", SubAccountId="a2")
        yield usage(day, Decimal(100 if moved else 0), ServiceName="New database", SubAccountId="a2")
        yield usage(
            day, 700 * (1 if day != SPIKE else 3), BillingCurrency="EUR", x_Provider="azure", BillingAccountId="200"
        )
    yield cost_row(Cost="-5000", ChargeCategory="Credit", ChargeFrequency="One-Time", ChargePeriodStart="2026-10-20")
    yield cost_row(Cost="9000", ChargeCategory="Purchase", ChargeFrequency="One-Time", ChargePeriodStart="2026-10-21")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose ledger holds four months."""
    folder = tmp_path_factory.mktemp("anomalies")
    ledger = Ledger(folder / "home" / "ledger")
    ledger.adopt([export_part(folder / "in", list(bill()))], [], now=NOW, reason="test")
    ledger.close()
    return folder / "home"


def client(home: Path) -> Client:
    return Client(build_orchestrator(load_settings({"SKYLEDGER_HOME": str(home)}), []))


async def found(asked: Client, **arguments: object) -> dict[str, Any]:
    result = await asked.call_tool("finops_find_anomalies", {**PERIOD, **arguments})
    assert not result.is_error, result.content
    assert len(result.content[0].text.encode()) < 4_000
    return result.structured_content


async def test_a_spike_is_one_anomaly_a_currency_with_its_cause_and_nothing_else_is_one(filled: Path) -> None:
    async with client(filled) as asked:
        answer = await found(asked)

    by_currency = {line["currency"]: line for line in answer["anomalies"]}
    assert set(by_currency) == {"USD", "EUR"}
    assert len(answer["anomalies"]) == 2
    dollars = by_currency["USD"]
    assert (dollars["first_day"], dollars["last_day"]) == ("2026-10-14", "2026-10-14")
    assert Decimal(dollars["impact"]) == Decimal(dollars["actual"]) - Decimal(dollars["expected"])
    assert abs(Decimal(dollars["impact"]) - 900) < 30
    assert dollars["causes"][0]["where"]["RegionId"] == "north"
    assert dollars["resources"][0]["resource_id"] == "vm-1"
    assert any("moved cost" in note for note in answer["notes"])


async def test_what_is_called_expected_is_kept_and_alerts_no_more(filled: Path) -> None:
    async with client(filled) as asked:
        before = (await found(asked))["anomalies"]
        dollars = next(line for line in before if line["currency"] == "USD")
        said = await found(asked, anomaly_id=dollars["anomaly_id"], status="expected", note="load test", record=True)
    async with client(filled) as later:
        after = (await found(later))["anomalies"]

    assert said["anomalies"][0]["status"] == "expected"
    assert dollars["impact"] in said["record"]
    assert [line["currency"] for line in after] == ["EUR"]


async def test_a_status_without_an_anomaly_is_refused(filled: Path) -> None:
    async with client(filled) as asked:
        none = await asked.call_tool("finops_find_anomalies", {**PERIOD, "status": "resolved"})
        unknown = await asked.call_tool("finops_find_anomalies", {**PERIOD, "anomaly_id": "0", "status": "resolved"})

    assert [json.loads(r.content[0].text)["error"]["code"] for r in (none, unknown)] == ["invalid_argument"] * 2
