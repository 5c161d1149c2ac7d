"""What is on a bill beside usage and commitments: credits, refunds, support, tax, rounding, and late corrections."""

from datetime import date
from decimal import Decimal
from typing import Final

import duckdb

from servers.sample.estates import Estate
from servers.sample.plan import Plan, following
from shared_models.focus.vocabularies import ChargeCategory, ChargeClass, ChargeFrequency

MONTHLY_CREDITS: Final = {
    "aws": (Decimal(-1800), "MigrationAccelerationProgram"),
    "azure": (Decimal(-2500), "Azure prepayment credit"),
}
CREDITS: Final = (("aws", 11, "ml.g5.2xlarge", date(2026, 10, 15), Decimal("-7896.00"), "ServiceCredit"),)
"""(estate, account, SKU, day, amount, kind): this one hides an anomaly in every net figure."""
REFUNDS: Final = (
    ("aws", 6, "db.r6g.4xlarge", date(2026, 9, 18), Decimal("-1240.55"), "Refund for missed availability"),
    ("azure", 1, "BC_Gen5_16", date(2026, 10, 9), Decimal("-312.40"), "Refund for missed availability"),
)
CORRECTIONS: Final = (
    ("aws", 3, "s3-standard", date(2026, 8, 1), date(2026, 8, 14), Decimal("-2315.4471"), date(2026, 9, 12)),
    ("aws-jp", 1, "m6i.16xlarge", date(2026, 7, 1), date(2026, 7, 31), Decimal(-21400), date(2026, 8, 9)),
    ("azure", 1, "BC_Gen5_16", date(2026, 9, 1), date(2026, 9, 30), Decimal("-540.118"), date(2026, 10, 8)),
    ("gcp", 2, "bq-analysis", date(2026, 10, 1), date(2026, 9, 20), Decimal("188.25"), date(2026, 10, 5)),
)
"""(estate, account, SKU, billing month, charge day, amount, published): the last one is booked in a later bill."""
AZURE_SUPPORT: Final = Decimal(1000)


def add_credits(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan) -> None:
    """Credits (negative) and refunds of the month; Google's discounts and promotions hang on the usage they reduce."""
    if estate.key in MONTHLY_CREDITS:
        amount, kind = MONTHLY_CREDITS[estate.key]
        sku = "m6i.large" if estate.key == "aws" else "Standard_D2s_v5"
        _add(
            connection,
            estate,
            month,
            month,
            None,
            sku,
            amount,
            category=ChargeCategory.CREDIT,
            credit_type=kind,
            description=kind,
        )
    for key, account, sku, day, amount, kind in CREDITS:
        if (key, day.replace(day=1)) == (estate.key, month) and day < plan.last_day:
            _add(connection, estate, month, day, account, sku, amount, category=ChargeCategory.CREDIT, credit_type=kind)
    for key, account, sku, day, amount, text in REFUNDS:
        if (key, day.replace(day=1)) == (estate.key, month) and day < plan.last_day:
            _add(
                connection,
                estate,
                month,
                day,
                account,
                sku,
                amount,
                category=ChargeCategory.ADJUSTMENT,
                description=text,
            )
    if estate.key == "gcp":
        _add_google_credits(connection)


def _add_google_credits(connection: duckdb.DuckDBPyConnection) -> None:
    for condition, share, kind, text in (
        (
            "c.sku = 'n1-standard-2' AND c.pricing_category = 'Standard'",
            "0.1",
            "SUSTAINED_USAGE_DISCOUNT",
            "Sustained use",
        ),
        ("l.story = 'promo'", "0.2", "PROMOTION", "Startup promotion"),
    ):
        reduction = f"-ROUND(c.contracted_cost * {share}, 6)::DECIMAL(30,12)"
        connection.execute(
            "INSERT INTO charge BY NAME SELECT c.estate, 'nested credit' AS origin, c.line_key, c.gen, c.sku,"
            " c.account, c.region_id, c.day, c.start_at, c.end_at, c.billing_month,"
            f" 0 AS list_cost, 0 AS contracted_cost, {reduction} AS billed_cost, {reduction} AS effective_cost,"
            f" 'Credit' AS category, 'Usage-Based' AS frequency, '{kind}' AS credit_type, '{text}' AS description"
            " FROM charge c JOIN line l USING (line_key)"
            f" WHERE c.origin = 'usage' AND {condition} AND c.billed_cost <> 0 ORDER BY c.line_key, c.start_at"
        )


def add_support_and_tax(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan) -> None:
    """Support and tax as shares of the month so far; Google's invoice is rounded to the cent when the month closes."""
    if estate.support_rate:
        amount = _billed(connection) * estate.support_rate
        _add(
            connection, estate, month, month, None, "support", _cents(amount, estate), category=ChargeCategory.PURCHASE
        )
    elif estate.key == "azure":
        _add(connection, estate, month, month, None, "support", AZURE_SUPPORT, category=ChargeCategory.PURCHASE)
    if estate.tax_rate:
        amount = _cents(_billed(connection) * estate.tax_rate, estate)
        _add(connection, estate, month, month, None, "tax", amount, category=ChargeCategory.TAX)
    if estate.key == "gcp" and plan.is_closed(month):
        total = _billed(connection)
        amount = _cents(total, estate) - total
        text = "Rounding error"
        _add(
            connection, estate, month, month, None, "tax", amount, category=ChargeCategory.ADJUSTMENT, description=text
        )


def add_corrections(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan) -> None:
    """Corrections that were published by now: new rows of a closed month, or rows of this month for an earlier one."""
    for key, account, sku, billing_month, day, amount, published in CORRECTIONS:
        if (key, billing_month) == (estate.key, month) and published < plan.last_day:
            text = f"Correction published {published}"
            _add(
                connection, estate, month, day, account, sku, amount,
                category=ChargeCategory.USAGE, charge_class=ChargeClass.CORRECTION, description=text,
            )  # fmt: skip


def _billed(connection: duckdb.DuckDBPyConnection) -> Decimal:
    row = connection.execute("SELECT sum(billed_cost) FROM charge WHERE counted").fetchone() or (0,)
    return Decimal(row[0] or 0)


def _cents(amount: Decimal, estate: Estate) -> Decimal:
    return amount.quantize(Decimal(1) if estate.currency == "JPY" else Decimal("0.01"))


def _add(  # noqa: PLR0913
    connection: duckdb.DuckDBPyConnection,
    estate: Estate,
    month: date,
    day: date,
    account: int | None,
    sku: str,
    amount: Decimal,
    *,
    category: ChargeCategory,
    charge_class: ChargeClass | None = None,
    credit_type: str | None = None,
    description: str | None = None,
) -> None:
    """One row; what is bought counts at list too, what is given back does not."""
    purchase = category is ChargeCategory.PURCHASE
    whole_month = account is None
    end = following(month) if whole_month else None
    connection.execute(
        "INSERT INTO charge BY NAME SELECT ? AS estate, ? AS origin, ? AS sku, ? AS account, CAST(? AS DATE) AS day,"
        " CAST(day AS TIMESTAMP) AS start_at,"
        " COALESCE(CAST(CAST(? AS DATE) AS TIMESTAMP), day + INTERVAL 1 DAY) AS end_at,"
        " CAST(? AS DATE) AS billing_month, CAST(? AS DECIMAL(30,12)) AS billed_cost, billed_cost AS effective_cost,"
        " CASE WHEN ? THEN billed_cost ELSE 0 END AS list_cost, list_cost AS contracted_cost,"
        " ? AS category, ? AS class,"
        " ? AS frequency, ? AS credit_type, ? AS description, CASE WHEN ? THEN 1 END AS quantity,"
        " CASE WHEN quantity = 1 THEN billed_cost END AS list_price, list_price AS contracted_price,"
        " CASE WHEN ? IN ('Purchase', 'Usage') THEN 'Standard' END AS pricing_category",
        [
            estate.key, "support" if sku == "support" else category.lower(), sku, account, day, end, month, amount,
            purchase or charge_class is not None, category, charge_class,
            ChargeFrequency.RECURRING if purchase else ChargeFrequency.ONE_TIME, credit_type, description, purchase,
            category,
        ],
    )  # fmt: skip
