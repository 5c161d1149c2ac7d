"""What AWS expects and notices by itself, through MCP: budgets, anomalies, forecasts; what they cost, and refusals."""

import json
from datetime import timedelta
from decimal import Decimal

import boto3
import pytest
from mcp import Client, MCPError

from tests.clouds.aws.endpoint import Endpoint
from tests.servers.aws.conftest import Server, told

CENT = Decimal("0.01")


async def test_budgets_are_those_of_aws_with_their_thresholds(server: Server, aws_here: Endpoint) -> None:
    payer = aws_here.ledger.payers[0]
    answer = await told(server(), "list_budgets", limit=50)
    over = await told(server(), "list_budgets", limit=50, exceeded=True)

    said = boto3.client("budgets").describe_budgets(AccountId=payer)["Budgets"]
    assert {one["budget_name"] for one in answer["data"]} == {one["BudgetName"] for one in said}
    assert len(said) > 3
    known = {one["BudgetName"]: one for one in said}
    for one in answer["data"]:
        native = known[one["budget_name"]]
        limit = Decimal(native["BudgetLimit"]["Amount"])
        actual = Decimal(native["CalculatedSpend"]["ActualSpend"]["Amount"])
        forecast = Decimal(native["CalculatedSpend"]["ForecastedSpend"]["Amount"])
        assert (Decimal(one["limit"]), Decimal(one["actual"]), Decimal(one["forecast"])) == (limit, actual, forecast)
        assert (one["period"], one["metric"], one["currency"]) == (
            "Monthly",
            "AmortizedCost",
            native["BudgetLimit"]["Unit"],
        )
        assert one["exceeded"] is (actual > limit)
        first, second = one["thresholds"]
        assert (first["on"], Decimal(first["amount"]), first["exceeded"]) == (
            "actual",
            limit * 8 / 10,
            actual > limit * 8 / 10,
        )
        assert (second["on"], Decimal(second["amount"]), second["exceeded"]) == ("forecast", limit, forecast > limit)
    assert {one["budget_id"] for one in over["data"]} == {one["budget_id"] for one in answer["data"] if one["exceeded"]}
    assert aws_here.spent == 0


async def test_budgets_that_are_refused_are_a_gap_and_a_missing_permission(server: Server, aws_here: Endpoint) -> None:
    aws_here.faults.add("budgets:DescribeBudgets", reason="access_denied")
    app = server()

    answer = await told(app, "list_budgets")
    card = await told(app, "describe_server")

    assert (answer["data"], answer["coverage"]["complete"]) == ([], False)
    assert answer["coverage"]["gaps"][0]["code"] == "permission_denied"
    missing = {one["permission"]: one["tools"] for one in card["access"]["missing_permissions"]}
    assert missing["budgets:ViewBudget"] == ["aws_list_budgets"]


async def test_anomalies_say_what_was_spent_beyond_the_expected(server: Server, aws_here: Endpoint) -> None:
    aws_here.page_sizes["ce"] = 2
    answer = await told(server(), "list_anomalies", limit=100)
    paid = aws_here.spent
    again = await told(server(), "list_anomalies", limit=100)

    since = aws_here.now - timedelta(days=90)
    client = boto3.client("ce")
    arguments = {"DateInterval": {"StartDate": f"{since:%Y-%m-%d}", "EndDate": f"{aws_here.now:%Y-%m-%d}"}}
    said, token = [], {}
    while True:
        page = client.get_anomalies(**arguments, **token)
        said += page["Anomalies"]
        if "NextPageToken" not in page:
            break
        token = {"NextPageToken": page["NextPageToken"]}
    assert again["data"] == answer["data"]
    assert [one["anomaly_id"] for one in answer["data"]] != []
    known = {one["AnomalyId"]: one for one in said}
    assert set(known) == {one["anomaly_id"] for one in answer["data"]}
    for one in answer["data"]:
        native = known[one["anomaly_id"]]["Impact"]
        assert Decimal(one["impact"]) == Decimal(str(native["TotalImpact"]))
        assert Decimal(one["actual"]) == Decimal(str(native["TotalActualSpend"]))
        assert abs(Decimal(one["actual"]) - Decimal(one["expected"]) - Decimal(one["impact"])) < CENT
        assert one["monitor"] == "Default-Services-Monitor"
        assert one["currency"] == aws_here.ledger.currency_of(aws_here.ledger.payers[0])
        assert one["root_causes"][0]["dimensions"]["Service"] == one["subject"]
    days = [one["first_day"] for one in answer["data"]]
    assert days == sorted(days, reverse=True)
    # One request a page, one for the monitors, one for the currency; the second question cost nothing.
    assert paid == CENT * ((len(said) + 1) // 2 + 2)


async def test_a_forecast_is_the_sum_of_its_buckets_and_costs_one_request(server: Server, aws_here: Endpoint) -> None:
    asked = {"start": f"{aws_here.now + timedelta(days=1):%Y-%m-%d}", "end": "2027-02-01"}
    answer = await told(server(), "forecast_costs", **asked, level=90)
    by_day = await told(server(), "forecast_costs", **asked, level=90, granularity="day", metric="BilledCost")
    paid = aws_here.spent
    again = await told(server(), "forecast_costs", **asked, level=90)

    said = boto3.client("ce").get_cost_forecast(
        TimePeriod={"Start": asked["start"], "End": asked["end"]},
        Metric="NET_AMORTIZED_COST",
        Granularity="MONTHLY",
        PredictionIntervalLevel=90,
    )
    [total] = answer["totals"]
    assert abs(Decimal(total["mean"]) - Decimal(said["Total"]["Amount"])) < CENT
    assert total["currency"] == said["Total"]["Unit"]
    assert [one["mean"] for one in answer["data"]] == [one["mean"] for one in again["data"]]
    for one, native in zip(answer["data"], said["ForecastResultsByTime"], strict=True):
        assert Decimal(one["lower"]) <= Decimal(one["mean"]) <= Decimal(one["upper"])
        assert Decimal(one["upper"]) == Decimal(native["PredictionIntervalUpperBound"])
        assert one["native_metric"] == "NET_AMORTIZED_COST"
    assert len(by_day["data"]) > len(answer["data"]) > 1
    assert {one["native_metric"] for one in by_day["data"]} == {"NET_UNBLENDED_COST"}
    assert paid == 2 * CENT


async def test_a_forecast_can_be_narrowed_like_costs(server: Server, aws_here: Endpoint) -> None:
    asked = {"start": "2026-12-01", "end": "2027-01-01"}
    whole = await told(server(), "forecast_costs", **asked)
    account = aws_here.ledger.rows(
        "SELECT account FROM line WHERE payer = ? AND category = 'Usage' GROUP BY account ORDER BY sum(billed) DESC",
        [aws_here.ledger.payers[0]],
    )[0]["account"]
    part = await told(server(), "forecast_costs", **asked, filters=[{"column": "SubAccountId", "values": [account]}])
    rest = await told(
        server(),
        "forecast_costs",
        **asked,
        filters=[{"column": "SubAccountId", "operator": "not_in", "values": [account]}],
    )

    mean = [Decimal(answer["totals"][0]["mean"]) for answer in (whole, part, rest)]
    assert abs(mean[0] - mean[1] - mean[2]) < CENT
    assert mean[1] > 0
    assert mean[2] > 0


async def test_what_cannot_be_forecast_is_refused_without_cost(server: Server, aws_here: Endpoint) -> None:
    app = server()
    past = await told(app, "forecast_costs", start="2026-09-01", end="2026-10-01")
    listed = await told(app, "forecast_costs", start="2026-12-01", end="2027-01-01", metric="ListCost")
    far = await told(app, "forecast_costs", start="2026-12-01", end="2032-01-01")

    assert [one["error"]["code"] for one in (past, listed, far)] == [
        "invalid_period",
        "source_not_enabled",
        "invalid_period",
    ]
    assert aws_here.spent == 0


async def test_an_empty_purse_stops_anomalies_and_forecasts(server: Server, aws_here: Endpoint) -> None:
    app = server(daily_purse=Decimal(0))
    forecast = await told(app, "forecast_costs", start="2026-12-01", end="2027-01-01")
    anomalies = await told(app, "list_anomalies")

    assert forecast["error"]["code"] == "purse_empty"
    assert [gap["code"] for gap in anomalies["coverage"]["gaps"]] == ["purse_empty"]
    assert aws_here.spent == 0


async def read(server, uri: str) -> dict:
    async with Client(server) as client:
        [found] = (await client.read_resource(f"skyledger://aws/{uri}")).contents
    return json.loads(found.text)


async def test_commitments_say_how_far_they_were_used(server: Server, aws_here: Endpoint) -> None:
    answer = await told(server(regions=("us-east-1",)), "list_commitments", limit=50)

    today = aws_here.now.replace(hour=0, minute=0, second=0, microsecond=0)
    span = {"Start": f"{today - timedelta(days=30):%Y-%m-%d}", "End": f"{today:%Y-%m-%d}"}
    said = boto3.client("ce").get_savings_plans_utilization_details(TimePeriod=span)["SavingsPlansUtilizationDetails"]
    percent = {one["SavingsPlanArn"]: float(one["Utilization"]["UtilizationPercentage"]) for one in said}
    told_of = {
        one["commitment_discount_id"]: one["utilization"] * 100 for one in answer["data"] if "utilization" in one
    }
    assert told_of == pytest.approx(percent)
    assert max(percent.values()) > 0


async def test_without_a_purse_commitments_are_listed_without_their_use(server: Server, aws_here: Endpoint) -> None:
    answer = await told(server(regions=("us-east-1",), daily_purse=Decimal(0)), "list_commitments", limit=50)

    assert answer["data"]
    assert all("utilization" not in one for one in answer["data"])
    assert aws_here.spent == 0
    assert not any("purse" in gap["message"] for gap in answer["coverage"]["gaps"])


async def test_coverage_of_a_month_is_what_cost_explorer_says_and_is_kept(server: Server, aws_here: Endpoint) -> None:
    found = await read(server(), "commitment-coverage/2026-10")
    paid = aws_here.spent
    again = await read(server(), "commitment-coverage/2026-10")

    client = boto3.client("ce")
    asked = {"TimePeriod": {"Start": "2026-10-01", "End": "2026-11-01"}, "Granularity": "MONTHLY"}
    [one] = found["data"]
    [covered] = client.get_savings_plans_coverage(**asked)["SavingsPlansCoverages"]
    assert one["savings_plans"]["coverage"] == covered["Coverage"]
    assert one["savings_plans"]["utilization"] == client.get_savings_plans_utilization(**asked)["Total"]
    assert one["reservations"]["coverage"] == client.get_reservation_coverage(**asked)["Total"]
    assert one["reservations"]["utilization"] == client.get_reservation_utilization(**asked)["Total"]
    assert (again, paid) == (found, 4 * CENT)


async def test_drivers_explain_the_difference_of_two_months(server: Server, aws_here: Endpoint) -> None:
    aws_here.page_sizes["ce"] = 4
    found = await read(server(), "cost-drivers/2026-09/2026-10")

    [one] = found["data"]
    moved = [abs(Decimal(each["Metrics"]["NetAmortizedCost"]["Difference"])) for each in one["drivers"]]
    assert len(moved) > 4
    assert moved == sorted(moved, reverse=True)
    first = one["drivers"][0]
    service = first["CostSelector"]["Dimensions"]["Values"][0]
    [row] = aws_here.ledger.rows(
        "SELECT sum(effective) FILTER (WHERE strftime(start_at, '%Y-%m') = '2026-10') - sum(effective)"
        " FILTER (WHERE strftime(start_at, '%Y-%m') = '2026-09') AS moved FROM line WHERE payer = ? AND service = ?",
        [aws_here.ledger.payers[0], service],
    )
    assert abs(Decimal(first["Metrics"]["NetAmortizedCost"]["Difference"]) - row["moved"]) < CENT
    assert first["CostDrivers"]


async def test_tags_and_categories_by_which_costs_can_be_allocated(server: Server, aws_here: Endpoint) -> None:
    aws_here.page_sizes["ce"] = 3
    found = await read(server(), "cost-allocation")

    [one] = found["data"]
    keys = {
        row["key"]
        for row in aws_here.ledger.rows(
            "SELECT DISTINCT unnest(map_keys(tags)) AS key FROM line WHERE payer = ?", [aws_here.ledger.payers[0]]
        )
    }
    assert len(one["tags"]) == len(keys) > 3
    assert {tag["Status"] for tag in one["tags"]} == {"Active"}
    assert [category["Name"] for category in one["cost_categories"]] == ["Division", "Stage"]


@pytest.mark.parametrize("uri", ["commitment-coverage/2026-13", "cost-drivers/october/2026-10", "cost-allocation"])
async def test_a_resource_says_why_it_cannot_be_read(server: Server, aws_here: Endpoint, uri: str) -> None:
    async with Client(server(daily_purse=Decimal(0))) as client:
        with pytest.raises(MCPError, match=r"is not a month|purse"):
            await client.read_resource(f"skyledger://aws/{uri}")

    assert aws_here.spent == 0
