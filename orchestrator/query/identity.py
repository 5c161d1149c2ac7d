"""What a typed question means, for its query id: the same meaning over the same sources has the same id.

The words of a question are not part of it, what they mean is: resolved columns, compiled conditions (filters, spend
definition), the mapping behind a business dimension or a tag synonym, the rates of a conversion, and the page. So a
change of the configuration that changes what a name means gives another id; a sync that brings nothing new does not.
"""

from orchestrator.query.compile import Plan
from shared_models.period import instant_text


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
