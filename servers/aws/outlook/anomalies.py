"""The anomalies port: what Cost Anomaly Detection found for each payer in the last 90 days; every page costs a cent."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from servers.aws.cost_explorer.currency import currency_of
from servers.aws.cost_explorer.pages import paid_pages
from servers.aws.inventory.fields import instant
from servers.aws.live import Live
from servers.aws.outlook.payers import of_payers
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.live.threads import off_loop
from shared_models.anomaly import CostAnomaly, RootCause
from shared_models.errors import UpstreamUnavailableError
from shared_models.untrusted import safe_text

FRESH_FOR: Final = timedelta(hours=12)
_KEPT_DAYS: Final = 90
_SETTLED: Final = timedelta(days=2)
_NO_DIMENSION: Final = frozenset({"Impact", "LinkedAccountName"})


def anomalies(live: Live) -> KeptItems[CostAnomaly]:
    """The port; a payer that refuses is a gap."""

    async def read(_asked: Mapping[str, object]) -> Found[CostAnomaly]:
        told, gaps, _ = await of_payers(live, "anomalies", partial(_of, live))
        found = sorted((one for each in told for one in each), key=lambda one: one.anomaly_id)
        return Found(tuple(sorted(found, key=lambda one: one.first_day, reverse=True)), gaps)

    return KeptItems(CostAnomaly, read, live.folder / "live" / "anomalies", live.clock, fresh_for=FRESH_FOR)


async def _of(live: Live, payer: str) -> list[CostAnomaly]:
    said, monitors = await off_loop(_said, live, payer)
    currency = await currency_of(live, payer) if said else ""
    return [_anomaly(one, payer, monitors, currency, live.clock()) for one in said]


def _said(live: Live, payer: str) -> tuple[list[Mapping[str, Any]], dict[str, str]]:
    """The anomalies, and the names of the monitors where there are any."""
    since = live.clock() - timedelta(days=_KEPT_DAYS)
    interval = {"DateInterval": {"StartDate": f"{since:%Y-%m-%d}", "EndDate": f"{live.clock():%Y-%m-%d}"}}
    said = [
        one for page in paid_pages(live, payer, "get_anomalies", interval, "Anomalies") for one in page["Anomalies"]
    ]
    if not said:
        return [], {}
    monitors = {
        one["MonitorArn"]: one["MonitorName"]
        for page in paid_pages(live, payer, "get_anomaly_monitors", {}, "AnomalyMonitors")
        for one in page["AnomalyMonitors"]
    }
    return said, monitors


def _anomaly(
    said: Mapping[str, Any], payer: str, monitors: Mapping[str, str], currency: str, now: datetime
) -> CostAnomaly:
    impact = said["Impact"]
    monitor, subject = monitors.get(said["MonitorArn"]), said.get("DimensionValue")
    first, last = instant(said.get("AnomalyStartDate")), instant(said.get("AnomalyEndDate"))
    if first is None:
        raise UpstreamUnavailableError(f"AWS told no day of the anomaly {said['AnomalyId']}.", hint="Report it.")
    return CostAnomaly(
        anomaly_id=said["AnomalyId"],
        provider="aws",
        billing_account_id=payer,
        monitor=safe_text(monitor) if monitor else said["MonitorArn"],
        subject=subject and safe_text(subject),
        first_day=first,
        last_day=last,
        impact=Decimal(str(impact["TotalImpact"])),
        actual=_amount(impact.get("TotalActualSpend")),
        expected=_amount(impact.get("TotalExpectedSpend")),
        currency=currency,
        root_causes=tuple(_cause(cause) for cause in said.get("RootCauses", ())),
        status="ongoing" if last is None or last >= now - _SETTLED else "ended",
        feedback=said.get("Feedback"),
    )


def _cause(said: Mapping[str, Any]) -> RootCause:
    impact: Mapping[str, Any] = said.get("Impact") or {}
    contribution = impact.get("Contribution")
    return RootCause(
        dimensions={name: safe_text(str(value)) for name, value in said.items() if value and name not in _NO_DIMENSION},
        contribution=None if contribution is None else _amount(contribution),
    )


def _amount(number: Any) -> Decimal | None:
    """AWS tells these as JSON numbers: the decimal that a number's shortest text says."""
    return None if number is None else Decimal(str(number))
