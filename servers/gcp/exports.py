"""Google Cloud billing export, standard and detailed, as FOCUS.

A row's discounts (committed use, sustained use, negotiated, reseller margin, subscription benefits) lower its cost;
promotions, free tier and other credits become Credit charges of their own. Net cost = cost + sum(credits), always.
The billing period is the UTC calendar month of invoice.month, as in Google's own FOCUS export.
"""

from pathlib import Path
from typing import Final

from servers.kit.exports.native import NUMBER, NativeFormat, categories, load_mapping
from shared_models.export import CostBasis, SourceFormat
from shared_models.quoting import literal

_VOCABULARY: Final = Path(__file__).parent / "vocabulary"
_PAIRS: Final = '[{"key":"VARCHAR","value":"VARCHAR"}]'
_NESTED: Final = {
    "service": '{"id":"VARCHAR","description":"VARCHAR"}',
    "sku": '{"id":"VARCHAR","description":"VARCHAR"}',
    "project": '{"id":"VARCHAR","name":"VARCHAR","labels":' + _PAIRS + "}",
    "labels": _PAIRS,
    "tags": _PAIRS,
    "location": '{"location":"VARCHAR","region":"VARCHAR","zone":"VARCHAR"}',
    "usage": '{"amount":"VARCHAR","unit":"VARCHAR","amount_in_pricing_units":"VARCHAR","pricing_unit":"VARCHAR"}',
    "credits": '[{"name":"VARCHAR","amount":"VARCHAR","full_name":"VARCHAR","id":"VARCHAR","type":"VARCHAR"}]',
    "invoice": '{"month":"VARCHAR","publisher_type":"VARCHAR"}',
    "adjustmentinfo": '{"id":"VARCHAR","type":"VARCHAR","mode":"VARCHAR","description":"VARCHAR"}',
    "price": '{"effective_price":"VARCHAR","unit":"VARCHAR"}',
    "resource": '{"name":"VARCHAR","global_name":"VARCHAR"}',
}
DISCOUNTS: Final = (
    "COMMITTED_USAGE_DISCOUNT",
    "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
    "SUSTAINED_USAGE_DISCOUNT",
    "DISCOUNT",
    "RESELLER_MARGIN",
    "SUBSCRIPTION_BENEFIT",
    "FEE_UTILIZATION_OFFSET",
)
"""Credit types that are a lower rate of the charge itself."""

_LIST: Final = ", ".join(map(literal, DISCOUNTS))
_CREDITS: Final = "COALESCE(credits, [])"


def _credit_sum(condition: str) -> str:
    return (
        f"COALESCE(list_sum(list_transform(list_filter({_CREDITS}, lambda c: {condition}),"
        f" lambda c: CAST(TRY_CAST(c.amount AS {NUMBER}) AS {NUMBER}))), 0)"
    )


_UNREADABLE: Final = f"len(list_filter({_CREDITS}, lambda c: TRY_CAST(c.amount AS {NUMBER}) IS NULL)) > 0"
_IS_DISCOUNT: Final = f"COALESCE(c.type, '') IN ({_LIST})"
_ROWS: Final = (
    f"SELECT *, 'charge' AS part, cost + {_credit_sum(_IS_DISCOUNT)} AS net, CAST(NULL AS VARCHAR) AS credit_type,"
    " CAST(NULL AS VARCHAR) AS credit_name FROM native"
    " UNION ALL SELECT * EXCLUDE (credit), 'credit' AS part, TRY_CAST(credit.amount AS " + NUMBER + ") AS net,"
    " credit.type AS credit_type, COALESCE(credit.full_name, credit.name) AS credit_name"
    f" FROM (SELECT *, unnest(list_filter({_CREDITS}, lambda c: NOT ({_IS_DISCOUNT}))) AS credit FROM native)"
)


def _format(source_format: SourceFormat, required: frozenset[str]) -> NativeFormat:
    mapping = load_mapping(_VOCABULARY / "billing.csv")
    mapping["ServiceCategory"] = categories(_VOCABULARY / "services.csv", "service.description")
    return NativeFormat(
        source_format=source_format,
        provider="gcp",
        required=required,
        texts=("usagestarttime", "usageendtime", "currency", "costtype", "transactiontype", "sellername"),
        numbers=("cost", "costatlist", "currencyconversionrate"),
        nested=_NESTED,
        rows=_ROWS,
        mapping=mapping,
        control={CostBasis.BILLED: f"cost + {_credit_sum('true')}"},
        fault=f"CASE WHEN {_UNREADABLE} THEN 'the amount of a credit is not a number' END",
        # The export has no amortised cost: EffectiveCost is the net cost here, and is declared as not fully known.
        bases=(CostBasis.BILLED, CostBasis.LIST, CostBasis.CONTRACTED),
    )


_REQUIRED: Final = frozenset({"billingaccountid", "usagestarttime", "service", "sku", "cost", "currency", "credits"})
NATIVE_FORMATS: Final = (
    _format(SourceFormat.GCP_DETAILED, _REQUIRED | {"resource"}),
    _format(SourceFormat.GCP_STANDARD, _REQUIRED),
)
