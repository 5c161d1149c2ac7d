"""Cloud Asset Inventory: the ledger's inventory, projects and folders, searched and listed under any scope."""

import re
import zlib
from typing import Any, Final

from google.cloud import asset_v1 as api
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import denied, invalid, unimplemented

NOT_ASSETS: Final = ("bigquery.googleapis.com/Project",)
"""Types of the bill that Cloud Asset Inventory does not know."""
COMMITMENT: Final = "compute.googleapis.com/Commitment"
SEARCH: Final = "cloudasset.assets.searchAllResources"
LIST: Final = "cloudasset.assets.listResource"
_STATES: Final = {"compute.googleapis.com/Instance": "RUNNING", "compute.googleapis.com/Disk": "READY"}
_TERM: Final = re.compile(r'(\w+(?:\.[\w-]+)?)([:=])"?([^"]*)"?')


def search_all_resources(call: Call) -> api.SearchAllResourcesResponse:
    """The resources under a scope that a query means."""
    call.refuse("order_by", "read_mask")
    rows = [row for row in _under(call, call.request.scope, SEARCH) if _wanted(row, call.request.asset_types)]
    found = [_result(row) for row in rows if _asked(call, row)]
    page, token = call.page(found, default=100, most=500)
    return api.SearchAllResourcesResponse(results=page, next_page_token=token)


def list_assets(call: Call) -> api.ListAssetsResponse:
    """The assets under a parent, with their data if that is asked for."""
    call.refuse("relationship_types")
    if call.request.read_time is not None:
        raise unimplemented("assets of another time")
    if call.request.content_type not in {api.ContentType.CONTENT_TYPE_UNSPECIFIED, api.ContentType.RESOURCE}:
        raise unimplemented(f"content of the type {call.request.content_type}")
    full = call.request.content_type == api.ContentType.RESOURCE
    rows = [row for row in _under(call, call.request.parent, LIST) if _wanted(row, call.request.asset_types)]
    page, token = call.page([_asset(call, row, full=full) for row in rows], default=100, most=1000)
    read = Timestamp()
    read.FromDatetime(call.now)
    return api.ListAssetsResponse(read_time=read, assets=page, next_page_token=token)


def _under(call: Call, scope: str, permission: str) -> list[dict[str, Any]]:
    """Every asset under a project, folder or the organisation."""
    kind, _, name = scope.partition("/")
    if kind not in {"projects", "folders", "organizations"} or not name:
        raise invalid(f"Invalid scope: {scope}")
    if not call.allows(permission, scope):
        raise denied(permission, scope)
    projects = {
        one["id"]: one
        for one in call.ledger.projects
        if (name in {one["id"], one["number"]} and kind == "projects") or f"{kind}/{name}" in _ancestors(call, one)
    }
    if not projects:
        raise denied(permission, scope)
    items = call.ledger.rows("SELECT * FROM item WHERE native_type NOT IN ? ORDER BY resource_id", [list(NOT_ASSETS)])
    own = [{**row, "project": projects[row["sub_account_id"]]} for row in items if row["sub_account_id"] in projects]
    own += [_project(one) for one in projects.values()]
    own += [_commitment(row, projects[row["owner"]]) for row in _commitments(call) if row["owner"] in projects]
    return [
        {**row, "ancestors": [f"projects/{row['project']['number']}", *_ancestors(call, row["project"])]} for row in own
    ]


def _ancestors(call: Call, project: dict[str, Any]) -> list[str]:
    return [*(one["resource_name"] for one in project["folders"]), f"organizations/{call.ledger.organisation}"]


def _project(one: dict[str, Any]) -> dict[str, Any]:
    """A project as an asset."""
    return {
        "resource_id": f"//cloudresourcemanager.googleapis.com/projects/{one['id']}", "resource_name": one["name"],
        "native_type": "cloudresourcemanager.googleapis.com/Project", "project": one, "tags": one["labels"],
        "availability_zone": None, "region_id": None, "state": "ACTIVE", "created_at": None, "sku": None,
        "size_gib": None, "attached_to": None, "unattached_since": None,
    }  # fmt: skip


def _commitments(call: Call) -> list[dict[str, Any]]:
    """The commitments that Compute Engine sells: those for resources."""
    return call.ledger.rows(
        "SELECT *, split_part(commitment_discount_id, '/', 2) AS owner, split_part(commitment_discount_id, '/', 4) AS place"
        " FROM commitment WHERE commitment_discount_category = 'Usage' ORDER BY ALL"
    )


def _commitment(row: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """A commitment as an asset."""
    return {
        "resource_id": f"//compute.googleapis.com/{row['commitment_discount_id']}",
        "resource_name": row["commitment_discount_id"].rpartition("/")[2],
        "native_type": COMMITMENT, "project": project, "tags": {}, "availability_zone": None,
        "region_id": row["place"], "state": row["status"].upper(), "created_at": row["start"], "sku": None,
        "size_gib": None, "attached_to": None, "unattached_since": None, "end": row["end"],
    }  # fmt: skip


def _wanted(row: dict[str, Any], types: Any) -> bool:
    return not types or any(re.fullmatch(one, row["native_type"]) for one in types)


def _location(row: dict[str, Any]) -> str:
    return row["availability_zone"] or row["region_id"] or "global"


def _state(row: dict[str, Any]) -> str:
    return row["state"] if row["native_type"] == COMMITMENT else _STATES.get(row["native_type"], "ACTIVE")


def _asked(call: Call, row: dict[str, Any]) -> bool:
    """Whether every `field:value` or free word of the query is in the resource."""
    for word in call.request.query.split():
        if word in {"OR", "NOT"} or word.startswith(("-", "(")):
            raise unimplemented(f"{call.method} with the query {call.request.query}")
        if word == "AND":
            continue
        found = _TERM.fullmatch(word)
        held = row["resource_id"] + row["resource_name"]
        key, sign, value = found.groups() if found else ("", ":", word)
        if key.startswith("labels."):
            held = row["tags"].get(key.removeprefix("labels."), "")
        elif key:
            values = {"name": row["resource_id"], "displayName": row["resource_name"], "state": _state(row),
                      "location": _location(row), "project": f"projects/{row['project']['number']}"}  # fmt: skip
            if key not in values:
                raise unimplemented(f"{call.method} with the query {call.request.query}")
            held = values[key]
        matches = held.lower() == value.lower() if sign == "=" else value.strip("*").lower() in held.lower()
        if not matches or (key.startswith("labels.") and not held):
            return False
    return True


def _time(moment: Any) -> Timestamp | None:
    if moment is None:
        return None
    said = Timestamp()
    said.FromDatetime(moment)
    return said


def _result(row: dict[str, Any]) -> api.ResourceSearchResult:
    project = row["project"]
    return api.ResourceSearchResult(
        name=row["resource_id"],
        asset_type=row["native_type"],
        project=f"projects/{project['number']}",
        folders=[one for one in row["ancestors"] if one.startswith("folders/")],
        organization=row["ancestors"][-1],
        display_name=row["resource_name"],
        location=_location(row),
        labels=row["tags"],
        create_time=_time(row["created_at"]),
        state=_state(row),
        parent_full_resource_name=f"//cloudresourcemanager.googleapis.com/projects/{project['id']}",
        parent_asset_type="cloudresourcemanager.googleapis.com/Project",
    )


def _asset(call: Call, row: dict[str, Any], *, full: bool) -> api.Asset:
    updated = Timestamp()
    updated.FromDatetime(call.now)
    said = api.Asset(
        name=row["resource_id"], asset_type=row["native_type"], ancestors=row["ancestors"], update_time=updated
    )
    if full:
        data = Struct()
        data.update(_data(row))
        said.resource = api.Resource(
            version="v1",
            discovery_name=row["native_type"].split("/")[1],
            parent=f"//cloudresourcemanager.googleapis.com/projects/{row['project']['number']}",
            data=data,
            location=_location(row),
        )
    return said


def number_of(resource: str) -> str:
    """The number that a resource has inside its service, as instance ids are."""
    return str(10**18 + zlib.crc32(resource.encode()) * 10**8)


def _data(row: dict[str, Any]) -> dict[str, Any]:
    """The resource as its own service's REST API writes it, as far as the ledger knows it."""
    said: dict[str, Any] = {"name": row["resource_name"], "labels": row["tags"], "status": _state(row)}
    if row["created_at"]:
        said["creationTimestamp"] = f"{row['created_at']:%Y-%m-%dT%H:%M:%SZ}"
    root = f"https://www.googleapis.com/compute/v1/projects/{row['project']['id']}/zones/{_location(row)}"
    if row["native_type"] == "compute.googleapis.com/Instance":
        return said | {
            "id": number_of(row["resource_id"]),
            "zone": root,
            "machineType": f"{root}/machineTypes/{row['sku']}",
        }
    if row["native_type"] == "compute.googleapis.com/Disk":
        more = {"id": number_of(row["resource_id"]), "zone": root, "type": f"{root}/diskTypes/{row['sku']}"}
        more["users"] = [row["attached_to"]] if row["attached_to"] else []
        if row["size_gib"]:
            more["sizeGb"] = str(int(row["size_gib"]))
        if row["unattached_since"]:
            more["lastDetachTimestamp"] = f"{row['unattached_since']:%Y-%m-%dT%H:%M:%SZ}"
        return said | more
    if row["native_type"] == COMMITMENT:
        years = row["end"].year - row["created_at"].year
        return said | {
            "id": number_of(row["resource_id"]),
            "plan": "THIRTY_SIX_MONTH" if years > 1 else "TWELVE_MONTH",
            "category": "MACHINE",
            "type": "GENERAL_PURPOSE_N2",
            "startTimestamp": f"{row['created_at']:%Y-%m-%dT%H:%M:%SZ}",
            "endTimestamp": f"{row['end']:%Y-%m-%dT%H:%M:%SZ}",
            "autoRenew": False,
        }
    if row["native_type"] == "storage.googleapis.com/Bucket":
        return said | {"location": _location(row).upper(), "storageClass": "STANDARD"}
    if row["native_type"] == "cloudresourcemanager.googleapis.com/Project":
        return said | {
            "projectId": row["project"]["id"],
            "projectNumber": row["project"]["number"],
            "lifecycleState": "ACTIVE",
        }
    return said


OPERATIONS: Final = {"AssetService.SearchAllResources": search_all_resources, "AssetService.ListAssets": list_assets}
