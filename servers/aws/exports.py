"""AWS Cost and Usage Reports, legacy and 2.0, as FOCUS.

Line item types decide: usage covered by a commitment costs nothing on the bill and its amortised share in effect; a
recurring fee is a purchase on the bill, and what of the commitment went unused is a charge of its own in effect. A
savings plan's covered usage stands on the bill at its on-demand price with a negation that cancels it: both are 0 here.
The refund of a commitment's fee lowers what was bought: like the purchase it is billed and costs nothing in effect.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from servers.kit.exports.native import NativeFormat, categories, load_mapping
from shared_models.export import CostBasis, SourceFormat
from shared_models.quoting import literal, quoted

_VOCABULARY: Final = Path(__file__).parent / "vocabulary"
_TAG_PREFIXES: Final = ("resourcetags/", "resource_tags_", "resourcetags_")

_TEXTS: Final = (
    "billinvoiceid",
    "billinvoicingentity",
    "billbillingentity",
    "billbilltype",
    "billbillingperiodenddate",
    "lineitemlineitemtype",
    "lineitemusageenddate",
    "lineitemusagetype",
    "lineitemoperation",
    "lineitemavailabilityzone",
    "lineitemlineitemdescription",
    "lineitemtaxtype",
    "lineitemlegalentity",
    "lineitemresourceid",
    "lineitemusageaccountname",
    "billpayeraccountname",
    "productproductname",
    "productregion",
    "productregioncode",
    "productservicename",
    "productsku",
    "productinstancetype",
    "pricingratecode",
    "pricingrateid",
    "pricingunit",
    "pricingterm",
    "reservationreservationarn",
    "savingsplansavingsplanarn",
    "splitlineitemparentresourceid",
)
_NUMBERS: Final = (
    "lineitemusageamount",
    "lineitemunblendedcost",
    "lineitemnetunblendedcost",
    "lineitemunblendedrate",
    "pricingpublicondemandcost",
    "pricingpublicondemandrate",
    "reservationeffectivecost",
    "reservationneteffectivecost",
    "reservationunusedamortizedupfrontfeeforbillingperiod",
    "reservationunusedrecurringfee",
    "reservationnetunusedamortizedupfrontfeeforbillingperiod",
    "reservationnetunusedrecurringfee",
    "savingsplansavingsplaneffectivecost",
    "savingsplannetsavingsplaneffectivecost",
    "savingsplantotalcommitmenttodate",
    "savingsplanusedcommitment",
)
_REQUIRED: Final = frozenset(
    [
        "billpayeraccountid",
        "billbillingperiodstartdate",
        "lineitemusageaccountid",
        "lineitemlineitemtype",
        "lineitemusagestartdate",
        "lineitemproductcode",
        "lineitemcurrencycode",
        "lineitemunblendedcost",
    ]
)

_BILLED: Final = (
    "CASE WHEN lineitemlineitemtype IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation') THEN 0"
    " ELSE COALESCE(lineitemnetunblendedcost, lineitemunblendedcost) END"
)
_FEES: Final = "('RIFee', 'SavingsPlanRecurringFee')"
_ROWS: Final = (
    "SELECT *, CASE WHEN lineitemlineitemtype IN " + _FEES + " THEN 'purchase' ELSE 'line' END AS part FROM native"
    " WHERE lineitemlineitemtype IS DISTINCT FROM 'SavingsPlanNegation'"
    " UNION ALL SELECT *, 'unused' AS part FROM native WHERE lineitemlineitemtype IN " + _FEES
)
"""A fee becomes two charges: the purchase (billed, not effective) and the unused commitment (effective, not billed)."""


def _tags(columns: Mapping[str, str]) -> str:
    """Legacy reports have a column per tag, CUR 2.0 one map."""
    lowered = {name.lower(): name for name in columns}
    if "resource_tags" in lowered:
        name = lowered["resource_tags"]
        return f"CAST(to_json({quoted(name)}) AS VARCHAR)" if columns[name] != "VARCHAR" else quoted(name)
    pairs = [
        (name[len(prefix) :].removeprefix("user:").removeprefix("user_"), name)
        for prefix in _TAG_PREFIXES
        for name in columns
        if name.lower().startswith(prefix)
    ]
    if not pairs:
        return "CAST(NULL AS VARCHAR)"
    keys = ", ".join(literal(key) for key, _ in pairs)
    values = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for _, name in pairs)
    every = f"MAP([{keys}], [{values}])"
    return f"map_from_entries(list_filter(map_entries({every}), lambda e: e.value IS NOT NULL AND e.value <> ''))"


def _format(source_format: SourceFormat, required: frozenset[str]) -> NativeFormat:
    mapping = load_mapping(_VOCABULARY / "cur.csv")
    mapping["ServiceCategory"] = categories(_VOCABULARY / "services.csv", "lineitemproductcode")
    return NativeFormat(
        source_format=source_format,
        provider="aws",
        required=required,
        texts=_TEXTS,
        numbers=_NUMBERS,
        nested={"product": '{"product_name":"VARCHAR","region":"VARCHAR","sku":"VARCHAR","instance_type":"VARCHAR"}'},
        rows=_ROWS,
        mapping=mapping,
        control={CostBasis.BILLED: _BILLED},
        tags=_tags,
        aside="x_SplitParent IS NOT NULL",
    )


NATIVE_FORMATS: Final = (
    _format(SourceFormat.AWS_CUR_LEGACY, _REQUIRED | {"identitytimeinterval", "lineitemblendedcost"}),
    _format(SourceFormat.AWS_CUR_2, _REQUIRED),
)
