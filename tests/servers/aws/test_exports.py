"""AWS Cost and Usage Reports: every line item type lands where FOCUS wants it, and the bill's total is kept."""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from servers.aws.exports import NATIVE_FORMATS
from servers.kit.exports.convert import convert
from shared_models.export import CostBasis, SourceFormat

COLUMNS = [
    "bill_payer_account_id",
    "bill_billing_period_start_date",
    "bill_billing_period_end_date",
    "bill_invoice_id",
    "line_item_usage_account_id",
    "line_item_line_item_type",
    "line_item_usage_start_date",
    "line_item_usage_end_date",
    "line_item_product_code",
    "line_item_currency_code",
    "line_item_unblended_cost",
    "line_item_usage_amount",
    "pricing_unit",
    "pricing_public_on_demand_cost",
    "reservation_reservation_a_r_n",
    "reservation_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "savings_plan_savings_plan_a_r_n",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "resource_tags",
    "product",
    "split_line_item_parent_resource_id",
]
RI, SP = "arn:aws:ec2:us-east-1:1:reserved-instances/r", "arn:aws:savingsplans::1:savingsplan/s"


def line(kind: str, cost: str, **more: str) -> dict[str, str]:
    return {
        "bill_payer_account_id": "1",
        "bill_billing_period_start_date": "2026-10-01T00:00:00Z",
        "bill_billing_period_end_date": "2026-11-01T00:00:00Z",
        "line_item_usage_account_id": "2",
        "line_item_line_item_type": kind,
        "line_item_usage_start_date": "2026-10-03T00:00:00Z",
        "line_item_usage_end_date": "2026-10-03T01:00:00Z",
        "line_item_product_code": "AmazonEC2",
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": cost,
        "resource_tags": '{"user_team": "web"}',
        "product": '{"product_name": "Amazon Elastic Compute Cloud", "region": "us-east-1"}',
        **more,
    }


LINES = [
    line("Usage", "10.123456789012345"),
    line("Tax", "1.5"),
    line("Credit", "-2"),
    line("Refund", "-0.5"),
    line("DiscountedUsage", "0", reservation_reservation_a_r_n=RI, reservation_effective_cost="0.7"),
    line("RIFee", "100", reservation_reservation_a_r_n=RI, reservation_unused_recurring_fee="30"),
    line(
        "SavingsPlanCoveredUsage", "5", savings_plan_savings_plan_a_r_n=SP, savings_plan_savings_plan_effective_cost="3"
    ),
    line("SavingsPlanNegation", "-5", savings_plan_savings_plan_a_r_n=SP),
    line(
        "SavingsPlanRecurringFee",
        "40",
        savings_plan_savings_plan_a_r_n=SP,
        savings_plan_total_commitment_to_date="40",
        savings_plan_used_commitment="33",
    ),
    line("Usage", "0", split_line_item_parent_resource_id="i-1"),
]


@pytest.fixture
def facts(tmp_path: Path):
    file = tmp_path / "cur.csv"
    with file.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows(LINES)
    [converted] = convert(file, tmp_path / "out", provider=None, natives=NATIVE_FORMATS)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW fact AS SELECT * FROM read_parquet('{converted.parts[0].path}')")
        yield converted, connection


def test_the_bills_total_is_kept_and_the_negation_cancels(facts) -> None:
    converted, _ = facts

    [total] = converted.parts[0].totals
    unblended = sum(Decimal(row["line_item_unblended_cost"]) for row in LINES)
    assert converted.report.source_format is SourceFormat.AWS_CUR_2
    assert total.billed_cost == round(unblended, 12)
    assert not [note for note in converted.report.notes if "own total" in note]


def test_a_commitment_costs_in_effect_what_was_used_and_what_was_not(facts) -> None:
    _, connection = facts

    rows = connection.execute(
        "SELECT CommitmentDiscountType, CommitmentDiscountStatus, sum(EffectiveCost), sum(BilledCost) FROM fact"
        " WHERE CommitmentDiscountId IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST"
    ).fetchall()
    assert rows == [
        ("Reserved Instance", "Unused", Decimal(30), Decimal(0)),
        ("Reserved Instance", "Used", Decimal("0.7"), Decimal(0)),
        ("Reserved Instance", None, Decimal(0), Decimal(100)),
        ("Savings Plan", "Unused", Decimal(7), Decimal(0)),
        ("Savings Plan", "Used", Decimal(3), Decimal(0)),
        ("Savings Plan", None, Decimal(0), Decimal(40)),
    ]


def test_over_its_term_a_commitment_costs_in_effect_what_was_paid_less_what_was_refunded(tmp_path: Path) -> None:
    owned = {"reservation_reservation_a_r_n": RI}
    bought = [line("Fee", "1200", **owned), line("Refund", "-600", **owned)]
    used = [line("DiscountedUsage", "0", **owned, reservation_effective_cost="100") for _ in range(6)]
    goodwill = line("Refund", "-5")
    file = tmp_path / "cur.csv"
    with file.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows([*bought, *used, goodwill])

    [converted] = convert(file, tmp_path / "out", provider=None, natives=NATIVE_FORMATS)

    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT CommitmentDiscountId IS NOT NULL, ChargeCategory, ChargeClass, sum(BilledCost), sum(EffectiveCost)"
            f" FROM read_parquet('{converted.parts[0].path}') GROUP BY 1, 2, 3 ORDER BY 1, 2"
        ).fetchall()
    assert rows == [
        (False, "Adjustment", "Correction", -5, -5),
        (True, "Adjustment", "Correction", -600, 0),
        (True, "Purchase", None, 1200, 0),
        (True, "Usage", None, 0, 600),
    ]


def test_charges_are_named_as_focus_names_them(facts) -> None:
    _, connection = facts

    rows = dict(connection.execute("SELECT ChargeCategory, count(*) FROM fact GROUP BY 1").fetchall())
    [service] = connection.execute("SELECT DISTINCT ServiceName, ServiceCategory, RegionId FROM fact").fetchall()
    [team] = connection.execute("SELECT DISTINCT Tags['user_team'] FROM fact").fetchall()
    assert rows == {"Usage": 5, "Tax": 1, "Credit": 1, "Adjustment": 1, "Purchase": 2}
    assert service == ("Amazon Elastic Compute Cloud", "Compute", "us-east-1")
    assert team == ("web",)


def test_a_split_line_stands_aside_beside_its_parent(facts) -> None:
    converted, _ = facts

    [rejection] = converted.report.rejections
    assert (rejection.rows, rejection.expected) == (1, True)


def test_a_real_legacy_report_ties_to_an_independent_sum(reference_data: Path, tmp_path: Path) -> None:
    file = reference_data / "focus" / "native-samples" / "aws-cur-anonymous.csv"
    with file.open(newline="") as handle:
        rows = list(csv.DictReader(handle))

    [converted] = convert(file, tmp_path, provider="aws", natives=NATIVE_FORMATS)

    assert converted.report.source_format is SourceFormat.AWS_CUR_LEGACY
    assert converted.report.rows_kept == len(rows)
    [billed] = [line for line in converted.report.residuals if line.metric is CostBasis.BILLED]
    assert billed.source == sum(Decimal(row["lineItem/UnblendedCost"] or 0) for row in rows)
