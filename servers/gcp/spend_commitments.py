"""Spend-based committed use discounts, from their metadata export in BigQuery."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from servers.gcp.billing_exports.discovery import ExportTable, ExportTables, Kind
from servers.gcp.billing_exports.queries import run
from servers.gcp.gaps import gap_of
from servers.gcp.live import Live
from servers.kit.live.values import instant
from shared_models.commitment import CommitmentDiscount
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError
from shared_models.untrusted import safe_text

DAYS: Final = 4
"""The export is written every day: the newest of these days has every commitment, and no older ones are billed."""
_ROWS: Final = (
    "SELECT t.billing_account_id AS account, t.cud_product.display_name AS product, t.subscription.instance_id AS id,"
    " t.subscription.display_name AS name, t.region AS region, t.commitment_amount.unit AS unit,"
    " t.commitment_amount.amount AS amount, t.start_time AS start_time, t.end_time AS end_time, t.state AS state,"
    " t.export_time AS export_time FROM `{table}` AS t WHERE t._PARTITIONTIME >= TIMESTAMP('{since}')"
)
_CURRENCY_CHARACTERS: Final = 3


def for_spend(live: Live, tables: ExportTables) -> tuple[list[CommitmentDiscount], tuple[Gap, ...]]:
    """Every spend-based commitment as its newest row says it, and the exports that could not be read; blocking.

    Where there is no such export nothing is said: it is optional, and most organisations have no such commitments.
    """
    try:
        found = tables.found()
    except FinOpsError as error:
        return [], (gap_of("spend-based commitments", error),)
    gaps: list[Gap] = []
    newest: dict[str, Mapping[str, Any]] = {}
    for table in found.of(Kind.COMMITMENTS):
        try:
            newest |= {str(row["id"]): row for row in _asked(live, table)}
        except FinOpsError as error:
            gaps.append(gap_of(f"spend-based commitments in {table.name}", error))
    return list(_discounts(newest)), tuple(gaps)


def _asked(live: Live, table: ExportTable) -> list[dict[str, Any]]:
    since = live.clock() - timedelta(days=DAYS)
    sql = _ROWS.format(table=table.name, since=f"{since:%Y-%m-%d}")
    rows = run(live, sql, on=table.resource, location=table.location).rows
    return sorted(rows, key=lambda row: row["export_time"])


def _discounts(newest: Mapping[str, Mapping[str, Any]]) -> Iterator[CommitmentDiscount]:
    for identity, row in newest.items():
        start, end = instant(row["start_time"]), instant(row["end_time"])
        if start is None or end is None:
            continue
        unit = str(row["unit"] or "")
        money = len(unit) == _CURRENCY_CHARACTERS and unit.isupper()
        yield CommitmentDiscount(
            commitment_discount_id=identity,
            commitment_discount_name=safe_text(str(row["name"])) if row["name"] else None,
            commitment_discount_type=str(row["product"] or "Spend-based CUD"),
            commitment_discount_category="Spend",
            provider="gcp",
            billing_account_id=str(row["account"]),
            region_id=None if row["region"] in {None, "", "global"} else str(row["region"]),
            start=start,
            end=end,
            payment_model="No Upfront",
            hourly_commitment=Decimal(row["amount"]) if money and row["amount"] is not None else None,
            currency=unit if money else "USD",
            status=str(row["state"] or "active").lower(),
        )
