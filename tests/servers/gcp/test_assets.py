"""From assets to resources: every row of the table, Google's own examples as contents, names by which bills join."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import asset_v1
from google.protobuf.struct_pb2 import Struct

from servers.gcp.inventory.assets import Asset, listed, resource_of
from servers.gcp.inventory.table import resource_types
from servers.kit.live.expressions import compiled
from shared_models.inventory import Resource, ResourceType

KINDS = {
    "compute-addresses": ("compute.googleapis.com/Address", "addresses"),
    "compute-disks": ("compute.googleapis.com/Disk", "disks"),
    "compute-images": ("compute.googleapis.com/Image", "images"),
    "compute-instances": ("compute.googleapis.com/Instance", "instances"),
    "compute-snapshots": ("compute.googleapis.com/Snapshot", "snapshots"),
    "gke": ("container.googleapis.com/Cluster", "clusters"),
    "sql": ("sqladmin.googleapis.com/Instance", "instances"),
    "storage": ("storage.googleapis.com/Bucket", "buckets"),
}
OTHERS = {
    "compute#forwardingRuleAggregatedList": "compute.googleapis.com/ForwardingRule",
    "compute#forwardingRuleList": "compute.googleapis.com/GlobalForwardingRule",
    "compute#commitmentAggregatedList": "compute.googleapis.com/Commitment",
    "compute#networkList": "compute.googleapis.com/Network",
    "bigquery#dataset": "bigquery.googleapis.com/Dataset",
    "bigquery#datasetList": "bigquery.googleapis.com/Dataset",
    "bigquery#table": "bigquery.googleapis.com/Table",
    "bigquery#tableList": "bigquery.googleapis.com/Table",
    "jobs": "dataflow.googleapis.com/Job",
    "cryptoKeys": "cloudkms.googleapis.com/CryptoKey",
    "databases": "firestore.googleapis.com/Database",
    "endpoints": "aiplatform.googleapis.com/Endpoint",
    "clusters": "dataproc.googleapis.com/Cluster",
}


def examples(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(file, asset type, one resource) of every reply that holds resources."""
    for file in sorted(folder.glob("*/*.json")):
        if file.parent.name in {"billing", "monitoring", "recommender"}:
            continue
        said = json.loads(file.read_text(encoding="utf-8"))["response"]
        kind = KINDS.get(file.parent.name, (None,))[0]
        if "redis-cluster" in file.name:
            kind = "redis.googleapis.com/Cluster"
        kind = kind or OTHERS.get(said.get("kind", ""), OTHERS.get(next(iter(said))))
        if kind is not None:
            yield from ((file.name, kind, one) for one in _items(said))


def _items(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if said.get("kind") in {"bigquery#dataset", "bigquery#table"}:
        yield said
        return
    items = next(said[name] for name in said if name not in {"kind", "etag", "id", "totalItems", "selfLink"})
    for one in items.values() if isinstance(items, dict) else items:
        inner = [part for part in one.values() if isinstance(part, list)] if isinstance(items, dict) else [[one]]
        yield from (each for part in inner for each in part)


def as_asset(kind: str, data: dict[str, Any]) -> Any:
    held = Struct()
    held.update(data)
    name = f"//{kind.split('/', maxsplit=1)[0]}/projects/cloud-custodian/x/{data.get('name', 'one')}"
    return asset_v1.Asset(
        name=name,
        asset_type=kind,
        ancestors=["projects/926022565", "organizations/1"],
        resource=asset_v1.Resource(data=held, location="us-central1-a"),
    )


def test_the_table_types_at_least_45_kinds_and_every_expression_is_one() -> None:
    rows = resource_types()

    assert len([row for row in rows.values() if row.kind is not ResourceType.OTHER and row.facts]) >= 45
    for asset_type, row in rows.items():
        assert asset_type.partition("/")[0].endswith(".googleapis.com")
        parts = [row.name, row.created, row.state, row.labels, row.sku, row.size_gib, row.attached_to]
        for expression in (*parts, row.unattached_since, *row.facts.values()):
            if expression is not None:
                compiled(expression)


@pytest.mark.parametrize("asset_type", sorted(resource_types()))
def test_an_asset_without_contents_is_still_a_resource(asset_type: str) -> None:
    found = resource_of(Asset(f"//x/projects/1/y/{asset_type}", asset_type, "1", "global", {}), {"1": "qh-web"})

    assert (found.native_type, found.sub_account_id, found.region_id) == (asset_type, "qh-web", None)


def test_googles_own_examples_become_typed_resources(reference_data: Path) -> None:
    found: dict[str, list[Resource]] = {}
    for file, kind, data in examples(reference_data / "api-examples" / "gcp"):
        made = resource_of(listed(as_asset(kind, data)), {"926022565": "cloud-custodian"})
        found.setdefault(kind, []).append(made)
        assert made.sub_account_id == "cloud-custodian", file
        assert made.resource_type is resource_types()[kind].kind
        if kind.startswith("compute.") and isinstance(data.get("status"), str):
            assert made.state == data["status"]
        if kind == "compute.googleapis.com/Disk":
            assert (made.size_gib, made.sku) == (float(data["sizeGb"]), data["type"].rpartition("/")[2])
        assert made.tags == {str(key): str(value) for key, value in _labels(data).items()}, file

    assert len(found) >= 15
    kinds = {kind: found[kind] for kind in found if kind != "compute.googleapis.com/Commitment"}
    said_when = {kind for kind, made in kinds.items() if any(one.created_at for one in made)}
    assert {
        "compute.googleapis.com/Instance",
        "compute.googleapis.com/Disk",
        "container.googleapis.com/Cluster",
        "storage.googleapis.com/Bucket",
        "bigquery.googleapis.com/Table",
    } <= said_when
    disks, databases = found["compute.googleapis.com/Disk"], found["sqladmin.googleapis.com/Instance"]
    assert any((one.attached_to or "").startswith("//compute.googleapis.com/projects/") for one in disks)
    assert any((one.sku or "").startswith("db-") and one.facts["engine"] for one in databases)


def _labels(data: dict[str, Any]) -> dict[str, Any]:
    settings = data.get("settings")
    own = settings.get("userLabels") if isinstance(settings, dict) else None
    return own or data.get("labels") or data.get("resourceLabels") or {}


def test_a_resource_is_known_by_name_and_by_number_of_itself_and_its_project() -> None:
    root = "//compute.googleapis.com/projects/{}/zones/europe-west1-b/instances/{}"
    kind, data = "compute.googleapis.com/Instance", {"name": "web", "id": "4711"}
    found = resource_of(Asset(root.format("qh-web", "web"), kind, "77", "europe-west1-b", data), {"77": "qh-web"})

    assert found.resource_id == root.format("qh-web", "web")
    assert set(found.aliases) == {root.format(*names) for names in [("qh-web", "4711"), ("77", "web"), ("77", "4711")]}
    assert (found.region_id, found.availability_zone) == ("europe-west1", "europe-west1-b")


def test_a_disk_that_nothing_uses_says_since_when() -> None:
    kind, name = "compute.googleapis.com/Disk", "//compute.googleapis.com/projects/qh-web/zones/us-east1-b/disks/d"
    data = {"lastDetachTimestamp": "2026-07-05T00:00:00.000-07:00", "sizeGb": "500"}
    used = {**data, "users": ["https://www.googleapis.com/compute/v1/projects/qh-web/zones/us-east1-b/instances/i"]}

    loose, attached = (resource_of(Asset(name, kind, "7", "us-east1-b", each), {}) for each in (data, used))

    assert loose.unattached_since is not None
    assert loose.unattached_since.isoformat() == "2026-07-05T07:00:00+00:00"
    assert attached.unattached_since is None
    assert attached.attached_to == "//compute.googleapis.com/projects/qh-web/zones/us-east1-b/instances/i"
    assert loose.size_gib == 500


def test_a_kind_that_the_table_does_not_know_has_its_generic_record() -> None:
    kind = "somethingnew.googleapis.com/Thing"
    name = "//somethingnew.googleapis.com/projects/qh-web/locations/us/things/one"
    data = {"name": "projects/qh-web/locations/us/things/one", "state": "ACTIVE", "labels": {"env": "prod"}}
    found = resource_of(Asset(name, kind, "7", "US", {**data, "createTime": "2026-01-01T00:00:00Z"}), {"7": "qh-web"})

    assert (found.resource_type, found.resource_name, found.region_id) == (ResourceType.OTHER, "one", "us")
    assert (found.state, found.tags, found.created_at.year) == ("ACTIVE", {"env": "prod"}, 2026)
