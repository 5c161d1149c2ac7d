"""Compute Optimizer, account by account and region by region: one table of what it judges, one reader."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from servers.aws.bill_names import bill_id
from servers.aws.errors import code_of
from servers.aws.paging import pages
from servers.aws.recommendations.hub import money
from servers.kit.live.expressions import search
from servers.kit.live.values import instant, text
from shared_models.base import WireModel
from shared_models.errors import SourceNotEnabledError
from shared_models.recommendation import Action, Recommendation

ORIGIN: Final = "AWS Compute Optimizer"
_TABLE: Final = Path(__file__).parent / "optimizer.toml"
_FINE: Final = frozenset({"optimized", "notavailable", "none"})
_IDLE: Final = {"unattached": Action.DELETE, "unused": Action.DELETE}
_ACTIONS: Final = {"underprovisioned": Action.UPGRADE}


class Judged(WireModel):
    """One kind of resource that is judged; expressions are JMESPath over an item of the answer, or over an option."""

    name: str
    call: str
    items: str
    arn: str
    finding: str
    idle: str | None = None
    current: str
    options: str
    recommended: str
    reasons: str | None = None
    metrics: str = "utilizationMetrics"
    lookback: str = "lookBackPeriodInDays"
    type: str | None = None
    """What the resource is, where one operation judges several types."""


@cache
def judged() -> tuple[Judged, ...]:
    """Every row of the table."""
    said = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return tuple(Judged.model_validate({"name": name, **fields}) for name, fields in said.items())


def proposals(client: Any, kind: Judged, account: str, region: str) -> Iterator[Recommendation]:
    """What is proposed for one kind in one place; what is judged fine is left out. Blocking.

    Raises:
        SourceNotEnabledError: the account is not opted in.
        botocore.exceptions.ClientError: as the SDK says it.

    """
    token = None if client.can_paginate(kind.call) else ("nextToken", "nextToken")
    try:
        for page in pages(client, kind.call, {}, token=token):
            found = (_proposal(kind, item, account, region) for item in search(kind.items, page) or ())
            yield from (proposal for proposal in found if proposal is not None)
    except Exception as error:
        if code_of(error) == "OptInRequiredException":
            raise SourceNotEnabledError(
                "recommendations",
                source=f"Compute Optimizer of {account}",
                hint="Opt the account or the organisation in to Compute Optimizer; it costs nothing.",
            ) from error
        raise


def _proposal(kind: Judged, item: Mapping[str, Any], account: str, region: str) -> Recommendation | None:
    finding = str(search(kind.finding, item) or "none")
    idle = kind.idle is not None and search(kind.idle, item) == "True"
    options = sorted(search(kind.options, item) or (), key=lambda option: option.get("rank") or 0)
    if not idle and (finding.lower() in _FINE or not options):
        return None
    best: Mapping[str, Any] = options[0] if options else {}
    saved = search("savingsOpportunityAfterDiscounts || savingsOpportunity", best)
    value, currency = search("estimatedMonthlySavings.value", saved), search("estimatedMonthlySavings.currency", saved)
    arn = str(search(kind.arn, item))
    action = _IDLE.get(finding.lower(), Action.STOP) if idle else _ACTIONS.get(finding.lower(), Action.RIGHTSIZE)
    current, recommended = text(search(kind.current, item)), text(search(kind.recommended, best)) if best else None
    lookback = search(kind.lookback, item)
    return Recommendation(
        recommendation_id=f"compute-optimizer:{'idle:' if kind.type else ''}{arn}",
        provider="aws",
        origin=ORIGIN,
        action=action,
        resource_id=bill_id(arn),
        resource_type=text(search(kind.type, item)) if kind.type else kind.name,
        sub_account_id=item.get("accountId") or account,
        region_id=region,
        summary=f"{action.value} {current}, it is {finding.lower() if kind.type else 'idle'}"
        if idle
        else f"{action.value} {current} to {recommended}",
        current=current,
        recommended=None if idle else recommended,
        estimated_monthly_savings=money(value),
        currency=currency or "USD",
        last_refresh=instant(item.get("lastRefreshTimestamp")),
        lookback_days=int(lookback) if lookback is not None else None,
        evidence=_evidence(kind, item, best, finding),
    )


def _evidence(kind: Judged, item: Mapping[str, Any], best: Mapping[str, Any], finding: str) -> dict[str, str]:
    said = {
        f"{metric.get('name')} {metric.get('statistic')}": text(metric.get("value"))
        for metric in search(kind.metrics, item) or ()
    }
    said |= {
        "finding": finding,
        "reasons": text(search(kind.reasons, item)) if kind.reasons else None,
        "performance_risk": text(best.get("performanceRisk")),
        "savings": "after discounts" if best.get("savingsOpportunityAfterDiscounts") else "before discounts",
    }
    return {name: value for name, value in said.items() if value}
