"""Settings of live Google Cloud: who asks, whose bills and projects, what questions may cost. Never a credential."""

import os
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from shared_models.base import WireModel
from shared_models.errors import InvalidArgumentError
from shared_models.settings_names import check_names

_YES: Final = frozenset({"1", "on", "true", "yes"})
_NO: Final = frozenset({"", "0", "off", "false", "no"})
_PROJECT: Final = re.compile(r"^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$")
_ACCOUNT: Final = re.compile(r"^(?:billingAccounts/)?([0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6})$")
_SCOPE: Final = re.compile(r"^(?:(?:organizations|folders)/\d+|projects/\S+)$")
_DATASET: Final = re.compile(r"^(?P<project>[a-z0-9.:-]+)\.(?P<dataset>\w+)$")
_EMAIL: Final = re.compile(r"^[^@\s]+@[^@\s]+\.gserviceaccount\.com$")
_EXPORT: Final = re.compile(r"^(?:focus|detailed|standard)$")
_SIZE: Final = re.compile(r"^(?P<number>\d+)\s*(?P<unit>|[KMGT]iB|[KMGT]B|B)$")
_UNITS: Final = {
    "": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip


class DatasetName(WireModel):
    """A BigQuery dataset that holds billing exports."""

    project: str
    dataset: str


class GcpSettings(WireModel):
    """One frozen object per process. A limit of zero forbids every query that is billed."""

    live: bool = False
    quota_project: str | None = None
    """The project that runs queries and whose API quota is used; without it the credentials' own."""
    impersonate: str | None = None
    billing_accounts: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    """`organizations/1`, `folders/2`, `projects/x`: what is looked at; without it all that is seen."""
    datasets: tuple[DatasetName, ...] = ()
    """Where billing exports lie; without it the datasets of the quota project are searched."""
    prefer: str | None = None
    """`focus`, `detailed` or `standard`: the export that counts where there are several; without it the best."""
    daily_purse: Decimal = Decimal("1.00")
    daily_bytes: int = 2**40
    patience_seconds: float = 60
    """How long one request is tried again while Google is throttling or failing."""
    job_seconds: float = 300
    """How long a query job may run before it is cancelled."""


def load_gcp_settings(environment: Mapping[str, str] | None = None) -> GcpSettings:
    """The settings from SKYLEDGER_GCP_* variables.

    Raises:
        InvalidArgumentError: an unknown SKYLEDGER_ variable, or a value that cannot be used.

    """
    environment = os.environ if environment is None else environment
    check_names(environment)

    def said(name: str) -> str:
        return environment.get(f"SKYLEDGER_GCP_{name}", "").strip()

    return GcpSettings(
        live=_switch(said("LIVE")),
        quota_project=_project(said("QUOTA_PROJECT")) if said("QUOTA_PROJECT") else None,
        impersonate=_email(said("IMPERSONATE")) if said("IMPERSONATE") else None,
        billing_accounts=tuple(map(_account, _list(said("BILLING_ACCOUNTS")))),
        scopes=tuple(map(_scope, _list(said("SCOPES")))),
        datasets=tuple(map(_dataset, _list(said("DATASETS")))),
        prefer=_export(said("EXPORT")) if said("EXPORT") else None,
        daily_purse=_dollars(said("DAILY_PURSE")) if said("DAILY_PURSE") else Decimal("1.00"),
        daily_bytes=_bytes(said("DAILY_BYTES")) if said("DAILY_BYTES") else 2**40,
    )


def _switch(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise InvalidArgumentError("SKYLEDGER_GCP_LIVE", f"{text!r} is neither on nor off.", hint="Use on or off.")
    return text.lower() in _YES


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _project(text: str) -> str:
    return _matched(_PROJECT, text, "QUOTA_PROJECT", "no project id", "For example finops-billing.")[0]


def _email(text: str) -> str:
    return _matched(
        _EMAIL, text, "IMPERSONATE", "no service account", "For example reader@project.iam.gserviceaccount.com."
    )[0]


def _account(text: str) -> str:
    return _matched(_ACCOUNT, text, "BILLING_ACCOUNTS", "no billing account id", "For example 0123AB-4567CD-89EF01.")[1]


def _scope(text: str) -> str:
    return _matched(
        _SCOPE, text, "SCOPES", "no scope", "organizations/NUMBER, folders/NUMBER or projects/ID, separated by commas."
    )[0]


def _dataset(text: str) -> DatasetName:
    match = _matched(_DATASET, text, "DATASETS", "no dataset", "PROJECT.DATASET, separated by commas.")
    return DatasetName(project=match["project"], dataset=match["dataset"])


def _export(text: str) -> str:
    return _matched(_EXPORT, text, "EXPORT", "no kind of export", "One of focus, detailed, standard.")[0]


def _bytes(text: str) -> int:
    match = _matched(_SIZE, text, "DAILY_BYTES", "no number of bytes", "For example 200GiB; 0 forbids billed queries.")
    return int(match["number"]) * _UNITS[match["unit"]]


def _dollars(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise InvalidArgumentError(
            "SKYLEDGER_GCP_DAILY_PURSE",
            f"{text!r} is no amount in USD.",
            hint="For example 1.00; 0 forbids billed queries.",
        )
    return amount


def _matched(pattern: re.Pattern[str], text: str, name: str, what: str, hint: str) -> re.Match[str]:
    match = pattern.match(text)
    if match is None:
        raise InvalidArgumentError(f"SKYLEDGER_GCP_{name}", f"{text!r} is {what}.", hint=hint)
    return match
