"""What a cloud says of itself: whose it is, how fresh it is, what it cannot do and what would change that."""

import json

import pytest

from shared_models.server_card import Port, ServerCard
from tests.contract.conftest import Cloud

ASKED = {
    Port.COSTS: ("query_costs", {"start": "2026-10-01", "end": "2026-11-01"}),
    Port.EXPORTS: ("export_costs", {}),
    Port.INVENTORY: ("list_resources", {}),
    Port.USAGE: ("query_usage", {}),
    Port.PRICES: ("list_prices", {}),
    Port.COMMITMENTS: ("list_commitments", {}),
    Port.RECOMMENDATIONS: ("list_recommendations", {}),
    Port.ORGANISATION: ("list_accounts", {}),
    Port.BUDGETS: ("list_budgets", {}),
    Port.ANOMALIES: ("list_anomalies", {}),
    Port.FORECAST: ("forecast_costs", {"start": "2026-12-01", "end": "2027-01-01"}),
}
"""The tool of each port, with a question that it would answer."""
NOT_EXPORTED = {Port.ANOMALIES, Port.FORECAST}
"""What the sample organisation's clouds would have to be asked for live."""


async def test_a_cloud_says_who_it_is_and_how_old_each_source_is(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        card = await asked.answer("describe_server")
        accounts = await asked.answer("list_accounts", limit=1)

    said = json.loads((cloud.folder / "source.json").read_text(encoding="utf-8")) if cloud.folder else {}
    assert (card["provider"], card["identity"]) == (cloud.name, said["principal"])
    assert card["billing_account_ids"] == said["billing_account_ids"]
    assert card["regions"] == said["regions"]
    assert card["sub_accounts"] == accounts["pagination"]["total_estimate"] > 0
    assert set(card["offers"]) == set(Port) - NOT_EXPORTED
    assert [gap["message"].split()[0] for gap in card["not_offered"]] == [port for port in Port if port in NOT_EXPORTED]
    assert card["next_steps"] == []
    assert [fresh["origin"] for fresh in card["freshness"]] == [f"exported {port}" for port in card["offers"]]
    assert {fresh["data_as_of"] for fresh in card["freshness"]} == {said["data_as_of"]}


async def test_the_card_is_a_resource_too(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        card = await asked.answer("describe_server")
        [read] = (await asked.client.read_resource(f"skyledger://{cloud.name}/card")).contents

    assert ServerCard.model_validate_json(read.text) == ServerCard.model_validate(card)


@pytest.mark.parametrize("port", Port)
async def test_what_is_not_offered_is_refused_with_the_reason_and_a_way_out(bare_cloud: Cloud, port: Port) -> None:
    tool, question = ASKED[port]
    async with bare_cloud.asked() as asked:
        card = await asked.answer("describe_server")
        error = await asked.refusal(tool, **question)

    gap = next(gap for gap in card["not_offered"] if gap["message"].startswith(port.value))
    assert (gap["source"], gap["state"], gap["code"]) == (bare_cloud.name, "not_offered", "source_not_enabled")
    assert error["code"] == "source_not_enabled"
    assert error["message"]
    for said in (error, gap):
        assert bare_cloud.name.upper() in said["hint"] or "parquet" in said["hint"]


async def test_a_cloud_without_any_data_says_what_to_do_next(bare_cloud: Cloud) -> None:
    async with bare_cloud.asked() as asked:
        card = await asked.answer("describe_server")

    assert (card["offers"], card["freshness"]) == ([], [])
    assert any(f"SKYLEDGER_{bare_cloud.name.upper()}_EXPORTS" in step for step in card["next_steps"])
