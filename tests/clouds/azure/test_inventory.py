"""Resource Graph and Advisor over the sample's inventory, asked with the real SDKs."""

from collections import Counter

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.advisor import AdvisorManagementClient
from azure.mgmt.resourcegraph import ResourceGraphClient

from tests.clouds.azure.endpoint import Endpoint


@pytest.fixture
def graph(azure: Endpoint):
    with ResourceGraphClient(azure.credential(), **azure.arm()) as client:
        yield client


def ask(graph: ResourceGraphClient, query: str, **options):
    return graph.resources({"query": query, "options": options})


def everything(graph: ResourceGraphClient, query: str, **options) -> list[dict]:
    found, token = [], {}
    while True:
        answer = ask(graph, query, **options, **token)
        found += answer.data
        if not answer.skip_token:
            assert answer.total_records == len(found)
            return found
        token = {"$skipToken": answer.skip_token}


def in_tenant(azure: Endpoint) -> list[dict]:
    own = {f"/subscriptions/{one.id}" for one in azure.ledger.subscriptions if one.tenant == azure.ledger.home}
    return [row for row in azure.ledger.rows("SELECT * FROM item") if row["sub_account_id"] in own]


def test_pages_bring_every_resource_once(azure: Endpoint, graph: ResourceGraphClient) -> None:
    azure.page_sizes["graph"] = 5

    found = everything(graph, "Resources | order by id asc")

    assert sorted(one["id"].lower() for one in found) == sorted(row["resource_id"] for row in in_tenant(azure))
    assert len(azure.calls("resourcegraph:Resources")) == -(-len(found) // 5)


def test_machines_show_their_size_and_power_state(azure: Endpoint, graph: ResourceGraphClient) -> None:
    query = """Resources
    | where type =~ 'Microsoft.Compute/virtualMachines' and isnotempty(name)
    | extend size = tostring(properties.hardwareProfile.vmSize)
    | project id, name, size, power = properties.extended.instanceView.powerState.code, tags
    | sort by name asc"""

    found = everything(graph, query)

    machines = [row for row in in_tenant(azure) if row["resource_type"] == "virtual_machine"]
    assert {(one["name"], one["size"]) for one in found} == {(row["resource_name"], row["sku"]) for row in machines}
    assert {one["power"] for one in found} == {f"PowerState/{row['state']}" for row in machines}


def test_summaries_count_by_type(azure: Endpoint, graph: ResourceGraphClient) -> None:
    answer = ask(graph, "Resources | summarize count() by type | order by type asc", resultFormat="table")

    names = [column["name"] for column in answer.data["columns"]]
    counted = {dict(zip(names, row, strict=True))["type"]: row[names.index("count_")] for row in answer.data["rows"]}
    assert counted == Counter(row["native_type"] for row in in_tenant(azure))


def test_rows_without_ids_are_truncated_without_a_token(azure: Endpoint, graph: ResourceGraphClient) -> None:
    azure.page_sizes["graph"] = 2

    answer = ask(graph, "Resources | project name")

    assert (answer.skip_token, answer.result_truncated, answer.count) == (None, "true", 2)


def test_a_skip_token_of_another_query_is_refused(azure: Endpoint, graph: ResourceGraphClient) -> None:
    azure.page_sizes["graph"] = 2
    token = ask(graph, "Resources | order by id asc").skip_token

    with pytest.raises(HttpResponseError):
        ask(graph, "Resources | order by id desc", **{"$skipToken": token})


def test_the_sixteenth_query_in_five_seconds_is_throttled(azure: Endpoint) -> None:
    azure.quotas.clock = lambda: 1000.0
    with ResourceGraphClient(azure.credential(), retry_total=0, **azure.arm()) as graph:
        for _ in range(15):
            ask(graph, "Resources | count")

        with pytest.raises(HttpResponseError) as caught:
            ask(graph, "Resources | count")

    assert caught.value.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "5"
    assert caught.value.response.headers["x-ms-user-quota-remaining"] == "0"


def test_a_stage_that_is_not_implemented_is_refused_and_noted(azure: Endpoint, graph: ResourceGraphClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        ask(graph, "Resources | join kind=inner (Resources) on id")

    assert caught.value.status_code == 501
    assert azure.unimplemented == ["Resource Graph stage join"]


def test_advisor_says_what_the_samples_recommendations_say(azure: Endpoint) -> None:
    row = azure.ledger.rows("SELECT * FROM advice WHERE resource_id IS NOT NULL ORDER BY recommendation_id LIMIT 1")[0]
    subscription = str(row["sub_account_id"]).rpartition("/")[2]
    tenant = azure.ledger.subscription(subscription).tenant

    with AdvisorManagementClient(azure.credential(tenant), subscription, **azure.arm()) as client:
        found = list(client.recommendations.list(filter="Category eq 'Cost'"))

    mine = next(one for one in found if one.resource_metadata.resource_id.lower() == row["resource_id"])
    assert mine.extended_properties["savingsAmount"] == f"{row['estimated_monthly_savings']:.2f}"
    assert mine.extended_properties["savingsCurrency"] == row["currency"]
