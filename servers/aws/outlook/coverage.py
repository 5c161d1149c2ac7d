"""How far commitments covered a month and how well they were used, as Cost Explorer tells it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from servers.aws.live import Live
from servers.aws.outlook.answers import told
from servers.kit.live.tiers import fresh_for
from shared_models.errors import InvalidPeriodError
from shared_models.period import ChargePeriod

_USED_DAYS: Final = timedelta(days=30)
_USED_FOR: Final = timedelta(hours=24)


async def coverage(live: Live, payer: str, period: ChargePeriod) -> dict[str, Any]:
    """Savings plans and reservations of one payer in one month; null where AWS has nothing to tell of a kind.

    Raises:
        InvalidPeriodError: no day of the month has passed.
        FinOpsError: AWS refused or failed, or the purse is empty.

    """
    arguments = {"TimePeriod": _passed(period, live.clock()), "Granularity": "MONTHLY"}
    keep = fresh_for(period, live.clock())
    covered = await told(live, payer, "get_savings_plans_coverage", arguments, "SavingsPlansCoverages", keep)
    used = await told(live, payer, "get_savings_plans_utilization", arguments, "Total", keep)
    reserved = await told(live, payer, "get_reservation_coverage", arguments, "Total", keep)
    busy = await told(live, payer, "get_reservation_utilization", arguments, "Total", keep)
    return {
        "billing_account_id": payer,
        "savings_plans": {
            "coverage": next(
                (one["Coverage"] for page in covered or () for one in page["SavingsPlansCoverages"]), None
            ),
            "utilization": used and used[0]["Total"],
        },
        "reservations": {
            "coverage": reserved and reserved[0]["Total"],
            "utilization": busy and busy[0]["Total"],
        },
    }


async def used_shares(live: Live, payer: str) -> dict[str, float]:
    """The used share of the last 30 days of each plan (by ARN) and reservation (by its id or ARN); asked once a day.

    Raises:
        FinOpsError: AWS refused or failed, or the purse is empty.

    """
    today = live.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    span = {"TimePeriod": {"Start": f"{today - _USED_DAYS:%Y-%m-%d}", "End": f"{today:%Y-%m-%d}"}}
    by_id = {**span, "GroupBy": [{"Type": "DIMENSION", "Key": "SUBSCRIPTION_ID"}]}
    plans = await told(
        live, payer, "get_savings_plans_utilization_details", span, "SavingsPlansUtilizationDetails", _USED_FOR
    )
    reserved = await told(live, payer, "get_reservation_utilization", by_id, "UtilizationsByTime", _USED_FOR)
    shares = {
        one["SavingsPlanArn"]: _share(one["Utilization"])
        for page in plans or ()
        for one in page["SavingsPlansUtilizationDetails"]
    }
    for page in reserved or ():
        for time in page["UtilizationsByTime"]:
            for one in time.get("Groups", ()):
                shares |= dict.fromkeys(_names(one), _share(one["Utilization"]))
    return {name: share for name, share in shares.items() if share is not None}


def _names(group: Mapping[str, Any]) -> list[str]:
    """What a reservation may be called: Cost Explorer's subscription, and the ARN or lease where it tells them."""
    attributes: Mapping[str, Any] = group.get("Attributes") or {}
    return [name for name in (group.get("Value"), attributes.get("reservationARN"), attributes.get("leaseId")) if name]


def _share(said: Mapping[str, Any]) -> float | None:
    percent = said.get("UtilizationPercentage")
    return None if percent is None else float(percent) / 100


def _passed(period: ChargePeriod, now: datetime) -> dict[str, str]:
    """The part of a month whose days are over."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = min(period.end, today)
    if end <= period.start:
        raise InvalidPeriodError(f"No day of {period.start:%Y-%m} is over yet.")
    return {"Start": f"{period.start:%Y-%m-%d}", "End": f"{end:%Y-%m-%d}"}
