"""Azure cost exports, actual and amortised, with the column names of enterprise and customer agreements, as FOCUS.

The actual export knows BilledCost: purchases in full, covered usage at 0. The amortised one knows EffectiveCost:
purchases spread over the usage that they cover, and what went unused. Each declares what it knows. Where the ledger has
both, it counts the amortised rows and, of the actual ones, the purchases alone, which make parts of their own: together
they are the whole bill in both metrics, and no charge twice. With one of them, answers say which metric is not known.
Ids are written as in Azure's own FOCUS export, so that both formats of one bill meet.
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


_PURCHASES: Final = "CommitmentDiscountId IS NOT NULL AND ChargeCategory <> 'Usage'"
"""Purchases and refunds of commitments: what only an actual export has."""


def _format(source_format: SourceFormat, basis: CostBasis, cost_column: str, fits: str | None) -> NativeFormat:
    mapping = load_mapping(_VOCABULARY / "costs.csv")
    mapping["ServiceCategory"] = categories(_VOCABULARY / "services.csv", "consumedservice")
    bought = "(COALESCE(benefitid, reservationid) IS NOT NULL AND lower(chargetype) <> 'usage')"
    known = f"CASE WHEN {_COMMITTED} OR {bought} THEN 0 ELSE {COST} END"
    if basis is CostBasis.EFFECTIVE:
        mapping |= {"EffectiveCost": COST, "BilledCost": known}
        apart = None
    else:
        mapping |= {"BilledCost": COST, "EffectiveCost": known}
        apart = (SourceFormat.AZURE_COMMITMENT_PURCHASES, _PURCHASES, (CostBasis.BILLED, CostBasis.EFFECTIVE))
    return NativeFormat(
        source_format=source_format,
        provider="azure",
        required=frozenset({"chargetype", "meterid", cost_column}),
        texts=_TEXTS,
        numbers=_NUMBERS,
        mapping=mapping,
        control={basis: COST},
        bases=(basis,),
        apart=apart,
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
