"""Lifting any version of FOCUS to 1.4 moves no amount: every cost metric's total per currency is conserved."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.kit.exports.convert import convert
from servers.kit.exports.focus import recognise
from shared_models.export import CostBasis, SourceFormat
from shared_models.focus.cost_and_usage import COST_AND_USAGE
from tests.focus_bills import VALUES

OLD = ("ProviderName", "PublisherName")
SINCE = {
    "1.1": ("ServiceSubcategory", "SkuMeter", "SkuPriceDetails", "CapacityReservationId", "CommitmentDiscountQuantity"),
    "1.2": ("InvoiceId", "PricingCurrency", "PricingCurrencyEffectiveCost", "SubAccountType", "BillingAccountType"),
    "1.3": ("ServiceProviderName", "HostProviderName", "AllocatedMethodId", "AllocatedResourceId", "AllocatedTags"),
    "1.4": ("InvoiceDetailId", "CommitmentProgramEligibilityDetails"),
}
BASE = (*VALUES, "ServiceProviderName", "ResourceId", "RegionId", "CommitmentDiscountId", "ChargeClass")
VERSIONS = {
    "1.0": (SourceFormat.FOCUS_1_0, ("PublisherName",)),
    "1.0r2": (SourceFormat.FOCUS_1_0, ("PublisherName", "x_SkuMeterName", "x_ServiceId")),
    "1.1": (SourceFormat.FOCUS_1_1, SINCE["1.1"]),
    "1.2": (SourceFormat.FOCUS_1_2, (*SINCE["1.1"], *SINCE["1.2"])),
    "1.3": (SourceFormat.FOCUS_1_3, (*SINCE["1.1"], *SINCE["1.2"], *SINCE["1.3"])),
    "1.4": (SourceFormat.FOCUS_1_4, tuple(name for names in SINCE.values() for name in names)),
}

amount = st.decimals(min_value=-(10**9), max_value=10**9, places=12, allow_nan=False).map(lambda it: format(it, "f"))
word = st.sampled_from(["", "NULL", "a", "Unassigned", "-2", "{}", 'ü, "x"'])
FIXED = {
    "BillingCurrency": st.sampled_from(["USD", "EUR", "JPY"]),
    "PricingCurrency": st.sampled_from(["USD", "EUR", ""]),
    "PricingCurrencyEffectiveCost": st.one_of(amount, st.just("")),
    "ChargeCategory": st.sampled_from(["Usage", "Purchase", "Tax", "Credit", "Adjustment"]),
    "ProviderName": st.sampled_from(["AWS", "Microsoft", "Google Cloud", "Oracle", "Databricks", "NULL"]),
    "ServiceProviderName": st.sampled_from(["AWS", "Microsoft", "Snowflake", ""]),
    "AllocatedMethodId": st.just(""),
    **{metric.value: amount for metric in CostBasis},
}


def line(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    times = {name: st.just(VALUES[name]) for name in VALUES if name.endswith(("Start", "End"))}
    return st.fixed_dictionaries({name: {**FIXED, **times}.get(name, word) for name in names}).map(
        lambda row: {**row, "BillingAccountId": row["BillingAccountId"].strip("{}") or "b1"}
    )


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_lifting_conserves_every_metric_per_currency(tmp_path: Path, version: str, data: st.DataObject) -> None:
    source_format, brought = VERSIONS[version]
    dropped = OLD if version in {"1.3", "1.4"} else ("ServiceProviderName",)
    names = tuple(name for name in dict.fromkeys([*BASE, *brought]) if name not in dropped)
    rows = data.draw(st.lists(line(names), min_size=1, max_size=12))
    rows = [
        {**row, "BillingAccountId": "b1" if row["BillingAccountId"] == "NULL" else row["BillingAccountId"]}
        for row in rows
    ]
    folder = tmp_path / str(abs(hash(str(rows))))
    folder.mkdir(exist_ok=True)
    with (folder / "bill.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, names)
        writer.writeheader()
        writer.writerows(rows)

    [converted] = convert(folder / "bill.csv", folder / "out", provider=None)

    said: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    lifted: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for row in rows:
        own = [Decimal(row[metric.value]) for metric in CostBasis]
        said[row["BillingCurrency"]] = [a + b for a, b in zip(said[row["BillingCurrency"]], own, strict=True)]
    for total in (total for part in converted.parts for total in part.totals):
        own = [total.billed_cost, total.effective_cost, total.list_cost, total.contracted_cost]
        lifted[total.currency] = [a + b for a, b in zip(lifted[total.currency], own, strict=True)]
    assert converted.report.source_format is source_format
    assert converted.report.rows_kept == len(rows)
    assert lifted == said


def test_every_version_above_is_what_its_columns_say() -> None:
    for version, (source_format, brought) in VERSIONS.items():
        shape = recognise([*VALUES, *brought])
        assert shape is not None
        assert shape.version is source_format, version
    assert set(SINCE["1.4"]) <= set(COST_AND_USAGE.names)
