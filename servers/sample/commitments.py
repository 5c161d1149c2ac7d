"""Commitments: what was bought, which usage it covers day by day, what is left unused, and how it is billed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import duckdb

from servers.sample.estates import Estate
from servers.sample.plan import Plan, following
from servers.sample.sql import statement
from shared_models.focus.vocabularies import CommitmentDiscountCategory


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
    category: CommitmentDiscountCategory
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


_SPEND: Final = CommitmentDiscountCategory.SPEND
_USAGE: Final = CommitmentDiscountCategory.USAGE
_SP: Final = "arn:aws:savingsplans::418273650912:savingsplan/"
_RI: Final = "arn:aws:ec2:us-east-1:418273650912:reserved-instances/"
_NODE: Final = "arn:aws:redshift:us-east-1:418273650912:reservednode:"
_RESERVATION: Final = "/providers/Microsoft.Capacity/reservationOrders/"
_BENEFIT: Final = "/providers/Microsoft.BillingBenefits/savingsPlanOrders/"
_CUD: Final = "projects/qh-billing/regions/"

COMMITMENTS: Final = (
    Commitment(
        "aws-sp-2025", "aws", _SP + "5f3a1c09-2be7-4f61-9d40-8c1e6a7d0b25", "Compute Savings Plan 2025",
        "Compute Savings Plan", _SPEND, "savings-plan", 0, date(2025, 11, 5), date(2026, 11, 5),
        Decimal(1350), Decimal("0.28"), Decimal(0), "daily", "compute", 0, 35,
    ),
    Commitment(
        "aws-sp-2026", "aws", _SP + "b70d94e2-61c8-4c1f-8a35-2f9e0c4d7716", "Compute Savings Plan 2026",
        "Compute Savings Plan", _SPEND, "savings-plan", 0, date(2026, 11, 6), date(2027, 11, 6),
        Decimal(1450), Decimal("0.31"), Decimal("0.5"), "monthly", "compute", 0, 35,
    ),
    Commitment(
        "aws-ri-m6i", "aws", _RI + "8d6e2f10-77aa-4b0e-b6a4-1c52d90fe318",
        "m6i regional reservation", "Standard Reserved Instance", _USAGE, "ri-compute", 0, date(2026, 2, 10),
        date(2027, 2, 10), Decimal(330), Decimal("0.36"), Decimal("0.5"), "monthly", "compute", 35, 50, "us-east-1",
    ),
    Commitment(
        "aws-ri-rds", "aws", "arn:aws:rds:us-east-1:418273650912:ri:ri-2025-11-03-12-00-00-000",
        "PostgreSQL reservation", "Reserved DB Instance", _USAGE, "ri-database", 0, date(2025, 11, 3),
        date(2026, 11, 3), Decimal(980), Decimal("0.35"), Decimal(1), "monthly", "database", 0, 50,
    ),
    Commitment(
        "aws-ri-redshift", "aws", _NODE + "1ba8e2e3-bacf-4f3c-a0f5-4d1a2e9c7b60",
        "Warehouse nodes bought too large", "Reserved Node", _USAGE, "ri-warehouse", 0, date(2026, 3, 1),
        date(2027, 3, 1), Decimal(420), Decimal("0.33"), Decimal(0), "monthly", "warehouse", 0, 25,
    ),
    Commitment(
        "jp-sp", "aws-jp", "arn:aws:savingsplans::730951862447:savingsplan/c2a6f8d1-94b3-4e07-a1d9-60b7e53f2c84",
        "日本 Compute Savings Plan", "Compute Savings Plan", _SPEND, "savings-plan", 0, date(2026, 4, 1),
        date(2027, 4, 1), Decimal(41000), Decimal("0.27"), Decimal(0), "monthly", "compute", 0, 40,
    ),
    Commitment(
        "azure-sp", "azure", _BENEFIT + "2d7f6b1e-0c58-4a92-bb37-9e41d0c6f852"
        "/savingsPlans/71a8c3d4-5e60-4f1b-9c2d-3b8e7f0a6149",
        "Compute savings plan", "Savings Plan", _SPEND, "savings-plan", 0, date(2025, 11, 10), date(2026, 11, 10),
        Decimal(780), Decimal("0.24"), Decimal(0), "monthly", "compute", 0, 30,
    ),
    Commitment(
        "azure-ri-vm", "azure", _RESERVATION + "94e0b7c6-2f1d-4d83-8a65-c1b2e3f49d07"
        "/reservations/0f5c9a82-6be4-47d1-93f8-a7e6d5c4b3f2",
        "VM reservation of one subscription", "Reservation", _USAGE, "ri-compute", 2, date(2025, 6, 1),
        date(2028, 6, 1), Decimal(70), Decimal("0.41"), Decimal(0), "monthly", "compute", 30, 95, None, 2,
    ),
    Commitment(
        "azure-ri-sql", "azure", _RESERVATION + "e15d8f03-7c94-4b26-b0da-5f6e7a8b9c01"
        "/reservations/3c4d5e6f-8a90-4bc1-92d3-e4f506172839",
        "SQL vCores, paid at once", "Reservation", _USAGE, "ri-database", 0, date(2026, 1, 15), date(2027, 1, 15),
        Decimal(460), Decimal("0.33"), Decimal(1), "monthly", "database", 0, 40,
    ),
    Commitment(
        "gcp-flex", "gcp", _CUD + "global/commitments/flexible-2026", "Flexible compute commitment",
        "Spend-based Flexible CUD", _SPEND, "savings-plan", 0, date(2026, 1, 1), date(2027, 1, 1),
        Decimal(620), Decimal("0.28"), Decimal(0), "daily", "compute", 0, 30,
    ),
    Commitment(
        "gcp-n2", "gcp", _CUD + "europe-west1/commitments/n2-three-years", "N2 for three years",
        "Resource-based CUD", _USAGE, "ri-compute", 0, date(2024, 6, 1), date(2027, 6, 1),
        Decimal(200), Decimal("0.55"), Decimal(0), "daily", "compute", 30, 50,
    ),
    Commitment(
        "gcp-n2-expired", "gcp", _CUD + "europe-west1/commitments/n2-one-year", "N2 for one year, not renewed",
        "Resource-based CUD", _USAGE, "ri-compute", 0, date(2025, 6, 15), date(2026, 6, 15),
        Decimal(90), Decimal("0.37"), Decimal(0), "daily", "compute", 50, 62,
    ),
)  # fmt: skip


def apply_commitments(connection: duckdb.DuckDBPyConnection, estate: Estate) -> None:
    """Table `charge` gets the month's usage, covered and uncovered; `covered` keeps what each commitment paid for."""
    connection.execute(statement("coverage", digits=estate.decimals))


def add_unused_and_purchases(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan) -> None:
    """What the commitments left unused by day, and what was paid for them in the month."""
    end = following(month)
    connection.execute(statement("unused", estate=estate.key, month=month, end=min(end, plan.last_day)))
    connection.execute(statement("purchases", estate=estate.key, month=month, end=end, last_day=plan.last_day))
