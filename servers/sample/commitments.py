"""Commitments: what was bought, which usage it covers day by day, what is left unused, and how it is billed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import duckdb

from servers.sample.estates import Estate
from servers.sample.plan import Plan, following


@dataclass(frozen=True)
class Commitment:
    """One commitment of an estate, from `first` up to, and without, `last`.

    `daily` is what one day of it costs, in the billing currency, so that the whole term costs `daily` times its days:
    the share `upfront` at the start, the rest by day or by month. It covers eligible lines whose bucket (0 to 99,
    drawn) lies from `low` up to `high`, in one region or one sub account where that is given.
    """

    key: str
    estate: str
    commitment_id: str
    name: str
    type: str
    category: str
    sku: str
    account: int
    first: date
    last: date
    daily: Decimal
    discount: Decimal
    upfront: Decimal
    billed: str
    eligible: str
    low: int
    high: int
    region: str | None = None
    scope: int | None = None


_SP: Final = "arn:aws:savingsplans::418273650912:savingsplan/"
_RESERVATION: Final = "/providers/Microsoft.Capacity/reservationOrders/"
_BENEFIT: Final = "/providers/Microsoft.BillingBenefits/savingsPlanOrders/"
_CUD: Final = "projects/qh-billing/regions/"

COMMITMENTS: Final = (
    Commitment(
        "aws-sp-2025", "aws", _SP + "5f3a1c09-2be7-4f61-9d40-8c1e6a7d0b25", "Compute Savings Plan 2025",
        "Compute Savings Plan", "Spend", "savings-plan", 0, date(2025, 11, 5), date(2026, 11, 5),
        Decimal(1350), Decimal("0.28"), Decimal(0), "daily", "compute", 0, 35,
    ),
    Commitment(
        "aws-sp-2026", "aws", _SP + "b70d94e2-61c8-4c1f-8a35-2f9e0c4d7716", "Compute Savings Plan 2026",
        "Compute Savings Plan", "Spend", "savings-plan", 0, date(2026, 11, 6), date(2027, 11, 6),
        Decimal(1450), Decimal("0.31"), Decimal("0.5"), "monthly", "compute", 0, 35,
    ),
    Commitment(
        "aws-ri-m6i", "aws", "arn:aws:ec2:us-east-1:418273650912:reserved-instances/8d6e2f10-77aa-4b0e-b6a4-1c52d90fe318",
        "m6i regional reservation", "Standard Reserved Instance", "Usage", "ri-compute", 0, date(2026, 2, 10),
        date(2027, 2, 10), Decimal(330), Decimal("0.36"), Decimal("0.5"), "monthly", "compute", 35, 50, "us-east-1",
    ),
    Commitment(
        "aws-ri-rds", "aws", "arn:aws:rds:us-east-1:418273650912:ri:ri-2025-11-03-12-00-00-000",
        "PostgreSQL reservation", "Reserved DB Instance", "Usage", "ri-database", 0, date(2025, 11, 3),
        date(2026, 11, 3), Decimal(980), Decimal("0.35"), Decimal(1), "monthly", "database", 0, 50,
    ),
    Commitment(
        "aws-ri-redshift", "aws", "arn:aws:redshift:us-east-1:418273650912:reservednode:1ba8e2e3-bacf-4f3c-a0f5-4d1a2e9c7b60",
        "Warehouse nodes bought too large", "Reserved Node", "Usage", "ri-warehouse", 0, date(2026, 3, 1),
        date(2027, 3, 1), Decimal(420), Decimal("0.33"), Decimal(0), "monthly", "warehouse", 0, 25,
    ),
    Commitment(
        "jp-sp", "aws-jp", "arn:aws:savingsplans::730951862447:savingsplan/c2a6f8d1-94b3-4e07-a1d9-60b7e53f2c84",
        "日本 Compute Savings Plan", "Compute Savings Plan", "Spend", "savings-plan", 0, date(2026, 4, 1),
        date(2027, 4, 1), Decimal(41000), Decimal("0.27"), Decimal(0), "monthly", "compute", 0, 40,
    ),
    Commitment(
        "azure-sp", "azure", _BENEFIT + "2d7f6b1e-0c58-4a92-bb37-9e41d0c6f852/savingsPlans/71a8c3d4-5e60-4f1b-9c2d-3b8e7f0a6149",
        "Compute savings plan", "Savings Plan", "Spend", "savings-plan", 0, date(2025, 11, 10), date(2026, 11, 10),
        Decimal(780), Decimal("0.24"), Decimal(0), "monthly", "compute", 0, 30,
    ),
    Commitment(
        "azure-ri-vm", "azure", _RESERVATION + "94e0b7c6-2f1d-4d83-8a65-c1b2e3f49d07/reservations/0f5c9a82-6be4-47d1-93f8-a7e6d5c4b3f2",
        "VM reservation of one subscription", "Reservation", "Usage", "ri-compute", 2, date(2025, 6, 1),
        date(2028, 6, 1), Decimal(70), Decimal("0.41"), Decimal(0), "monthly", "compute", 30, 95, None, 2,
    ),
    Commitment(
        "azure-ri-sql", "azure", _RESERVATION + "e15d8f03-7c94-4b26-b0da-5f6e7a8b9c01/reservations/3c4d5e6f-8a90-4bc1-92d3-e4f506172839",
        "SQL vCores, paid at once", "Reservation", "Usage", "ri-database", 0, date(2026, 1, 15), date(2027, 1, 15),
        Decimal(460), Decimal("0.33"), Decimal(1), "monthly", "database", 0, 40,
    ),
    Commitment(
        "gcp-flex", "gcp", _CUD + "global/commitments/flexible-2026", "Flexible compute commitment",
        "Spend-based Flexible CUD", "Spend", "savings-plan", 0, date(2026, 1, 1), date(2027, 1, 1),
        Decimal(620), Decimal("0.28"), Decimal(0), "daily", "compute", 0, 30,
    ),
    Commitment(
        "gcp-n2", "gcp", _CUD + "europe-west1/commitments/n2-three-years", "N2 for three years",
        "Resource-based CUD", "Usage", "ri-compute", 0, date(2024, 6, 1), date(2027, 6, 1),
        Decimal(200), Decimal("0.55"), Decimal(0), "daily", "compute", 30, 50,
    ),
    Commitment(
        "gcp-n2-expired", "gcp", _CUD + "europe-west1/commitments/n2-one-year", "N2 for one year, not renewed",
        "Resource-based CUD", "Usage", "ri-compute", 0, date(2025, 6, 15), date(2026, 6, 15),
        Decimal(90), Decimal("0.37"), Decimal(0), "daily", "compute", 50, 62,
    ),
)  # fmt: skip


def apply_commitments(connection: duckdb.DuckDBPyConnection, estate: Estate) -> None:
    """Table `charge` gets the month's usage: covered, uncovered, and what the commitments left unused.

    The lines that a commitment covers take their share in a fixed order until the day's amount is spent; the last one
    is split. So its covered rows and its unused row cost exactly `daily` each day.
    """
    digits = estate.decimals
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE covered AS WITH wish AS ("
        "  SELECT f.fact_key, c.key AS commitment, c.daily, f.day, f.quantity,"
        f"  ROUND(f.contracted_cost * (1 - c.discount), {digits})::DECIMAL(30,12) AS wanted"
        "  FROM fact f JOIN commitment c ON c.estate = f.estate AND c.eligible = f.eligible AND f.bucket >= c.low"
        "  AND f.bucket < c.high AND (c.region IS NULL OR c.region = f.region_id)"
        "  AND (c.scope IS NULL OR c.scope = f.account) AND f.day >= c.first AND f.day < c.last"
        "), ranked AS (SELECT *, sum(wanted) OVER (PARTITION BY commitment, day ORDER BY fact_key"
        "  ROWS UNBOUNDED PRECEDING) - wanted AS before FROM wish WHERE wanted > 0)"
        " SELECT *, LEAST(wanted, daily - before)::DECIMAL(30,12) AS amortised, CASE WHEN amortised = wanted THEN quantity"
        " ELSE LEAST(quantity, CAST(ceil(CAST(quantity AS DOUBLE) * CAST(amortised AS DOUBLE) / CAST(wanted AS DOUBLE)"
        " * 1e6) / 1e6 AS DECIMAL(19,6))) END AS covered_quantity FROM ranked WHERE before < daily"
    )
    rest = "(f.quantity - COALESCE(c.covered_quantity, 0))::DECIMAL(19,6)"
    paid = _cost(rest, "f.contracted_price", digits)
    whole = {name: _cost("c.covered_quantity", f"f.{name}_price", digits) for name in ("list", "contracted")}
    shared = (
        "f.estate, f.line_key, f.gen, f.sku, f.account, f.region_id, f.day, f.start_at, f.end_at, f.billing_month,"
        " f.list_price, f.contracted_price, 'Usage' AS category, 'Usage-Based' AS frequency, f.reservation,"
        " f.reservation_status"
    )
    connection.execute(
        f"INSERT INTO charge BY NAME SELECT {shared}, 'usage' AS origin, f.pricing_category,"
        f" {rest} AS quantity,"
        f" {_cost(rest, 'f.list_price', digits)} AS list_cost, {paid} AS contracted_cost, {paid} AS billed_cost,"
        f" {paid} AS effective_cost"
        " FROM fact f LEFT JOIN covered c USING (fact_key)"
        " WHERE c.covered_quantity IS NULL OR c.covered_quantity < f.quantity ORDER BY f.fact_key"
    )
    connection.execute(
        f"INSERT INTO charge BY NAME SELECT {shared}, 'covered' AS origin, 'Committed' AS pricing_category,"
        " c.covered_quantity AS quantity, c.commitment, 'Used' AS commitment_status,"
        f" {whole['list']} AS list_cost, {whole['contracted']} AS contracted_cost,"
        " 0 AS billed_cost, c.amortised AS effective_cost FROM fact f JOIN covered c USING (fact_key) ORDER BY f.fact_key"
    )


def _cost(quantity: str, price: str, digits: int) -> str:
    """SQL: quantity times a price, rounded as the estate rounds."""
    return f"ROUND({quantity} * CAST({price} AS DECIMAL(19,10)), {digits})::DECIMAL(30,12)"


def add_unused(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan) -> None:
    """What the commitments left unused, one row a commitment and day."""
    end = min(following(month), plan.last_day)
    connection.execute(
        "INSERT INTO charge BY NAME SELECT c.estate, 'unused' AS origin, c.sku, c.account, d.day, d.day AS start_at,"
        f" d.day + INTERVAL 1 DAY AS end_at, DATE '{month}' AS billing_month, 'Usage' AS category, c.region AS region_id,"
        " 'Usage-Based' AS frequency, 'Committed' AS pricing_category, c.key AS commitment, 'Unused' AS commitment_status,"
        " 0 AS list_cost, 0 AS contracted_cost, 0 AS billed_cost, (c.daily - COALESCE(u.used, 0))::DECIMAL(30,12) AS"
        " effective_cost, 1 AS quantity, 0 AS list_price, 0 AS contracted_price FROM commitment c JOIN (SELECT"
        f" CAST(range AS DATE) AS day FROM range(DATE '{month}', DATE '{end}', INTERVAL 1 DAY)) d"
        " ON d.day >= c.first AND d.day < c.last LEFT JOIN (SELECT commitment, day, sum(amortised) AS used FROM covered"
        " GROUP BY ALL) u ON u.commitment = c.key AND u.day = d.day"
        " WHERE c.estate = ? AND c.daily > COALESCE(u.used, 0) ORDER BY d.day, c.key",
        [estate.key],
    )


def add_purchases(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan) -> None:
    """The month's purchase rows: the upfront part on the first day, the rest by day, or by month in advance."""
    start, end = f"DATE '{month}'", f"DATE '{following(month)}'"
    shared = (
        "c.estate, 'purchase' AS origin, c.sku, c.account, c.region AS region_id, 'Purchase' AS category, c.key AS"
        " commitment, 'Committed' AS pricing_category, 1 AS quantity, amount AS list_price, amount AS contracted_price,"
        f" amount AS list_cost, amount AS contracted_cost, amount AS billed_cost, 0 AS effective_cost, {start} AS"
        " billing_month, day, day AS start_at"
    )
    upfront = "ROUND(c.daily * (c.last - c.first) * c.upfront, 2)"
    connection.execute(
        f"INSERT INTO charge BY NAME SELECT {shared}, 'One-Time' AS frequency, day + INTERVAL 1 DAY AS end_at FROM"
        f" (SELECT *, first AS day, {upfront}::DECIMAL(18,4) AS amount FROM commitment c) c WHERE c.estate = ?"
        f" AND c.upfront > 0 AND day >= {start} AND day < LEAST({end}, DATE '{plan.last_day}') ORDER BY c.key",
        [estate.key],
    )
    connection.execute(
        f"INSERT INTO charge BY NAME SELECT {shared}, 'Recurring' AS frequency, day + INTERVAL 1 DAY AS end_at FROM"
        f" (SELECT c.*, CAST(range AS DATE) AS day, c.daily AS amount FROM commitment c, range({start}, {end}, INTERVAL"
        f" 1 DAY)) c WHERE c.estate = ? AND c.billed = 'daily' AND day >= c.first AND day < c.last"
        f" AND day < DATE '{plan.last_day}' ORDER BY c.key, day",
        [estate.key],
    )
    # What is paid month by month is the rest of the term's price up to the month's end, less what was paid before.
    due = f"CAST(ROUND((c.daily * (c.last - c.first) - {upfront}) * (LEAST({{0}}, c.last) - c.first) / (c.last - c.first), 4) AS DECIMAL(18,4))"
    connection.execute(
        f"INSERT INTO charge BY NAME SELECT {shared}, 'Recurring' AS frequency, LEAST({end}, c.last) AS end_at FROM"
        f" (SELECT *, GREATEST({start}, first) AS day, ({due.format(end)} - CASE WHEN first < {start} THEN"
        f" {due.format(start)} ELSE 0 END)::DECIMAL(18,4) AS amount FROM commitment c) c WHERE c.estate = ?"
        f" AND c.billed = 'monthly' AND c.upfront < 1 AND c.first < {end} AND c.last > {start}"
        f" AND day < DATE '{plan.last_day}' ORDER BY c.key",
        [estate.key],
    )
