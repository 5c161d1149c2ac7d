"""What the owner's configuration means, asked through a real client; every amount is added up here from the rows alone."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from shared_models.dataset import DatasetName
from shared_models.organisation import SubAccount
from tests.builders import NOW, cost_row, dataset_part, export_part

CONFIGURATION = """
[[dimensions.account]]
sub_account_id = "a1"
valid_to = 2026-06-10
team = "web"
owner = "Ada"
cost_centre = "CC-1"
gl_account = "6510"
hierarchy = "Root / Shop / Test"
[[dimensions.account]]
sub_account_id = "a1"
valid_from = 2026-06-10
team = "core"
owner = "Ada"
cost_centre = "CC-2"
gl_account = "6510"
hierarchy = "Root / Shop / Production"
[[dimensions.account]]
sub_account_id = "s1"
team = "core"
owner = "Bo"
cost_centre = "CC-2"
gl_account = "6520"
hierarchy = "Root / Data / Production"
[[dimensions.account]]
sub_account_id = "p1"
team = "idle"

[tags.keys]
environment = ["Env", "ENV"]
[tags.values.environment]
production = ["prod", "PROD"]

[spend.operating]
exclude_charge_categories = ["Tax", "Credit"]
exclude_service_names = ["Support"]

[calendar]
fiscal_year_start_month = 2
fiscal_year_start_day = 1
pattern = "4-4-5"
time_zone = "America/New_York"
"""
MOVED = datetime(2026, 6, 10, tzinfo=UTC)
FISCAL_FIFTH = (datetime(2026, 5, 31, 4, tzinfo=UTC), datetime(2026, 6, 28, 4, tzinfo=UTC))
"""FY27 begins on Sunday, 1 February 2026: 4 + 4 + 5 + 4 weeks later P05 does, at midnight in New York."""
JUNE = (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))

ROWS = [
    cost_row(ChargePeriodStart="2026-05-20", Cost="5.5", SubAccountName="Shop", Tags={"Env": "prod"}),
    cost_row(ChargePeriodStart="2026-05-31T03:00:00", Cost="0.1", SubAccountName="Shop"),
    cost_row(ChargePeriodStart="2026-05-31T05:00:00", Cost="0.02", SubAccountName="Shop"),
    cost_row(ChargePeriodStart="2026-06-02", Cost="7", SubAccountName="Shop", Tags={"ENV": "PROD"}),
    cost_row(ChargePeriodStart="2026-06-12", Cost="11", SubAccountName="Storefront", Tags={"environment": "production"}),
    cost_row(ChargePeriodStart="2026-06-13", Cost="2", SubAccountName="Storefront", Tags={"Env": "", "ENV": "test"}),
    cost_row(ChargePeriodStart="2026-06-14", Cost="-3", SubAccountName="Storefront", ChargeCategory="Credit"),
    cost_row(ChargePeriodStart="2026-06-15", Cost="1.75", SubAccountId=None, ChargeCategory="Tax"),
    cost_row(ChargePeriodStart="2026-06-16", Cost="9", SubAccountName="Storefront", ServiceName="Support"),
    cost_row(ChargePeriodStart="2026-06-28T03:00:00", Cost="0.4", SubAccountName="Storefront"),
    cost_row(ChargePeriodStart="2026-06-28T04:00:00", Cost="0.08", SubAccountName="Storefront"),
    cost_row(ChargePeriodStart="2026-06-05", Cost="20", SubAccountId="s1", SubAccountName="Lake", x_Provider="azure", BillingAccountId="200", BillingCurrency="EUR"),
    cost_row(ChargePeriodStart="2026-05-05", Cost="16", SubAccountId="s1", SubAccountName="Lake", x_Provider="azure", BillingAccountId="200", BillingCurrency="EUR"),
    cost_row(ChargePeriodStart="2026-06-06", Cost="30", SubAccountId="p1", SubAccountName="Play", x_Provider="gcp", BillingAccountId="300"),
]  # fmt: skip
Row = Mapping[str, Any]
TREE = [
    SubAccount(provider=provider, billing_account_id=payer, sub_account_id=account, sub_account_name=account, sub_account_type=kind, path=path, **when)
    for provider, payer, account, kind, path, when in (
        ("aws", "100", "a1", "Account", ("Root", "Sandbox"), {"valid_to": MOVED}),
        ("aws", "100", "a1", "Account", ("Root", "Shop OU"), {"valid_from": MOVED}),
        ("azure", "200", "s1", "Subscription", ("Tenant Root Group", "Data MG"), {}),
        ("gcp", "300", "p1", "Project", ("example.org", "Folder 1"), {}),
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the configuration, the bills of three clouds and their account trees."""
    tmp_path = tmp_path_factory.mktemp("business")
    home = tmp_path / "home"
    home.mkdir()
    (home / "skyledger.toml").write_text(CONFIGURATION, encoding="utf-8")
    ledger = Ledger(load_settings({"SKYLEDGER_HOME": str(home)}).ledger_home)
    bills: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in ROWS:
        bills.setdefault((str(row["x_Provider"]), str(row["BillingPeriodStart"])), []).append(row)
    ledger.adopt([export_part(tmp_path / "in", rows) for rows in bills.values()], [], now=NOW, reason="test")
    for provider in ("aws", "azure", "gcp"):
        own = [account for account in TREE if account.provider == provider]
        part = dataset_part(tmp_path / "tree", DatasetName.ORGANISATION, *own).model_copy(update={"provider": provider})
        datasets = Datasets(ledger)
        datasets.receive([part])
        datasets.book([part], [], now=NOW, reason="test")
    ledger.close()
    return home


@asynccontextmanager
async def asked(home: Path) -> AsyncGenerator[Callable[..., Any], None]:
    async with Client(build_orchestrator(load_settings({"SKYLEDGER_HOME": str(home)}), [])) as client:

        async def ask(tool: str, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(f"finops_{tool}", arguments)
            assert not result.is_error, result.content[0].text
            assert json.loads(result.content[0].text) == result.structured_content
            return result.structured_content

        yield ask


def summed(when: tuple[datetime, datetime], key: Callable[[Row], object], rows: list[Row] = ROWS) -> dict[Any, Decimal]:
    """The rows that start in the half-open period by key and currency."""
    sums: dict[Any, Decimal] = {}
    for row in rows:
        if when[0] <= start_of(row) < when[1]:
            place = (key(row), row["BillingCurrency"])
            sums[place] = sums.get(place, Decimal(0)) + Decimal(str(row["EffectiveCost"]))
    return sums


def start_of(row: Row) -> datetime:
    return datetime.fromisoformat(str(row["ChargePeriodStart"])).replace(tzinfo=UTC)


def groups(answer: Mapping[str, Any]) -> dict[Any, Decimal]:
    """The groups of an answer, with what no group took."""
    found = {(*group["keys"], group["currency"]): Decimal(group["amount"]) for group in answer["data"]}
    for part in answer.get("unallocated") or ():
        found[None, part["currency"]] = Decimal(part["amount"])
    return {place: amount for place, amount in found.items() if amount}


def totals(answer: Mapping[str, Any]) -> dict[Any, Decimal]:
    return {(None, total["currency"]): Decimal(total["amount"]) for total in answer["totals"]}


def dated(before: str | None, after: str | None, others: Mapping[str, str]) -> Callable[[Row], str | None]:
    """What an account of the rows belongs to: a1 by the day, others by name."""

    def of(row: Row) -> str | None:
        account = row["SubAccountId"]
        if account == "a1":
            return before if start_of(row) < MOVED else after
        return others.get(str(account))

    return of


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        ("team", dated("web", "core", {"s1": "core", "p1": "idle"})),
        ("owner", dated("Ada", "Ada", {"s1": "Bo"})),
        ("cost_centre", dated("CC-1", "CC-2", {"s1": "CC-2"})),
        ("gl_account", dated("6510", "6510", {"s1": "6520"})),
        ("hierarchy", dated("Root / Shop / Test", "Root / Shop / Production", {"s1": "Root / Data / Production"})),
        ("organisation_unit", dated("Sandbox", "Shop OU", {"s1": "Data MG", "p1": "Folder 1"})),
        ("organisation_level_1", dated("Root", "Root", {"s1": "Tenant Root Group", "p1": "example.org"})),
        ("organisation_path", dated("Root/Sandbox", "Root/Shop OU", {"s1": "Tenant Root Group/Data MG", "p1": "example.org/Folder 1"})),
    ],
)  # fmt: skip
async def test_a_charge_belongs_to_what_its_account_was_on_its_day(
    home: Path, dimension: str, expected: Callable[[Row], str | None]
) -> None:
    async with asked(home) as ask:
        answer = await ask("query_costs", period="2026-06", group_by=[dimension], limit=50)

    assert groups(answer) == summed(JUNE, expected)


async def test_a_branch_of_the_hierarchy_is_a_filter(home: Path) -> None:
    async with asked(home) as ask:
        by_config, by_tree = [
            await ask(
                "query_costs",
                period="2026-06",
                filters=[{"column": column, "operator": "contains", "values": [branch]}],
            )
            for column, branch in (("hierarchy", "Root / Shop"), ("organisation_path", "Root/Shop OU"))
        ]

    mine = [row for row in ROWS if row["SubAccountId"] == "a1"]
    assert totals(by_config) == summed(JUNE, lambda _: None, mine)
    assert totals(by_tree) == summed((MOVED, JUNE[1]), lambda _: None, mine)


async def test_spellings_of_a_tag_are_one_key_and_one_value(home: Path) -> None:
    async with asked(home) as ask:
        grouped = await ask("query_costs", start="2026-05-01", end="2026-07-01", group_by=["tags.Env"])
        production = await ask(
            "query_costs",
            start="2026-05-01",
            end="2026-07-01",
            filters=[{"column": "tags.environment", "values": ["production"]}],
        )

    both = (datetime(2026, 5, 1, tzinfo=UTC), JUNE[1])
    tagged = {"5.5": "production", "7": "production", "11": "production", "2": "test"}
    expected = summed(both, lambda row: tagged.get(str(row["EffectiveCost"])))
    assert groups(grouped) == expected
    assert totals(production) == {(None, "USD"): expected["production", "USD"]}


async def test_a_spend_definition_of_the_owner_leaves_out_what_it_names(home: Path) -> None:
    async with asked(home) as ask:
        answer = await ask("query_costs", period="2026-06", spend="operating")
        everything = await ask("query_costs", period="2026-06")

    kept = [r for r in ROWS if r.get("ServiceName") != "Support" and r.get("ChargeCategory") not in {"Tax", "Credit"}]
    assert totals(answer) == summed(JUNE, lambda _: None, kept)
    assert totals(everything) == summed(JUNE, lambda _: None)
    assert totals(answer) != totals(everything)


async def test_a_fiscal_period_of_weeks_ends_at_midnight_of_the_owners_zone(home: Path) -> None:
    async with asked(home) as ask:
        answer = await ask("query_costs", period="FY27-P05", group_by=["team"])
        change = await ask("explain_change", period="FY27-P05", compare_to="FY27-P04", group_by=["SubAccountId"])

    assert (answer["period"]["start"], answer["period"]["end"]) == ("2026-05-31T04:00:00Z", "2026-06-28T04:00:00Z")
    assert groups(answer) == summed(FISCAL_FIFTH, dated("web", "core", {"s1": "core", "p1": "idle"}))
    after = summed(FISCAL_FIFTH, lambda row: row["SubAccountId"])
    before = summed((datetime(2026, 5, 3, 4, tzinfo=UTC), FISCAL_FIFTH[0]), lambda row: row["SubAccountId"])
    moved = {(mover["keys"][0], mover["currency"]): Decimal(mover["change"]) for mover in change["movers"]}
    assert moved == {place: after.get(place, Decimal(0)) - before.get(place, Decimal(0)) for place in {*after, *before}}


async def test_fiscal_years_follow_each_other_without_a_gap(home: Path) -> None:
    async with asked(home) as ask:
        parts = [await ask("query_costs", period=f"FY27-P{number:02d}") for number in range(1, 13)]
        quarters = [await ask("query_costs", period=f"FY27-Q{number}") for number in range(1, 5)]
        year = await ask("query_costs", period="FY27")

    for cut in (parts, quarters):
        ends = [part["period"]["end"] for part in cut]
        assert [part["period"]["start"] for part in cut] == [year["period"]["start"], *ends[:-1]]
        assert ends[-1] == year["period"]["end"]
        sums: dict[Any, Decimal] = {}
        for part in cut:
            for place, amount in totals(part).items():
                sums[place] = sums.get(place, Decimal(0)) + amount
        assert sums == totals(year)


@pytest.mark.parametrize("column", ["SubAccountId", "SubAccountName"])
async def test_a_renamed_account_keeps_its_series_under_its_newest_name(home: Path, column: str) -> None:
    async with asked(home) as ask:
        answer = await ask(
            "query_costs", start="2026-05-01", end="2026-07-01", group_by=[column], granularity="month",
            filters=[{"column": "SubAccountId", "values": ["a1"]}],
        )  # fmt: skip

    mine = [row for row in ROWS if row["SubAccountId"] == "a1"]
    months = [
        summed((datetime(2026, m, 1, tzinfo=UTC), datetime(2026, m + 1, 1, tzinfo=UTC)), lambda _: None, mine)
        for m in (5, 6)
    ]
    [group] = answer["data"]
    assert group["keys"] == ["a1" if column == "SubAccountId" else "Storefront"]
    assert [Decimal(amount) for amount in group["series"]] == [month[None, "USD"] for month in months]


async def test_a_rename_or_a_move_is_no_new_and_no_vanished_account(home: Path) -> None:
    async with asked(home) as ask:
        renamed = await ask("explain_change", period="2026-06", compare_to="2026-05", group_by=["SubAccountName"])
        moved = await ask("explain_change", period="2026-06", compare_to="2026-05", group_by=["team"])

    may = (datetime(2026, 5, 1, tzinfo=UTC), JUNE[0])
    after, before = (summed(when, lambda row: row["SubAccountId"]) for when in (JUNE, may))
    changes = {mover["keys"][0]: (mover["status"], Decimal(mover["change"])) for mover in renamed["movers"]}
    assert changes["Storefront"] == ("grew", after["a1", "USD"] - before["a1", "USD"])
    assert "Shop" not in changes
    teams = dated("web", "core", {"s1": "core", "p1": "idle"})
    after, before = (summed(when, teams) for when in (JUNE, may))
    assert {(m["keys"][0], m["currency"]): Decimal(m["change"]) for m in moved["movers"]} == {
        place: after.get(place, Decimal(0)) - before.get(place, Decimal(0)) for place in {*after, *before}
    }
