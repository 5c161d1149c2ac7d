"""Tool: what do we know, from where, how old, and what is missing."""

from typing import Annotated

import anyio.to_thread
from mcp.server.mcpserver import Context
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.deps import Deps
from orchestrator.ledger.pins import pinned
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.query.coverage import freshness_of
from orchestrator.query.dimensions import GROUPABLE
from orchestrator.query.plan import BUILT_IN_SPEND
from orchestrator.query.values import ValueIndex
from serving.heartbeat import heartbeat
from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.dataset import DatasetName
from shared_models.period import ChargePeriod
from shared_models.server_card import ServerCard
from shared_models.untrusted import safe_text

Optional = SkipJsonSchema[None]
_SHOWN = 100


class CloudState(WireModel):
    """One cloud server as it answered now."""

    provider: str
    version: str
    mode: str
    identity: str | Optional = None
    billing_accounts: int
    sub_accounts: int | Optional = None
    offers: tuple[str, ...]
    next_steps: tuple[str, ...] = ()


class LedgerState(WireModel):
    """What the local ledger holds."""

    snapshot: int
    period: ChargePeriod | Optional = None
    providers: tuple[str, ...]
    line_items: int
    sources_of_record: int
    kept_aside: tuple[str, ...] = Field(description="Sources that enter no sum, kept to reconcile")
    datasets: dict[str, int]
    pins: dict[str, int] | Optional = Field(default=None, description="Name: generation that is kept under it")


class EstateAnswer(WireModel):
    """Clouds, ledger, dimensions, freshness and gaps."""

    clouds: tuple[CloudState, ...]
    ledger: LedgerState
    dimensions: dict[str, tuple[str, ...]]
    values: tuple[str, ...] | Optional = None
    coverage: Coverage
    freshness: tuple[Freshness, ...]
    next_steps: tuple[str, ...]


async def describe_estate(
    deps: Deps,
    ctx: Context,
    dimension: Annotated[str | None, Field(description="List the values of this dimension")] = None,
    contains: Annotated[str | None, Field(description="Only values that contain this text")] = None,
) -> EstateAnswer:
    """What can be asked and what is missing: each cloud's connection, identity and offers, what the ledger holds and
    how fresh it is, the names to group and filter by. With `dimension`, its values. Start here.
    """
    async with heartbeat(ctx, every=deps.settings.heartbeat_seconds, said="asking the clouds") as report:
        answers = await deps.federation.ask_all(
            "describe_server", {}, ServerCard, deadline=deps.settings.deadline_seconds, tick=report
        )
    return await anyio.to_thread.run_sync(
        lambda: _describe(deps, list(answers.items.values()), answers.coverage, dimension, contains)
    )


def _describe(
    deps: Deps, cards: list[ServerCard], coverage: Coverage, dimension: str | None, contains: str | None
) -> EstateAnswer:
    snapshot = deps.ledger.snapshot()
    engine = deps.engine()
    values: tuple[str, ...] | None = None
    if dimension is not None:
        index = ValueIndex(deps.ledger, snapshot, engine.catalog)
        every = index.all_values(engine.catalog.resolve(dimension)) if snapshot.booked else ()
        fitting = [value for value in every if not contains or contains.casefold() in value.casefold()]
        values = tuple(safe_text(value) for value in fitting[:_SHOWN])
    return EstateAnswer(
        clouds=tuple(_cloud(card) for card in cards),
        ledger=_ledger(deps, snapshot),
        dimensions={
            "focus": GROUPABLE if dimension is None else (),
            "business": engine.catalog.business_names,
            "tags": ValueIndex(deps.ledger, snapshot, engine.catalog).tag_names()[:_SHOWN],
            "spend": tuple(sorted({*BUILT_IN_SPEND, *deps.settings.business.spend})),
            "rates": tuple(sorted(deps.settings.business.rates)),
        },
        values=values,
        coverage=coverage,
        freshness=freshness_of(snapshot.booked),
        next_steps=_next_steps(cards, snapshot),
    )


def _cloud(card: ServerCard) -> CloudState:
    return CloudState(
        provider=card.provider,
        version=card.version,
        mode=card.mode,
        identity=card.identity,
        billing_accounts=len(card.billing_account_ids),
        sub_accounts=card.sub_accounts,
        offers=tuple(port.value for port in card.offers),
        next_steps=card.next_steps,
    )


def _ledger(deps: Deps, snapshot: Snapshot) -> LedgerState:
    datasets: dict[str, int] = {name.value: 0 for name in DatasetName}
    for found in deps.datasets.current():
        datasets[found.name.value] += found.rows
    aside = {f"{load.provider} {load.source_format.value} {load.billing_period_start:%Y-%m}" for load in snapshot.aside}
    return LedgerState(
        snapshot=snapshot.generation,
        period=snapshot.span,
        providers=snapshot.providers,
        line_items=sum(load.rows for load in snapshot.booked),
        sources_of_record=len(snapshot.booked),
        kept_aside=tuple(sorted(aside)[:_SHOWN]),
        datasets=datasets,
        pins={safe_text(name): generation for name, generation in pinned(deps.ledger.catalog).items()} or None,
    )


def _next_steps(cards: list[ServerCard], snapshot: Snapshot) -> tuple[str, ...]:
    if snapshot.booked:
        return ()
    if any("costs" in card.offers for card in cards):
        return ("Run finops_sync to fill the ledger from the cloud servers.",)
    return (
        "Import a bill: skyledger import PATH --provider aws.",
        "Or point a cloud server at exported data: SKYLEDGER_AWS_EXPORTS=/path/to/aws, then finops_sync.",
        "Or try the sample organisation: skyledger orchestrator --sample.",
    )
