"""The built-in FOCUS 1.4 rules, on line items as the ledger stores them."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from servers.kit.conformance.builtin import builtin_model
from servers.kit.conformance.check import check, check_facts
from servers.kit.conformance.facts import as_focus
from shared_models.conformance import ConformanceReport, Demand
from shared_models.focus.own_columns import FACT_COLUMNS
from tests.servers.kit.conformance.conftest import LINES


def facts(duck: duckdb.DuckDBPyConnection, *faults: str) -> ConformanceReport:
    """The report of clean line items in the ledger's own layout after faults were planted."""
    duck.execute("CREATE TABLE facts (" + ", ".join(f'"{name}" {kind}' for name, kind in FACT_COLUMNS.items()) + ")")
    names = [name for name in FACT_COLUMNS if name not in {"Tags", "AllocatedTags"}]
    listed = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" for _ in names)
    duck.executemany(
        f"INSERT INTO facts ({listed}, Tags) VALUES ({marks}, MAP {{'env': 'prod'}})",
        [[line.get(name) for name in names] for line in LINES],
    )
    for fault in faults:
        duck.execute(fault)
    return check(duck, as_focus(duck, "facts"), model=builtin_model())


def test_line_items_of_the_ledger_conform(duck: duckdb.DuckDBPyConnection) -> None:
    report = facts(duck)
    assert report.failures == ()
    assert report.score == 100
    assert report.passed > 200


@pytest.mark.parametrize(
    ("fault", "rule", "row", "value"),
    [
        ("BilledCost = NULL WHERE rowid = 2", "BilledCost-given", 3, "null"),
        ("ChargePeriodEnd = ChargePeriodStart WHERE rowid = 1", "ChargePeriodEnd-after", 2, "2026-10-05 00:00:00"),
        ("BillingPeriodEnd = '2026-09-01' WHERE rowid = 0", "BillingPeriodEnd-after", 1, "2026-09-01 00:00:00"),
        ("ServiceCategory = 'Cloud'", "ServiceCategory-allowed", 1, "Cloud"),
        ("PricingCurrency = 'DBU' WHERE rowid = 4", "PricingCurrency-iso4217", 5, "DBU"),
        ("ListUnitPrice = -0.75, ListCost = -3 WHERE rowid = 0", "ListUnitPrice-positive", 1, "-0.750000000000"),
        ("ContractedCost = 2.1 WHERE rowid = 0", "ContractedCost-product", 1, "2.100000000000"),
        ("EffectiveCost = 5 WHERE ChargeCategory = 'Purchase'", "EffectiveCost-purchase", 4, "5.000000000000"),
        ("ConsumedUnit = NULL WHERE rowid = 0", "ConsumedUnit-paired", 1, "null"),
        ("SkuPriceDetails = 'four cores' WHERE rowid = 0", "SkuPriceDetails-type", 1, "four cores"),
        ("ServiceCategory = 'Other' WHERE rowid = 0", "ServiceName-parent", 1, "Amazon EC2"),
        ("CommitmentDiscountName = 'x' WHERE rowid = 0", "CommitmentDiscountName-null", 1, "x"),
    ],
)
def test_a_fault_in_the_line_items_is_named_with_its_first_row(
    duck: duckdb.DuckDBPyConnection, fault: str, rule: str, row: int, value: str
) -> None:
    failures = facts(duck, f"UPDATE facts SET {fault}").failures
    assert [(one.rule_id, one.example_row, one.example_value) for one in failures] == [(rule, row, value)]


def test_an_amount_that_is_no_number_is_found(duck: duckdb.DuckDBPyConnection) -> None:
    report = facts(
        duck,
        "ALTER TABLE facts ALTER ListCost TYPE DOUBLE",
        "UPDATE facts SET ListCost = 'NaN', ListUnitPrice = NULL, SkuPriceId = NULL WHERE rowid = 0",
    )
    assert "ListCost-format" in {one.rule_id for one in report.failures}


def test_a_product_rounded_to_six_decimals_is_right_and_one_that_is_not_is_found(
    duck: duckdb.DuckDBPyConnection,
) -> None:
    rounded = "UPDATE facts SET ListUnitPrice = 6.25, PricingQuantity = 1.842911, ContractedCost = NULL, ListCost = "
    report = facts(duck, f"{rounded} 11.518194 WHERE rowid = 0", f"{rounded} 11.5183 WHERE rowid = 1")
    found = {one.rule_id: (one.rows, one.example_row) for one in report.failures}
    assert found["ListCost-product"] == (1, 2)


def test_a_feature_that_no_line_item_uses_counts_as_absent(duck: duckdb.DuckDBPyConnection) -> None:
    report = facts(duck, "UPDATE facts SET BillingAccountType = NULL, ServiceSubcategory = NULL, ListCost = NULL")
    found = {one.rule_id: one.demand for one in report.failures}
    assert found == {"ListCost-given": Demand.MUST, "ServiceSubcategory-present": Demand.SHOULD}


def test_a_feature_that_some_line_items_use_is_asked_of_all(duck: duckdb.DuckDBPyConnection) -> None:
    report = facts(duck, "UPDATE facts SET BillingAccountType = NULL WHERE rowid > 0")
    assert {one.rule_id: one.rows for one in report.failures} == {"BillingAccountType-given": len(LINES) - 1}


def test_a_file_of_the_ledger_is_checked_by_its_path(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    facts(duck, "UPDATE facts SET InvoiceIssuerName = NULL")
    duck.execute(f"COPY facts TO '{tmp_path / 'facts.parquet'}' (FORMAT parquet)")
    report = check_facts(str(tmp_path / "facts.parquet"), "aws 100 2026-10")
    assert report.name == "aws 100 2026-10"
    assert report.rows == len(LINES)
    assert [(one.rule_id, one.rows) for one in report.failures] == [("InvoiceIssuerName-given", len(LINES))]
    assert not report.conforms


def test_an_empty_bill_breaks_no_rule_about_rows(
    duck: duckdb.DuckDBPyConnection, clean_bill: Callable[[str], str]
) -> None:
    relation = clean_bill("1.4")
    duck.execute("DELETE FROM bill")
    report = check(duck, relation, model=builtin_model())
    assert (report.rows, report.failed) == (0, 0)
