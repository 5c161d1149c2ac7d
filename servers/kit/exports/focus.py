"""FOCUS of any version: recognise it by its columns and lift it to 1.4.

What later versions renamed is carried over (ProviderName -> ServiceProviderName); what they added and the source
cannot know stays null. PublisherName, gone since 1.4, is kept as x_PublisherName.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from servers.kit.exports.native import normalised
from servers.kit.exports.providers import cloud_of
from shared_models.errors import UnreadableExportError, near_matches
from shared_models.export import SourceFormat
from shared_models.focus.own_columns import FACT_COLUMNS
from shared_models.quoting import quoted

_MARKERS: Final = (
    (SourceFormat.FOCUS_1_4, {"CommitmentProgramEligibilityDetails", "InvoiceDetailId"}),
    (SourceFormat.FOCUS_1_3, {"ServiceProviderName", "HostProviderName", "ContractApplied", "AllocatedMethodId"}),
    (SourceFormat.FOCUS_1_2, {"InvoiceId", "BillingAccountType", "SubAccountType", "PricingCurrency"}),
    (
        SourceFormat.FOCUS_1_1,
        {"ServiceSubcategory", "SkuMeter", "SkuPriceDetails", "CapacityReservationId", "CommitmentDiscountQuantity"},
    ),
)
"""The columns that each version brought, newest first; a file without any of them is 1.0."""

_ENOUGH: Final = 6
"""So many of the required columns make a file FOCUS; one that is missing is then an error that names it."""
_COSTS: Final = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
REQUIRED: Final = (
    *_COSTS,
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
)
"""Without these columns an import would be wrong or empty in a way that no later step could mend."""

_FALLBACKS: Final = {
    "ServiceProviderName": ("ProviderName",),
    "x_PublisherName": ("PublisherName",),
    "x_UsageType": ("x_SkuMeterName", "x_UsageType"),
    "x_ServiceCode": ("x_ServiceId",),
    "x_CreditType": ("x_CreditType",),
}
_UNASSIGNED: Final = frozenset({"RegionId", "RegionName", "SkuId", "SkuPriceId", "ServiceSubcategory", "ResourceType"})
"""Microsoft writes -2 or Unassigned in these where FOCUS wants null."""


@dataclass(frozen=True)
class FocusShape:
    """A recognised FOCUS file: its version and the real spelling of its columns by their normalised names."""

    version: SourceFormat
    spelling: Mapping[str, str]


def recognise(columns: Iterable[str]) -> FocusShape | None:
    """The FOCUS version behind a header; None where it is not FOCUS. Case and underscores do not matter."""
    spelling = {normalised(name): name for name in columns}
    if sum(normalised(name) in spelling for name in REQUIRED) < _ENOUGH:
        return None
    for version, markers in _MARKERS:
        if any(normalised(marker) in spelling for marker in markers):
            return FocusShape(version, spelling)
    return FocusShape(SourceFormat.FOCUS_1_0, spelling)


def require_columns(shape: FocusShape, file: str) -> None:
    """Check that nothing is missing without which the figures would be wrong.

    Raises:
        UnreadableExportError: a mandatory column is missing.

    """
    for name in REQUIRED:
        if normalised(name) not in shape.spelling:
            near = near_matches(name, shape.spelling.values(), limit=2)
            raise UnreadableExportError(
                "A mandatory FOCUS column is missing.",
                file=file,
                row=1,
                column=name,
                hint=f"Did the export rename it to {near[0]}?" if near else "Export it with all FOCUS columns.",
            )


def focus_mapping(shape: FocusShape, kinds: Mapping[str, str]) -> dict[str, str]:
    """{fact column: SQL expression over `source`} for the columns that the file has; `kinds` are their SQL types."""
    mapping: dict[str, str] = {}
    for name in FACT_COLUMNS:
        sources = [name, *_FALLBACKS.get(name, ())]
        present = [quoted(shape.spelling[normalised(s)]) for s in sources if normalised(s) in shape.spelling]
        if present:
            expression = present[0] if len(present) == 1 else f"COALESCE({', '.join(dict.fromkeys(present))})"
            mapping[name] = _assigned(expression) if name in _UNASSIGNED else expression
    if "ServiceSubcategory" not in mapping and "ServiceCategory" in mapping:
        mapping["ServiceSubcategory"] = f"'Other (' || {mapping['ServiceCategory']} || ')'"
    if {"PricingCurrency", "BillingCurrency", "EffectiveCost"} <= mapping.keys():
        # FOCUS 1.4 does not allow null here; where both currencies are one, the value is certain.
        mapping["PricingCurrencyEffectiveCost"] = _same_currency_cost(mapping, shape, kinds)
    if "HostProviderName" not in mapping and "ServiceProviderName" in mapping:
        # A hyperscaler that sells its own service hosts it; who hosts a vendor's service stays unknown.
        seller = mapping["ServiceProviderName"]
        mapping["HostProviderName"] = f"CASE WHEN {cloud_of(seller)} IS NOT NULL THEN {seller} END"
    return mapping


def _same_currency_cost(mapping: Mapping[str, str], shape: FocusShape, kinds: Mapping[str, str]) -> str:
    same = f"{mapping['PricingCurrency']} = {mapping['BillingCurrency']}"
    effective = f"CASE WHEN {same} THEN {mapping['EffectiveCost']} END"
    given = mapping.get("PricingCurrencyEffectiveCost")
    if given is None:
        return effective
    types = {kinds[shape.spelling[name]] for name in ("effectivecost", "pricingcurrencyeffectivecost")}
    if len(types) == 1:
        return f"COALESCE({given}, {effective})"
    return f"COALESCE(CAST({given} AS VARCHAR), CAST({effective} AS VARCHAR))"  # two number types would meet as floats


def _assigned(expression: str) -> str:
    missing = "('-2', 'Unassigned', 'unassigned')"
    return f"CASE WHEN CAST({expression} AS VARCHAR) IN {missing} THEN NULL ELSE {expression} END"
