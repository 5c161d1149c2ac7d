"""What makes a query id: the same question over the same sources has the same id, however it was written.

The words of a question are not part of it, what they mean is: resolved columns, compiled conditions (filters, spend
definition), the mapping behind a business dimension or a tag synonym, the rates of a conversion, and the page. So a
change of the configuration that changes what a name means gives another id; a sync that brings nothing new does not.
"""

from collections.abc import Sequence

from orchestrator.ledger.loads import Load
from orchestrator.ledger.snapshot import sources_digest
from orchestrator.query.compile import Plan
from shared_models.digest import digest_of
from shared_models.period import instant_text


def query_id(kind: str, meaning: Sequence[object], loads: Sequence[Load]) -> str:
    """The id of a question of some kind with this meaning over these loads: sixteen hexadecimal digits."""
    asked = "|".join([kind, *map(str, meaning), sources_digest(loads)])
    return digest_of(asked, 16)


def derived_id(kind: str, *meaning: object) -> str:
    """The id of an answer that is made from another one, whose id is part of its meaning."""
    return query_id(kind, meaning, ())


def meaning_of(plan: Plan) -> tuple[object, ...]:
    """What decides the figures of a planned cost question; conditions are joined by AND, so their order is nothing."""
    question = plan.question
    return (
        question.metric.value,
        *(f"{instant_text(period.start)}/{instant_text(period.end)}" for period in question.periods),
        question.granularity.value,
        *(f"{dimension.name}={dimension.expression.sql('duckdb')}" for dimension in plan.dimensions),
        *sorted({condition.sql("duckdb") for condition in plan.conditions}),
        *(measure.value for measure in question.also),
        plan.rates.multiplier().sql("duckdb") + plan.rates.target if plan.rates else "",
        question.order_by.value,
        question.limit,
        question.offset,
    )
