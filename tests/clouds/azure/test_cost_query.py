"""Cost Management Query keeps its documented limits, shifts dates as it does, and spends the tenant's query units."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.mgmt.costmanagement import CostManagementClient

from tests.clouds.azure.endpoint import Endpoint

QPU = "x-ms-ratelimit-microsoft.costmanagement-qpu"


@pytest.fixture
def costs(azure: Endpoint):
    with CostManagementClient(azure.credential(), retry_total=0, **azure.arm()) as client:
        yield client


def body(first: str = "2026-10-01", last: str = "2026-10-31", granularity: str = "None", *groups: str, **dataset):
    return {
        "type": "ActualCost", "timeframe": "Custom",
        "timePeriod": {"from": f"{first}T00:00:00Z", "to": f"{last}T23:59:59Z"},
        "dataset": {
            "granularity": granularity, "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
            "grouping": [{"type": "Dimension", "name": name} for name in groups], **dataset,
        },
    }  # fmt: skip


def payer(azure: Endpoint) -> str:
    return azure.ledger.payers[0].strip("/")


def refused(costs: CostManagementClient, scope: str, asked: dict) -> HttpResponseError:
    with pytest.raises(HttpResponseError) as caught:
        costs.query.usage(scope, asked)
    return caught.value


def total(answer) -> float:
    names = [one.name for one in answer.columns]
    return sum(row[names.index("Cost")] for row in answer.rows)


@pytest.mark.parametrize(
    "asked",
    [
        body("2026-10-01", "2026-10-31", "None", "ServiceName", "SubscriptionId", "ResourceLocation"),
        body("2026-10-01", "2026-11-01", "Daily"),
        body("2025-10-01", "2026-10-31", "Monthly"),
        body("2022-10-01", "2022-10-31"),
        body("2026-10-01", "2026-10-31", "None", "ResourceId"),
        body("2026-10-01", "2026-10-31", "None", "NoSuchDimension"),
        body(filter={"and": [{"dimensions": {"name": "ServiceName", "operator": "In", "values": ["Storage"]}}]}),
    ],
    ids=[
        "three groupings",
        "32 days",
        "13 months",
        "too old",
        "resources of a payer",
        "unknown dimension",
        "and of one",
    ],
)
def test_a_query_beyond_the_limits_is_refused(azure: Endpoint, costs: CostManagementClient, asked: dict) -> None:
    assert refused(costs, payer(azure), asked).error.code == "BadRequest"


def test_columns_have_their_types(azure: Endpoint, costs: CostManagementClient) -> None:
    by_day = costs.query.usage(payer(azure), body("2026-10-01", "2026-10-31", "Daily", "ServiceName"))
    by_month = costs.query.usage(payer(azure), body("2026-10-01", "2026-10-31", "Monthly"))

    assert [(one.name, one.type) for one in by_day.columns] == [
        ("Cost", "Number"), ("UsageDate", "Number"), ("ServiceName", "String"), ("Currency", "String"),
    ]  # fmt: skip
    assert [(one.name, one.type) for one in by_month.columns][1] == ("BillingMonth", "Datetime")
    assert by_day.rows[0][1] == 20261001
    assert by_month.rows[0][1] == "2026-10-01T00:00:00"


def test_pages_come_when_the_same_body_is_posted_again(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.page_sizes["query"] = 30
    asked = body("2026-10-01", "2026-10-31", "Daily", "ServiceName")

    answer = costs.query.usage(payer(azure), asked)
    rows, link = list(answer.rows), answer.next_link
    while link:
        said = costs.send_request(HttpRequest("POST", link, json=asked)).json()["properties"]
        rows, link = rows + said["rows"], said["nextLink"]

    azure.page_sizes.clear()
    assert rows == costs.query.usage(payer(azure), asked).rows
    other = costs.send_request(HttpRequest("POST", answer.next_link, json=body()))
    assert (other.status_code, other.json()["error"]["code"]) == (400, "BadRequest")


def test_dates_the_wrong_way_round_are_swapped_without_a_word(azure: Endpoint, costs: CostManagementClient) -> None:
    assert total(costs.query.usage(payer(azure), body("2026-10-31", "2026-10-01"))) == total(
        costs.query.usage(payer(azure), body())
    )


def test_a_span_in_the_future_is_shifted_to_end_today(azure: Endpoint, costs: CostManagementClient) -> None:
    shifted = costs.query.usage(payer(azure), body("2026-12-01", "2026-12-10"))

    assert total(shifted) == total(costs.query.usage(payer(azure), body("2026-11-15", "2026-11-24"))) != 0


def test_filters_and_tags_are_heard(azure: Endpoint, costs: CostManagementClient) -> None:
    tag = {"tags": {"name": "ENVIRONMENT", "operator": "In", "values": ["Sandbox", "sbx"]}}
    service = {"dimensions": {"name": "ServiceName", "operator": "In", "values": ["Functions", "Azure SQL Database"]}}

    answer = costs.query.usage(payer(azure), body(filter={"and": [tag, service]}))

    [row] = azure.ledger.rows(
        "SELECT sum(billed) AS cost FROM line WHERE service IN ('Functions', 'Azure SQL Database') AND month(day) = 10"
        " AND len(list_filter(map_entries(tag_map), lambda x: lower(x.key) = 'environment' AND lower(x.value) IN ('sandbox', 'sbx'))) > 0"
    )
    assert total(answer) == pytest.approx(float(row["cost"]))


def test_a_tag_groups_by_key_and_value(azure: Endpoint, costs: CostManagementClient) -> None:
    asked = body()
    asked["dataset"]["grouping"] = [{"type": "TagKey", "name": "Team"}]

    answer = costs.query.usage(payer(azure), asked)

    assert [one.name for one in answer.columns] == ["Cost", "TagKey", "TagValue", "Currency"]
    assert total(answer) == pytest.approx(total(costs.query.usage(payer(azure), body())))


def test_scopes_nest(azure: Endpoint, costs: CostManagementClient) -> None:
    root = total(costs.query.usage(f"providers/Microsoft.Management/managementGroups/{azure.ledger.home}", body()))
    answer = costs.query.usage(
        f"providers/Microsoft.Management/managementGroups/{azure.ledger.home}",
        body("2026-10-01", "2026-10-31", "None", "SubscriptionId"),
    )
    biggest = max(answer.rows)
    scope = f"subscriptions/{biggest[1]}"
    groups = costs.query.usage(scope, body("2026-10-01", "2026-10-31", "None", "ResourceGroup"))

    assert total(answer) == pytest.approx(root)
    assert total(groups) == pytest.approx(biggest[0]) == pytest.approx(total(costs.query.usage(scope, body())))
    named = next(row for row in groups.rows if row[1])
    assert total(costs.query.usage(f"{scope}/resourceGroups/{named[1].upper()}", body())) == pytest.approx(named[0])


def test_thirteen_units_in_ten_seconds_are_one_too_many(azure: Endpoint, costs: CostManagementClient) -> None:
    clock = [1000.0]
    azure.quotas.clock = lambda: clock[0]
    for _ in range(4):
        costs.query.usage(payer(azure), body("2026-08-01", "2026-10-31", "Monthly"))

    error = refused(costs, payer(azure), body())

    assert (error.status_code, error.error.code) == (429, "429")
    assert error.response.headers[f"{QPU}-retry-after"] == "10"
    assert "Retry-After" not in error.response.headers
    azure.quotas.retry_after = True
    assert refused(costs, payer(azure), body()).response.headers["Retry-After"] == "10"
    clock[0] += 10.1
    said: list = []
    costs.query.usage(payer(azure), body(), raw_response_hook=said.append)
    assert said[0].http_response.headers[f"{QPU}-consumed"] == "1"
    assert said[0].http_response.headers[f"{QPU}-remaining"] == "QueriesPerHour:587,QueriesPerMin:47,QueriesPer10Sec:11"


def test_each_tenant_has_its_own_units(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.quotas.clock = lambda: 1000.0
    for _ in range(12):
        costs.query.usage(payer(azure), body())
    assert refused(costs, payer(azure), body()).status_code == 429

    with CostManagementClient(azure.credential(azure.ledger.guest), **azure.arm()) as guest:
        guest.query.usage(f"providers/Microsoft.Management/managementGroups/{azure.ledger.guest}", body())


def test_callers_without_a_client_type_share_an_empty_bucket(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.quotas.default_client_exhausted = True

    error = refused(costs, payer(azure), body())

    assert error.response.headers["x-ms-ratelimit-microsoft.costmanagement-clienttype-retry-after"] == "17"
    costs.query.usage(payer(azure), body(), headers={"ClientType": "SkyLedger"})


def test_a_request_that_breaks_the_model_is_refused_and_noted(azure: Endpoint, costs: CostManagementClient) -> None:
    asked = body() | {"timeframe": "LastYear", "datasets": {}}

    with azure.violations_expected() as seen:
        error = refused(costs, payer(azure), asked)

    assert error.error.code == "InvalidRequestContent"
    assert any("'LastYear' is none of" in text for text in seen)
    assert any(".datasets: unknown member" in text for text in seen)
