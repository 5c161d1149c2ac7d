"""What a question about costs owes its asker, whichever cloud answers it."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from shared_models.export import CostBasis
from tests.contract.conftest import Asked, Cloud

OCTOBER: Mapping[str, Any] = {"start": "2026-10-01", "end": "2026-11-01"}
GROUPINGS: Mapping[CostBasis, Sequence[list[str]]] = {
    CostBasis.BILLED: (["ChargeCategory", "ChargeClass", "InvoiceIssuerName"], ["tags.team"]),
    CostBasis.EFFECTIVE: (["ResourceId", "SkuId"],),
    CostBasis.LIST: (["SubAccountId", "RegionId"],),
    CostBasis.CONTRACTED: (["ServiceCategory"],),
}
Sums = dict[str, Decimal]


def totals(answer: Mapping[str, Any]) -> Sums:
    assert len({total["currency"] for total in answer["totals"]}) == len(answer["totals"])
    return {total["currency"]: Decimal(total["amount"]) for total in answer["totals"]}


def summed(lines: Iterable[Mapping[str, Any]]) -> Sums:
    sums: Sums = {}
    for line in lines:
        sums[line["currency"]] = sums.get(line["currency"], Decimal(0)) + Decimal(line["amount"])
    return sums


def added(parts: Iterable[Sums]) -> Sums:
    """The parts of a whole together; a currency of which a part has nothing adds nothing."""
    return summed({"currency": name, "amount": amount} for part in parts for name, amount in part.items())


async def october(asked: Asked, *conditions: Mapping[str, Any], **arguments: Any) -> Sums:
    return totals(await asked.answer("query_costs", **OCTOBER, filters=list(conditions), **arguments))


@pytest.mark.parametrize("metric", CostBasis)
async def test_the_total_survives_any_grouping(cloud: Cloud, metric: CostBasis) -> None:
    async with cloud.asked() as asked:
        whole = await asked.answer("query_costs", **OCTOBER, metric=metric)
        for columns in GROUPINGS[metric]:
            lines = await asked.every_item("query_costs", **OCTOBER, metric=metric, group_by=columns, limit=200)

            assert summed(lines) == totals(whole)
        assert all(amount > 0 for amount in totals(whole).values())
        assert summed(whole["data"]) == totals(whole)


async def test_paging_gives_every_line_once_and_in_the_same_order(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        question = {**OCTOBER, "group_by": ["ServiceName", "SubAccountId"]}
        wide = await asked.every_item("query_costs", **question, limit=200)
        narrow = await asked.every_item("query_costs", **question, limit=17)

    assert narrow == wide
    keys = [(line["currency"], *line["keys"]) for line in wide]
    assert len(set(keys)) == len(keys) > 17


async def test_a_cursor_of_another_question_is_refused(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        page = await asked.answer("query_costs", **OCTOBER, group_by=["ServiceName"], limit=1)
        cursor = page["pagination"]["next_cursor"]
        error = await asked.refusal("query_costs", **OCTOBER, group_by=["RegionId"], limit=1, cursor=cursor)

    assert error["code"] == "invalid_cursor"


@pytest.mark.parametrize("column", ["RegionId", "tags.team"])
async def test_filters_part_the_whole(cloud: Cloud, column: str) -> None:
    async with cloud.asked() as asked:
        whole = await october(asked)
        lines = await asked.every_item("query_costs", **OCTOBER, group_by=[column], limit=200)
        values = sorted({line["keys"][0] for line in lines} - {None})
        chosen = values[: len(values) // 2 + 1]

        given, null, chosen_ones, others = [
            await october(asked, {"column": column, "operator": operator, "values": wanted})
            for operator, wanted in (("is_not_null", []), ("is_null", []), ("in", chosen), ("not_in", chosen))
        ]
        each = [await october(asked, {"column": column, "values": [value]}) for value in values[:3]]

    assert added([given, null]) == whole
    assert added([chosen_ones, others]) == whole
    assert chosen_ones == summed(line for line in lines if line["keys"][0] in chosen)
    assert added(each) == summed(line for line in lines if line["keys"][0] in values[:3])


async def test_currencies_are_never_mixed(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        answer = await asked.answer("query_costs", **OCTOBER, group_by=["BillingCurrency"], limit=200)
        alone = {
            currency: await october(asked, {"column": "BillingCurrency", "values": [currency]})
            for currency in totals(answer)
        }

    assert [line["keys"] for line in answer["data"]] == [[line["currency"]] for line in answer["data"]]
    assert alone == {currency: {currency: amount} for currency, amount in totals(answer).items()}


async def test_periods_are_half_open(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        month = await october(asked)
        halves = [
            totals(await asked.answer("query_costs", start=start, end=end))
            for start, end in (("2026-10-01", "2026-10-15"), ("2026-10-15", "2026-11-01"))
        ]
        days = await asked.every_item("query_costs", **OCTOBER, granularity="day", limit=200)
        fifteenth = totals(await asked.answer("query_costs", start="2026-10-15", end="2026-10-16"))

    assert added(halves) == month == summed(days)
    assert {line["bucket"][:7] for line in days} == {"2026-10"}
    assert fifteenth == summed(line for line in days if line["bucket"] == "2026-10-15")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"start": "2026-11-01", "end": "2026-10-01"}, "invalid_period"),
        ({"start": "2026-10-01", "end": "2026-10-01"}, "invalid_period"),
        ({"start": "2031-10-01", "end": "2031-11-01"}, "data_not_ready"),
        ({"group_by": ["ServiceNam"]}, "unknown_column"),
        ({"filters": [{"column": "ServiceCategory", "values": ["Compte"]}]}, "unknown_value"),
        ({"filters": [{"column": "ServiceCategory", "operator": "in", "values": []}]}, "invalid_argument"),
    ],
    ids=["reversed", "empty", "without a bill", "unknown column", "unknown value", "no value"],
)
async def test_what_means_nothing_is_refused_with_what_to_do(cloud: Cloud, change: dict[str, Any], code: str) -> None:
    async with cloud.asked() as asked:
        error = await asked.refusal("query_costs", **{**OCTOBER, **change})

    assert error["code"] == code
    assert error["hint"]


async def test_an_answer_says_what_it_rests_on(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        answer = await asked.answer("query_costs", **OCTOBER, metric="BilledCost")

    assert answer["metric"] == "BilledCost"
    assert answer["period"]["start"][:10] == "2026-10-01"
    assert answer["period"]["end"][:10] == "2026-11-01"
    assert answer["coverage"] == {"complete": True, "answered": [cloud.name], "gaps": []}
    assert answer["freshness"][0]["data_as_of"]


async def test_days_that_no_bill_reaches_are_a_gap(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        answer = await asked.answer("query_costs", start="2020-01-01", end="2030-01-01")

    assert not answer["coverage"]["complete"]
    assert [gap["code"] for gap in answer["coverage"]["gaps"]] == ["starts_late", "ends_early"]
