"""The Recommender: the ledger's native advice as recommendations, with insights as their evidence.

Each stands where Google puts it: a machine's under its project and zone, an address's under the region, a commitment's
under the billing account and `global`. Asking another place gives an empty list, asking an unknown recommender an error.
"""

import re
import uuid
from typing import Any, Final

from google.cloud import recommender_v1 as api
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import denied, invalid, not_found, unimplemented
from tests.clouds.gcp.money import money

KINDS: Final = {
    ("Delete", "block_volume"): ("google.compute.disk.IdleResourceRecommender", "google.compute.disk.IdleResourceInsight", "SNAPSHOT_AND_DELETE_DISK"),
    ("Delete", "ip_address"): ("google.compute.address.IdleResourceRecommender", "google.compute.address.IdleResourceInsight", "DELETE_ADDRESS"),
    ("Stop", "virtual_machine"): ("google.compute.instance.IdleResourceRecommender", "google.compute.instance.IdleResourceInsight", "STOP_VM"),
    ("Rightsize", "virtual_machine"): ("google.compute.instance.MachineTypeRecommender", "google.compute.instance.CpuUsageInsight", "CHANGE_MACHINE_TYPE"),
    ("Stop", "database"): ("google.cloudsql.instance.IdleRecommender", "google.cloudsql.instance.IdleInsight", "STOP_INSTANCE"),
    ("Rightsize", "database"): ("google.cloudsql.instance.OverprovisionedRecommender", "google.cloudsql.instance.CpuUsageInsight", "OVERPROVISIONED_INSTANCE"),
    ("PurchaseCommitment", None): ("google.cloudbilling.commitment.SpendBasedCommitmentRecommender", "google.cloudbilling.commitment.SpendBasedCommitmentInsight", "PURCHASE_COMMITMENT"),
}  # fmt: skip
"""(action, resource type) -> recommender, insight type, subtype."""
OTHERS: Final = frozenset(
    {
        "google.compute.commitment.UsageCommitmentRecommender", "google.compute.image.IdleResourceRecommender",
        "google.compute.instanceGroupManager.MachineTypeRecommender", "google.container.DiagnosisRecommender",
        "google.bigquery.capacityCommitments.Recommender", "google.bigquery.table.PartitionClusterRecommender",
        "google.resourcemanager.projectUtilization.Recommender", "google.run.service.CostRecommender",
        "google.compute.IdleResourceRecommender", "google.storage.bucket.SoftDeleteRecommender",
    }
)  # fmt: skip
"""Recommenders of cost that Google has and for which the ledger holds no advice."""
_PLACE: Final = re.compile(
    r"(.+)/locations/([^/]+)/(?:recommenders|insightTypes)/([^/]+)(?:/(?:recommendations|insights)/(.+))?"
)
_FILTER: Final = re.compile(r'\s*(stateInfo\.state|recommenderSubtype|insightSubtype)\s*[=:]\s*"?(\w+)"?\s*')


def list_recommendations(call: Call) -> api.ListRecommendationsResponse:
    """The recommendations of one recommender in one place."""
    place = _place(call, call.request.parent, {kind[0] for kind in KINDS.values()} | OTHERS)
    found = [_recommendation(call, row) for row in _rows(call, place, 0)]
    page, token = call.page(
        [one for one in found if _passes(call, one, one.recommender_subtype)], default=100, most=1000
    )
    return api.ListRecommendationsResponse(recommendations=page, next_page_token=token)


def get_recommendation(call: Call) -> api.Recommendation:
    """The recommendation of that name."""
    place = _place(call, call.request.name, {kind[0] for kind in KINDS.values()} | OTHERS)
    for row in _rows(call, place, 0):
        if _key(row) == place[4]:
            return _recommendation(call, row)
    raise not_found("Requested entity was not found.")


def list_insights(call: Call) -> api.ListInsightsResponse:
    """The insights of one type in one place."""
    place = _place(call, call.request.parent, {kind[1] for kind in KINDS.values()})
    found = [_insight(call, row) for row in _rows(call, place, 1)]
    page, token = call.page([one for one in found if _passes(call, one, one.insight_subtype)], default=100, most=1000)
    return api.ListInsightsResponse(insights=page, next_page_token=token)


def get_insight(call: Call) -> api.Insight:
    """The insight of that name."""
    place = _place(call, call.request.name, {kind[1] for kind in KINDS.values()})
    for row in _rows(call, place, 1):
        if _key(row) == place[4]:
            return _insight(call, row)
    raise not_found("Requested entity was not found.")


def _place(call: Call, name: str, known: set[str] | frozenset[str]) -> tuple[str, str, str, str, str]:
    found = _PLACE.fullmatch(name)
    if found is None:
        raise invalid(f"Invalid resource name: {name}")
    owner, location, kind, key = found.groups()
    if kind not in known:
        raise invalid(f"Unknown or unsupported recommender or insight type: {kind}")
    if location == "-":
        raise invalid("Wildcards are not supported in the location.")
    numbers = {one["number"]: one["id"] for one in call.ledger.projects}
    owner = (
        f"projects/{numbers.get(owner.split('/')[1], owner.split('/')[1])}" if owner.startswith("projects/") else owner
    )
    permission = f"recommender.{kind.removeprefix('google.').split('.')[0]}.list"
    if not call.allows(permission, owner):
        raise denied(permission, owner)
    return owner, location, kind, name, key or ""


def _rows(call: Call, place: tuple[str, ...], which: int) -> list[dict[str, Any]]:
    """The advice that belongs in the place; `which` is 0 for recommenders, 1 for insight types."""
    owner, location, kind = place[:3]
    rows = call.ledger.rows(
        "SELECT a.*, i.availability_zone, i.native_type, i.unattached_since, i.resource_name FROM advice a"
        " LEFT JOIN item i USING (resource_id) ORDER BY a.recommendation_id"
    )
    account = f"billingAccounts/{call.ledger.accounts[0]}"
    return [
        row
        for row in rows
        if KINDS.get((row["action"], row["resource_type"]), ("", ""))[which] == kind
        and (f"projects/{row['sub_account_id']}" if row["sub_account_id"] else account) == owner
        and (row["availability_zone"] or row["region_id"] or "global") == location
    ]


def _key(row: dict[str, Any]) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, row["recommendation_id"]))


def _name(call: Call, row: dict[str, Any], which: int) -> str:
    kinds = ("recommenders", "recommendations"), ("insightTypes", "insights")
    numbers = {one["id"]: one["number"] for one in call.ledger.projects}
    project = row["sub_account_id"]
    owner = f"projects/{numbers[project]}" if project else f"billingAccounts/{call.ledger.accounts[0]}"
    location = row["availability_zone"] or row["region_id"] or "global"
    kind = KINDS[row["action"], row["resource_type"]][which]
    return f"{owner}/locations/{location}/{kinds[which][0]}/{kind}/{kinds[which][1]}/{_key(row)}"


def _passes(call: Call, one: Any, subtype: str) -> bool:
    for condition in re.split(r"\s+AND\s+", call.request.filter) if call.request.filter else []:
        found = _FILTER.fullmatch(condition)
        if found is None:
            raise unimplemented(f"{call.method} with the filter {condition}")
        if found[2] != (one.state_info.state.name if found[1] == "stateInfo.state" else subtype):
            return False
    return True


def _time(moment: Any) -> Timestamp:
    said = Timestamp()
    said.FromDatetime(moment)
    return said


def _recommendation(call: Call, row: dict[str, Any]) -> api.Recommendation:
    month = Duration(seconds=30 * 86_400)
    saving = api.CostProjection(cost=money(-row["estimated_monthly_savings"], row["currency"]), duration=month)
    great = row["estimated_monthly_savings"] >= 1000
    return api.Recommendation(
        name=_name(call, row, 0),
        description=row["summary"],
        recommender_subtype=KINDS[row["action"], row["resource_type"]][2],
        last_refresh_time=_time(row["last_refresh"]),
        primary_impact=api.Impact(category=api.Impact.Category.COST, cost_projection=saving),
        priority=api.Recommendation.Priority.P2 if great else api.Recommendation.Priority.P4,
        content=api.RecommendationContent(operation_groups=[api.OperationGroup(operations=_operations(row))]),
        state_info=api.RecommendationStateInfo(state=api.RecommendationStateInfo.State.ACTIVE),
        etag=f'"{_key(row)[:16]}"',
        associated_insights=[api.Recommendation.InsightReference(insight=_name(call, row, 1))],
        target_resources=[row["resource_id"]] if row["resource_id"] else [],
    )


def _operations(row: dict[str, Any]) -> list[api.Operation]:
    common = {"resource": row["resource_id"] or "", "resource_type": row["native_type"] or ""}
    if row["action"] == "Stop":
        replaced = Value(string_value="TERMINATED")
        return [
            api.Operation(action="test", path="/status", value=Value(string_value="RUNNING"), **common),
            api.Operation(action="replace", path="/status", value=replaced, **common),
        ]
    if row["action"] == "Rightsize":
        smaller = Value(string_value=f"zones/{row['availability_zone']}/machineTypes/{_half(row['current'])}")
        return [api.Operation(action="replace", path="/machineType", value=smaller, **common)]
    if row["action"] == "PurchaseCommitment":
        return [api.Operation(action="add", resource_type="cloudbilling.googleapis.com/Commitment", path="/", value=Value(string_value=row["recommended"]))]  # fmt: skip
    return [api.Operation(action="remove", path="/", **common)]


def _half(machine: str) -> str:
    """The machine type of half the size: the ledger only says "half of"."""
    found = re.fullmatch(r"(.*-)(\d+)", machine)
    return f"{found[1]}{int(found[2]) // 2}" if found else machine.replace("small", "micro")


def _insight(call: Call, row: dict[str, Any]) -> api.Insight:
    content = Struct()
    measured = call.ledger.rows(
        "SELECT metric, avg(average) AS average, max(maximum) AS maximum, max(p95) AS p95 FROM metric"
        " WHERE resource_id = ? GROUP BY ALL ORDER BY metric",
        [row["resource_id"]],
    )
    for one in measured:
        content[one["metric"]] = {"average": one["average"], "maximum": one["maximum"], "p95": one["p95"]}
    if row["unattached_since"]:
        content["lastDetachTimestamp"] = f"{row['unattached_since']:%Y-%m-%dT%H:%M:%SZ}"
    return api.Insight(
        name=_name(call, row, 1),
        description=f"{row['resource_name'] or 'The billing account'}: what was measured",
        target_resources=[row["resource_id"]] if row["resource_id"] else [],
        insight_subtype=KINDS[row["action"], row["resource_type"]][2],
        content=content,
        last_refresh_time=_time(row["last_refresh"]),
        observation_period=Duration(seconds=30 * 86_400),
        state_info=api.InsightStateInfo(state=api.InsightStateInfo.State.ACTIVE),
        category=api.Insight.Category.COST,
        severity=api.Insight.Severity.MEDIUM,
        etag=f'"{_key(row)[:16]}"',
        associated_recommendations=[api.Insight.RecommendationReference(recommendation=_name(call, row, 0))],
    )


OPERATIONS: Final = {
    "Recommender.ListRecommendations": list_recommendations,
    "Recommender.GetRecommendation": get_recommendation,
    "Recommender.ListInsights": list_insights,
    "Recommender.GetInsight": get_insight,
}
