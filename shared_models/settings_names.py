"""Every SKYLEDGER_ variable there is; one that is not here is a spelling mistake and refused."""

import os
from collections.abc import Mapping
from typing import Final

from shared_models.errors import InvalidArgumentError, near_matches

KNOWN: Final = {
    "SKYLEDGER_HOME": "folder of the ledger",
    "SKYLEDGER_CONFIG": "path of skyledger.toml",
    "SKYLEDGER_TOOLSETS": "toolsets of the orchestrator, separated by commas",
    "SKYLEDGER_AWS_EXPORTS": "folder with AWS bills and datasets",
    "SKYLEDGER_AWS_LIVE": "on: ask AWS itself",
    "SKYLEDGER_AWS_PROFILE": "profile of the AWS configuration; without it the SDK's own chain",
    "SKYLEDGER_AWS_ROLE": "name of the role to take in each account of the organisation",
    "SKYLEDGER_AWS_EXTERNAL_ID": "external id that the role's trust policy asks for",
    "SKYLEDGER_AWS_PROFILES": "account=profile pairs, separated by commas, for accounts that need their own",
    "SKYLEDGER_AWS_PAYERS": "management accounts whose bills are asked for, separated by commas",
    "SKYLEDGER_AWS_REGIONS": "regions to look at, separated by commas; without it SKYLEDGER_AWS_PLACES decides",
    "SKYLEDGER_AWS_PLACES": "charges: look at regions with charges of each account; all: at every enabled one",
    "SKYLEDGER_AWS_EXPORT_LOCATION": "s3://bucket/prefix of Data Exports; without it they are discovered",
    "SKYLEDGER_AWS_DAILY_PURSE": "USD that paid AWS requests may cost a day (1.00)",
    "SKYLEDGER_AZURE_EXPORTS": "folder with Azure bills and datasets",
    "SKYLEDGER_AZURE_LIVE": "on: ask Azure itself",
    "SKYLEDGER_AZURE_CLOUD": "public, usgovernment or china",
    "SKYLEDGER_AZURE_SIGN_IN": "default, environment, workload_identity, managed_identity, cli or device_code",
    "SKYLEDGER_AZURE_TENANTS": "tenants to look at, our own first; without it all that Azure lists for us",
    "SKYLEDGER_AZURE_BILLING_SCOPES": "ids of billing accounts or profiles, separated by commas; without it all seen",
    "SKYLEDGER_AZURE_MANAGEMENT_GROUPS": "management groups to look at, separated by commas",
    "SKYLEDGER_AZURE_SUBSCRIPTIONS": "subscriptions to look at, separated by commas; without it all that are seen",
    "SKYLEDGER_AZURE_REGIONS": "regions to look at, separated by commas; without it all",
    "SKYLEDGER_AZURE_EXPORT_LOCATION": "https://account.blob.core.windows.net/container/folder; else discovered",
    "SKYLEDGER_AZURE_PATIENCE": "seconds that a request waits for Azure's quota (90)",
    "SKYLEDGER_GCP_EXPORTS": "folder with Google Cloud bills and datasets",
    "SKYLEDGER_GCP_LIVE": "on: ask Google Cloud itself",
    "SKYLEDGER_GCP_QUOTA_PROJECT": "project that runs queries and whose quota is used; without it the credentials' own",
    "SKYLEDGER_GCP_IMPERSONATE": "e-mail address of the service account to impersonate",
    "SKYLEDGER_GCP_BILLING_ACCOUNTS": "billing accounts whose bills are asked for, separated by commas",
    "SKYLEDGER_GCP_SCOPES": "organizations/NUMBER, folders/NUMBER, projects/ID to look at; without it all that is seen",
    "SKYLEDGER_GCP_DATASETS": "PROJECT.DATASET of billing exports; without it those of the quota project are searched",
    "SKYLEDGER_GCP_EXPORT": "focus, detailed or standard: the export that counts; without it the best there is",
    "SKYLEDGER_GCP_DAILY_PURSE": "USD that BigQuery may bill a day (1.00)",
    "SKYLEDGER_GCP_DAILY_BYTES": "bytes that BigQuery may bill a day (1TiB)",
}


def check_names(environment: Mapping[str, str] | None = None) -> None:
    """Refuse an unknown SKYLEDGER_ variable.

    Raises:
        InvalidArgumentError: one is not known; near names are in the hint.

    """
    for name in environment if environment is not None else os.environ:
        if name.startswith("SKYLEDGER_") and name not in KNOWN:
            near = near_matches(name, KNOWN, limit=2) or sorted(KNOWN)
            raise InvalidArgumentError(name, f"There is no setting {name}.", hint=f"Did you mean {' or '.join(near)}?")
