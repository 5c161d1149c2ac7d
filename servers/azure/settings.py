"""Settings of live Azure: which cloud, whose tenants, bills and subscriptions. Never a credential."""

import os
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from shared_models.base import WireModel
from shared_models.errors import InvalidArgumentError
from shared_models.settings_names import check_names

_YES: Final = frozenset({"1", "on", "true", "yes"})
_NO: Final = frozenset({"", "0", "off", "false", "no"})
_GUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TENANT: Final = re.compile(rf"^(?:{_GUID}|[a-z0-9-]+(?:\.[a-z0-9-]+)+)$", re.IGNORECASE)
_SUBSCRIPTION: Final = re.compile(rf"^(?:/?subscriptions/)?({_GUID})/?$", re.IGNORECASE)
_GROUP: Final = re.compile(
    r"^(?:/?providers/Microsoft\.Management/managementGroups/)?([\w.()-]{1,90})/?$", re.IGNORECASE
)
_BILLING: Final = re.compile(
    r"^/?providers/Microsoft\.Billing/(billingAccounts/[^/?#\s]+(?:/(?:billingProfiles|departments|enrollmentAccounts"
    r"|customers)/[^/?#\s]+)?(?:/invoiceSections/[^/?#\s]+)?)/?$",
    re.IGNORECASE,
)
_STORAGE: Final = re.compile(
    r"^https://(?P<account>[a-z0-9]{3,24})\.(?:blob|dfs)\.(?P<suffix>core\.[a-z.]+)/(?P<container>\$?[a-z0-9-]+)"
    r"(?:/(?P<prefix>[^?#]*?))?/?$"
)
_LAKE: Final = re.compile(
    r"^abfss://(?P<container>\$?[a-z0-9-]+)@(?P<account>[a-z0-9]{3,24})\.dfs\.(?P<suffix>core\.[a-z.]+)"
    r"(?:/(?P<prefix>[^?#]*?))?/?$"
)
_LONGEST_PATIENCE: Final = 86_400
Value = TypeVar("Value")


class AzureCloud(StrEnum):
    """The clouds that Microsoft runs apart from each other."""

    PUBLIC = "public"
    US_GOVERNMENT = "usgovernment"
    CHINA = "china"


class SignIn(StrEnum):
    """Which credential of azure-identity is used: its default chain, or one part of it alone."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    WORKLOAD_IDENTITY = "workload_identity"
    MANAGED_IDENTITY = "managed_identity"
    CLI = "cli"
    DEVICE_CODE = "device_code"


class ExportLocation(WireModel):
    """Where exports lie: a container of a storage account and what stands before the exports' names."""

    account: str
    container: str
    prefix: str = ""

    @property
    def address(self) -> str:
        """The container, as an export's place is called."""
        return f"azure://{self.account}/{self.container}"


class AzureSettings(WireModel):
    """One frozen object per process. Scopes are resource ids without the slash at either end."""

    live: bool = False
    cloud: AzureCloud = AzureCloud.PUBLIC
    sign_in: SignIn = SignIn.DEFAULT
    tenants: tuple[str, ...] = ()
    """Tenants to look at, our own first; without it every tenant that Azure lists for us."""
    billing_scopes: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    """What is looked at; without it all that is seen."""
    regions: tuple[str, ...] = ()
    export_locations: tuple[ExportLocation, ...] = ()
    """Where exports lie; without it they are discovered."""
    patience_seconds: float = 90
    """How long one request waits for a quota, or is tried again while Azure is throttling or failing."""


def load_azure_settings(environment: Mapping[str, str] | None = None) -> AzureSettings:
    """The settings from SKYLEDGER_AZURE_* variables.

    Raises:
        InvalidArgumentError: an unknown SKYLEDGER_ variable, or a value that cannot be used.

    """
    environment = os.environ if environment is None else environment
    check_names(environment)

    def listed(name: str, read: Callable[[str], Value]) -> tuple[Value, ...]:
        parts = environment.get(f"SKYLEDGER_AZURE_{name}", "").split(",")
        return tuple(dict.fromkeys(read(part.strip()) for part in parts if part.strip()))

    def said(name: str) -> str:
        return environment.get(f"SKYLEDGER_AZURE_{name}", "").strip()

    return AzureSettings(
        live=_switch(said("LIVE")),
        cloud=_one_of(AzureCloud, said("CLOUD"), "CLOUD"),
        sign_in=_one_of(SignIn, said("SIGN_IN"), "SIGN_IN"),
        tenants=listed("TENANTS", _tenant),
        billing_scopes=listed("BILLING_SCOPES", _billing_scope),
        management_groups=listed("MANAGEMENT_GROUPS", _group),
        subscriptions=listed("SUBSCRIPTIONS", _subscription),
        regions=listed("REGIONS", _region),
        export_locations=listed("EXPORT_LOCATION", _location),
        patience_seconds=_seconds(said("PATIENCE")) if said("PATIENCE") else 90,
    )


def _switch(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise InvalidArgumentError("SKYLEDGER_AZURE_LIVE", f"{text!r} is neither on nor off.", hint="Use on or off.")
    return text.lower() in _YES


Choice = TypeVar("Choice", AzureCloud, SignIn)


def _one_of(kind: type[Choice], text: str, name: str) -> Choice:
    choices = {one.value: one for one in kind}
    if text and text.lower() not in choices:
        raise InvalidArgumentError(
            f"SKYLEDGER_AZURE_{name}", f"{text!r} is none of the choices.", hint=f"Use {', '.join(choices)}."
        )
    return choices[text.lower()] if text else next(iter(choices.values()))


def _tenant(text: str) -> str:
    return _matched(_TENANT, text, "TENANTS", "no tenant", "Directory ids or domain names, separated by commas.")[
        0
    ].lower()


def _subscription(text: str) -> str:
    return _matched(_SUBSCRIPTION, text, "SUBSCRIPTIONS", "no subscription id", "GUIDs, separated by commas.")[
        1
    ].lower()


def _group(text: str) -> str:
    return _matched(_GROUP, text, "MANAGEMENT_GROUPS", "no management group", "Its id, not the name it shows.")[1]


def _billing_scope(text: str) -> str:
    match = _matched(
        _BILLING,
        text,
        "BILLING_SCOPES",
        "no billing scope",
        "For example /providers/Microsoft.Billing/billingAccounts/ID/billingProfiles/ID.",
    )
    return f"providers/Microsoft.Billing/{match[1]}"


def _region(text: str) -> str:
    return text.lower().replace(" ", "")


def _location(text: str) -> ExportLocation:
    match = _STORAGE.match(text) or _LAKE.match(text)
    if match is None:
        raise InvalidArgumentError(
            "SKYLEDGER_AZURE_EXPORT_LOCATION",
            "It is no place in a storage account (an access signature does not belong into it).",
            hint="For example https://account.blob.core.windows.net/container/folder.",
        )
    return ExportLocation(account=match["account"], container=match["container"], prefix=match["prefix"] or "")


def _seconds(text: str) -> float:
    if not text.isdecimal() or int(text) > _LONGEST_PATIENCE:
        raise InvalidArgumentError(
            "SKYLEDGER_AZURE_PATIENCE", f"{text!r} is no number of seconds up to a day.", hint="For example 90."
        )
    return float(text)


def _matched(pattern: re.Pattern[str], text: str, name: str, what: str, hint: str) -> re.Match[str]:
    match = pattern.match(text)
    if match is None:
        raise InvalidArgumentError(f"SKYLEDGER_AZURE_{name}", f"{text!r} is {what}.", hint=hint)
    return match
