"""From a recommendation of Google's to ours: exact savings a month, what changes, and the insights as evidence."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast

from servers.gcp.money import amount
from servers.gcp.protos import message_of, plain, plain_of
from servers.gcp.recommendations.recommenders import ACTIONS, Recommender
from servers.kit.live.values import instant, text
from shared_models.recommendation import Recommendation

ORIGIN: Final = "Google Cloud Recommender"
MONTH: Final = 30 * 86_400
_COST: Final = 1
_PRIORITIES: Final = 5
"""Google counts from P4, which is 1, to P1, which is 4."""
_MOST_EVIDENCE: Final = 60
_LAST: Final = re.compile(r"[^/]+$")
_ZONE: Final = re.compile(r"([a-z]+-[a-z]+\d+)-[a-z]")


@dataclass(frozen=True)
class Place:
    """Where a recommender is asked; `owner` is projects/ID, a folder, an organisation or a billing account."""

    owner: str
    location: str

    def parent(self, recommender: str) -> str:
        """The resource name under which the advice lies."""
        return f"{self.owner}/locations/{self.location}/recommenders/{recommender}"

    @property
    def project(self) -> str | None:
        """The project, null where the advice is for more than one."""
        return self.owner.removeprefix("projects/") if self.owner.startswith("projects/") else None

    @property
    def region(self) -> str | None:
        """The region of the location, or the multi-region."""
        zone = _ZONE.fullmatch(self.location)
        return zone[1] if zone else None if self.location == "global" else self.location


def proposal(
    said: Any, kind: Recommender, place: Place, insights: Mapping[str, Any], names: Mapping[str, str]
) -> Recommendation | None:
    """Our form of a google.cloud.recommender_v1.Recommendation; null where it saves nothing.

    `insights` are those that it names, as far as they could be read; `names` says the inventory's name of a resource by
    any other name that it has.
    """
    message = message_of(said)
    impacts = [message.primary_impact, *message.additional_impact]
    cost = next((one for one in impacts if one.category == _COST and one.HasField("cost_projection")), None)
    if cost is None or (saving := _monthly(cost.cost_projection)) < 0:
        return None
    target = _target(message)
    changes = list(_changes(message))
    current = next((old for _, old, _ in changes if old), None)
    recommended = next((new for _, _, new in changes if new), None)
    used = [insights[one.insight] for one in message.associated_insights if one.insight in insights]
    periods = [one.observation_period.seconds for one in used if one.HasField("observation_period")]
    evidence = dict(_evidence(message, used))
    return Recommendation(
        recommendation_id=message.name,
        provider="gcp",
        origin=ORIGIN,
        action=ACTIONS.get(message.recommender_subtype, kind.action),
        resource_id=names.get(target, target) if target else None,
        resource_type=_type(message, target),
        sub_account_id=place.project,
        region_id=place.region,
        summary=message.description,
        current=current,
        recommended=recommended,
        estimated_monthly_savings=saving,
        currency=cost.cost_projection.cost.currency_code,
        restart_needed=kind.restarts,
        last_refresh=instant(message.last_refresh_time.ToDatetime()),
        lookback_days=max(periods) // 86_400 if periods else None,
        evidence=dict(list(evidence.items())[:_MOST_EVIDENCE]),
    )


def insight_parents(said: Any) -> set[str]:
    """The insight types, each in its place, of the insights that a recommendation names."""
    return {one.insight.rpartition("/insights/")[0] for one in message_of(said).associated_insights}


def _monthly(projection: Any) -> Decimal:
    """What is saved in 30 days: a saving is a negative cost over the projection's own time."""
    saved, seconds = -amount(projection.cost), projection.duration.seconds
    return saved if seconds in {0, MONTH} else (saved * MONTH / seconds).quantize(Decimal("1e-9"))


def _operations(message: Any) -> Iterator[Any]:
    for group in message.content.operation_groups:
        yield from group.operations


def _target(message: Any) -> str | None:
    """The one resource that the advice is about: what it names as its target, else what its operations change."""
    named = list(message.target_resources)
    changed = [one.resource for one in _operations(message) if one.action in {"replace", "remove", "test"}]
    return next((name for name in (*named, *changed) if name.startswith("//")), None)


def _type(message: Any, target: str | None) -> str | None:
    own = [one.resource_type for one in _operations(message) if one.resource == target or target is None]
    return next((one for one in own if one), None)


def _changes(message: Any) -> Iterator[tuple[str, str | None, str | None]]:
    """(path, what it is now, what it shall be): `test` says the first, `replace` and `add` the second."""
    for one in _operations(message):
        value = text(plain(one.value)) if one.WhichOneof("path_value") == "value" else one.value_matcher.matches_pattern
        short = (_LAST.findall(value) or [None])[0] if value and not value.startswith("{") else None
        yield one.path, short if one.action == "test" else None, short if one.action in {"replace", "add"} else None


def _evidence(message: Any, insights: list[Any]) -> Iterator[tuple[str, str]]:
    yield "recommender", message.name.partition("/recommenders/")[2].partition("/")[0]
    yield "subtype", message.recommender_subtype
    if message.priority:
        yield "priority", f"P{_PRIORITIES - message.priority}"
    for one in insights:
        yield "insight", one.description
        yield from _flat("", plain_of(one.content))
    overview = message.content.overview
    yield from _flat("overview.", plain_of(overview))


def _flat(prefix: str, said: Any) -> Iterator[tuple[str, str]]:
    """Every value inside nested objects, by its dotted path; the entries of lists by their number."""
    if isinstance(said, dict):
        for key, value in cast("dict[str, Any]", said).items():
            yield from _flat(f"{prefix}{key}.", value)
    elif isinstance(said, list) and any(isinstance(one, dict) for one in cast("list[Any]", said)):
        for number, value in enumerate(cast("list[Any]", said)):
            yield from _flat(f"{prefix}{number}.", value)
    elif (found := text(said)) is not None:
        yield prefix.rstrip("."), found
