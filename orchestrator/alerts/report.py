"""What is reported of anomalies: impact, severity, cause, status; and the record of one incident."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from pydantic.json_schema import SkipJsonSchema

from orchestrator.alerts.judge import Incident
from orchestrator.alerts.reason import Reason, Resource
from orchestrator.query.answer import ShownCoverage, ShownEvidence
from orchestrator.state.anomaly import AnomalyStatus
from shared_models.base import WireModel
from shared_models.digest import digest_of
from shared_models.money import ExactDecimal, plain

Optional = SkipJsonSchema[None]
_LETTERS: Final = 12
_DAYS_OF_WORTH: Final = (("high", 0.25), ("medium", 0.08))
"""Severity: impact as a part of what the estate costs on a usual day."""
_SURE: Final = 2.0
_RUNBOOK: Final = (
    "Runbook: (1) Was this planned? Then set the status to expected. (2) What changed on the first day: deployments,"
    " scaling, prices, access? (3) Stop or shrink what is not needed, and note who did. (4) Check the following day's"
    " cost, then set the status to resolved."
)


class CauseLine(WireModel):
    """One explanation."""

    where: dict[str, str | None]
    contribution: ExactDecimal
    share: float


class ResourceLine(WireModel):
    """Against as many days some weeks before."""

    resource_id: str | Optional = None
    change: ExactDecimal
    price_effect: ExactDecimal | Optional = None
    quantity_effect: ExactDecimal | Optional = None


class Anomaly(WireModel):
    """impact = actual - expected."""

    anomaly_id: str
    status: AnomalyStatus
    severity: str
    provisional: bool
    scope: dict[str, str | None]
    currency: str
    first_day: date
    last_day: date
    impact: ExactDecimal
    actual: ExactDecimal
    expected: ExactDecimal
    children: int
    causes: tuple[CauseLine, ...] = ()
    resources: tuple[ResourceLine, ...] = ()


class AnomalyAnswer(WireModel):
    """By impact."""

    notes: tuple[str, ...]
    anomalies: tuple[Anomaly, ...]
    not_listed: int
    alerts_per_week: float
    record: str | Optional = None
    coverage: ShownCoverage
    evidence: ShownEvidence


def id_of(incident: Incident) -> str:
    """The same for the same scope, direction and first day, however long it lasts."""
    return digest_of(f"{incident.scope}|{incident.sign}|{incident.first}", _LETTERS)


def severity(incident: Incident, usual_day: float) -> str:
    """By impact; one step less where the deviation barely passed its bar or its days still settle."""
    worth = abs(float(incident.impact)) / usual_day if usual_day > 0 else 1.0
    names = [*(name for name, _ in _DAYS_OF_WORTH), "low"]
    step = next((number for number, (_, least) in enumerate(_DAYS_OF_WORTH) if worth >= least), len(_DAYS_OF_WORTH))
    unsure = incident.provisional or (incident.excess < _SURE and len(incident.children) == 0)
    return names[min(step + unsure, len(names) - 1)]


def shown(
    incident: Incident,
    status: AnomalyStatus,
    usual_day: float,
    causes: Sequence[Reason] = (),
    resources: Sequence[Resource] = (),
) -> Anomaly:
    """One line of the answer."""
    return Anomaly(
        anomaly_id=id_of(incident),
        status=status,
        severity=severity(incident, usual_day),
        provisional=incident.provisional,
        scope=incident.scope.said,
        currency=incident.scope.currency,
        first_day=incident.first,
        last_day=incident.last,
        impact=incident.impact,
        actual=incident.actual,
        expected=incident.expected,
        children=len(incident.children),
        causes=tuple(CauseLine(where=one.where, contribution=one.contribution, share=one.share) for one in causes),
        resources=tuple(
            ResourceLine(
                resource_id=one.resource_id,
                change=one.change,
                price_effect=one.price_effect,
                quantity_effect=one.quantity_effect,
            )
            for one in resources
        ),
    )


def record(anomaly: Anomaly, owners: str, today: date) -> str:
    """The dated incident record of one anomaly, in Markdown, with questions for its runbook."""
    causes = [f"- {_where(one.where)}: {plain(one.contribution)} {anomaly.currency}" for one in anomaly.causes]
    resources = [f"- {one.resource_id or 'without an id'}: {plain(one.change)}" for one in anomaly.resources]
    settles = " (provisional: the bill still settles)" if anomaly.provisional else ""
    what = (
        f"What: {_where(anomaly.scope)} cost {plain(anomaly.actual)} {anomaly.currency} instead of an expected"
        f" {plain(anomaly.expected)}: impact {plain(anomaly.impact)} {anomaly.currency}."
    )
    return "\n".join(
        [
            f"# Cost incident {anomaly.anomaly_id}, recorded {today}",
            "",
            what,
            f"Since: {anomaly.first_day}, last flagged {anomaly.last_day}{settles}.",
            f"Severity: {anomaly.severity}. Status: {anomaly.status.value}.",
            f"Asked: {owners}",
            "",
            "Cause, best explanation first:",
            *(causes or ["- not found"]),
            "",
            "Resources:",
            *(resources or ["- none stands out"]),
            "",
            _RUNBOOK,
        ]
    )


def _where(where: dict[str, str | None]) -> str:
    return ", ".join(f"{name} = {value or 'none'}" for name, value in where.items()) or "the whole estate"
