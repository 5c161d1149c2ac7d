"""Cost Explorer's documented limits, pages and figures, through real boto3."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.clouds.aws.endpoint import Endpoint

OCTOBER = {"Start": "2026-10-01", "End": "2026-11-01"}
SEPTEMBER = {"Start": "2026-09-01", "End": "2026-10-01"}
BY_SERVICE = [{"Type": "DIMENSION", "Key": "SERVICE"}]
EC2 = "Amazon Elastic Compute Cloud - Compute"


@pytest.fixture
def ce(aws_here: Endpoint):  # noqa: ARG001
    return boto3.client("ce")


def ask(ce, **changes):
    given = {"TimePeriod": OCTOBER, "Granularity": "MONTHLY", "Metrics": ["UnblendedCost"], **changes}
    return ce.get_cost_and_usage(**given)


def total(answer, metric: str = "UnblendedCost") -> Decimal:
    return sum((Decimal(result["Total"][metric]["Amount"]) for result in answer["ResultsByTime"]), Decimal(0))


def groups(answer) -> dict[str, Decimal]:
    return {
        "/".join(group["Keys"]): Decimal(group["Metrics"]["UnblendedCost"]["Amount"])
        for result in answer["ResultsByTime"]
        for group in result["Groups"]
    }


REFUSED = {
    "three groupings": {"GroupBy": [{"Type": "DIMENSION", "Key": key} for key in ("SERVICE", "REGION", "AZ")]},
    "an unknown dimension": {"GroupBy": [{"Type": "DIMENSION", "Key": "COLOUR"}]},
    "resources without the operation for them": {"GroupBy": [{"Type": "DIMENSION", "Key": "RESOURCE_ID"}]},
    "no metric": {"Metrics": []},
    "an unknown metric": {"Metrics": ["EffectiveCost"]},
    "an empty period": {"TimePeriod": {"Start": "2026-10-01", "End": "2026-10-01"}},
    "hours of a month ago": {
        "TimePeriod": {"Start": "2026-10-01T00:00:00Z", "End": "2026-10-02T00:00:00Z"},
        "Granularity": "HOURLY",
    },
    "hours as dates": {"TimePeriod": {"Start": "2026-11-20", "End": "2026-11-21"}, "Granularity": "HOURLY"},
    "beyond the history": {"TimePeriod": {"Start": "2025-09-01", "End": "2026-11-01"}},
    "beyond the next month": {"TimePeriod": {"Start": "2026-11-01", "End": "2026-12-02"}},
    "two roots in a filter": {
        "Filter": {"Dimensions": {"Key": "REGION", "Values": ["x"]}, "Tags": {"Key": "team", "Values": ["x"]}}
    },
    "And of one": {"Filter": {"And": [{"Dimensions": {"Key": "REGION", "Values": ["us-east-1"]}}]}},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED.keys())
def test_documented_limits_are_refused_and_free(aws_here: Endpoint, ce, changes: dict) -> None:
    with pytest.raises(ClientError) as caught:
        ask(ce, **changes)

    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert aws_here.spent == 0


def test_the_end_is_exclusive_and_the_open_month_is_estimated(ce) -> None:
    answer = ask(ce, TimePeriod={"Start": "2026-10-15", "End": "2026-12-01"})

    assert [(r["TimePeriod"]["Start"], r["TimePeriod"]["End"], r["Estimated"]) for r in answer["ResultsByTime"]] == [
        ("2026-10-15", "2026-11-01", False),
        ("2026-11-01", "2026-12-01", True),
    ]


def test_days_add_up_to_their_month_and_hours_to_their_day(ce) -> None:
    days = ask(ce, Granularity="DAILY")
    day = ask(ce, TimePeriod={"Start": "2026-11-16", "End": "2026-11-17"})
    hours = ask(ce, TimePeriod={"Start": "2026-11-16T00:00:00Z", "End": "2026-11-17T00:00:00Z"}, Granularity="HOURLY")

    assert len(days["ResultsByTime"]) == 31
    assert total(days) == total(ask(ce))
    assert len(hours["ResultsByTime"]) == 24
    assert total(hours) == total(day)


def test_groups_come_without_total_and_totals_without_groups(ce) -> None:
    [plain], [grouped] = ask(ce)["ResultsByTime"], ask(ce, GroupBy=BY_SERVICE)["ResultsByTime"]

    assert plain["Groups"] == []
    assert grouped["Total"] == {}
    assert sum(groups({"ResultsByTime": [grouped]}).values()) == Decimal(plain["Total"]["UnblendedCost"]["Amount"])


def test_amounts_are_text_of_at_most_ten_decimals(ce) -> None:
    amounts = groups(ask(ce, Granularity="DAILY", GroupBy=BY_SERVICE))

    assert min(amount.as_tuple().exponent for amount in amounts.values()) == -10


def test_metrics_are_the_two_bases_of_the_bill(aws_here: Endpoint, ce) -> None:
    names = ["UnblendedCost", "NetUnblendedCost", "BlendedCost", "AmortizedCost", "NetAmortizedCost"]
    [result] = ask(ce, Metrics=names)["ResultsByTime"]
    [bill] = aws_here.ledger.rows(
        "SELECT sum(billed) AS billed, sum(effective) AS effective FROM line WHERE payer = ?"
        " AND start_at >= DATE '2026-10-01' AND start_at < DATE '2026-11-01'",
        [aws_here.ledger.payers[0]],
    )

    amounts = {name: Decimal(figure["Amount"]) for name, figure in result["Total"].items()}

    assert amounts == {name: round(bill["effective" if "Amortized" in name else "billed"], 10) for name in names}


def test_filters_and_their_negation_share_the_total(ce) -> None:
    region = {"Dimensions": {"Key": "REGION", "Values": ["eu-west-1", "us-east-1"]}}
    team = {"Tags": {"Key": "team", "MatchOptions": ["ABSENT"]}}
    both = {"And": [region, team]}

    assert total(ask(ce, Filter=both)) + total(ask(ce, Filter={"Not": both})) == total(ask(ce))
    assert 0 < total(ask(ce, Filter=both)) < total(ask(ce, Filter=region))


def test_tags_and_cost_categories_group_by_key_and_value(ce) -> None:
    by_team = groups(ask(ce, GroupBy=[{"Type": "TAG", "Key": "team"}]))
    by_division = groups(ask(ce, GroupBy=[{"Type": "COST_CATEGORY", "Key": "Division"}]))

    assert "team$" in by_team
    assert {"Division$Logistics", "Division$Platform"} <= by_division.keys()
    assert sum(by_team.values()) == sum(by_division.values()) == total(ask(ce))


def test_pages_cut_a_period_and_miss_nothing(aws_here: Endpoint, ce) -> None:
    whole = groups(ask(ce, GroupBy=BY_SERVICE))
    aws_here.page_sizes["ce"] = 7
    seen: Counter[str] = Counter()
    token: dict[str, str] = {}
    while True:
        answer = ask(ce, GroupBy=BY_SERVICE, **token)
        seen.update(groups(answer).keys())
        if "NextPageToken" not in answer:
            break
        token = {"NextPageToken": answer["NextPageToken"]}

    assert seen == Counter(whole.keys())
    assert aws_here.spent == Decimal("0.01") * (1 + -(-len(whole) // 7))


def test_a_page_token_is_bound_to_its_request(aws_here: Endpoint, ce) -> None:
    aws_here.page_sizes["ce"] = 7
    token = ask(ce, GroupBy=BY_SERVICE)["NextPageToken"]
    codes = []
    for changes in ({"TimePeriod": SEPTEMBER, "NextPageToken": token}, {"NextPageToken": "not a token"}):
        with pytest.raises(ClientError) as caught:
            ask(ce, GroupBy=BY_SERVICE, **changes)
        codes.append(caught.value.response["Error"]["Code"])

    assert codes == ["RequestChangedException", "InvalidNextTokenException"]
    again = [groups(ask(ce, GroupBy=BY_SERVICE, NextPageToken=token)) for _ in range(2)]
    assert again[0] == again[1]


def test_a_member_account_sees_its_own_costs_if_members_may_look(aws_here: Endpoint, ce) -> None:
    by_account = groups(ask(ce, GroupBy=[{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}]))
    account = max(by_account.keys() - {aws_here.ledger.payers[0]}, key=by_account.__getitem__)
    role = f"arn:aws:iam::{account}:role/SkyLedgerReadOnly"
    given = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    member = boto3.client(
        "ce",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    aws_here.settings["members_see_costs"] = True

    assert total(ask(member)) == by_account[account]


def test_an_account_without_costs_has_no_data_yet(aws_here: Endpoint) -> None:
    spending = {row["account"] for row in aws_here.ledger.rows("SELECT DISTINCT account FROM line")}
    new = next(a["id"] for a in aws_here.ledger.accounts if a["id"] not in spending and a["payer"] == "418273650912")
    role = f"arn:aws:iam::{new}:role/SkyLedgerReadOnly"
    given = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    aws_here.settings["members_see_costs"] = True
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], "us-east-1")

    with pytest.raises(ClientError, match="DataUnavailableException"):
        ask(session.client("ce"))


def test_resources_are_named_for_the_last_fourteen_days_only(ce) -> None:
    of_ec2 = {"Dimensions": {"Key": "SERVICE", "Values": [EC2]}}
    by_resource = {"Granularity": "DAILY", "Metrics": ["UnblendedCost"], "Filter": of_ec2}
    by_resource["GroupBy"] = [{"Type": "DIMENSION", "Key": "RESOURCE_ID"}]
    late = {"Start": "2026-11-15", "End": "2026-11-20"}

    answer = ce.get_cost_and_usage_with_resources(TimePeriod=late, **by_resource)
    with pytest.raises(ClientError, match="last 14 days"):
        ce.get_cost_and_usage_with_resources(TimePeriod=OCTOBER, **by_resource)

    assert sum(groups(answer).values()) > 0
    assert any(key.startswith("i-") for key in groups(answer))


def test_lists_say_what_can_be_asked(ce) -> None:
    services = ce.get_dimension_values(TimePeriod=OCTOBER, Dimension="SERVICE")
    ordered = ce.get_dimension_values(
        TimePeriod=OCTOBER, Dimension="SERVICE", SortBy=[{"Key": "UnblendedCost", "SortOrder": "DESCENDING"}]
    )
    amounts = groups(ask(ce, GroupBy=BY_SERVICE))

    assert [item["Value"] for item in services["DimensionValues"]] == sorted(amounts)
    assert ordered["DimensionValues"][0]["Value"] == max(amounts, key=amounts.__getitem__)
    assert {"team", "メモ"} <= set(ce.get_tags(TimePeriod=OCTOBER)["Tags"])
    assert "" in ce.get_tags(TimePeriod=OCTOBER, TagKey="team")["Tags"]
    assert ce.get_cost_categories(TimePeriod=OCTOBER)["CostCategoryNames"] == ["Division", "Stage"]
    assert "Logistics" in ce.get_cost_categories(TimePeriod=OCTOBER, CostCategoryName="Division")["CostCategoryValues"]


def test_a_forecast_starts_today_and_its_parts_make_the_total(aws_here: Endpoint, ce) -> None:
    today, ahead = aws_here.now.date(), {"Metric": "UNBLENDED_COST", "Granularity": "DAILY"}
    week = {"Start": today.isoformat(), "End": (today + timedelta(days=7)).isoformat()}
    yesterday = {"Start": (today - timedelta(days=1)).isoformat(), "End": week["End"]}

    answer = ce.get_cost_forecast(TimePeriod=week, **ahead)
    with pytest.raises(ClientError, match="Start date must be equal to or later"):
        ce.get_cost_forecast(TimePeriod=yesterday, **ahead)

    days = answer["ForecastResultsByTime"]
    assert len(days) == 7
    assert all(
        Decimal(d["PredictionIntervalLowerBound"])
        <= Decimal(d["MeanValue"])
        <= Decimal(d["PredictionIntervalUpperBound"])
        for d in days
    )
    assert abs(sum(Decimal(d["MeanValue"]) for d in days) - Decimal(answer["Total"]["Amount"])) < Decimal("1e-8")


def test_an_anomaly_is_an_unusual_day_with_its_causes(ce) -> None:
    [monitor] = ce.get_anomaly_monitors()["AnomalyMonitors"]
    since = {"StartDate": "2026-09-15"}

    found = ce.get_anomalies(DateInterval=since, MonitorArn=monitor["MonitorArn"])["Anomalies"]
    large = ce.get_anomalies(DateInterval=since, TotalImpact={"NumericOperator": "GREATER_THAN", "StartValue": 1000})[
        "Anomalies"
    ]

    assert 0 < len(large) < len(found)
    for anomaly in found:
        day, impact = anomaly["AnomalyStartDate"][:10], anomaly["Impact"]
        assert impact["TotalActualSpend"] > 1.5 * impact["TotalExpectedSpend"], day
        assert anomaly["RootCauses"][0]["Service"] == anomaly["DimensionValue"]


def test_utilisation_adds_up_over_its_plans_and_months(ce) -> None:
    span = {"Start": "2026-09-01", "End": "2026-11-01"}
    answer = ce.get_savings_plans_utilization(TimePeriod=span, Granularity="MONTHLY")
    details = ce.get_savings_plans_utilization_details(TimePeriod=span)

    def committed(parts) -> Decimal:
        return sum((Decimal(part["Utilization"]["TotalCommitment"]) for part in parts), Decimal(0))

    [whole] = {committed([answer["Total"]]), committed([details["Total"]])}
    assert committed(answer["SavingsPlansUtilizationsByTime"]) == whole
    assert committed(details["SavingsPlansUtilizationDetails"]) == whole == 61 * 1350


def test_coverage_is_a_share_of_what_could_be_covered(ce) -> None:
    plans = ce.get_savings_plans_coverage(TimePeriod=OCTOBER)["SavingsPlansCoverages"]
    reserved = ce.get_reservation_coverage(TimePeriod=OCTOBER)["Total"]["CoverageHours"]
    used = ce.get_reservation_utilization(TimePeriod=OCTOBER)["Total"]

    assert 0 <= Decimal(plans[0]["Coverage"]["CoveragePercentage"]) <= 100
    assert Decimal(reserved["ReservedHours"]) + Decimal(reserved["OnDemandHours"]) == Decimal(
        reserved["TotalRunningHours"]
    )
    assert 0 < Decimal(used["UtilizationPercentage"]) < 100


def test_advice_to_buy_says_its_arithmetic(ce) -> None:
    answer = ce.get_savings_plans_purchase_recommendation(
        SavingsPlansType="COMPUTE_SP",
        TermInYears="ONE_YEAR",
        PaymentOption="NO_UPFRONT",
        LookbackPeriodInDays="THIRTY_DAYS",
    )["SavingsPlansPurchaseRecommendation"]
    [detail] = answer["SavingsPlansPurchaseRecommendationDetails"]
    reserved = ce.get_reservation_purchase_recommendation(Service="Amazon Relational Database Service")

    assert Decimal(detail["HourlyCommitmentToPurchase"]) < Decimal(detail["CurrentAverageHourlyOnDemandSpend"])
    assert detail["UpfrontCost"] == "0"
    assert reserved["Recommendations"][0]["RecommendationDetails"]


def test_comparison_drivers_name_what_moved(ce) -> None:
    months = {"BaselineTimePeriod": SEPTEMBER, "ComparisonTimePeriod": OCTOBER}
    whole = ce.get_cost_and_usage_comparisons(**months, MetricForComparison="UnblendedCost")
    drivers = ce.get_cost_comparison_drivers(**months, MetricForComparison="UnblendedCost")["CostComparisonDrivers"]

    difference = Decimal(whole["TotalCostAndUsage"]["UnblendedCost"]["Difference"])
    assert difference == total(ask(ce)) - total(ask(ce, TimePeriod=SEPTEMBER))
    moves = [abs(Decimal(driver["Metrics"]["UnblendedCost"]["Difference"])) for driver in drivers]
    assert moves == sorted(moves, reverse=True)
