"""Every recommender of cost: whom it speaks to, about which kinds of assets, and what it asks for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared_models.recommendation import Action


class At(StrEnum):
    """The location under which a recommender keeps its advice about an asset."""

    OWN = "own"
    """Its zone, region or multi-region."""
    REGION = "region"
    GLOBAL = "global"


@dataclass(frozen=True)
class Recommender:
    """One recommender; it is asked where assets of these types are, and nowhere else.

    `shared` ones advise organisations and folders too, those without types billing accounts.
    """

    name: str
    action: Action
    types: tuple[str, ...] = ()
    at: At = At.OWN
    shared: bool = False
    restarts: bool | None = None


RECOMMENDERS: Final = (
    Recommender(
        "google.compute.instance.MachineTypeRecommender",
        Action.RIGHTSIZE,
        ("compute.googleapis.com/Instance",),
        restarts=True,
    ),
    Recommender("google.compute.instance.IdleResourceRecommender", Action.STOP, ("compute.googleapis.com/Instance",)),
    Recommender(
        "google.compute.instanceGroupManager.MachineTypeRecommender",
        Action.RIGHTSIZE,
        ("compute.googleapis.com/InstanceGroupManager",),
        restarts=True,
    ),
    Recommender(
        "google.compute.disk.IdleResourceRecommender",
        Action.DELETE,
        ("compute.googleapis.com/Disk", "compute.googleapis.com/RegionDisk"),
    ),
    Recommender(
        "google.compute.address.IdleResourceRecommender",
        Action.DELETE,
        ("compute.googleapis.com/Address", "compute.googleapis.com/GlobalAddress"),
    ),
    Recommender(
        "google.compute.image.IdleResourceRecommender", Action.DELETE, ("compute.googleapis.com/Image",), At.GLOBAL
    ),
    Recommender("google.compute.IdleResourceRecommender", Action.DELETE, ("compute.googleapis.com/Reservation",)),
    Recommender(
        "google.compute.commitment.UsageCommitmentRecommender",
        Action.PURCHASE_COMMITMENT,
        ("compute.googleapis.com/Instance",),
        At.REGION,
    ),
    Recommender("google.cloudbilling.commitment.SpendBasedCommitmentRecommender", Action.PURCHASE_COMMITMENT),
    Recommender("google.cloudsql.instance.IdleRecommender", Action.STOP, ("sqladmin.googleapis.com/Instance",)),
    Recommender(
        "google.cloudsql.instance.OverprovisionedRecommender",
        Action.RIGHTSIZE,
        ("sqladmin.googleapis.com/Instance",),
        restarts=True,
    ),
    Recommender("google.container.DiagnosisRecommender", Action.OTHER, ("container.googleapis.com/Cluster",)),
    Recommender(
        "google.bigquery.capacityCommitments.Recommender",
        Action.PURCHASE_COMMITMENT,
        ("bigquery.googleapis.com/Dataset", "bigqueryreservation.googleapis.com/Reservation"),
        shared=True,
    ),
    Recommender(
        "google.bigquery.table.PartitionClusterRecommender", Action.OTHER, ("bigquery.googleapis.com/Dataset",)
    ),
    Recommender(
        "google.resourcemanager.projectUtilization.Recommender",
        Action.OTHER,
        ("cloudresourcemanager.googleapis.com/Project",),
        At.GLOBAL,
    ),
    Recommender("google.run.service.CostRecommender", Action.RIGHTSIZE, ("run.googleapis.com/Service",)),
    Recommender("google.storage.bucket.SoftDeleteRecommender", Action.OTHER, ("storage.googleapis.com/Bucket",)),
)

ACTIONS: Final = {
    "STOP_VM": Action.STOP,
    "STOP_INSTANCE": Action.STOP,
    "CHANGE_MACHINE_TYPE": Action.RIGHTSIZE,
    "OVERPROVISIONED_INSTANCE": Action.RIGHTSIZE,
    "SNAPSHOT_AND_DELETE_DISK": Action.DELETE,
    "DELETE_DISK": Action.DELETE,
    "DELETE_ADDRESS": Action.DELETE,
    "DELETE_IMAGE": Action.DELETE,
    "CLEANUP_PROJECT": Action.DELETE,
}
"""Recommender subtype -> action, where a recommender asks for more than one thing."""
