"""What sets Google Cloud up for SkyLedger: roles, a dataset for the exports, and how the exports are switched on."""

import json
from importlib.util import find_spec
from typing import Any, Final

from servers.gcp.permissions import Level, roles
from servers.gcp.settings import GcpSettings, load_gcp_settings
from servers.kit.live.setup import LiveSetup, Wanted
from shared_models.errors import MissingExtraError

_PROJECT: Final = "QUOTA-PROJECT"
_DATASET: Final = "billing_export"
_ACCOUNT: Final = "000000-000000-000000"
_SCOPE: Final = "organizations/ORGANISATION-NUMBER"
_NOBODY: Final = "skyledger@QUOTA-PROJECT.iam.gserviceaccount.com"
APIS: Final = (
    "bigquery", "bigquerystorage", "cloudasset", "cloudbilling", "cloudresourcemanager", "iamcredentials",
    "monitoring", "recommender",
)  # fmt: skip
_CONSOLE: Final = (
    "No API and no Terraform resource switches a billing export on. In the console, as Billing Account Administrator:",
    "Billing > {account} > Billing export > BigQuery export > Edit settings, for each of: FOCUS (preferred), Detailed",
    "usage cost, Pricing, Committed use discounts; choose the project {project} and the dataset {dataset}. A dataset",
    "in the multi-region US or EU is filled back to the start of the previous month, any other from now on.",
)


def live_setup() -> LiveSetup:
    """Live Google Cloud as the environment sets it.

    Raises:
        InvalidArgumentError: a SKYLEDGER_GCP_ variable that cannot be used.

    """
    settings = load_gcp_settings()
    return LiveSetup(
        switch="SKYLEDGER_GCP_LIVE",
        on=settings.live,
        documents={
            "roles": lambda wanted: json.dumps(bindings(settings, wanted), indent=2),
            "gcloud": lambda wanted: gcloud(settings, wanted),
            "terraform": lambda wanted: terraform(settings, wanted),
        },
        said=_said(settings),
        wrong=_wrong(settings) if settings.live else (),
    )


def bindings(settings: GcpSettings, wanted: Wanted) -> list[dict[str, str]]:
    """Every role to grant, each with who gets it and on what; all of them only read."""
    project, dataset = _place(settings, wanted)
    member = _member(settings, wanted)
    where = {
        Level.BILLING: [f"billingAccounts/{one}" for one in settings.billing_accounts or (_ACCOUNT,)],
        Level.QUOTA: [f"projects/{settings.quota_project or project}"],
        Level.TABLE: [f"projects/{project}/datasets/{dataset}"],
        Level.SCOPE: list(settings.scopes or (_SCOPE,)),
    }
    return [
        {"resource": resource, "role": role, "member": member}
        for level, resources in where.items()
        for resource in resources
        for role in roles(level)
    ]


def gcloud(settings: GcpSettings, wanted: Wanted) -> str:
    """A shell script that grants the roles and makes the dataset, and says what the console is needed for."""
    project, dataset = _place(settings, wanted)
    lines = [f"gcloud services enable {' '.join(f'{api}.googleapis.com' for api in APIS)} --project={project}"]
    lines.append(f"bq --location=EU mk --dataset {project}:{dataset}")
    lines.extend(map(_command, bindings(settings, wanted)))
    account = (settings.billing_accounts or (_ACCOUNT,))[0]
    told = [f"# {line.format(account=account, project=project, dataset=dataset)}" for line in _CONSOLE]
    return "\n".join(["set -eu", *told, *lines])


def terraform(settings: GcpSettings, wanted: Wanted) -> str:
    """The same in Terraform's JSON syntax (`skyledger.tf.json`)."""
    project, dataset = _place(settings, wanted)
    resources: dict[str, dict[str, Any]] = {
        "google_project_service": {
            api: {"project": project, "service": f"{api}.googleapis.com", "disable_on_destroy": False} for api in APIS
        },
        "google_bigquery_dataset": {"exports": {"project": project, "dataset_id": dataset, "location": "EU"}},
    }
    for number, one in enumerate(bindings(settings, wanted)):
        kind, said = _member_resource(one)
        resources.setdefault(kind, {})[f"skyledger_{number}"] = said
    account = (settings.billing_accounts or (_ACCOUNT,))[0]
    told = " ".join(_CONSOLE).format(account=account, project=project, dataset=dataset)
    return json.dumps({"//": told, "resource": resources}, indent=2)


def _command(one: dict[str, str]) -> str:
    kind, _, name = one["resource"].partition("/")
    given = f"--member='{one['member']}' --role={one['role']}"
    if "/datasets/" in one["resource"]:
        project, _, dataset = name.partition("/datasets/")
        return f"bq add-iam-policy-binding {given} --dataset {project}:{dataset}"
    groups = {
        "billingAccounts": "billing accounts",
        "projects": "projects",
        "folders": "resource-manager folders",
        "organizations": "organizations",
    }
    return f"gcloud {groups[kind]} add-iam-policy-binding {name} {given}"


def _member_resource(one: dict[str, str]) -> tuple[str, dict[str, str]]:
    kind, _, name = one["resource"].partition("/")
    said = {"role": one["role"], "member": one["member"]}
    if "/datasets/" in one["resource"]:
        project, _, dataset = name.partition("/datasets/")
        return "google_bigquery_dataset_iam_member", {"project": project, "dataset_id": dataset, **said}
    by_kind = {
        "billingAccounts": ("google_billing_account_iam_member", "billing_account_id"),
        "projects": ("google_project_iam_member", "project"),
        "folders": ("google_folder_iam_member", "folder"),
        "organizations": ("google_organization_iam_member", "org_id"),
    }
    resource, field = by_kind[kind]
    return resource, {field: name, **said}


def _place(settings: GcpSettings, wanted: Wanted) -> tuple[str, str]:
    """The project and dataset for the exports: as asked for (`PROJECT.DATASET`), else as set."""
    if wanted.storage and "." in wanted.storage:
        project, _, dataset = wanted.storage.rpartition(".")
        return project, dataset
    if settings.datasets:
        return settings.datasets[0].project, settings.datasets[0].dataset
    return settings.quota_project or _PROJECT, wanted.storage or _DATASET


def _member(settings: GcpSettings, wanted: Wanted) -> str:
    who = wanted.principal or settings.impersonate or _NOBODY
    if ":" in who or "@" not in who:
        return who
    return f"serviceAccount:{who}" if who.endswith(".gserviceaccount.com") else f"user:{who}"


def _said(settings: GcpSettings) -> tuple[str, ...]:
    """What is set, in words."""
    told = {
        "quota project": settings.quota_project,
        "impersonating": settings.impersonate,
        "billing accounts": ", ".join(settings.billing_accounts),
        "scopes": ", ".join(settings.scopes),
        "exports in": ", ".join(f"{one.project}.{one.dataset}" for one in settings.datasets),
        "preferring the export": settings.prefer,
        "at most": f"USD {settings.daily_purse} and {settings.daily_bytes} bytes a day",
    }
    return tuple(f"{what} {value}" for what, value in told.items() if value)


def _wrong(_settings: GcpSettings) -> tuple[str, ...]:
    """What shows without asking Google: clients that are not installed."""
    try:
        installed = all(find_spec(name) for name in ("google.cloud.bigquery", "google.cloud.billing_v1", "pyarrow"))
    except ModuleNotFoundError:
        installed = False
    if installed:
        return ()
    missing = MissingExtraError("gcp", needed_for="Live Google Cloud data")
    return (f"{missing.message} {missing.hint}",)
