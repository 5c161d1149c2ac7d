"""Real bills from the file to the answer: every provider's costs by month and currency are those of csv and Decimal alone."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from servers.kit.exports.convert import ConvertOptions, convert
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod
from tests.focus_bills import books, focus_csv

Sums = dict[tuple[str, str], dict[CostBasis, Decimal]]
NAMES = {"AWS": "aws", "Microsoft": "azure", "Oracle": "oci"}


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def summed(rows: Iterable[Mapping[str, str]], key: str) -> Sums:
    """The four metrics by a column and the currency."""
    sums: Sums = defaultdict(lambda: dict.fromkeys(CostBasis, Decimal(0)))
    for row in rows:
        for metric in CostBasis:
            said = row[metric.value]
            sums[row[key], row["BillingCurrency"]][metric] += Decimal(said) if said not in {"", "NULL"} else Decimal(0)
    return dict(sums)


def parts_of(file: Path, out: Path, provider: str | None) -> Sums:
    """The four metrics by provider and currency as the import announces them."""
    sums: Sums = defaultdict(lambda: dict.fromkeys(CostBasis, Decimal(0)))
    for converted in convert(file, out, provider=provider, options=ConvertOptions()):
        assert all(line.source - line.rejected - line.ledger == line.residual for line in converted.report.residuals)
        for part in converted.parts:
            for total in part.totals:
                told = (total.billed_cost, total.effective_cost, total.list_cost, total.contracted_cost)
                for metric, amount in zip(CostBasis, told, strict=True):
                    sums[part.provider, total.currency][metric] += amount
    return dict(sums)


def same_to_the_last_place(found: Sums, wanted: Sums, rows: int) -> bool:
    """Whether both are equal but for the rounding of each row to twelve decimals."""
    most = Decimal("0.5e-12") * rows
    return found.keys() == wanted.keys() and all(
        abs(found[place][metric] - wanted[place][metric]) <= most for place in wanted for metric in CostBasis
    )


def test_a_real_bill_of_three_providers_is_answered_to_the_last_place(reference_data: Path, tmp_path: Path) -> None:
    file = reference_data / "focus" / "samples" / "focus-1.0-sample-1000.csv"
    rows = rows_of(file)
    wanted = {(NAMES[name], currency): sums for (name, currency), sums in summed(rows, "ProviderName").items()}

    found = parts_of(file, tmp_path / "parts", None)
    with books(tmp_path) as it:
        it.take(file)
        booked = it.costs("x_Provider", period=ChargePeriod.parse("2020-01-01/2030-01-01"))

    assert same_to_the_last_place(found, wanted, len(rows))
    for (provider, _), sums in wanted.items():
        assert abs(booked[(provider,)] - sums[CostBasis.EFFECTIVE]) <= Decimal("0.5e-12") * len(rows)


def test_oracles_own_bill_is_imported_under_the_providers_one_name(reference_data: Path, tmp_path: Path) -> None:
    sample = rows_of(reference_data / "focus" / "samples" / "focus-1.0-sample-1000.csv")
    rows = [row for row in sample if row["ProviderName"] == "Oracle"]
    file = tmp_path / "oracle.csv"
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    found = parts_of(file, tmp_path / "parts", "oracle")

    [(_, currency)] = summed(rows, "ProviderName")
    assert len(rows) > 5
    [(provider, _)] = found
    assert provider == "oci"
    assert same_to_the_last_place(
        found, {(provider, currency): summed(rows, "ProviderName")["Oracle", currency]}, len(rows)
    )


@pytest.mark.parametrize("vendor", ["Databricks", "Snowflake", "Grafana Labs"])
def test_a_saas_vendors_bill_in_its_own_units_is_imported_in_money(tmp_path: Path, vendor: str) -> None:
    line = {
        "ProviderName": vendor, "PublisherName": vendor, "InvoiceIssuerName": vendor, "ServiceCategory": "Analytics",
        "PricingCurrency": "TOKENS", "PricingUnit": "TOKENS", "SubAccountId": "workspace-1", "InvoiceId": "i-1",
    }  # fmt: skip
    costs = ["0.1", "0.02", "1234567.890123456789", "-3"]
    rows = [{**line, **{metric.value: cost for metric in CostBasis}} for cost in costs]
    file = focus_csv(tmp_path / "in" / "bill.csv", rows)

    with books(tmp_path) as it:
        [converted] = it.take(file)
        costs_by_vendor = it.costs("ServiceProviderName")

    assert converted.report.rows_rejected == 0
    assert costs_by_vendor == {(vendor,): sum(map(Decimal, costs))}
