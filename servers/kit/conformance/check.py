"""FOCUS 1.4 conformance of a line-item file: nullability, vocabularies, formats and the arithmetic of periods.

Every rule is one SQL condition that a faulty row meets; all of them are counted in one scan.
"""

from dataclasses import dataclass
from typing import Final

import duckdb

from servers.kit.exports.sql import literal, quoted
from shared_models.base import WireModel
from shared_models.focus.column import Column, Kind, Level
from shared_models.focus.cost_and_usage import COST_AND_USAGE


class RuleFailure(WireModel):
    """One rule that some rows break."""

    column: str
    rule: str
    rows: int


class ConformanceReport(WireModel):
    """How one file stands to FOCUS 1.4."""

    name: str
    rows: int
    passed: int
    failures: tuple[RuleFailure, ...]


@dataclass(frozen=True)
class _Rule:
    column: str
    said: str
    broken: str


def _column_rules(column: Column) -> list[_Rule]:
    name = quoted(column.name)
    rules: list[_Rule] = []
    if not column.nullable and column.level is Level.MANDATORY:
        rules.append(_Rule(column.name, "must not be null", f"{name} IS NULL"))
    if column.allowed is not None:
        values = ", ".join(literal(value.value) for value in column.allowed)
        said = "must be one of the allowed values"
        rules.append(_Rule(column.name, said, f"{name} IS NOT NULL AND {name} NOT IN ({values})"))
    if column.kind is Kind.STRING and column.name.endswith("Currency"):
        said = "must be a currency code of three capital letters"
        rules.append(_Rule(column.name, said, f"{name} IS NOT NULL AND NOT regexp_matches({name}, '^[A-Z]{{3}}$')"))
    return rules


_RULES: Final = (
    *[rule for column in COST_AND_USAGE.columns for rule in _column_rules(column)],
    _Rule("ChargePeriodEnd", "must be after ChargePeriodStart", '"ChargePeriodEnd" <= "ChargePeriodStart"'),
    _Rule("BillingPeriodEnd", "must be after BillingPeriodStart", '"BillingPeriodEnd" <= "BillingPeriodStart"'),
    _Rule(
        "CommitmentDiscountStatus",
        "must be null where CommitmentDiscountId is null",
        '"CommitmentDiscountStatus" IS NOT NULL AND "CommitmentDiscountId" IS NULL',
    ),
    _Rule(
        "CommitmentDiscountCategory",
        "must not be null where CommitmentDiscountId is not null",
        '"CommitmentDiscountId" IS NOT NULL AND "CommitmentDiscountCategory" IS NULL',
    ),
    _Rule(
        "CapacityReservationStatus",
        "must be null where CapacityReservationId is null",
        '"CapacityReservationStatus" IS NOT NULL AND "CapacityReservationId" IS NULL',
    ),
    _Rule(
        "EffectiveCost",
        "must be 0 for the purchase of a commitment",
        '"ChargeCategory" = \'Purchase\' AND "CommitmentDiscountId" IS NOT NULL AND "EffectiveCost" <> 0',
    ),
    _Rule("PricingQuantity", "must have a PricingUnit", '"PricingQuantity" IS NOT NULL AND "PricingUnit" IS NULL'),
    _Rule("ConsumedQuantity", "must have a ConsumedUnit", '"ConsumedQuantity" IS NOT NULL AND "ConsumedUnit" IS NULL'),
    _Rule("RegionName", "must be null where RegionId is null", '"RegionName" IS NOT NULL AND "RegionId" IS NULL'),
    _Rule(
        "ResourceName", "must be null where ResourceId is null", '"ResourceName" IS NOT NULL AND "ResourceId" IS NULL'
    ),
    _Rule(
        "SubAccountName",
        "must be null where SubAccountId is null",
        '"SubAccountName" IS NOT NULL AND "SubAccountId" IS NULL',
    ),
    _Rule("SkuPriceId", "must be null where SkuId is null", '"SkuPriceId" IS NOT NULL AND "SkuId" IS NULL'),
)


def check_facts(file: str, name: str) -> ConformanceReport:
    """The report of one line-item file (our Parquet layout), the rule with most faulty rows first."""
    counts = ", ".join(f"count(*) FILTER ({rule.broken})" for rule in _RULES)
    with duckdb.connect(":memory:") as connection:
        row = connection.execute(f"SELECT count(*), {counts} FROM read_parquet({literal(file)})").fetchone()
    found = [int(value) for value in row or ()]
    broken = [
        RuleFailure(column=rule.column, rule=rule.said, rows=rows)
        for rule, rows in zip(_RULES, found[1:], strict=True)
        if rows
    ]
    return ConformanceReport(
        name=name,
        rows=found[0],
        passed=len(_RULES) - len(broken),
        failures=tuple(sorted(broken, key=lambda failure: (-failure.rows, failure.column))),
    )
