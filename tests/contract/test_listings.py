"""What every listing of a cloud owes its reader: each item once, filters that part the whole, a name that means one cloud."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from shared_models.recommendation import Action
from tests.contract.conftest import Cloud

IDENTITY: Mapping[str, Sequence[str]] = {
    "list_resources": ("resource_id",),
    "list_prices": ("sku_id", "region_id", "pricing_category"),
    "list_commitments": ("commitment_discount_id",),
    "list_recommendations": ("recommendation_id",),
    "list_accounts": ("sub_account_id", "valid_from"),
    "list_budgets": ("budget_id",),
    "query_usage": ("resource_id", "metric", "start"),
}
"""What tells one item of a listing from another."""
NARROWED = {
    "list_resources": "resource_type",
    "list_prices": "service_name",
    "list_commitments": "status",
    "list_recommendations": "action",
    "query_usage": "metric",
    "list_budgets": "exceeded",
}

PAGE = 60
"""A page of the widest items is less than an answer may hold."""


def identities(tool: str, items: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(item.get(field) for field in IDENTITY[tool]) for item in items]


@pytest.mark.parametrize("tool", IDENTITY)
async def test_paging_gives_every_item_once_and_in_the_same_order(cloud: Cloud, tool: str) -> None:
    async with cloud.asked() as asked:
        items = await asked.every_item(tool, limit=PAGE)
        small = await asked.answer(tool, limit=3)
        if small["pagination"]["has_more"]:
            next_ones = await asked.answer(tool, limit=3, cursor=small["pagination"]["next_cursor"])
            small["data"] += next_ones["data"]

    found = identities(tool, items)
    assert found
    assert [key for key, times in Counter(found).items() if times > 1] == []
    assert identities(tool, small["data"]) == found[:6]
    assert {item.get("provider", cloud.name) for item in items} == {cloud.name}


@pytest.mark.parametrize(("tool", "field"), NARROWED.items())
async def test_a_filter_gives_exactly_the_items_that_have_the_value(cloud: Cloud, tool: str, field: str) -> None:
    async with cloud.asked() as asked:
        items = (await asked.answer(tool, limit=PAGE))["data"]
        whole = (await asked.answer(tool, limit=1))["pagination"]["total_estimate"]
        value = items[0][field]
        narrowed = await asked.answer(tool, limit=PAGE, **{field: value})

    assert {item[field] for item in narrowed["data"]} == {value}
    assert narrowed["pagination"]["total_estimate"] <= whole
    wanted = identities(tool, [item for item in items if item[field] == value])
    assert set(wanted) <= set(identities(tool, narrowed["data"])) or narrowed["pagination"]["has_more"]


async def test_the_actions_of_recommendations_part_the_whole(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        whole = await asked.every_item("list_recommendations", limit=PAGE)
        parts = [await asked.every_item("list_recommendations", limit=PAGE, action=action) for action in Action]

    assert sum(len(part) for part in parts) == len(whole) > 0


@pytest.mark.parametrize("tool", IDENTITY)
async def test_a_cursor_of_another_listing_is_refused(cloud: Cloud, tool: str) -> None:
    async with cloud.asked() as asked:
        foreign = "list_accounts" if tool != "list_accounts" else "list_prices"
        cursor = (await asked.answer(foreign, limit=1))["pagination"]["next_cursor"]
        error = await asked.refusal(tool, limit=1, cursor=cursor)

    assert error["code"] == "invalid_cursor"
