"""Resource Manager, Cloud Billing, Catalog, Budgets, Recommender, Cloud Asset and Monitoring through Google's clients."""

from datetime import timedelta
from decimal import Decimal

import pytest
from google.api_core import exceptions
from google.cloud import asset_v1, billing_v1, monitoring_v3, recommender_v1, resourcemanager_v3
from google.cloud.billing import budgets_v1
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport

from tests.clouds.gcp.endpoint import Endpoint

MAIN = "billingAccounts/01A7F3-9C42E8-D5B610"
ORGANISATION = "organizations/472910385561"
COMPUTE = "services/6F81-5844-456A"


@pytest.fixture
def rest(gcp: Endpoint):
    opened = []

    def open_client(kind, **more):
        opened.append(kind(credentials=gcp.credentials(), client_options=gcp.options(), transport="rest", **more))
        return opened[-1]

    yield open_client
    for client in opened:
        client.transport.close()


def amount(money) -> Decimal:
    return Decimal(money.units) + Decimal(money.nanos) / 10**9


def test_the_tree_of_organisation_folders_and_projects_holds_together(gcp: Endpoint, rest) -> None:
    gcp.page_sizes |= {"Folders": 7, "Projects": 30}
    [organisation] = rest(resourcemanager_v3.OrganizationsClient).search_organizations()
    folders = list(rest(resourcemanager_v3.FoldersClient).search_folders())
    projects = list(rest(resourcemanager_v3.ProjectsClient).search_projects())

    assert (organisation.name, organisation.display_name) == (ORGANISATION, "quillhaven.example")
    known = {ORGANISATION, *(one.name for one in folders)}
    assert {one.parent for one in [*folders, *projects]} <= known
    assert len({one.name for one in projects}) == len(projects) == 81
    assert gcp.calls("Projects.SearchProjects") == [200, 200, 200]
    listed = list(rest(resourcemanager_v3.ProjectsClient).list_projects(parent=projects[0].parent))
    assert projects[0] in listed
    by_id = rest(resourcemanager_v3.ProjectsClient).get_project(name=f"projects/{projects[0].project_id}")
    assert by_id == projects[0]


def test_a_projects_ancestors_in_the_export_are_those_of_resource_manager(gcp: Endpoint, rest) -> None:
    [row] = gcp.ledger.rows("SELECT project FROM detailed WHERE project IS NOT NULL LIMIT 1")
    client = rest(resourcemanager_v3.FoldersClient)
    project = rest(resourcemanager_v3.ProjectsClient).get_project(name=f"projects/{row['project']['id']}")

    names, at = [project.name], project.parent
    while at.startswith("folders/"):
        names.append(at)
        at = client.get_folder(name=at).parent

    assert [one["resource_name"] for one in row["project"]["ancestors"]] == [*names, at]


def test_every_project_is_paid_for_by_one_account(two_accounts: Endpoint) -> None:
    two_accounts.page_sizes["CloudBilling"] = 20
    options, credentials = two_accounts.options(), two_accounts.credentials()
    with billing_v1.CloudBillingClient(credentials=credentials, client_options=options, transport="rest") as client:
        accounts = [one.name for one in client.list_billing_accounts()]
        paid = {
            account: {one.project_id for one in client.list_project_billing_info(name=account)} for account in accounts
        }
        info = client.get_project_billing_info(name="projects/qh-billing")

    assert len(accounts) == 2
    assert not paid[accounts[0]] & paid[accounts[1]]
    assert sum(map(len, paid.values())) == 81
    assert info.billing_account_name == MAIN


def test_permission_on_one_billing_account_only(two_accounts: Endpoint) -> None:
    two_accounts.policy.deny("billing.*", "billingAccounts/0B52C9*")
    options, credentials = two_accounts.options(), two_accounts.credentials()
    with billing_v1.CloudBillingClient(credentials=credentials, client_options=options, transport="rest") as client:
        assert [one.name for one in client.list_billing_accounts()] == [MAIN]
        with pytest.raises(exceptions.Forbidden):
            list(client.list_project_billing_info(name="billingAccounts/0B52C9-7E10D4-AA93F1"))


def test_machine_prices_are_composed_of_core_and_ram_exactly(gcp: Endpoint, rest) -> None:
    gcp.page_sizes["CloudCatalog"] = 50
    skus = list(rest(billing_v1.CloudCatalogClient).list_skus(parent=COMPUTE))

    def price(start: str) -> Decimal:
        [sku] = [one for one in skus if one.description.startswith(start) and "europe-west1" in one.service_regions]
        assert sku.category.usage_type == "OnDemand"
        return amount(sku.pricing_info[0].pricing_expression.tiered_rates[-1].unit_price)

    core, ram = price("N2 Instance Core"), price("N2 Instance Ram")
    assert 8 * core + 32 * ram == Decimal("0.388472")
    assert 32 * core + 256 * ram == Decimal("2.096")
    assert 2 * price("N1 Predefined Instance Core") + Decimal("7.5") * price("N1 Predefined Instance Ram") == Decimal(
        "0.09499"
    )
    assert 208 * price("Memory-optimized Instance Core") + 5888 * price("Memory-optimized Instance Ram") == Decimal(
        "42.186"
    )
    assert len({one.sku_id for one in skus}) * 6 >= len(skus) > 150
    assert {one.category.usage_type for one in skus} == {"OnDemand", "Preemptible", "Commit1Yr", "Commit3Yr"}
    assert len(gcp.calls("CloudCatalog.ListSkus")) > 3


def test_a_free_tier_comes_first(rest) -> None:
    client = rest(billing_v1.CloudCatalogClient)
    services = {one.display_name: one.name for one in client.list_services()}
    sku = next(iter(client.list_skus(parent=services["Cloud Logging"])))

    tiers = sku.pricing_info[0].pricing_expression.tiered_rates
    assert [(one.start_usage_amount, amount(one.unit_price)) for one in tiers] == [(0, 0), (50, Decimal("0.5"))]


def test_budgets_are_those_of_the_business(gcp: Endpoint, rest) -> None:
    found = {one.display_name: one for one in rest(budgets_v1.BudgetServiceClient).list_budgets(parent=MAIN)}

    [truth] = gcp.ledger.rows("SELECT amount FROM budget WHERE division = 'Labs' ORDER BY month DESC LIMIT 1")
    assert amount(found["Labs"].amount.specified_amount) == truth["amount"]
    assert found["Labs"].budget_filter.resource_ancestors[0].startswith("folders/")
    assert [one.threshold_percent for one in found["Labs"].threshold_rules] == [0.5, 0.9, 1.0]
    assert rest(budgets_v1.BudgetServiceClient).get_budget(name=found["Labs"].name) == found["Labs"]


def test_recommendations_stand_in_their_place_with_savings_and_evidence(gcp: Endpoint, rest) -> None:
    client = rest(recommender_v1.RecommenderClient)
    rows = gcp.ledger.rows("SELECT a.*, i.availability_zone AS zone FROM advice a JOIN item i USING (resource_id)")
    recommender = "google.compute.disk.IdleResourceRecommender"
    places = {(row["sub_account_id"], row["zone"]) for row in rows if row["resource_type"] == "block_volume"}

    found = [
        one
        for project, zone in places
        for one in client.list_recommendations(parent=f"projects/{project}/locations/{zone}/recommenders/{recommender}")
    ]

    saved = {one.target_resources[0]: amount(one.primary_impact.cost_projection.cost) for one in found}
    assert saved == {
        row["resource_id"]: -row["estimated_monthly_savings"] for row in rows if row["resource_type"] == "block_volume"
    }
    assert len(found) >= 3
    insight = client.get_insight(name=found[0].associated_insights[0].insight)
    assert insight.associated_recommendations[0].recommendation == found[0].name
    assert insight.content["disk_iops"]["maximum"] == 0
    assert client.get_recommendation(name=found[0].name) == found[0]
    everything = client.list_recommendations(
        parent=f"{MAIN}/locations/global/recommenders/google.cloudbilling.commitment.SpendBasedCommitmentRecommender"
    )
    assert len(list(everything)) == 1


def test_an_unknown_recommender_is_refused_and_a_known_one_without_advice_is_empty(rest) -> None:
    client = rest(recommender_v1.RecommenderClient)
    place = "projects/qh-billing/locations/europe-west1-b/recommenders"

    assert list(client.list_recommendations(parent=f"{place}/google.run.service.CostRecommender")) == []
    with pytest.raises(exceptions.BadRequest):
        client.list_recommendations(parent=f"{place}/google.made.up")


def test_assets_are_searched_and_listed_under_any_scope(gcp: Endpoint, rest) -> None:
    gcp.page_sizes["AssetService"] = 10
    client = rest(asset_v1.AssetServiceClient)
    everything = {one.name: one for one in client.search_all_resources(scope=ORGANISATION)}
    disks = list(client.search_all_resources(scope=ORGANISATION, asset_types=["compute.googleapis.com/Disk"]))

    [counted] = gcp.ledger.rows("SELECT count(*) AS n FROM item WHERE native_type <> 'bigquery.googleapis.com/Project'")
    [bought] = gcp.ledger.rows("SELECT count(*) AS n FROM commitment WHERE commitment_discount_category = 'Usage'")
    assert len(everything) == counted["n"] + bought["n"] + 81
    assert {one.asset_type for one in disks} == {"compute.googleapis.com/Disk"}
    one = disks[0]
    below = [found.name for found in client.search_all_resources(scope=one.folders[0], asset_types=["compute.*"])]
    assert one.name in below
    assert len(below) < len(everything)
    found = client.search_all_resources(scope=one.project, query=f"name:{one.display_name} AND location={one.location}")
    assert [same.name for same in found] == [one.name]
    listed = client.list_assets(
        {
            "parent": one.project,
            "content_type": asset_v1.ContentType.RESOURCE,
            "asset_types": ["compute.googleapis.com/Disk"],
        }
    )
    [data] = [same.resource.data for same in listed if same.name == one.name]
    assert data["type"].endswith("/diskTypes/pd-ssd")
    assert int(data["sizeGb"]) > 0


def test_a_resource_in_the_inventory_is_the_one_in_the_bill(gcp: Endpoint, rest) -> None:
    names = {one.name for one in rest(asset_v1.AssetServiceClient).search_all_resources(scope=ORGANISATION)}

    billed = {row["name"] for row in gcp.ledger.rows("SELECT DISTINCT resource.global_name AS name FROM detailed")}
    assert len(names & billed) >= 10


def test_percentiles_of_a_day_are_the_ledgers_and_of_a_month_are_of_its_points(gcp: Endpoint) -> None:
    kind = "compute.googleapis.com/instance/cpu/utilization"
    [item] = gcp.ledger.rows(
        "SELECT DISTINCT i.resource_id, i.sub_account_id FROM item i JOIN metric m USING (resource_id) WHERE native_type ="
        " 'compute.googleapis.com/Instance' AND metric = 'cpu_utilization_percent' ORDER BY ALL LIMIT 1"
    )
    days = gcp.ledger.rows(
        "SELECT * FROM metric WHERE resource_id = ? AND metric = 'cpu_utilization_percent' ORDER BY \"start\" DESC",
        [item["resource_id"]],
    )
    interval = {"end_time": gcp.now, "start_time": gcp.now - timedelta(days=14)}

    def series(aligner: str, period: timedelta) -> list[float]:
        request = {
            "name": f"projects/{item['sub_account_id']}", "filter": f'metric.type = "{kind}"', "interval": interval,
            "aggregation": {"alignment_period": period, "per_series_aligner": aligner},
        }  # fmt: skip
        found = {one.resource.labels["instance_id"]: one for one in client.list_time_series(request)}
        return [point.value.double_value for point in next(iter(found.values())).points]

    with gcp.channel(gcp.credentials()) as channel:
        client = monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))
        daily = series("ALIGN_PERCENTILE_95", timedelta(days=1))
        means = series("ALIGN_MEAN", timedelta(days=1))
        fortnight = series("ALIGN_PERCENTILE_95", timedelta(days=14))
        peak = series("ALIGN_MAX", timedelta(days=14))

    assert daily == pytest.approx([day["p95"] / 100 for day in days[:14]])
    assert means == pytest.approx([day["average"] / 100 for day in days[:14]], rel=0.02)
    assert len(fortnight) == 1
    assert min(daily) <= fortnight[0] <= max(daily)
    assert peak == pytest.approx([max(day["maximum"] for day in days[:14]) / 100])


def test_what_is_not_implemented_says_so_and_is_noted(gcp: Endpoint, rest) -> None:
    with pytest.raises(exceptions.MethodNotImplemented):
        rest(resourcemanager_v3.ProjectsClient).delete_project(name="projects/qh-billing")
    with pytest.raises(exceptions.MethodNotImplemented):
        rest(asset_v1.AssetServiceClient).search_all_resources(scope=ORGANISATION, query="NOT state:ACTIVE")

    assert "Projects.DeleteProject" in gcp.unimplemented[0]
    assert len(gcp.unimplemented) == 2
