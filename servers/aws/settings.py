"""Settings of live AWS: who asks, whose accounts and bills, and what the questions may cost. Never a credential."""

import os
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from pydantic import Field

from shared_models.base import WireModel
from shared_models.errors import InvalidArgumentError
from shared_models.settings_names import check_names

_ACCOUNT: Final = re.compile(r"^\d{12}$")
_S3: Final = re.compile(r"^s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*?))?/?$")
_YES: Final = frozenset({"1", "on", "true", "yes"})
_NO: Final = frozenset({"", "0", "off", "false", "no"})


class ExportLocation(WireModel):
    """Where Data Exports lie: a bucket and what stands before the exports' names."""

    bucket: str
    prefix: str = ""


class AwsSettings(WireModel):
    """One frozen object per process. `external_id` is what roles' trust policies ask for; it is never shown."""

    live: bool = False
    profile: str | None = None
    role: str | None = None
    external_id: str | None = Field(default=None, repr=False)
    profiles: dict[str, str] = Field(default_factory=dict)
    payers: tuple[str, ...] = ()
    regions: tuple[str, ...] | None = None
    everywhere: bool = False
    export_locations: tuple[ExportLocation, ...] = ()
    daily_purse: Decimal = Decimal("1.00")
    connect_seconds: float = 5
    read_seconds: float = 30


def load_aws_settings(environment: Mapping[str, str] | None = None) -> AwsSettings:
    """The settings from SKYLEDGER_AWS_* variables.

    Raises:
        InvalidArgumentError: an unknown SKYLEDGER_ variable, or a value that cannot be used.

    """
    environment = os.environ if environment is None else environment
    check_names(environment)

    def said(name: str) -> str:
        return environment.get(f"SKYLEDGER_AWS_{name}", "").strip()

    return AwsSettings(
        live=_switch(said("LIVE")),
        profile=said("PROFILE") or None,
        role=said("ROLE") or None,
        external_id=said("EXTERNAL_ID") or None,
        profiles=_profiles(said("PROFILES")),
        payers=tuple(_account(text, "SKYLEDGER_AWS_PAYERS") for text in _list(said("PAYERS"))),
        regions=_list(said("REGIONS")) or None,
        everywhere=_everywhere(said("PLACES")),
        export_locations=tuple(map(_location, _list(said("EXPORT_LOCATION")))),
        daily_purse=_dollars(said("DAILY_PURSE")) if said("DAILY_PURSE") else Decimal("1.00"),
    )


def _switch(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise InvalidArgumentError("SKYLEDGER_AWS_LIVE", f"{text!r} is neither on nor off.", hint="Use on or off.")
    return text.lower() in _YES


def _everywhere(text: str) -> bool:
    if text.lower() not in {"", "charges", "all"}:
        raise InvalidArgumentError("SKYLEDGER_AWS_PLACES", f"{text!r} is no choice.", hint="Of charges, all.")
    return text.lower() == "all"


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _account(text: str, name: str) -> str:
    if not _ACCOUNT.match(text):
        raise InvalidArgumentError(name, f"{text!r} is no AWS account id.", hint="Twelve digits, separated by commas.")
    return text


def _profiles(text: str) -> dict[str, str]:
    """`111122223333=finance,444455556666=japan`: the profile of an account that the role does not reach."""
    pairs = [pair.partition("=") for pair in _list(text)]
    return {_account(account.strip(), "SKYLEDGER_AWS_PROFILES"): profile.strip() for account, _, profile in pairs}


def _location(text: str) -> ExportLocation:
    match = _S3.match(text)
    if match is None:
        raise InvalidArgumentError(
            "SKYLEDGER_AWS_EXPORT_LOCATION", f"{text!r} is no S3 location.", hint="For example s3://bucket/prefix."
        )
    return ExportLocation(bucket=match["bucket"], prefix=match["prefix"] or "")


def _dollars(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise InvalidArgumentError(
            "SKYLEDGER_AWS_DAILY_PURSE",
            f"{text!r} is no amount in USD.",
            hint="For example 1.00; 0 forbids paid calls.",
        )
    return amount
