"""Google's billing export: cost + credits is the net, promotions are charges of their own."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.gcp.exports import NATIVE_FORMATS
from servers.kit.exports.convert import convert
from shared_models.export import SourceFormat


def row(cost: float, credited: list[tuple[str, float]], **more: object) -> dict[str, object]:
    return {
        "billing_account_id": "A-1",
        "service": {"id": "6F81", "description": "Compute Engine"},
        "sku": {"id": "S1", "description": "N1 core"},
        "usage_start_time": "2026-10-02T00:00:00Z",
        "usage_end_time": "2026-10-02T01:00:00Z",
        "project": {"id": "p1", "name": "one", "labels": []},
        "labels": [{"key": "team", "value": "web"}],
        "location": {"location": "us-central1", "region": "us-central1", "zone": None},
        "cost": cost,
        "currency": "USD",
        "usage": {"amount": 1.0, "unit": "seconds", "amount_in_pricing_units": 1.0, "pricing_unit": "hour"},
        "credits": [{"name": kind, "amount": amount, "type": kind} for kind, amount in credited],
        "invoice": {"month": "202610"},
        "cost_type": "regular",
        **more,
    }


def converted(folder: Path, rows: list[dict[str, object]]):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bill.jsonl").write_text("\n".join(json.dumps(line) for line in rows))
    [found] = convert(folder, folder / "out", provider=None, natives=NATIVE_FORMATS)
    return found


def test_discounts_lower_the_charge_and_promotions_stand_apart(tmp_path: Path) -> None:
    found = converted(tmp_path / "in", [row(10.5, [("SUSTAINED_USAGE_DISCOUNT", -0.25), ("PROMOTION", -3.0)])])

    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT ChargeCategory, BilledCost, Tags['team'], ServiceCategory FROM read_parquet('{found.parts[0].path}') ORDER BY 2"
        ).fetchall()
    assert found.report.source_format is SourceFormat.GCP_STANDARD
    assert rows == [("Credit", Decimal(-3), "web", "Compute"), ("Usage", Decimal("10.25"), "web", "Compute")]


def test_the_invoice_month_is_the_billing_period_whatever_the_usage_day(tmp_path: Path) -> None:
    found = converted(
        tmp_path / "in",
        [row(1.0, [], usage_start_time="2026-09-30T23:00:00Z", resource={"name": "vm", "global_name": "//vm"})],
    )

    [part] = found.parts
    assert found.report.source_format is SourceFormat.GCP_DETAILED
    assert f"{part.billing_period_start:%Y-%m}" == "2026-10"
    assert f"{part.charge_period_min:%Y-%m}" == "2026-09"


amounts = st.integers(-(10**9), 10**9).map(lambda units: units / 1000)
credit = st.tuples(st.sampled_from(["PROMOTION", "DISCOUNT", "COMMITTED_USAGE_DISCOUNT", "FREE_TIER"]), amounts)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(amounts, st.lists(credit, max_size=3)), min_size=1, max_size=5))
def test_the_net_is_conserved(tmp_path: Path, lines: list[tuple[float, list[tuple[str, float]]]]) -> None:
    folder = tmp_path / str(abs(hash(str(lines))))

    found = converted(folder, [row(cost, credited) for cost, credited in lines])

    net = sum((Decimal(str(cost)) + sum(Decimal(str(a)) for _, a in credited) for cost, credited in lines), Decimal(0))
    assert sum(part.totals[0].billed_cost for part in found.parts) == net
