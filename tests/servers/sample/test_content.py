"""What the sample organisation tells: its bills against the answer key, its labelled events, its other datasets."""

import csv
import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestrator.business.config import BusinessConfig
from servers.kit.exports.convert import convert
from servers.sample.story import INJECTION
from shared_models.commitment import CommitmentDiscount
from shared_models.inventory import Resource
from shared_models.organisation import SubAccount
from shared_models.pricing import SkuPrice
from shared_models.recommendation import Recommendation
from shared_models.usage import UsageFact
from tests.servers.sample.reading import AWS, GOOGLE, JAPAN, azure, parquet

MODELS = {
    "inventory": Resource,
    "usage": UsageFact,
    "prices": SkuPrice,
    "commitments": CommitmentDiscount,
    "recommendations": Recommendation,
    "organisation": SubAccount,
}


def _key(root: Path, name: str) -> list[dict[str, str]]:
    with (root / "answer-key" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _events(root: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((root / "answer-key" / "anomalies.json").read_text(encoding="utf-8"))
    return {event["key"]: event for event in found["events"]}


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_an_import_finds_exactly_the_totals_of_the_answer_key(tiny: Path, tmp_path: Path, cloud: str) -> None:
    expected = {
        (row["billing_account_id"], row["billing_month"], row["currency"]): (
            int(row["rows"]),
            *(Decimal(row[metric]) for metric in ("billed_cost", "effective_cost", "list_cost", "contracted_cost")),
        )
        for row in _key(tiny, "totals")
        if row["provider"] == cloud
    }
    found: dict[tuple[str, str, str], tuple[int | Decimal, ...]] = {}
    for export in convert(tiny / cloud / "costs", tmp_path, provider=cloud):
        if export.report.source_format.value.startswith("focus"):
            assert {r.reason for r in export.report.rejections} <= {"split_beside_parent"}
            for part in export.parts:
                for total in part.totals:
                    key = (part.billing_account_id, f"{part.billing_period_start:%Y-%m-%d}", total.currency)
                    found[key] = (
                        total.rows, total.billed_cost, total.effective_cost, total.list_cost, total.contracted_cost
                    )  # fmt: skip
    assert len(expected) == (6 if cloud == "aws" else 3)
    assert found == expected


def test_the_extra_cost_of_a_spike_is_on_the_bill(tiny: Path, duck: duckdb.DuckDBPyConnection) -> None:
    event = _events(tiny)["spike"]
    rows = dict(
        duck.execute(
            f"SELECT CAST(ChargePeriodStart AS DATE)::VARCHAR, sum(EffectiveCost) FROM {parquet(tiny, AWS)}"
            " WHERE ResourceId = ? GROUP BY 1",
            [event["resource_id"]],
        ).fetchall()
    )
    usual = [cost for day, cost in rows.items() if not event["first"] <= day <= event["last"]]
    extra = rows["2026-10-07"] + rows["2026-10-08"] - 2 * sum(usual) / len(usual)
    assert extra == pytest.approx(float(event["extra_cost"]), rel=0.01)


def test_twelve_kinds_of_anomaly_are_labelled_and_planned_changes_are_not_alerts(year: Path) -> None:
    events = _events(year).values()
    assert len({event["kind"] for event in events if event["alert"]}) == 12
    assert {event["kind"] for event in events if not event["alert"]} == {
        "migration", "price_cut", "launch", "commitment_gap",
    }  # fmt: skip


def test_a_subscription_lacks_a_day_and_late_usage_is_in_the_next_bill(
    tiny: Path, duck: duckdb.DuckDBPyConnection
) -> None:
    said = json.loads((tiny / "answer-key" / "anomalies.json").read_text(encoding="utf-8"))
    (missing,) = said["missing"]
    days = duck.execute(
        f"SELECT count(DISTINCT ChargePeriodStart[:10]) FROM {azure(tiny)} WHERE SubAccountId = ? AND ChargePeriodStart"
        " LIKE '2026-09%' AND ChargeCategory = 'Usage' AND ResourceName = 'erp-app'",
        [missing["sub_account_id"]],
    ).fetchone()
    assert days == (29,)
    (late,) = said["late"]
    row = duck.execute(
        f"SELECT count(*), sum(BilledCost) FROM {parquet(tiny, GOOGLE)} WHERE SubAccountId = ? AND BillingPeriodStart ="
        " TIMESTAMP '2026-11-01' AND ChargePeriodStart < TIMESTAMP '2026-11-01'",
        [late["sub_account_id"]],
    ).fetchone()
    assert row == (late["rows"], Decimal(late["billed_cost"]))


def test_a_migration_moves_spend_without_changing_it(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    rows = duck.execute(
        "SELECT CAST(ChargePeriodStart AS DATE)::VARCHAR, count(*), sum(EffectiveCost), min(ServiceSubcategory) FROM"
        f" {parquet(year, AWS)} WHERE ResourceName IN ('catalogue-old', 'catalogue-aurora') AND isodow(ChargePeriodStart)"
        " < 6 AND ChargePeriodStart BETWEEN '2026-06-01' AND '2026-09-30' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    costs = [cost for _, _, cost, _ in rows]
    assert max(costs) < 1.06 * min(costs)
    assert (rows[0][1], rows[-1][1]) == (1, 1)


def test_a_moved_account_keeps_its_id_and_a_renamed_one_its_series(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    moved = duck.execute(
        f"SELECT a.SubAccountId, max(a.last) < min(j.first) FROM (SELECT SubAccountId, max(ChargePeriodStart) AS last FROM"
        f" {parquet(year, AWS)} GROUP BY 1) a JOIN (SELECT SubAccountId, min(ChargePeriodStart) AS first FROM"
        f" {parquet(year, JAPAN)} GROUP BY 1) j USING (SubAccountId) GROUP BY 1"
    ).fetchall()
    assert len(moved) == 1
    assert moved[0][1] is True
    renamed = duck.execute(
        f"SELECT SubAccountId, count(DISTINCT SubAccountName) FROM {azure(year)} WHERE SubAccountId IS NOT NULL GROUP BY 1"
        " HAVING count(DISTINCT SubAccountName) > 1"
    ).fetchall()
    assert [count for _, count in renamed] == [2]


def test_spend_is_steep_by_account_and_about_two_million_dollars_a_month(year: Path) -> None:
    rates = {"USD": Decimal(1), "EUR": Decimal("1.09"), "JPY": 1 / Decimal(151)}
    month = [row for row in _key(year, "totals") if row["billing_month"] == "2026-09-01"]
    total = sum(Decimal(row["effective_cost"]) * rates[row["currency"]] for row in month)
    assert 1_500_000 < total < 2_500_000
    accounts = sorted(
        (
            Decimal(row["effective_cost"])
            for row in _key(year, "by_account")
            if row["charge_month"] == "2026-09-01" and row["currency"] == "USD" and row["sub_account_id"]
        ),
        reverse=True,
    )
    assert len(accounts) > 60
    assert sum(accounts[: len(accounts) // 5]) > sum(accounts) / 2
    assert accounts[0] > 10 * accounts[len(accounts) // 2]


def test_tags_have_gaps_and_many_spellings(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    usage = f"(SELECT * FROM {parquet(year, AWS)} WHERE ChargeCategory = 'Usage' AND ResourceId IS NOT NULL)"
    share = duck.execute(f"SELECT avg(CAST(cardinality(Tags) > 0 AS INTEGER)) FROM {usage}").fetchone()
    assert share is not None
    assert 0.6 < share[0] < 0.85
    keys = {row[0] for row in duck.execute(f"SELECT DISTINCT unnest(map_keys(Tags)) FROM {usage}").fetchall()}
    assert {"Environment", "environment", "Env", "cost-center", "CostCenter"} <= keys
    changed = duck.execute(
        f"SELECT count(*) FROM (SELECT ResourceId FROM {usage} WHERE ChargePeriodStart BETWEEN '2026-10-01' AND"
        " '2026-10-31' GROUP BY 1 HAVING count(DISTINCT Tags) > 1)"
    ).fetchone()
    assert changed is not None
    assert changed[0] > 0


def test_hostile_names_and_tags_are_on_the_bills(tiny: Path, duck: duckdb.DuckDBPyConnection) -> None:
    tags = duck.execute(f"SELECT DISTINCT Tags['note'] FROM {parquet(tiny, AWS)}").fetchall()
    assert (INJECTION,) in tags
    names = {row[0] for row in duck.execute(f"SELECT DISTINCT ResourceName FROM {parquet(tiny, AWS)}").fetchall()}
    assert {"größe-数据-🚚", "tab\tbell\x07esc\x1b[31m"} <= names
    owner = duck.execute(f"SELECT count(*) FROM {azure(tiny)} WHERE Tags LIKE '%=HYPERLINK%'").fetchone()
    assert owner is not None
    assert owner[0] > 0


def test_azure_shows_its_known_gaps(tiny: Path, duck: duckdb.DuckDBPyConnection) -> None:
    source = azure(tiny)
    columns = [row[0] for row in duck.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    assert "AvailabilityZone" not in columns
    counts = duck.execute(
        "SELECT count_if(SkuId = '-2'), count_if(RegionId = 'Unassigned'), count_if(x_PublisherCategory = 'Vendor' AND"
        " CAST(ListCost AS DECIMAL(30,12)) = 0), count_if(CommitmentDiscountStatus = 'Unused' AND SkuId IS NULL AND"
        f" ChargeDescription IS NULL), count_if(PricingCurrency = 'USD' AND BillingCurrency = 'EUR') FROM {source}"
    ).fetchone()
    assert counts is not None
    assert all(count > 0 for count in counts)


def test_amounts_go_below_a_cent_and_some_usage_is_free(tiny: Path, duck: duckdb.DuckDBPyConnection) -> None:
    row = duck.execute(
        "SELECT min(BilledCost) FILTER (BilledCost > 0), count(*) FILTER (ListCost = 0 AND ChargeCategory = 'Usage' AND"
        f" CommitmentDiscountId IS NULL) FROM {parquet(tiny, AWS)}"
    ).fetchone()
    assert row is not None
    assert row[0] < 1e-9


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
@pytest.mark.parametrize("name", MODELS)
def test_every_dataset_fits_its_model(tiny: Path, duck: duckdb.DuckDBPyConnection, cloud: str, name: str) -> None:
    file = tiny / cloud / f"{name}.parquet"
    rows = duck.sql(f"SELECT * FROM '{file}' LIMIT 400").to_arrow_table().to_pylist()
    model = MODELS[name]
    assert rows
    assert set(rows[0]) <= set(model.model_fields)
    for row in rows:
        model.model_validate(
            {key: dict(value) if key == "tags" else value for key, value in row.items() if value is not None}
        )


def test_resources_are_listed_once_and_their_bills_are_theirs(tiny: Path, duck: duckdb.DuckDBPyConnection) -> None:
    file = tiny / "aws" / "inventory.parquet"
    row = duck.execute(f"SELECT count(*), count(DISTINCT resource_id), count(monthly_cost) FROM '{file}'").fetchone()
    assert row is not None
    assert row[0] == row[1] > 30
    wrong = duck.execute(
        f"SELECT count(*) FROM '{file}' i JOIN (SELECT ResourceId, sum(CAST(CAST(EffectiveCost AS VARCHAR) AS"
        f" DECIMAL(30,12))) AS cost FROM {parquet(tiny, AWS)} WHERE ChargePeriodStart >= TIMESTAMP '2026-10-25' AND"
        " ChargeCategory = 'Usage' GROUP BY 1) c ON c.ResourceId = i.resource_id WHERE i.monthly_cost <> c.cost"
    ).fetchone()
    assert wrong == (0,)


def test_some_recommendations_are_refuted_by_the_metrics(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    advice = _key(year, "recommendations")
    refuted = [row for row in advice if row["verdict"].startswith("refuted: the 95th")]
    assert len(refuted) >= 2
    assert sum(row["verdict"] == "supported" for row in advice) > len(advice) / 2
    for row in refuted:
        peak = duck.execute(
            f"SELECT max(p95) FROM '{year / row['provider'] / 'usage.parquet'}' WHERE resource_id = ? AND metric ="
            " 'cpu_utilization_percent'",
            [row["resource_id"]],
        ).fetchone()
        assert peak is not None
        assert peak[0] > 85


def test_the_business_part_is_valid_and_knows_every_account(tiny: Path, duck: duckdb.DuckDBPyConnection) -> None:
    text = (tiny / "business" / "skyledger.toml").read_text(encoding="utf-8")
    config = BusinessConfig.model_validate(tomllib.loads(text))
    known = {record.sub_account_id for record in config.dimensions.account}
    billed = duck.execute(
        f"SELECT DISTINCT SubAccountId FROM {parquet(tiny, AWS)} WHERE SubAccountId IS NOT NULL UNION SELECT DISTINCT"
        f" SubAccountId FROM {azure(tiny)} WHERE SubAccountId IS NOT NULL"
    ).fetchall()
    assert {row[0] for row in billed} <= known
    assert config.calendar.fiscal_year_start_month == 2
    assert {len(record.dimensions) for record in config.dimensions.account} == {7}
    with (tiny / "business" / "budgets.csv").open(encoding="utf-8") as handle:
        assert len(handle.readlines()) > 20


def test_source_files_name_accounts_and_the_date_of_the_data(tiny: Path) -> None:
    said = json.loads((tiny / "aws" / "source.json").read_text(encoding="utf-8"))
    assert said["billing_account_ids"] == ["418273650912", "730951862447"]
    assert said["data_as_of"] == "2026-11-24T00:00:00Z"
