"""Azure cost exports, actual and amortised, with the column names of enterprise and customer agreements, as FOCUS.

The actual export knows BilledCost: purchases in full, covered usage at 0. The amortised one knows EffectiveCost:
purchases spread over the usage that they cover, and what went unused. Each declares what it knows; the ledger books
one of them, and an answer over the other metric says that it is not fully known.
"""

from pathlib import Path
from typing import Final

from servers.kit.exports.native import NativeFormat, categories, load_mapping
from shared_models.export import CostBasis, SourceFormat

_VOCABULARY: Final = Path(__file__).parent / "vocabulary"
_TEXTS: Final = (
    "subscriptionid",
    "subscriptionguid",
    "subscriptionname",
    "resourcegroup",
    "resourcegroupname",
    "resourcelocation",
    "resourcelocationnormalized",
    "location",
    "date",
    "usagedatetime",
    "productname",
    "product",
    "metercategory",
    "metersubcategory",
    "meterid",
    "metername",
    "meterregion",
    "unitofmeasure",
    "consumedservice",
    "resourceid",
    "instanceid",
    "resourcename",
    "tags",
    "reservationid",
    "reservationname",
    "publishertype",
    "publishername",
    "chargetype",
    "frequency",
    "pricingmodel",
    "availabilityzone",
    "billingaccountid",
    "billingaccountname",
    "billingcurrencycode",
    "billingcurrency",
    "currency",
    "billingperiodstartdate",
    "billingperiodenddate",
    "billingprofileid",
    "invoiceid",
    "partnumber",
    "productid",
    "benefitid",
    "benefitname",
    "servicefamily",
)
_NUMBERS: Final = (
    "costinbillingcurrency",
    "cost",
    "pretaxcost",
    "quantity",
    "usagequantity",
    "effectiveprice",
    "unitprice",
    "paygprice",
)
COST: Final = "COALESCE(costinbillingcurrency, cost, pretaxcost)"
_COMMITTED: Final = (
    "(COALESCE(benefitid, reservationid) IS NOT NULL AND pricingmodel IN ('Reservation', 'SavingsPlan'))"
)
_AMORTIZED: Final = (
    "count(*) FILTER (lower(chargetype) IN ('unusedreservation', 'unusedsavingsplan')) > 0"
    f" OR count(*) FILTER (lower(chargetype) = 'usage' AND {_COMMITTED} AND {COST} <> 0) > 0"
)
"""Only an amortised export spreads commitments over usage."""


def _format(source_format: SourceFormat, basis: CostBasis, cost_column: str, fits: str | None) -> NativeFormat:
    mapping = load_mapping(_VOCABULARY / "costs.csv")
    mapping["ServiceCategory"] = categories(_VOCABULARY / "services.csv", "consumedservice")
    known = f"CASE WHEN {_COMMITTED} THEN 0 ELSE {COST} END"
    if basis is CostBasis.EFFECTIVE:
        mapping |= {"EffectiveCost": COST, "BilledCost": known}
    else:
        mapping |= {"BilledCost": COST, "EffectiveCost": known}
    return NativeFormat(
        source_format=source_format,
        provider="azure",
        required=frozenset({"chargetype", "meterid", cost_column}),
        texts=_TEXTS,
        numbers=_NUMBERS,
        mapping=mapping,
        control={basis: COST},
        bases=(basis,),
        fits=fits,
    )


NATIVE_FORMATS: Final = tuple(
    _format(source_format, basis, cost_column, fits)
    for source_format, basis, fits in (
        (SourceFormat.AZURE_AMORTIZED, CostBasis.EFFECTIVE, _AMORTIZED),
        (SourceFormat.AZURE_ACTUAL, CostBasis.BILLED, None),
    )
    for cost_column in ("costinbillingcurrency", "cost", "pretaxcost")
)
