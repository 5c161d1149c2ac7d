"""Cost Explorer's comparison of two months: the difference by group, and which usage types and accounts drove it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from tests.clouds.aws import ce_scope as scope
from tests.clouds.aws.call import Call
from tests.clouds.aws.cost_explorer import METRICS
from tests.clouds.aws.errors import validation
from tests.clouds.aws.ledger import amount

_MOST: Final = 10
_DRIVERS: Final = 10


def comparisons(call: Call) -> dict[str, Any]:
    """GetCostAndUsageComparisons."""
    compared = _compare(call)
    page, more = call.page(compared, token="NextPageToken")  # noqa: S106
    total = [sum((row[side] for row in compared), Decimal(0)) for side in ("baseline", "comparison")]
    return {
        "CostAndUsageComparisons": [
            {
                "CostAndUsageSelector": _selector(call, row),
                "Metrics": _difference(call, row["baseline"], row["comparison"]),
            }
            for row in page
        ],
        "TotalCostAndUsage": _difference(call, *total),
        **more,
    }


def drivers(call: Call) -> dict[str, Any]:
    """GetCostComparisonDrivers: the groups that moved most, each with the usage types that moved in it."""
    compared = _compare(call)
    page, more = call.page(compared[:_MOST], token="NextPageToken")  # noqa: S106
    return {
        "CostComparisonDrivers": [
            {
                "CostSelector": _selector(call, row),
                "Metrics": _difference(call, row["baseline"], row["comparison"]),
                "CostDrivers": _inside(call, row),
            }
            for row in page
        ],
        **more,
    }


def _months(call: Call) -> tuple[scope.Span, scope.Span]:
    periods = [scope.span(call.params[f"{side}TimePeriod"]) for side in ("Baseline", "Comparison")]
    for period in periods:
        if period.start.day != 1 or period.end != scope.following_month(period.start):
            raise validation(
                "Time periods must start and end on the first day of a month, with a duration of one month"
            )
    return periods[0], periods[1]


def _compare(call: Call) -> list[dict[str, Any]]:
    groups = call.params.get("GroupBy") or []
    if len(groups) > 1:
        raise validation("Comparisons take one group definition")
    key = scope.grouping(groups[0]) if groups else scope.Where("service")
    return _both(call, key, scope.Where("true"))


def _both(call: Call, key: scope.Where, extra: scope.Where) -> list[dict[str, Any]]:
    metric = call.params["MetricForComparison"]
    if metric not in METRICS:
        raise validation(f"The metric {metric} is not valid")
    before, after = (scope.in_span(month) for month in _months(call))
    where = scope.own_rows(call) & scope.expression(call.params.get("Filter")) & extra
    return call.ledger.rows(
        f"SELECT COALESCE({key.sql}, '') AS name,"
        f" COALESCE(sum({METRICS[metric]}) FILTER (WHERE {before.sql}), 0) AS baseline,"
        f" COALESCE(sum({METRICS[metric]}) FILTER (WHERE {after.sql}), 0) AS comparison"
        f" FROM line WHERE {where.sql} GROUP BY name HAVING baseline <> 0 OR comparison <> 0"
        " ORDER BY abs(comparison - baseline) DESC, name",
        [*key.values, *before.values, *after.values, *where.values],
    )


def _selector(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    group = (call.params.get("GroupBy") or [{"Type": "DIMENSION", "Key": "SERVICE"}])[0]
    kind = {"TAG": "Tags", "COST_CATEGORY": "CostCategories"}.get(group["Type"], "Dimensions")
    return {kind: {"Key": group["Key"], "Values": [row["name"]], "MatchOptions": ["EQUALS"]}}


def _inside(call: Call, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    within = scope.expression(_selector(call, row))
    moved = _both(call, scope.Where("usage_type"), within)
    return [
        {
            "Type": "USAGE_CHANGE",
            "Name": inner["name"],
            "Metrics": _difference(call, inner["baseline"], inner["comparison"]),
        }
        for inner in moved[:_DRIVERS]
        if inner["baseline"] != inner["comparison"]
    ]


def _difference(call: Call, baseline: Decimal, comparison: Decimal) -> dict[str, dict[str, str]]:
    metric = call.params["MetricForComparison"]
    return {
        metric: {
            "BaselineTimePeriodAmount": amount(baseline),
            "ComparisonTimePeriodAmount": amount(comparison),
            "Difference": amount(comparison - baseline),
            "Unit": "N/A" if metric == "UsageQuantity" else call.ledger.currency_of(call.payer),
        }
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "GetCostAndUsageComparisons": comparisons,
    "GetCostComparisonDrivers": drivers,
}
