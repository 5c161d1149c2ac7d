"""Cost Explorer's lists: the values of a dimension, of a tag key, of a cost category, in a period."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.clouds.aws import ce_scope as scope
from tests.clouds.aws.call import Call
from tests.clouds.aws.cost_explorer import METRICS, account_name
from tests.clouds.aws.errors import validation

_COMMITTED: Final = {
    "COST_AND_USAGE": "true",
    "RESERVATIONS": "commitment_id IS NOT NULL AND purchase_type <> 'Savings Plans'",
    "SAVINGS_PLANS": "purchase_type = 'Savings Plans'",
}
_SORTS: Final = METRICS.keys() - {"UsageQuantity"}


def dimension_values(call: Call) -> dict[str, Any]:
    """GetDimensionValues."""
    dimension = call.params["Dimension"]
    column = scope.grouping({"Type": "DIMENSION", "Key": dimension})
    extra = scope.Where(_COMMITTED[call.params.get("Context", "COST_AND_USAGE")])
    found = _distinct(call, column, extra)
    page, more = _page(call, found)
    listed = [
        {
            "Value": value,
            "Attributes": {"description": account_name(call, value)} if dimension == "LINKED_ACCOUNT" else {},
        }
        for value in page
    ]
    return {"DimensionValues": listed, "ReturnSize": len(page), "TotalSize": len(found), **more}


def tags(call: Call) -> dict[str, Any]:
    """GetTags: the keys, or the values of one key; a row without the key counts as the empty value."""
    if key := call.params.get("TagKey"):
        found = _distinct(call, scope.Where("COALESCE(tags[?], '')", (key,)), scope.Where("true"))
    else:
        found = _distinct(call, scope.Where("unnest(map_keys(tags))"), scope.Where("true"))
    page, more = _page(call, found)
    return {"Tags": page, "ReturnSize": len(page), "TotalSize": len(found), **more}


def cost_categories(call: Call) -> dict[str, Any]:
    """GetCostCategories: the names, or the values of one."""
    name = call.params.get("CostCategoryName")
    if name is None:
        found, member = sorted(scope.CATEGORIES), "CostCategoryNames"
        _period(call)
    else:
        value = scope.grouping({"Type": "COST_CATEGORY", "Key": name})
        found = _distinct(call, value, scope.Where("true"))
        member = "CostCategoryValues"
    page, more = _page(call, found)
    return {member: page, "ReturnSize": len(page), "TotalSize": len(found), **more}


def allocation_tags(call: Call) -> dict[str, Any]:
    """ListCostAllocationTags: every key of the ledger is a tag of users that is active."""
    call.refuse("TagKeys")
    scope.own_rows(call)
    rows = call.ledger.rows(
        "SELECT DISTINCT unnest(map_keys(tags)) AS key FROM line WHERE payer = ? ORDER BY key", [call.payer]
    )
    wanted = call.params.get("Status", "Active") == "Active" and call.params.get("Type", "UserDefined") == "UserDefined"
    found = [{"TagKey": row["key"], "Type": "UserDefined", "Status": "Active"} for row in rows if wanted]
    page, more = call.page(found)
    return {"CostAllocationTags": page, **more}


def category_definitions(call: Call) -> dict[str, Any]:
    """ListCostCategoryDefinitions: the categories, by level of the account's path."""
    call.refuse("EffectiveOn", "SupportedResourceTypes")
    scope.own_rows(call)
    found = [
        {
            "CostCategoryArn": f"arn:aws:ce::{call.payer}:costcategory/{level:08d}-0000-4000-8000-{call.payer}",
            "Name": name,
            "EffectiveStart": "2025-01-01T00:00:00Z",
            "NumberOfRules": len(values),
            "Values": values,
        }
        for name, level in sorted(scope.CATEGORIES.items())
        for values in [[str(row["value"]) for row in _levels(call, level)]]
    ]
    page, more = call.page(found)
    return {"CostCategoryReferences": page, **more}


def _levels(call: Call, level: int) -> list[Any]:
    return call.ledger.rows(
        "SELECT DISTINCT o.path[?] AS value FROM organisation o WHERE o.valid_to IS NULL AND o.path[?] IS NOT NULL"
        " AND o.sub_account_id IN (SELECT account FROM line WHERE payer = ?) ORDER BY value",
        [level, level, call.payer],
    )


def _period(call: Call) -> scope.Span:
    return scope.past(call, call.params["TimePeriod"], None)


def _distinct(call: Call, value: scope.Where, extra: scope.Where) -> list[str]:
    params = call.params
    sorts = params.get("SortBy") or []
    where = scope.own_rows(call) & scope.in_span(_period(call)) & scope.expression(params.get("Filter")) & extra
    order, column = "ASC", "value"
    if sorts:
        if sorts[0]["Key"] not in _SORTS:
            raise validation(f"SortBy key {sorts[0]['Key']} is not valid")
        column = METRICS[sorts[0]["Key"]]
        order = "ASC" if sorts[0].get("SortOrder") == "ASCENDING" else "DESC"
    rows = call.ledger.rows(
        f"SELECT value FROM (SELECT {value.sql} AS value, billed, effective FROM line WHERE {where.sql})"
        " WHERE value IS NOT NULL AND contains(lower(value), lower(?)) GROUP BY value"
        f" ORDER BY {column if column == 'value' else f'sum({column})'} {order}, value",
        [*value.values, *where.values, params.get("SearchString", "")],
    )
    return [str(row["value"]) for row in rows]


def _page(call: Call, found: list[str]) -> tuple[list[str], dict[str, str]]:
    return call.page(found, token="NextPageToken", changed="RequestChangedException")  # noqa: S106


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "GetCostCategories": cost_categories,
    "GetDimensionValues": dimension_values,
    "GetTags": tags,
    "ListCostAllocationTags": allocation_tags,
    "ListCostCategoryDefinitions": category_definitions,
}
