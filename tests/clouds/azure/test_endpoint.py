"""What the endpoint refuses, breaks on demand and notes, asked with the real SDKs."""

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError, ServiceResponseError
from azure.core.rest import HttpRequest
from azure.mgmt.costmanagement import CostManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient
from azure.storage.blob import BlobClient, ContainerClient

from tests.clouds.azure.endpoint import Endpoint
from tests.clouds.azure.exports import CONTAINER, FOCUS, ROOT
from tests.clouds.azure.test_cost_query import body, payer

DETAILS = {"metric": "ActualCost", "timePeriod": {"start": "2026-10-01", "end": "2026-10-31"}}


@pytest.fixture
def costs(azure: Endpoint):
    with CostManagementClient(azure.credential(), retry_total=2, retry_backoff_factor=0, **azure.arm()) as client:
        yield client


@pytest.fixture
def exports(azure: Endpoint):
    url = f"{azure.account_url}/{CONTAINER}"
    with ContainerClient.from_container_url(
        url, credential=azure.credential(), connection_verify=azure.certificate.authority, retry_total=0
    ) as client:
        yield client


def part_of(exports: ContainerClient) -> str:
    return next(
        name for name in exports.list_blob_names(name_starts_with=f"{ROOT}/{FOCUS}/") if name.endswith(".csv.gz")
    )


def test_a_throttled_query_without_the_standard_header_fails_at_once(
    azure: Endpoint, costs: CostManagementClient
) -> None:
    azure.faults.throttle("costmanagement:Query", seconds=7)

    with pytest.raises(HttpResponseError) as caught:
        costs.query.usage(payer(azure), body())

    assert caught.value.status_code == 429
    assert caught.value.response.headers["x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after"] == "7"
    assert azure.calls("costmanagement:Query") == [429]


def test_with_the_standard_header_the_sdk_retries_it(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.faults.throttle("costmanagement:Query", seconds=0, standard=True)

    costs.query.usage(payer(azure), body())

    assert azure.calls("costmanagement:Query") == [429, 200]


@pytest.mark.parametrize("status", [500, 503])
def test_server_errors_come_as_asked(azure: Endpoint, status: int) -> None:
    azure.faults.server_error("resources:Subscriptions", status=status)
    with SubscriptionClient(azure.credential(), retry_backoff_factor=0, **azure.arm()) as client:
        assert list(client.subscriptions.list())

    assert azure.calls("resources:Subscriptions") == [status, 200]


def test_a_truncated_reply_is_noticed(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.faults.truncate("costmanagement:Query", times=9)

    with pytest.raises((ServiceResponseError, HttpResponseError)):
        costs.query.usage(payer(azure), body())


def test_a_token_that_expires_in_mid_paging_is_refused(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.page_sizes["query"] = 5
    azure.faults.expired_token("costmanagement:Query", after=1, times=1)
    asked = body("2026-10-01", "2026-10-31", "None", "ServiceName")
    link = costs.query.usage(payer(azure), asked).next_link

    refused = costs.send_request(HttpRequest("POST", link, json=asked))

    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")
    assert "invalid_token" in refused.headers["WWW-Authenticate"]
    with CostManagementClient(azure.credential(), **azure.arm()) as fresh:
        assert fresh.send_request(HttpRequest("POST", link, json=asked)).status_code == 200


def test_a_tenant_that_refuses_leaves_the_other_alone(azure: Endpoint) -> None:
    azure.faults.tenant_refuses(azure.ledger.guest)

    with (
        SubscriptionClient(azure.credential(azure.ledger.guest), **azure.arm()) as guest,
        pytest.raises(HttpResponseError) as caught,
    ):
        list(guest.subscriptions.list())
    with SubscriptionClient(azure.credential(), **azure.arm()) as home:
        assert list(home.subscriptions.list())

    assert (caught.value.status_code, caught.value.error.code) == (403, "AuthorizationFailed")


def test_a_subscription_of_another_tenant_has_another_issuer(azure: Endpoint, costs: CostManagementClient) -> None:
    other = next(one for one in azure.ledger.subscriptions if one.tenant == azure.ledger.guest)

    with pytest.raises(HttpResponseError) as caught:
        costs.query.usage(f"subscriptions/{other.id}", body())

    assert caught.value.error.code == "InvalidAuthenticationTokenTenant"


def test_a_disabled_subscription_answers_no_query(azure: Endpoint, costs: CostManagementClient) -> None:
    one = next(one for one in azure.ledger.subscriptions if one.tenant == azure.ledger.home)
    costs.query.usage(f"subscriptions/{one.id}", body())
    azure.disabled.add(one.id)

    with pytest.raises(HttpResponseError) as caught:
        costs.query.usage(f"subscriptions/{one.id}", body())
    with SubscriptionClient(azure.credential(), **azure.arm()) as client:
        assert client.subscriptions.get(one.id).state == "Disabled"

    assert caught.value.error.code == "ReadOnlyDisabledSubscription"


def test_a_report_fails_after_its_polls(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.faults.report_fails()

    report = costs.generate_cost_details_report.begin_create_operation(
        payer(azure), DETAILS, polling_interval=0
    ).result()

    assert (report.status, report.manifest) == ("Failed", None)
    assert azure.calls("costmanagement:CostDetailsResult")[0] == 202


def test_the_last_part_of_a_report_can_fail(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.report_parts = 3
    azure.faults.server_error("blob:Get", status=503, after=2)
    report = costs.generate_cost_details_report.begin_create_operation(
        payer(azure), DETAILS, polling_interval=0
    ).result()

    *good, last = [
        BlobClient.from_blob_url(blob.blob_link, connection_verify=azure.certificate.authority, retry_total=0)
        for blob in report.manifest.blobs
    ]

    assert all(blob.download_blob().readall() for blob in good)
    with pytest.raises(HttpResponseError):
        last.download_blob()
    assert azure.calls("blob:Get") == [206, 206, 503]
    assert b"invoiceId" in last.download_blob().readall()


def test_links_to_a_foreign_host_come_on_demand(azure: Endpoint, costs: CostManagementClient) -> None:
    azure.foreign_host = "https://blobs.attacker.example"

    report = costs.generate_cost_details_report.begin_create_operation(
        payer(azure), DETAILS, polling_interval=0
    ).result()

    assert all(blob.blob_link.startswith("https://blobs.attacker.example/") for blob in report.manifest.blobs)


def test_a_report_of_two_months_is_refused(azure: Endpoint, costs: CostManagementClient) -> None:
    asked = DETAILS | {"timePeriod": {"start": "2026-09-15", "end": "2026-10-15"}}

    with pytest.raises(HttpResponseError) as caught:
        costs.generate_cost_details_report.begin_create_operation(payer(azure), asked)

    assert "one calendar month" in caught.value.message


def test_a_link_with_another_signature_is_refused(azure: Endpoint, costs: CostManagementClient) -> None:
    report = costs.generate_cost_details_report.begin_create_operation(
        payer(azure), DETAILS, polling_interval=0
    ).result()
    link = report.manifest.blobs[0].blob_link

    with (
        BlobClient.from_blob_url(link[:-4] + "beef", connection_verify=azure.certificate.authority) as blob,
        pytest.raises(HttpResponseError) as caught,
    ):
        blob.download_blob()

    assert caught.value.status_code == 403


def test_blobs_come_in_ranges_and_under_conditions(exports: ContainerClient) -> None:
    name = part_of(exports)
    blob = exports.get_blob_client(name)
    whole = blob.download_blob().readall()

    assert blob.download_blob(offset=10, length=20).readall() == whole[10:30]
    assert blob.get_blob_properties().size == len(whole)
    with pytest.raises(ResourceModifiedError):
        blob.download_blob(etag='"0x0"', match_condition=MatchConditions.IfNotModified).readall()
    with pytest.raises(ResourceNotFoundError):
        exports.download_blob("nothing")


def test_blobs_are_listed_in_pages_and_folders(azure: Endpoint, exports: ContainerClient) -> None:
    every = [blob.name for blob in exports.list_blobs()]
    azure.page_sizes["blob"] = 3

    assert [blob.name for blob in exports.list_blobs()] == every
    assert [one.name for one in exports.walk_blobs(f"{ROOT}/")] == sorted(
        {"/".join(name.split("/")[:2]) + "/" for name in every}
    )


def test_exports_are_described_with_their_runs(
    azure: Endpoint, costs: CostManagementClient, exports: ContainerClient
) -> None:
    found = costs.exports.list(payer(azure)).value
    runs = costs.exports.get_execution_history(payer(azure), FOCUS).value

    assert {one.definition.type for one in found} == {"FocusCost", "ActualCost", "AmortizedCost"}
    manifests = {
        name for name in exports.list_blob_names(name_starts_with=f"{ROOT}/{FOCUS}/") if name.endswith("manifest.json")
    }
    assert {run.properties.manifest_file for run in runs} == manifests


def test_what_is_not_implemented_is_refused_and_noted(azure: Endpoint, costs: CostManagementClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        list(costs.views.list())

    assert caught.value.status_code == 501
    assert azure.unimplemented == ["GET /providers/Microsoft.CostManagement/views"]
