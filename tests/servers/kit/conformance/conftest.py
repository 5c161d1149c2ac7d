"""Bills of every FOCUS version that break no rule, to plant faults in."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from servers.kit.conformance.check import check
from servers.kit.conformance.model import RequirementsModel
from shared_models.conformance import ConformanceReport
from shared_models.focus.column import Kind
from shared_models.focus.cost_and_usage import COST_AND_USAGE

_TYPES: Final = {
    Kind.STRING: "VARCHAR",
    Kind.JSON: "VARCHAR",
    Kind.DECIMAL: "DECIMAL(30,12)",
    Kind.DATE_TIME: "TIMESTAMP",
}

USAGE: Final[Mapping[str, Any]] = {
    "AvailabilityZone": "us-east-1a",
    "BilledCost": 2,
    "BillingAccountId": "100",
    "BillingAccountName": "Main",
    "BillingAccountType": "Organisation",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01",
    "BillingPeriodEnd": "2026-11-01",
    "ChargeCategory": "Usage",
    "ChargeDescription": "Instance hours",
    "ChargeFrequency": "Usage-Based",
    "ChargePeriodStart": "2026-10-05",
    "ChargePeriodEnd": "2026-10-06",
    "ConsumedQuantity": 4,
    "ConsumedUnit": "Hours",
    "ContractedCost": 2,
    "ContractedUnitPrice": "0.5",
    "EffectiveCost": 2,
    "HostProviderName": "AWS",
    "InvoiceDetailId": "D-1",
    "InvoiceId": "I-1",
    "InvoiceIssuerName": "AWS",
    "ListCost": 3,
    "ListUnitPrice": "0.75",
    "PricingCategory": "Standard",
    "PricingCurrency": "USD",
    "PricingCurrencyContractedUnitPrice": "0.5",
    "PricingCurrencyEffectiveCost": 2,
    "PricingCurrencyListUnitPrice": "0.75",
    "PricingQuantity": 4,
    "PricingUnit": "Hours",
    "ProviderName": "AWS",
    "PublisherName": "AWS",
    "RegionId": "us-east-1",
    "RegionName": "US East (N. Virginia)",
    "ResourceId": "i-1",
    "ResourceName": "wéb",
    "ResourceType": "Instance",
    "ServiceCategory": "Compute",
    "ServiceName": "Amazon EC2",
    "ServiceProviderName": "AWS",
    "ServiceSubcategory": "Virtual Machines",
    "SkuId": "S-1",
    "SkuMeter": "Compute",
    "SkuPriceDetails": '{"x_Cores": 4}',
    "SkuPriceId": "S-1-P",
    "SubAccountId": "200",
    "SubAccountName": "Shop",
    "SubAccountType": "Account",
    "Tags": '{"env": "prod", "owner": null}',
}
_COMMITMENT: Final = {
    "BilledCost": 0,
    "CommitmentDiscountCategory": "Usage",
    "CommitmentDiscountId": "c-1",
    "CommitmentDiscountName": "Three years",
    "CommitmentDiscountQuantity": 4,
    "CommitmentDiscountStatus": "Used",
    "CommitmentDiscountType": "Reserved",
    "CommitmentDiscountUnit": "Hours",
    "PricingCategory": "Committed",
}
_NO_SKU: Final = dict.fromkeys(
    (
        *("ConsumedQuantity", "ConsumedUnit", "ContractedUnitPrice", "ListUnitPrice", "PricingCategory"),
        *("PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit"),
        *("SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId"),
    )
)
_UNUSED: Final = {"CommitmentDiscountStatus": "Unused", "ConsumedQuantity": None, "ConsumedUnit": None}
_BOUGHT: Final = {
    "ChargeCategory": "Purchase",
    "ChargeFrequency": "One-Time",
    "CommitmentDiscountStatus": None,
    "ConsumedQuantity": None,
    "ConsumedUnit": None,
    "EffectiveCost": 0,
    "PricingCurrencyEffectiveCost": 0,
    "ResourceId": "c-1",
}
_RESERVED: Final = {"CapacityReservationId": "r-1", "CapacityReservationStatus": "Used"}
_SPLIT: Final = {
    "AllocatedMethodId": "m-1",
    "AllocatedMethodDetails": json.dumps(
        {"Elements": [{"AllocatedRatio": 0.25, "UsageUnit": "Hours", "UsageQuantity": 1, "x_Node": "a"}]}
    ),
    "AllocatedResourceId": "pod-1",
    "AllocatedResourceName": "pod",
    "AllocatedTags": '{"app": "shop"}',
}
_CONTRACT: Final = {
    "ContractApplied": json.dumps(
        {
            "Elements": [
                {
                    "ContractId": "k-1",
                    "ContractCommitmentID": "k-1-a",
                    "ContractCommitmentAppliedCost": 2,
                    "ContractCommitmentAppliedQuantity": 4,
                    "ContractCommitmentAppliedUnit": "Hours",
                }
            ]
        }
    )
}
LINES: Final[tuple[Mapping[str, Any], ...]] = (
    USAGE,
    USAGE | _COMMITMENT,
    USAGE | _COMMITMENT | _UNUSED,
    USAGE | _COMMITMENT | _BOUGHT,
    USAGE | _NO_SKU | {"ChargeCategory": "Tax", "ChargeFrequency": "Recurring"},
    USAGE | {"ChargeClass": "Correction"},
    USAGE | _RESERVED,
    USAGE | _SPLIT,
    USAGE | _CONTRACT,
)
"""Row 1 is plain usage; then covered, unused, bought, tax, a correction, a reservation, a split charge, a contract."""


def columns_of(version: str) -> dict[str, str]:
    """Column name -> SQL type of one FOCUS version."""
    found = {column.name: _TYPES[column.kind] for column in COST_AND_USAGE.columns if column.since <= version}
    return found if version == "1.4" else {**found, "ProviderName": "VARCHAR", "PublisherName": "VARCHAR"}


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of the test's own."""
    with duckdb.connect(":memory:") as connection:
        yield connection


@pytest.fixture
def clean_bill(duck: duckdb.DuckDBPyConnection) -> Callable[[str], str]:
    """Make the table `bill` of a version, with no fault in it."""

    def make(version: str) -> str:
        kinds = columns_of(version)
        duck.execute("CREATE TABLE bill (" + ", ".join(f'"{name}" {kind}' for name, kind in kinds.items()) + ")")
        marks = ", ".join("?" for _ in kinds)
        duck.executemany(f"INSERT INTO bill VALUES ({marks})", [[line.get(name) for name in kinds] for line in LINES])
        return "bill"

    return make


@pytest.fixture
def published(reference_data: Path) -> Callable[[str], RequirementsModel]:
    """The published model of a version, where it lies beside the checkout."""
    names = {"1.2": "model-1.2.json", "1.3": "model-1.3.assembled.json"}
    return lambda version: RequirementsModel.load(reference_data / "focus" / "requirements-model" / names[version])


@pytest.fixture
def checked(
    duck: duckdb.DuckDBPyConnection, clean_bill: Callable[[str], str], published: Callable[[str], RequirementsModel]
) -> Callable[..., ConformanceReport]:
    """The report of a clean bill after a fault was planted."""

    def run(version: str, *faults: str) -> ConformanceReport:
        relation = clean_bill(version)
        for fault in faults:
            duck.execute(fault)
        return check(duck, relation, model=published(version))

    return run
