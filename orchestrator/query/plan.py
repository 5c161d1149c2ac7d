"""From a question to a plan: which dimensions, which files, the coarsest cut of the data that is still exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlglot import exp, parse_one
from sqlglot.expressions.core import Expression

from orchestrator.business.config import BusinessConfig, SpendDefinition
from orchestrator.ledger.cubes import GRAINS, METRICS, Grain
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.loads import Load
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.query.compile import Plan
from orchestrator.query.dimensions import Dimension, DimensionCatalog
from orchestrator.query.filters import filter_expression, spend_expressions
from orchestrator.query.question import Measure, Question
from orchestrator.query.rates import rates_for
from orchestrator.query.values import ValueIndex
from shared_models.errors import InvalidArgumentError, near_matches
from shared_models.focus.vocabularies import ChargeCategory, ChargeClass
from shared_models.query import FilterOperator, Granularity, check_filter

_MONTHLY: Final = frozenset({Granularity.TOTAL, Granularity.MONTH, Granularity.QUARTER, Granularity.YEAR})
BUILT_IN_SPEND: Final = {
    "total": SpendDefinition(),
    "without_tax": SpendDefinition(exclude_charge_categories=(ChargeCategory.TAX,)),
    "without_credits": SpendDefinition(exclude_charge_categories=(ChargeCategory.CREDIT,)),
    "without_refunds": SpendDefinition(exclude_charge_classes=(ChargeClass.CORRECTION,)),
    "without_marketplace": SpendDefinition(exclude_marketplace=True),
}


@dataclass(frozen=True)
class Planned:
    """A plan, with what the evidence needs to say about it."""

    plan: Plan
    loads: tuple[Load, ...]
    grain: str


class Planner:
    """Plans questions over one snapshot."""

    def __init__(self, ledger: Ledger, snapshot: Snapshot, business: BusinessConfig, catalog: DimensionCatalog) -> None:
        self._ledger = ledger
        self._snapshot = snapshot
        self._business = business
        self._catalog = catalog
        self._values = ValueIndex(ledger, snapshot, catalog)

    def plan(self, question: Question, *, line_items: bool = False) -> Planned:
        """The plan of a question; `line_items` reads the facts even where a cube would do.

        Raises:
            UnknownColumnError: a group or filter names a column that does not exist.
            UnknownValueError: a filter names a value that never occurs.
            InvalidArgumentError: a filter, spend definition or rate table that cannot be used.

        """
        dimensions = tuple(self._catalog.resolve(name) for name in question.group_by)
        for dimension in dimensions:
            self._values.require_tag(dimension)
        conditions, filtered = self._conditions(question)
        spend_conditions, spend_columns = spend_expressions(self._spend(question.spend))
        rates = rates_for(question.conversion, self._business.rates) if question.conversion else None
        needed = {name for dimension in (*dimensions, *filtered) for name in _data_columns(dimension)} | spend_columns
        loads = self._snapshot.touching(question.periods)
        changes = [instant for dimension in (*dimensions, *filtered) for instant in dimension.changes_on]
        boundaries = [*changes, *(rates.changes_on if rates else ())]
        grain = None if line_items or not loads else choose_grain(needed, question, boundaries)
        plan = Plan(
            question=question,
            dimensions=dimensions,
            conditions=(*conditions, *spend_conditions),
            relations=self.relations(loads, grain),
            columns=_columns(needed, question, grain),
            counts_lines=grain is not None,
            rates=rates,
        )
        return Planned(plan, loads, grain.table if grain else "line items")

    def relations(self, loads: Sequence[Load], grain: Grain | None) -> tuple[Expression, ...]:
        """The tables that hold these loads in this grain; the line items without one."""
        if not loads:
            empty = self._ledger.facts_relation(self._snapshot.booked[:1])
            return (parse_one(f"SELECT * FROM (SELECT * FROM {empty} LIMIT 0)", dialect="duckdb").args["from_"].this,)
        if grain is None:
            return (_table_function(self._ledger.facts_relation(loads)),)
        aliases = [self._ledger.cube_alias(load) for load in loads]
        return tuple(exp.table_(grain.table, db=exp.to_identifier(alias, quoted=True)) for alias in aliases)

    def _conditions(self, question: Question) -> tuple[list[Expression], list[Dimension]]:
        conditions: list[Expression] = []
        used: list[Dimension] = []
        for condition in question.filters:
            check_filter(condition)
            dimension = self._catalog.resolve(condition.column)
            self._values.require_tag(dimension)
            used.append(dimension)
            values = tuple(condition.values)
            operator = condition.operator
            if operator in {FilterOperator.EQUALS, FilterOperator.IN, FilterOperator.NOT_IN}:
                self._values.require(dimension, values)
            if dimension.label_column and operator not in {FilterOperator.IS_NULL, FilterOperator.IS_NOT_NULL}:
                values = self._values.identities(dimension, operator, values)
                operator = FilterOperator.NOT_IN if operator is FilterOperator.NOT_IN else FilterOperator.IN
            conditions.append(filter_expression(operator, dimension.expression, values))
        return conditions, used

    def _spend(self, name: str | None) -> SpendDefinition:
        known = {**BUILT_IN_SPEND, **self._business.spend}
        if name is None:
            return BUILT_IN_SPEND["total"]
        if name not in known:
            near = near_matches(name, known) or sorted(known)
            raise InvalidArgumentError(
                "spend", f"There is no spend definition {name!r}.", hint=f"Known: {', '.join(near)}."
            )
        return known[name]


def choose_grain(needed: set[str], question: Question, changes: Sequence[datetime]) -> Grain | None:
    """The smallest cube that holds the columns and is cut finely enough; None where only the line items do."""
    for grain in GRAINS:
        if needed <= set(grain.dimensions) and _cut_finely(grain, question, changes):
            return grain
    return None


def _cut_finely(grain: Grain, question: Question, changes: Sequence[datetime]) -> bool:
    bounds = [bound for period in question.periods for bound in (period.start, period.end)]
    inside = [change for change in changes if any(p.start < change < p.end for p in question.periods)]
    if grain.bucket == "month":
        return question.granularity in _MONTHLY and all(_is_month_start(at) for at in (*bounds, *inside))
    return all(_is_midnight(at) for at in (*bounds, *inside))


def _is_midnight(instant: datetime) -> bool:
    at = instant.astimezone(UTC)
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def _is_month_start(instant: datetime) -> bool:
    return _is_midnight(instant) and instant.astimezone(UTC).day == 1


def _data_columns(dimension: Dimension) -> tuple[str, ...]:
    """What the expression reads; the label is looked up apart."""
    return tuple(name for name in dimension.columns if name != dimension.label_column)


def _columns(needed: set[str], question: Question, grain: Grain | None) -> tuple[str, ...]:
    metrics = {question.metric.value, *(m.value for m in question.also if m.value in METRICS)}
    columns = needed | metrics | {"ChargePeriodStart", "BillingCurrency"}
    if {Measure.GROSS, Measure.CREDITS} & set(question.also):
        columns |= {"ChargeCategory"}
    if grain is not None:
        columns |= {"x_Lines"}
    return tuple(sorted(columns))


def _table_function(sql: str) -> Expression:
    return parse_one(f"SELECT * FROM {sql}", dialect="duckdb").args["from_"].this
