"""What each tool may do in Google Cloud, as one table: permissions, what they are granted on, and their roles."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_COSTS: Final = ("gcp_query_costs",)
_BILLS: Final = ("gcp_query_costs", "gcp_export_costs")
_ACCOUNTS: Final = ("gcp_list_accounts",)
_RESOURCES: Final = ("gcp_list_resources",)


class Level(StrEnum):
    """What a permission is granted on."""

    BILLING = "billing account"
    QUOTA = "quota project"
    SCOPE = "organisation, folder or project"
    TABLE = "dataset"


@dataclass(frozen=True)
class Need:
    """One permission, the predefined role that holds it, and the tools that need it."""

    permission: str
    level: Level
    role: str
    tools: tuple[str, ...]


NEEDS: Final = (
    Need("billing.accounts.get", Level.BILLING, "roles/billing.viewer", ("gcp_describe_server", *_ACCOUNTS)),
    Need("billing.resourceAssociations.list", Level.BILLING, "roles/billing.viewer", _ACCOUNTS),
    Need("serviceusage.services.use", Level.QUOTA, "roles/serviceusage.serviceUsageConsumer", ("every live tool",)),
    Need("bigquery.jobs.create", Level.QUOTA, "roles/bigquery.jobUser", _BILLS),
    Need("bigquery.readsessions.create", Level.QUOTA, "roles/bigquery.readSessionUser", ("gcp_export_costs",)),
    Need("bigquery.tables.getData", Level.TABLE, "roles/bigquery.dataViewer", _BILLS),
    Need("resourcemanager.projects.get", Level.SCOPE, "roles/browser", _ACCOUNTS),
    Need("resourcemanager.folders.get", Level.SCOPE, "roles/browser", _ACCOUNTS),
    Need("resourcemanager.organizations.get", Level.SCOPE, "roles/browser", _ACCOUNTS),
    Need("resourcemanager.hierarchyNodes.listEffectiveTags", Level.SCOPE, "roles/resourcemanager.tagViewer", _ACCOUNTS),
    Need("cloudasset.assets.searchAllResources", Level.SCOPE, "roles/cloudasset.viewer", _RESOURCES),
    Need("cloudasset.assets.listResource", Level.SCOPE, "roles/cloudasset.viewer", _RESOURCES),
    Need("monitoring.timeSeries.list", Level.SCOPE, "roles/monitoring.viewer", ("gcp_query_usage",)),
    Need(
        "recommender.computeInstanceMachineTypeRecommendations.list",
        Level.SCOPE,
        "roles/recommender.viewer",
        ("gcp_list_recommendations",),
    ),
)


def at(level: Level, resource: str = "") -> tuple[Need, ...]:
    """The needs on a kind of resource; what only exists on organisations or folders is asked for there alone."""
    kinds = {"resourcemanager.folders.get": "projects/", "resourcemanager.organizations.get": "projects/ folders/"}
    return tuple(
        need
        for need in NEEDS
        if need.level is level
        and not any(resource.startswith(kind) for kind in kinds.get(need.permission, "-").split())
    )


def roles(level: Level) -> tuple[str, ...]:
    """The predefined roles for a kind of resource."""
    return tuple(dict.fromkeys(need.role for need in NEEDS if need.level is level))


def tools_that_need(permission: str) -> tuple[str, ...]:
    """The tools that a permission is for; none for one that is not ours."""
    return tuple(dict.fromkeys(tool for need in NEEDS if need.permission == permission for tool in need.tools))
