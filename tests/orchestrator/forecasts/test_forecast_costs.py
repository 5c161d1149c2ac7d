"""The tool through a client: what will be, how it adds up, what it refuses, what people plan on top."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from orchestrator.ledger.ledger import Ledger
from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from tests.builders import NOW, cost_row, export_part

FIRST, LAST = date(2026, 5, 1), date(2026, 10, 31)
TODAY = datetime(2026, 11, 10, 12, tzinfo=UTC)
NOVEMBER = {"period": "2026-11"}


def usage(day: date, cost: Decimal | int, **columns: object) -> dict[str, object]:
    return cost_row(Cost=str(cost), ChargePeriodStart=day.isoformat(), ChargeFrequency="Usage-Based", **columns)


def bill() -> Iterator[dict[str, object]]:
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        busy = 1 if day.weekday() < 5 else Decimal("0.4")
        wobble = Decimal(number % 5 - 2)
        yield usage(day, 300 * busy + wobble, ServiceName="Compute")
        yield usage(day, 100 - wobble, ServiceName="Storage", SubAccountId="a2")
        yield usage(day, 700, BillingCurrency="EUR", x_Provider="azure", BillingAccountId="200")
        if day.day == 1:
            yield cost_row(
                Cost="1000", ChargePeriodStart=day.isoformat(), ChargeFrequency="Recurring", ServiceName="Support"
            )
    yield cost_row(Cost="90000", ChargeCategory="Purchase", ChargeFrequency="One-Time", ChargePeriodStart="2026-10-20")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose ledger holds six months."""
    folder = tmp_path_factory.mktemp("forecasts")
    ledger = Ledger(folder / "home" / "ledger")
    ledger.adopt([export_part(folder / "in", list(bill()))], [], now=NOW, reason="test")
    ledger.close()
    return folder / "home"


async def call(home: Path, **arguments: object) -> Any:
    server = build_orchestrator(load_settings({"SKYLEDGER_HOME": str(home)}), [], clock=lambda: TODAY)
    async with Client(server) as client:
        return await client.call_tool("finops_forecast_costs", arguments)


async def ask(home: Path, **arguments: object) -> dict[str, Any]:
    result = await call(home, **arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refusal(home: Path, **arguments: object) -> dict[str, Any]:
    result = await call(home, **arguments)
    assert result.is_error
    return json.loads(result.content[0].text)["error"]


def of(answer: dict[str, Any], currency: str) -> dict[str, Any]:
    return next(total for total in answer["totals"] if total["currency"] == currency)


async def test_a_month_is_usage_and_fees_and_no_one_time_charge(filled: Path) -> None:
    answer = await ask(filled, **NOVEMBER)
    usd, eur = of(answer, "USD"), of(answer, "EUR")

    # November 2026 has 21 working days and 9 at the weekend.
    assert float(usd["usage"]) == pytest.approx(300 * (21 + 9 * 0.4) + 100 * 30, rel=0.02)
    assert usd["recurring"] == "1000.00"
    assert eur["amount"] == eur["lower"] == eur["upper"] == "21000.00"
    assert any("one-time charges of 90000.00" in note for note in answer["notes"])
    assert any("held-out" in note for note in answer["notes"])
    assert usd["tested"]["total_error"] < 0.03


async def test_booked_days_modelled_days_fees_and_plans_sum_to_the_amount(filled: Path) -> None:
    plan = {"name": "a migration", "effect": "amount_per_month", "value": 600, "start": "2026-11-11", "currency": "USD"}
    answer = await ask(
        filled, period="2026-10-15/2027-01-15", group_by=["ServiceName"], granularity="month", planned=[plan], limit=1
    )
    usd = of(answer, "USD")
    parts = [Decimal(usd[name]) for name in ("actual", "usage", "recurring", "planned")]

    assert sum(parts) == Decimal(usd["amount"])
    assert sum(Decimal(group["amount"]) for group in usd["groups"]) == Decimal(usd["amount"])
    assert sum(Decimal(bucket["amount"]) for bucket in usd["buckets"]) == Decimal(usd["amount"])
    assert [bucket["start"] for bucket in usd["buckets"]] == ["2026-10-15", "2026-11-01", "2026-12-01", "2027-01-01"]
    assert parts[0] > 90_000
    assert float(usd["planned"]) == pytest.approx(600 * 65 / (365.25 / 12), rel=0.01)
    assert [group["other"] for group in usd["groups"]] == [False, True]
    assert of(answer, "EUR")["planned"] == "0.00"


async def test_what_if_a_price_falls_by_a_fifth(filled: Path) -> None:
    cut = {"name": "a discount", "value": -20, "start": "2026-11-01"}

    before, after = [of(await ask(filled, **NOVEMBER, planned=plan), "EUR") for plan in ([], [cut])]

    assert before["amount"] == "21000.00"
    assert (after["planned"], after["amount"]) == ("-4200.00", "16800.00")


async def test_days_that_have_not_settled_are_forecast_and_not_read(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "home" / "ledger")
    newest = [usage(TODAY.date() - timedelta(days=back), 1, ServiceName="Compute") for back in (0, 1)]
    ledger.adopt([export_part(tmp_path / "in", [*bill(), *newest])], [], now=NOW, reason="test")
    ledger.close()

    answer = await ask(tmp_path / "home", period="2026-12")

    assert answer["history"]["end"] == "2026-11-08"
    assert any("settled bills reach to 2026-11-08" in note for note in answer["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"period": "2026-09"}, "are known"),
        ({"period": "2028-12"}, "18 months"),
        ({"period": "2026-11", "filters": [{"column": "ServiceName", "operator": "equals", "values": ["Comput"]}]}, "Compute"),
        ({"period": "2026-11", "planned": [{"name": "x", "effect": "amount_once", "value": 1, "start": "2026-11-20"}]}, "currency"),
    ],
    ids=["the past", "too far", "a filter that matches nothing", "an amount of no currency"],
)  # fmt: skip
async def test_what_cannot_be_forecast_is_refused(filled: Path, arguments: dict[str, object], said: str) -> None:
    error = await refusal(filled, **arguments)

    assert said in error["message"] + error["hint"]


async def test_a_few_days_of_history_are_too_few(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "home" / "ledger")
    rows = [usage(date(2026, 10, day), 5) for day in range(20, 30)]
    ledger.adopt([export_part(tmp_path / "in", rows)], [], now=NOW, reason="test")
    ledger.close()

    error = await refusal(tmp_path / "home", **NOVEMBER)

    assert error["code"] == "data_not_ready"
    assert "too few" in error["message"]


async def test_one_filter_is_one_series(filled: Path) -> None:
    storage = [{"column": "ServiceName", "operator": "equals", "values": ["Storage"]}]

    usd = of(await ask(filled, **NOVEMBER, filters=storage, granularity="day"), "USD")

    assert len(usd["buckets"]) == 30
    assert float(usd["amount"]) == pytest.approx(3000, rel=0.02)
    assert sum(Decimal(bucket["amount"]) for bucket in usd["buckets"]) == Decimal(usd["amount"])
