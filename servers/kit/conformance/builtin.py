"""The built-in FOCUS 1.4 rules, derived from our own column definitions: always there, whatever is published."""

from functools import cache
from typing import Any, Final

from servers.kit.conformance.model import RequirementsModel
from shared_models.focus.column import Column, Dataset, Kind, Level
from shared_models.focus.cost_and_usage import COST_AND_USAGE
from shared_models.focus.vocabularies import ChargeCategory, ChargeClass, ChargeFrequency

_Json = dict[str, Any]

_TYPES: Final = {
    Kind.STRING: ("TypeString", "a string"),
    Kind.DECIMAL: ("TypeDecimal", "a decimal"),
    Kind.DATE_TIME: ("TypeDateTime", "a date/time"),
    Kind.JSON: ("FormatJSON", "a JSON object"),
}
_FORMS: Final = {
    Kind.STRING: ("FormatString", "valid Unicode"),
    Kind.DECIMAL: ("FormatNumeric", "one finite number"),
    Kind.DATE_TIME: ("FormatDateTime", "in UTC as ISO 8601"),
}

_NULL_WITHOUT: Final = {
    "CapacityReservationStatus": "CapacityReservationId",
    "CommitmentDiscountCategory": "CommitmentDiscountId",
    "CommitmentDiscountName": "CommitmentDiscountId",
    "CommitmentDiscountQuantity": "CommitmentDiscountId",
    "CommitmentDiscountStatus": "CommitmentDiscountId",
    "CommitmentDiscountType": "CommitmentDiscountId",
    "CommitmentDiscountUnit": "CommitmentDiscountQuantity",
    "ConsumedUnit": "ConsumedQuantity",
    "PricingUnit": "PricingQuantity",
    "RegionName": "RegionId",
    "ResourceName": "ResourceId",
    "ResourceType": "ResourceId",
    "SkuMeter": "SkuId",
    "SkuPriceDetails": "SkuPriceId",
    "SubAccountName": "SubAccountId",
    "SubAccountType": "SubAccountId",
}
"""Column -> the column without which it means nothing."""

_PAIRED: Final = (
    "CommitmentDiscountCategory",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedUnit",
    "PricingUnit",
    "RegionName",
    "ResourceType",
    "SubAccountName",
)
"""Of those, the ones that are there whenever the other is."""

_PERIODS: Final = ("BillingPeriod", "ChargePeriod", "ContractPeriod", "ContractCommitmentPeriod")

_PRICES: Final = (
    "ContractedUnitPrice",
    "ListUnitPrice",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyListUnitPrice",
)


@cache
def builtin_model(dataset: Dataset = COST_AND_USAGE) -> RequirementsModel:
    """One dataset of FOCUS 1.4: presence, types, forms, nullability, allowed values, periods, of a bill its metrics."""
    rules: dict[str, _Json] = {}
    for column in dataset.columns:
        rules |= _column_rules(column)
    rules |= _periods(dataset)
    if dataset is COST_AND_USAGE:
        rules |= {**_pairings(), **_metrics(), **_parents()}
    return RequirementsModel.model_validate({"Details": {"FOCUSVersion": "1.4"}, "ModelRules": rules})


def _rule(
    column: str,
    says: str,
    requirement: _Json,
    *,
    keyword: str = "MUST",
    condition: _Json | None = None,
    function: str = "Validation",
    rests_on: tuple[str, ...] = (),
) -> _Json:
    return {
        "Function": function,
        "Reference": column,
        "ValidationCriteria": {
            "MustSatisfy": f"{column} {keyword} {says}.",
            "Keyword": keyword,
            "Requirement": requirement,
            "Condition": condition or {},
            "Dependencies": rests_on,
        },
    }


def _on(function: str, column: str, **arguments: Any) -> _Json:
    return {"CheckFunction": function, "ColumnName": column, **arguments}


def _given(column: str) -> _Json:
    return _on("CheckNotValue", column, Value=None)


def _missing(column: str) -> _Json:
    return _on("CheckValue", column, Value=None)


def _is(column: str, value: str) -> _Json:
    return _on("CheckValue", column, Value=value)


def _and(*items: _Json) -> _Json:
    return {"CheckFunction": "AND", "Items": list(items)}


def _column_rules(column: Column) -> dict[str, _Json]:
    name = column.name
    check, kind = _TYPES[column.kind]
    found = {f"{name}-type": _rule(name, f"be {kind}", _on(check, name), function="Type")}
    if column.kind in _FORMS:
        check, form = _FORMS[column.kind]
        found[f"{name}-format"] = _rule(name, f"be {form}", _on(check, name), function="Format")
    if column.level in {Level.MANDATORY, Level.RECOMMENDED} and not column.condition:
        keyword = "MUST" if column.level is Level.MANDATORY else "SHOULD"
        found[f"{name}-present"] = _rule(
            name, "be present", _on("ColumnPresent", name), keyword=keyword, function="Presence"
        )
    if not column.nullable:
        found[f"{name}-given"] = _rule(name, "be null", _given(name), keyword="MUST NOT", function="Nullability")
    if column.allowed is not None:
        values = {"CheckFunction": "OR", "Items": [_is(name, value.value) for value in column.allowed]}
        found[f"{name}-allowed"] = _rule(name, "be one of the allowed values", values)
    if name in {"BillingCurrency", "PricingCurrency"}:
        found[f"{name}-iso4217"] = _rule(name, "be a currency code of ISO 4217", _on("CheckNationalCurrency", name))
    return found


def _pairings() -> dict[str, _Json]:
    found: dict[str, _Json] = {}
    for name, other in _NULL_WITHOUT.items():
        says = f"be null when {other} is null"
        found[f"{name}-null"] = _rule(name, says, _missing(name), condition=_missing(other), function="Nullability")
    for name in _PAIRED:
        other = _NULL_WITHOUT[name]
        says = f"be null when {other} is not null"
        found[f"{name}-paired"] = _rule(
            name, says, _given(name), keyword="MUST NOT", condition=_given(other), function="Nullability"
        )
    for status, identity in (
        ("CommitmentDiscountStatus", "CommitmentDiscountId"),
        ("CapacityReservationStatus", "CapacityReservationId"),
    ):
        says = f"be null when {identity} is not null and ChargeCategory is Usage"
        usage = _and(_given(identity), _is("ChargeCategory", ChargeCategory.USAGE))
        found[f"{status}-paired"] = _rule(
            status, says, _given(status), keyword="MUST NOT", condition=usage, function="Nullability"
        )
    return found


def _periods(dataset: Dataset) -> dict[str, _Json]:
    return {
        f"{period}End-after": _rule(
            f"{period}End",
            f"be after {period}Start, which is inclusive while the end is exclusive",
            {"CheckFunction": "CheckColumnAfterColumn", "ColumnAName": f"{period}End", "ColumnBName": f"{period}Start"},
            rests_on=(f"{period}End-type", f"{period}Start-type"),
        )
        for period in _PERIODS
        if f"{period}Start" in dataset.names
    }


def _metrics() -> dict[str, _Json]:
    found = {
        f"{name}-positive": _rule(
            name, "be 0 or more", _on("CheckGreaterOrEqualThanValue", name, Value=0), rests_on=(f"{name}-type",)
        )
        for name in _PRICES
    }
    for price, cost in (("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")):
        product = {
            "CheckFunction": "ColumnByColumnRoundsToColumnValue",
            "ColumnAName": price,
            "ColumnBName": "PricingQuantity",
            "ResultColumnName": cost,
        }
        regular = _and(
            _given(price), _given("PricingQuantity"), _on("CheckNotValue", "ChargeClass", Value=ChargeClass.CORRECTION)
        )
        found[f"{cost}-product"] = _rule(
            cost, f"equal {price} times PricingQuantity, corrections aside", product, condition=regular
        )
    bought = _and(_is("ChargeCategory", ChargeCategory.PURCHASE), _given("CommitmentDiscountId"))
    found["EffectiveCost-purchase"] = _rule(
        "EffectiveCost",
        "be 0 where a commitment is bought",
        _on("CheckValue", "EffectiveCost", Value=0),
        condition=bought,
    )
    found["ChargeFrequency-purchase"] = _rule(
        "ChargeFrequency",
        "be Usage-Based when ChargeCategory is Purchase",
        _on("CheckNotValue", "ChargeFrequency", Value=ChargeFrequency.USAGE_BASED),
        keyword="MUST NOT",
        condition=_is("ChargeCategory", ChargeCategory.PURCHASE),
    )
    return found


def _parents() -> dict[str, _Json]:
    found: dict[str, _Json] = {}
    for child, parent in (("SkuPriceId", "SkuId"), ("ServiceName", "ServiceCategory")):
        check = {
            "CheckFunction": "CheckDistinctCount",
            "ColumnAName": child,
            "ColumnBName": parent,
            "ExpectedCount": 1,
        }
        found[f"{child}-parent"] = _rule(child, f"have exactly one {parent}", check)
    return found
