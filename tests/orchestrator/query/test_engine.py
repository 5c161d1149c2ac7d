"""The query engine: parts add up, mistakes are named, nothing is summed over currencies."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.business.config import AccountRecord, BusinessConfig, Dimensions, Tags
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Conversion, Measure, OrderBy, Question
from shared_models.coverage import DatedBy
from shared_models.errors import InvalidArgumentError, UnknownColumnError, UnknownValueError
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter, FilterOperator, Granularity
from tests.builders import NOW, OCTOBER, SEPTEMBER, cost_row, export_part

BUSINESS = BusinessConfig(
    dimensions=Dimensions(
        account=(
            AccountRecord.model_validate({"sub_account_id": "a1", "team": "web", "valid_to": date(2026, 10, 15)}),
            AccountRecord.model_validate({"sub_account_id": "a1", "team": "core", "valid_from": date(2026, 10, 15)}),
            AccountRecord.model_validate({"sub_account_id": "a3", "team": "idle"}),
        )
    ),
    tags=Tags(keys={"environment": ("Env", "ENV")}, values={"environment": {"production": ("prod", "PROD")}}),
    rates={"bank": {"EUR/USD": {date(2026, 1, 1): Decimal("1.10"), date(2026, 10, 15): Decimal("1.20")}}},
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "home")
    aws = [
        cost_row(Cost="10.5", ServiceName="Compute", Tags={"Env": "prod"}, ChargePeriodStart="2026-10-01"),
        cost_row(Cost="4.25", ServiceName="Compute", Tags={"ENV": "PROD"}, ChargePeriodStart="2026-10-20"),
        cost_row(
            Cost="2", ServiceName="Storage", Tags={"environment": "test"}, SubAccountId="a2", SubAccountName="New"
        ),
        cost_row(Cost="-3", ServiceName="Compute", ChargeCategory="Credit", ChargePeriodStart="2026-10-02"),
    ]
    before = [
        cost_row(Cost="7", ServiceName="Compute", ChargePeriodStart="2026-09-03"),
        cost_row(
            Cost="1", ServiceName="Queue", ChargePeriodStart="2026-09-04", SubAccountId="a2", SubAccountName="Old"
        ),
    ]
    azure = [
        cost_row(Cost="100", BillingCurrency="EUR", x_Provider="azure", BillingAccountId="200", SubAccountId="s1"),
        cost_row(
            Cost="50",
            BillingCurrency="EUR",
            x_Provider="azure",
            BillingAccountId="200",
            SubAccountId="s1",
            ChargePeriodStart="2026-10-20",
        ),
    ]
    parts = [export_part(tmp_path / "in", rows) for rows in (aws, before, azure)]
    ledger.adopt(parts, [], now=NOW, reason="test")
    yield ledger
    ledger.close()


def ask(ledger: Ledger, **asked: object):
    cursor = asked.pop("cursor", None)
    return QueryEngine(ledger, BUSINESS).ask(Question(**{"period": OCTOBER, **asked}), cursor=cursor)


def by_key(answer) -> dict[object, Decimal]:
    return {(*group.keys, group.currency): group.amount for group in answer.data}


def test_there_is_one_total_per_currency_and_none_over_currencies(ledger: Ledger) -> None:
    answer = ask(ledger)

    assert {t.currency: t.amount for t in answer.totals} == {"USD": Decimal("13.75"), "EUR": Decimal(150)}


def test_lines_other_and_unallocated_sum_to_the_total(ledger: Ledger) -> None:
    answer = ask(ledger, group_by=("tags.environment",), limit=1)

    [usd] = [t for t in answer.totals if t.currency == "USD"]
    parts = [p for p in (*answer.data, *answer.other, *answer.unallocated) if p.currency == "USD"]
    assert by_key(answer)["production", "USD"] == Decimal("14.75")
    assert sum(p.amount for p in parts) == usd.amount
    assert usd.groups == 3


def test_pages_lose_nothing_and_repeat_nothing(ledger: Ledger) -> None:
    first = ask(ledger, group_by=("ServiceName",), limit=1)
    second = ask(ledger, group_by=("ServiceName",), limit=1, cursor=first.pagination.next_cursor)

    usd = [group.keys for page in (first, second) for group in page.data if group.currency == "USD"]
    assert usd == [("Compute",), ("Storage",)]
    assert second.earlier[-1].amount == Decimal("11.75")
    assert not second.pagination.has_more


def test_a_comparison_shows_new_and_vanished_groups(ledger: Ledger) -> None:
    answer = ask(ledger, group_by=("ServiceName",), compare_to=SEPTEMBER, order_by=OrderBy.CHANGE)

    changes = {g.keys[0]: g.change for g in answer.data if g.currency == "USD"}
    assert changes == {"Compute": Decimal("4.75"), "Storage": Decimal(2), "Queue": Decimal(-1)}


def test_gross_and_credits_stand_beside_the_net(ledger: Ledger) -> None:
    answer = ask(ledger, also=(Measure.GROSS, Measure.CREDITS, Measure.LIST))

    [usd] = [t for t in answer.totals if t.currency == "USD"]
    assert usd.also == {"gross": Decimal("16.75"), "credits": Decimal(-3), "ListCost": Decimal("13.75")}


def test_a_series_has_one_amount_per_bucket_and_sums_to_its_line(ledger: Ledger) -> None:
    answer = ask(ledger, granularity=Granularity.DAY, group_by=("ServiceName",))

    assert answer.buckets == ("2026-10-01", "2026-10-02", "2026-10-20")
    assert all(sum(group.series) == group.amount for group in answer.data)
    assert all(sum(total.series) == total.amount for total in answer.totals)


def test_a_business_dimension_follows_the_account_through_time(ledger: Ledger) -> None:
    answer = ask(ledger, group_by=("team",))

    assert by_key(answer) == {("web", "USD"): Decimal("7.5"), ("core", "USD"): Decimal("4.25")}
    assert {(u.currency, u.amount) for u in answer.unallocated} == {("USD", Decimal(2)), ("EUR", Decimal(150))}


def test_a_known_business_value_without_spend_answers_zero(ledger: Ledger) -> None:
    answer = ask(ledger, filters=(CostFilter(column="team", values=("idle",)),))

    assert {t.currency: t.amount for t in answer.totals} == {"USD": Decimal(0), "EUR": Decimal(0)}


def test_a_renamed_account_keeps_its_series_under_its_latest_name(ledger: Ledger) -> None:
    both = ChargePeriod(start=SEPTEMBER.start, end=OCTOBER.end)
    answer = ask(ledger, period=both, group_by=("SubAccountName",))
    by_old_name = ask(ledger, period=both, filters=(CostFilter(column="SubAccountName", values=("Old",)),))

    assert by_key(answer)["New", "USD"] == Decimal(3)
    assert by_old_name.totals[0].amount == Decimal(3)


@pytest.mark.parametrize("operator", [FilterOperator.EQUALS, FilterOperator.IN, FilterOperator.NOT_IN])
def test_a_mistyped_value_is_an_error_with_near_matches(ledger: Ledger, operator: FilterOperator) -> None:
    with pytest.raises(UnknownValueError, match="Compte") as caught:
        ask(ledger, filters=(CostFilter(column="ServiceName", operator=operator, values=("Compte",)),))

    assert "Compute" in caught.value.hint


def test_an_unknown_column_is_an_error_with_near_matches(ledger: Ledger) -> None:
    with pytest.raises(UnknownColumnError) as caught:
        ask(ledger, group_by=("Servicename",))

    assert "ServiceName" in caught.value.hint


def test_an_answer_says_whose_time_its_age_is(ledger: Ledger, tmp_path: Path) -> None:
    part = export_part(tmp_path / "more", [cost_row(x_Provider="gcp", BillingAccountId="300")])
    dated = part.model_copy(update={"data_as_of": NOW, "dated_by": DatedBy.FILE_TIME})
    ledger.adopt([dated], [], now=NOW, reason="test")

    by_source = {fresh.source: (fresh.data_as_of, fresh.dated_by) for fresh in ask(ledger).freshness}

    assert by_source["gcp"] == (NOW, DatedBy.FILE_TIME)


def test_an_exclusion_keeps_what_has_no_value(ledger: Ledger) -> None:
    answer = ask(ledger, filters=(CostFilter(column="tags.Env", operator="not_in", values=("production",)),))

    assert {t.currency: t.amount for t in answer.totals} == {"USD": Decimal(-1), "EUR": Decimal(150)}


def test_a_conversion_uses_the_rate_of_the_day(ledger: Ledger) -> None:
    answer = ask(ledger, conversion=Conversion("USD", "bank"))

    [total] = answer.totals
    assert (total.currency, total.amount) == ("USD", Decimal("13.75") + Decimal(110) + Decimal(60))


def test_a_conversion_shows_the_billed_amounts_and_the_rates_of_the_period(ledger: Ledger) -> None:
    answer = ask(ledger, conversion=Conversion("USD", "bank"))

    assert answer.rates == "bank"
    euro, dollar = answer.converted_from or ()
    assert (euro.currency, euro.amount, euro.converted, euro.pair) == ("EUR", Decimal(150), Decimal(170), "EUR/USD")
    assert euro.rates == {"2026-01-01": Decimal("1.10"), "2026-10-15": Decimal("1.20")}
    assert (dollar.currency, dollar.amount, dollar.converted, dollar.rates) == ("USD", *[Decimal("13.75")] * 2, {})
    assert sum(one.converted for one in answer.converted_from or ()) == answer.totals[0].amount


def test_a_rate_from_outside_the_period_is_not_shown(ledger: Ledger) -> None:
    late = ChargePeriod(start=datetime(2026, 10, 16, tzinfo=UTC), end=OCTOBER.end)
    answer = ask(ledger, conversion=Conversion("USD", "bank"), period=late)

    [rates] = [one.rates for one in answer.converted_from or () if one.currency == "EUR"]
    assert rates == {"2026-10-15": Decimal("1.20")}


def test_a_gap_in_the_rates_names_the_months_that_lack_one(ledger: Ledger) -> None:
    late = BUSINESS.model_copy(update={"rates": {"bank": {"EUR/USD": {date(2026, 10, 15): Decimal("1.20")}}}})

    with pytest.raises(InvalidArgumentError, match=r"of: EUR 2026-10\.$") as refused:
        QueryEngine(ledger, late).ask(
            Question(period=ChargePeriod(start=SEPTEMBER.start, end=OCTOBER.end), conversion=Conversion("USD", "bank"))
        )

    assert "its rates for EUR begin 2026-10-15" in refused.value.hint


def test_a_conversion_without_a_rate_is_refused(ledger: Ledger) -> None:
    with pytest.raises(InvalidArgumentError, match="JPY"):
        ask(ledger, conversion=Conversion("JPY", "bank"))


def test_every_way_to_read_gives_the_same_total(ledger: Ledger) -> None:
    month = ask(ledger)
    resource = ask(ledger, group_by=("ResourceId",))
    lines = ask(ledger, group_by=("x_UsageType",))
    day = ask(ledger, granularity=Granularity.DAY)

    assert [a.evidence.read_from for a in (month, resource, lines, day)] == ["month", "resource", "line items", "day"]
    assert month.totals[1].amount == resource.totals[1].amount == lines.totals[1].amount == day.totals[1].amount


def test_a_period_beyond_the_data_says_so_first(ledger: Ledger) -> None:
    answer = ask(ledger, period=ChargePeriod.parse("2026"))

    assert not answer.coverage.complete
    assert any("aws: data" in note for note in answer.notes)


def test_a_period_without_any_bill_has_no_totals_and_says_what_the_ledger_holds(ledger: Ledger) -> None:
    answer = ask(ledger, period=ChargePeriod.parse("2020-01"), group_by=("ServiceName",))

    assert answer.totals == ()
    assert {gap.code for gap in answer.coverage.gaps} == {"no_data"}


def test_a_metric_that_a_source_does_not_know_is_said(ledger: Ledger, tmp_path: Path) -> None:
    rows = [cost_row(x_Provider="gcp", BillingAccountId="300")]
    part = export_part(tmp_path / "gcp", rows, bases=(CostBasis.BILLED,))
    ledger.adopt([part], [], now=NOW, reason="test")

    answer = ask(ledger)

    assert any(gap.code == "basis_unknown" and gap.source == "gcp" for gap in answer.coverage.gaps)


def test_one_total_ordered_by_key_is_that_total(ledger: Ledger) -> None:
    assert ask(ledger, order_by=OrderBy.KEY).totals == ask(ledger).totals


def test_a_period_that_no_bill_touches_has_no_costs(ledger: Ledger) -> None:
    for spend in (None, "without_credits"):
        answer = ask(ledger, period=ChargePeriod.month(2020, 1), group_by=("ServiceName",), spend=spend)

        assert (answer.totals, answer.data) == ((), ())


@pytest.mark.parametrize(
    "asked",
    [
        {"group_by": ("tags.enviroment",)},
        {"filters": [CostFilter(column="tags.enviroment", operator=FilterOperator.IS_NULL)]},
    ],
)
def test_a_mistyped_tag_key_is_an_error_with_near_keys_and_not_all_unallocated(ledger: Ledger, asked: dict) -> None:
    with pytest.raises(UnknownColumnError) as caught:
        ask(ledger, **asked)

    assert "tags.environment" in caught.value.hint


def test_a_comparison_names_the_period_that_lacks_data(ledger: Ledger) -> None:
    answer = ask(ledger, compare_to=ChargePeriod.month(2020, 1))

    assert not answer.coverage.complete
    assert any("no charges in this period" in note and "2020-01-01 to 2020-02-01" in note for note in answer.notes)


def test_accounts_that_only_a_source_kept_aside_knows_are_said(ledger: Ledger, tmp_path: Path) -> None:
    wide = [cost_row(SubAccountId=name) for name in ("a1", "a2", "a4", "a5")]
    other = [cost_row(SubAccountId=name) for name in ("a5", "a6")]
    for name, rows in (("wide", wide), ("other", other)):
        part = export_part(tmp_path / name, rows, source_key=name)
        ledger.adopt([part], [], now=NOW, reason="test")

    codes = {gap.code: gap.message for gap in ask(ledger).coverage.gaps}

    assert codes["not_counted"].startswith("1 accounts")
