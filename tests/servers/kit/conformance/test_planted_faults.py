"""A clean bill breaks nothing; each planted fault is found by exactly the rules that name it."""

from collections.abc import Callable

import duckdb
import pytest

from servers.kit.conformance.builtin import builtin_model
from servers.kit.conformance.check import check
from servers.kit.conformance.model import RequirementsModel
from shared_models.conformance import ConformanceReport, Outcome

Checked = Callable[..., ConformanceReport]


def broken(report: ConformanceReport) -> dict[str, int]:
    """Rule id -> rows that break it, without the dataset's prefix."""
    return {one.rule_id.removeprefix("CAU-"): one.rows for one in report.failures}


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_clean_bill_breaks_no_published_rule(checked: Checked, version: str) -> None:
    report = checked(version)
    assert broken(report) == {}
    assert report.conforms
    assert report.score == 100
    assert report.passed > 250


def test_a_clean_bill_breaks_no_built_in_rule(
    duck: duckdb.DuckDBPyConnection, clean_bill: Callable[[str], str]
) -> None:
    report = check(duck, clean_bill("1.4"), model=builtin_model())
    assert broken(report) == {}
    assert report.skipped == 0


@pytest.mark.parametrize(
    ("version", "fault", "rules"),
    [
        ("1.2", "UPDATE bill SET BilledCost = NULL WHERE rowid = 0", {"BilledCost-C-003-M": 1}),
        ("1.2", "UPDATE bill SET ChargeFrequency = 'Daily' WHERE rowid < 2", {"ChargeFrequency-C-003-M": 2}),
        (
            "1.2",
            "UPDATE bill SET ChargeFrequency = 'Usage-Based' WHERE ChargeCategory = 'Purchase'",
            {"ChargeFrequency-C-004-C": 1},
        ),
        ("1.2", "UPDATE bill SET BillingCurrency = 'QQQ'", {"BillingCurrency-C-006-M": 9}),
        (
            "1.2",
            "UPDATE bill SET BillingCurrency = 'usd' WHERE rowid = 0",
            {"BillingCurrency-C-003-M": 1, "BillingCurrency-C-006-M": 1},
        ),
        ("1.2", "UPDATE bill SET PricingCurrency = 'usd' WHERE rowid = 0", {"PricingCurrency-C-003-M": 1}),
        ("1.2", "UPDATE bill SET Tags = '[1, 2]' WHERE rowid = 0", {"Tags-C-001-M": 1}),
        ("1.2", """UPDATE bill SET Tags = '{"a": {"b": 1}}' WHERE rowid = 0""", {"Tags-C-001-M": 1}),
        ("1.2", "UPDATE bill SET Tags = 'a=b' WHERE rowid = 0", {"Tags-C-001-M": 1}),
        ("1.2", "UPDATE bill SET ListCost = 3.01 WHERE rowid = 0", {"ListUnitPrice-C-010-C": 1}),
        ("1.2", "UPDATE bill SET ListCost = -3 WHERE ChargeClass = 'Correction'", {}),
        ("1.2", "UPDATE bill SET PricingUnit = 'per hour!' WHERE rowid = 0", {"PricingUnit-C-003-O": 1}),
        ("1.2", "UPDATE bill SET RegionName = NULL WHERE rowid = 0", {"RegionName-C-005-C": 1}),
        ("1.2", "UPDATE bill SET RegionId = NULL WHERE rowid = 0", {"RegionName-C-004-C": 1}),
        ("1.2", "UPDATE bill SET SkuId = 'S-2', SkuMeter = 'Other' WHERE rowid = 0", {"SkuPriceId-C-008-M": 8}),
        (
            "1.2",
            "UPDATE bill SET ServiceSubcategory = 'Data Warehouses'",
            {"ServiceSubcategory-C-004-M": 9},
        ),
        ("1.2", "UPDATE bill SET ResourceName = 'w' || chr(65533) WHERE rowid = 0", {"ResourceName-C-002-M": 1}),
        ("1.2", "ALTER TABLE bill DROP COLUMN ChargeClass", {"CostAndUsage-D-026-M": 0}),
        ("1.2", "ALTER TABLE bill ALTER BillingAccountId TYPE BIGINT", {"BillingAccountId-C-002-M": 9}),
        ("1.3", "UPDATE bill SET AllocatedTags = '7' WHERE AllocatedTags IS NOT NULL", {"AllocatedTags-C-001-M": 1}),
    ],
)
def test_a_fault_is_found_by_the_rules_that_name_it(
    checked: Checked, version: str, fault: str, rules: dict[str, int]
) -> None:
    assert broken(checked(version, fault)) == rules


@pytest.mark.parametrize(
    ("element", "rules"),
    [
        ('{"AllocatedRatio": "a quarter"}', {"AllocatedMethodDetailsObject-O-013-M"}),
        ('{"UsageUnit": "Hours"}', {"AllocatedMethodDetailsObject-O-012-M"}),
        ('{"AllocatedRatio": 0.5, "UsageQuantity": 1}', {"AllocatedMethodDetailsObject-O-016-C"}),
        (
            '{"AllocatedRatio": 0.5, "UsageUnit": "Hours", "UsageQuantity": "many"}',
            {"AllocatedMethodDetailsObject-O-021-M"},
        ),
        ('{"AllocatedRatio": 0.5, "UsageUnit": "??"}', {"AllocatedMethodDetailsObject-O-018-O"}),
        ('{"AllocatedRatio": 0.5, "Node": "a"}', {"AllocatedMethodDetailsObject-O-009-C"}),
        ('{"AllocatedRatio": 0.5, "x_Node": {"a": 1}}', {"AllocatedMethodDetailsObject-O-003-M"}),
    ],
)
def test_a_fault_inside_a_json_list_is_found_in_its_element(checked: Checked, element: str, rules: set[str]) -> None:
    good = '{"AllocatedRatio": 0.5}'
    document = f'{{"Elements": [{good}, {element}]}}'
    report = checked("1.3", f"UPDATE bill SET AllocatedMethodDetails = '{document}' WHERE rowid = 7")
    assert set(broken(report)) == rules
    assert report.failures[0].example_row == 8


def test_a_commitment_with_two_contracts_and_a_purchase_of_something_else_are_found(checked: Checked) -> None:
    other = "replace(ContractApplied, '\"k-1\"', '\"k-2\"')"
    report = checked(
        "1.3",
        f"INSERT INTO bill SELECT * REPLACE ({other} AS ContractApplied) FROM bill WHERE rowid = 8",
        "UPDATE bill SET ContractApplied = (SELECT ContractApplied FROM bill WHERE rowid = 8) "
        "WHERE ChargeCategory = 'Purchase'",
    )
    assert broken(report) == {"ContractAppliedObject-O-038-M": 3, "ContractAppliedObject-O-039-C": 1}


def test_a_rule_that_rests_on_a_broken_one_is_skipped_and_says_so(checked: Checked) -> None:
    report = checked("1.2", "UPDATE bill SET ChargeCategory = 'Gift' WHERE rowid = 0")
    assert broken(report) == {"ChargeCategory-C-003-M": 1, "ConsumedQuantity-C-004-C": 1}
    resting = {one.rule_id: one for one in report.results}["ListUnitPrice-C-004-C"]
    assert resting.outcome is Outcome.SKIPPED
    assert "ChargeCategory-C-000-M" in resting.reason


def test_a_published_rule_that_is_wrong_is_never_held_against_the_data(checked: Checked) -> None:
    report = checked("1.2", "UPDATE bill SET InvoiceId = NULL WHERE rowid = 0")
    results = {one.rule_id: one for one in report.results}
    for rule in ("InvoiceId-C-004-C", "InvoiceId-C-005-C", "CommitmentDiscountStatus-C-005-M"):
        assert results[rule].outcome is Outcome.KNOWN_BAD
        assert results[rule].reason
    assert report.conforms


def test_a_feature_that_the_provider_declares_makes_its_absent_columns_a_fault(
    duck: duckdb.DuckDBPyConnection, clean_bill: Callable[[str], str], published: Callable[[str], RequirementsModel]
) -> None:
    relation = clean_bill("1.2")
    for column in ("RegionId", "RegionName"):
        duck.execute(f"ALTER TABLE bill DROP COLUMN {column}")
    model = published("1.2")
    assert broken(check(duck, relation, model=model)) == {}
    declared = check(duck, relation, model=model, applicability=frozenset({"REGION_SUPPORTED"}))
    assert {one.column for one in declared.failures} == {"RegionId", "RegionName"}
    assert {one.outcome for one in declared.results if one.column == "CommitmentDiscountName"} == {Outcome.SKIPPED}
