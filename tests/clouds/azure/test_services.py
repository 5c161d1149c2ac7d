"""What the other services say of the ledger, asked with the real SDKs."""

from datetime import datetime
from decimal import Decimal

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.mgmt.billing import BillingManagementClient
from azure.mgmt.carbonoptimization import CarbonOptimizationMgmtClient
from azure.mgmt.consumption import ConsumptionManagementClient
from azure.mgmt.costmanagement import CostManagementClient
from azure.mgmt.managementgroups import ManagementGroupsMgmtClient
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.reservations import ReservationsMgmtClient

from tests.clouds.azure.endpoint import Endpoint
from tests.clouds.azure.identity import METRICS
from tests.clouds.azure.ledger import group_name


@pytest.fixture
def costs(azure: Endpoint):
    with CostManagementClient(azure.credential(), **azure.arm()) as client:
        yield client


def payer(azure: Endpoint) -> str:
    return azure.ledger.payers[0].strip("/")


def test_a_forecast_goes_on_from_the_days_before(azure: Endpoint, costs: CostManagementClient) -> None:
    asked = {
        "type": "ActualCost", "timeframe": "Custom", "includeActualCost": True, "includeFreshPartialCost": False,
        "timePeriod": {"from": "2026-11-20T00:00:00Z", "to": "2026-11-30T00:00:00Z"},
        "dataset": {"granularity": "Daily", "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}}},
    }  # fmt: skip

    answer = costs.forecast.usage(payer(azure), asked)

    names = [one.name for one in answer.columns]
    rows = [dict(zip(names, row, strict=True)) for row in answer.rows]
    assert {(row["UsageDate"] >= 20261124, row["CostStatus"]) for row in rows} == {
        (True, "Forecast"),
        (False, "Actual"),
    }
    assert len(rows) == 11
    [total] = azure.ledger.rows(
        "SELECT sum(billed) AS cost FROM line WHERE day BETWEEN DATE '2026-10-27' AND DATE '2026-11-23'"
    )
    assert rows[-1]["Cost"] == pytest.approx(float(total["cost"]) / 28)


def test_dimensions_list_the_months_services(azure: Endpoint, costs: CostManagementClient) -> None:
    found = list(
        costs.dimensions.list(payer(azure), filter="properties/category eq 'ServiceName'", expand="properties/data")
    )

    rows = azure.ledger.rows("SELECT DISTINCT service FROM line WHERE day >= DATE '2026-11-01' ORDER BY 1")
    assert [one.data for one in found] == [[row["service"] for row in rows]]


def test_a_division_has_its_budget_and_an_alert_when_it_is_spent(azure: Endpoint, costs: CostManagementClient) -> None:
    alerts = 0
    for row in azure.ledger.rows("SELECT DISTINCT division FROM budget"):
        name = group_name((str(row["division"]),))
        if azure.ledger.group(azure.ledger.home, name) is None:
            continue
        scope = f"providers/Microsoft.Management/managementGroups/{name}"
        [budget] = costs.budgets.list(scope)
        spent = budget.current_spend.amount / budget.amount
        found = costs.alerts.list(scope).value
        assert bool(found) == (spent > 0.9)
        alerts += len(found)
    assert alerts


def test_management_groups_form_the_companys_tree(azure: Endpoint) -> None:
    with ManagementGroupsMgmtClient(azure.credential(), **azure.arm()) as client:
        groups = {one.name for one in client.management_groups.list()}
        below = list(client.management_groups.get_descendants(azure.ledger.home))

    own = [one for one in azure.ledger.subscriptions if one.tenant == azure.ledger.home]
    assert {one.name for one in below if one.type == "/subscriptions"} == {one.id for one in own}
    assert groups == {azure.ledger.home} | {one.name for one in below if one.type != "/subscriptions"}


def test_commitments_are_listed_with_their_terms(azure: Endpoint) -> None:
    with ReservationsMgmtClient(azure.credential(), **azure.arm()) as client:
        reservations = list(client.reservation.list_all())
    with BillingManagementClient(azure.credential(), subscription_id="", **azure.arm()) as client:
        plans = list(client.savings_plans.list_by_billing_account(azure.ledger.billing_account))

    found = {one.id.lower() for one in [*reservations, *plans]}
    assert found == {row["commitment_discount_id"].lower() for row in azure.ledger.rows("SELECT * FROM commitment")}
    assert {one.properties.term for one in reservations} == {"P1Y", "P3Y"}
    assert [one.commitment.amount for one in plans] == [32.5]


def test_utilization_is_that_of_the_ledger(azure: Endpoint, costs: CostManagementClient) -> None:
    found = list(
        costs.benefit_utilization_summaries.list_by_billing_profile_id(
            azure.ledger.billing_account, azure.ledger.billing_profile, grain_parameter="Monthly",
            filter="properties/usageDate ge 2026-09-01 and properties/usageDate le 2026-09-30",
        )
    )  # fmt: skip

    [row] = azure.ledger.rows(
        "SELECT sum(effective) FILTER (benefit_status = 'Used') AS used, sum(effective) AS paid FROM line"
        " WHERE benefit_type = 'Savings Plan' AND benefit_status <> '' AND day < DATE '2026-10-01'"
    )
    expected = Decimal(str(row["used"] or 0)) * 100 / row["paid"]
    assert [one.properties.avg_utilization_percentage for one in found] == [
        pytest.approx(expected, abs=Decimal("0.001"))
    ]


def test_usage_details_add_up_to_the_ledger(azure: Endpoint) -> None:
    azure.page_sizes["list"] = 50
    with ConsumptionManagementClient(azure.credential(), subscription_id="", **azure.arm()) as client:
        found = list(client.usage_details.list(payer(azure), metric="ActualCost"))

    [row] = azure.ledger.rows("SELECT sum(billed) AS cost FROM line WHERE day >= DATE '2026-11-01'")
    total = sum(Decimal(str(one.properties.cost_in_billing_currency)) for one in found)
    assert abs(total - row["cost"]) < Decimal("0.0001")


def test_metrics_of_a_machine_alone_and_in_a_batch_agree(azure: Endpoint) -> None:
    row = azure.ledger.rows(
        "SELECT * FROM metric WHERE metric = 'cpu_utilization_percent' AND contains(resource_id, 'virtualmachines') ORDER BY start DESC LIMIT 1"
    )[0]
    subscription = str(row["resource_id"]).split("/")[2]
    tenant = azure.ledger.subscription(subscription).tenant
    span = ("2026-11-01T00:00:00Z", "2026-11-24T00:00:00Z")
    with MonitorManagementClient(azure.credential(tenant), subscription, **azure.arm()) as client:
        alone = client.metrics.list(
            row["resource_id"],
            timespan="/".join(span),
            interval="P1D",
            metricnames="Percentage CPU",
            aggregation="Average,Maximum",
        )
    data = alone.value[0].timeseries[0].data
    data_plane = azure.arm() | {"credential_scopes": [f"{METRICS}/.default"]}
    with CostManagementClient(azure.credential(tenant), **data_plane) as client:
        request = HttpRequest(
            "POST", f"{azure.url}/subscriptions/{subscription}/metrics:getBatch", json={"resourceids": [row["resource_id"]]},
            params={
                "api-version": "2024-02-01", "starttime": span[0], "endtime": span[1], "interval": "PT1H", "metricnames": "Percentage CPU",
                "metricnamespace": "Microsoft.Compute/virtualMachines", "aggregation": "Average",
            },
        )  # fmt: skip
        hours = client.send_request(request).json()["values"][0]["value"][0]["timeseries"][0]["data"]

    assert data[-1].time_stamp.date() == row["start"].date()
    assert (data[-1].average, data[-1].maximum) == (row["average"], row["maximum"])
    last = [one["average"] for one in hours if datetime.fromisoformat(one["timeStamp"]).date() == row["start"].date()]
    assert max(last) == row["maximum"]
    assert len(last) == 24


def test_carbon_is_published_late_and_by_subscription(azure: Endpoint) -> None:
    own = [one.id for one in azure.ledger.subscriptions if one.tenant == azure.ledger.home][:50]
    asked = {
        "reportType": "OverallSummaryReport", "subscriptionList": own, "carbonScopeList": ["Scope1", "Scope2", "Scope3"],
        "dateRange": {"start": "2026-10-01", "end": "2026-10-01"},
    }  # fmt: skip
    with CarbonOptimizationMgmtClient(azure.credential(), **azure.arm()) as client:
        span = client.carbon_service.query_carbon_emission_data_available_date_range()
        [overall] = client.carbon_service.query_carbon_emission_reports(asked).value

        with pytest.raises(HttpResponseError):
            client.carbon_service.query_carbon_emission_reports(
                asked | {"dateRange": {"start": "2026-11-01", "end": "2026-11-01"}}
            )

    assert (span.start_date, span.end_date) == ("2026-09-01", "2026-10-01")
    assert overall.latest_month_emissions > 0


def test_retail_prices_are_public_and_paged(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.page_sizes["retail"] = 4
    link, found = (
        f"{azure.url}/api/retail/prices?$filter=serviceName eq 'Virtual Machines' and armRegionName eq 'westeurope'",
        [],
    )
    while link:
        answer = costs.send_request(HttpRequest("GET", link.replace(" ", "%20"))).json()
        found += answer["Items"]
        link = answer["NextPageLink"]

    rows = azure.ledger.rows("SELECT * FROM price WHERE service_name = 'Virtual Machines' AND region_id = 'westeurope'")
    assert sorted(one["retailPrice"] for one in found) == sorted(float(row["list_unit_price"]) for row in rows)
    assert {one["type"] for one in found} == {"Consumption"}


def test_the_price_sheet_has_the_negotiated_prices(azure: Endpoint) -> None:
    azure.page_sizes["list"] = 1000
    with ConsumptionManagementClient(azure.credential(), azure.ledger.subscriptions[0].id, **azure.arm()) as client:
        sheet = client.price_sheet.get(expand="properties/meterDetails")

    rows = azure.ledger.rows("SELECT contracted_unit_price AS price FROM price")
    assert sorted(one.unit_price for one in sheet.pricesheets) == sorted(row["price"] for row in rows)
    assert all(one.unit_price <= one.meter_details.pretax_standard_rate for one in sheet.pricesheets)
