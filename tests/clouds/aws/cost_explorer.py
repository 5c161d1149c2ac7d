"""Cost Explorer: costs and usage of the ledger as its API groups, filters, pages and refuses them.

A row belongs to the time at which its charge period starts. The metrics over FOCUS amounts, for this company, whose
discounts are in the line items themselves (no separate discount or negation records) and whose accounts have one rate:

    UnblendedCost, NetUnblendedCost, BlendedCost   BilledCost
    AmortizedCost, NetAmortizedCost                EffectiveCost
    UsageQuantity                                  ConsumedQuantity; unit N/A where units are mixed

Amounts are in the payer's billing currency: this ledger's Japanese payer is billed in JPY.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from tests.clouds.aws import ce_scope as scope
from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import validation
from tests.clouds.aws.ledger import amount

METRICS: Final[Mapping[str, str]] = {
    "AmortizedCost": "effective",
    "BlendedCost": "billed",
    "NetAmortizedCost": "effective",
    "NetUnblendedCost": "billed",
    "UnblendedCost": "billed",
    "UsageQuantity": "quantity",
}
_MOST_GROUPINGS: Final = 2
_RESOURCE_DAYS: Final = 14


def costs_and_usage(call: Call) -> dict[str, Any]:
    """GetCostAndUsage."""
    if any(group.get("Key") == "RESOURCE_ID" for group in call.params.get("GroupBy", ())):
        raise validation("Group Definition dimension is invalid: RESOURCE_ID")
    return _grouped(call)


def costs_and_usage_with_resources(call: Call) -> dict[str, Any]:
    """GetCostAndUsageWithResources: the last fourteen days."""
    if scope.instant(call.params["TimePeriod"]["Start"]) < call.now - timedelta(days=_RESOURCE_DAYS):
        raise validation("Resource-level data is only available for the last 14 days")
    return _grouped(call)


def _grouped(call: Call) -> dict[str, Any]:
    params = call.params
    granularity, metrics = params["Granularity"], _metrics(params["Metrics"])
    groups = params.get("GroupBy") or []
    if len(groups) > _MOST_GROUPINGS:
        raise validation("Group by allows a maximum of two group definitions")
    period = scope.past(call, params["TimePeriod"], granularity)
    where = scope.own_rows(call) & scope.expression(params.get("Filter"))
    cut = scope.buckets(period, granularity)
    found = [(span, _sums(call, where & scope.in_span(span), groups)) for span in cut]
    flat = [(span, row) for span, rows in found for row in rows or [None]]
    page, more = call.page(flat, token="NextPageToken", asked="", changed="RequestChangedException")  # noqa: S106
    results: list[dict[str, Any]] = []
    for span, row in page:
        time = scope.said(span, granularity)
        if not results or results[-1]["TimePeriod"] != time:
            estimated = _is_open(call, span)
            results.append({"TimePeriod": time, "Total": {}, "Groups": [], "Estimated": estimated})
        if not groups:
            results[-1]["Total"] = _figures(row or {}, metrics, call)
        elif row is not None:
            results[-1]["Groups"].append({"Keys": _keys(row, groups), "Metrics": _figures(row, metrics, call)})
    return {
        "ResultsByTime": results,
        **({"GroupDefinitions": groups} if groups else {}),
        "DimensionValueAttributes": _attributes(call, results, groups),
        **more,
    }


def _is_open(call: Call, span: scope.Span) -> bool:
    return span.end > call.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _metrics(given: Sequence[str]) -> Sequence[str]:
    if not given:
        raise validation("Metrics must not be empty")
    for name in given:
        if name not in METRICS:
            raise validation(f"The metric {name} is not valid. Valid values: {', '.join(METRICS)}")
    return given


def _sums(call: Call, where: scope.Where, groups: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    keys = [scope.grouping(group) for group in groups]
    names = [f"key_{number}" for number in range(len(keys))]
    select = "".join(f"{key.sql} AS {name}, " for key, name in zip(keys, names, strict=True))
    values = [value for key in keys for value in key.values]
    order = f" GROUP BY {', '.join(names)} ORDER BY {', '.join(names)}" if names else ""
    return call.ledger.rows(
        f"SELECT {select} sum(billed) AS billed, sum(effective) AS effective, sum(quantity) AS quantity,"
        " CASE WHEN count(DISTINCT unit) = 1 THEN any_value(unit) ELSE 'N/A' END AS unit"
        f" FROM line WHERE {where.sql}{order}",
        [*values, *where.values],
    )


def _keys(row: Mapping[str, Any], groups: Sequence[Mapping[str, str]]) -> list[str]:
    """The values of a group; tags and cost categories come as `key$value`, with nothing behind the $ if absent."""
    keys: list[str] = []
    for number, group in enumerate(groups):
        value = row[f"key_{number}"]
        keys.append(str(value) if group.get("Type", "DIMENSION") == "DIMENSION" else f"{group['Key']}${value or ''}")
    return keys


def _figures(row: Mapping[str, Any], metrics: Sequence[str], call: Call) -> dict[str, dict[str, str]]:
    currency = call.ledger.currency_of(call.payer)
    return {
        name: {
            "Amount": amount(row.get(METRICS[name])),
            "Unit": str(row.get("unit") or "N/A") if name == "UsageQuantity" else currency,
        }
        for name in metrics
    }


def _attributes(
    call: Call, results: Sequence[Mapping[str, Any]], groups: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """The names of the accounts that the page mentions."""
    place = next((number for number, group in enumerate(groups) if group.get("Key") == "LINKED_ACCOUNT"), None)
    if place is None:
        return []
    seen = sorted({group["Keys"][place] for result in results for group in result["Groups"]})
    return [{"Value": account, "Attributes": {"description": account_name(call, account)}} for account in seen]


def account_name(call: Call, account: str) -> str:
    """An account's newest name in the bills."""
    rows = call.ledger.rows(
        "SELECT account_name FROM line WHERE account = ? AND payer = ? ORDER BY start_at DESC LIMIT 1",
        [account, call.payer],
    )
    return str(rows[0]["account_name"]) if rows else account


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "GetCostAndUsage": costs_and_usage,
    "GetCostAndUsageWithResources": costs_and_usage_with_resources,
}
