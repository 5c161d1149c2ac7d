"""A question as one SELECT: charges, grouped, ranked within each currency, each group in the part that it belongs to.

The statement yields rows of one shape, told apart by `kind`:
  line    one group (in one bucket, where the question has a granularity): rank, keys, currency, measures
  bucket  one currency in one bucket: sums over all groups
  before / after / rest: one currency: what lies on earlier pages, on later pages, and in the all-null group; in the
          place of a rank the number of groups, and keys that mean nothing
Lines and parts together are all charges, so they add up to the totals. One pass over the ranked groups finds them all:
to plan a statement costs more than to run it on a cube, so it has no part that it can do without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp
from sqlglot.expressions.core import Expr, Expression

from orchestrator.query.dimensions import Dimension
from orchestrator.query.question import Measure, OrderBy, Question
from orchestrator.query.rates import Rates
from orchestrator.query.sql import any_of, column, sum_where, text, within
from shared_models.focus.vocabularies import ChargeCategory
from shared_models.query import Granularity

_LINES: Final = "x_Lines"
_LINE: Final = "line"


@dataclass(frozen=True)
class Plan:
    """Everything that the SELECT is made of."""

    question: Question
    dimensions: tuple[Dimension, ...]
    conditions: tuple[Expression, ...]
    relations: tuple[Expression, ...]
    columns: tuple[str, ...]
    counts_lines: bool
    """True where the relation carries x_Lines (a cube); else each row is one line."""
    rates: Rates | None = None


def measure_names(question: Question) -> tuple[str, ...]:
    """The output columns that hold amounts, in order: amount, compare, then what stands beside."""
    return ("amount", "compare", *(f"also{n}" for n in range(len(question.also))))


def compile_question(plan: Plan) -> exp.Query:
    """The one statement that answers the question."""
    keys = [f"k{n}" for n in range(len(plan.dimensions))]
    measures = [*measure_names(plan.question), "lines"]
    steps = {"charge": _charges(plan), "grouped": _grouped(plan, keys)}
    if plan.question.granularity is Granularity.TOTAL:
        steps |= {"ranked": _ranked(plan.question, "grouped", keys), "placed": _placed(plan.question)}
        return _with(_parts(keys, measures), steps)
    steps |= {
        "summed": _summed(keys, measures),
        "ranked": _ranked(plan.question, "summed", keys),
        "placed": _placed(plan.question),
    }
    others = _parts(keys, measures).where(exp.NEQ(this=exp.column("kind"), expression=text(_LINE)), copy=False)
    return _with(_union([_lines(keys, measures), _buckets(keys, measures), others]), steps)


def compile_originals(plan: Plan) -> exp.Query | None:
    """Per currency and month: whether a charge lacks a rate, and the period's amount before and after the conversion.

    None where nothing is converted.
    """
    if plan.rates is None:
        return None
    now = within(plan.question.period)
    metric = plan.question.metric.value
    unrated = exp.Is(this=exp.Paren(this=plan.rates.multiplier()), expression=exp.Null())
    select = _select(
        column("BillingCurrency"),
        exp.alias_(exp.DateTrunc(this=column("ChargePeriodStart"), unit=text("month")), "month", copy=False),
        exp.alias_(exp.LogicalOr(this=unrated), "unrated", copy=False),
        exp.alias_(sum_where(column(metric), now), "original", copy=False),
        exp.alias_(sum_where(_amount(metric, plan.rates), now.copy()), "converted", copy=False),
    ).from_(exp.table_("charge"), copy=False)
    select = select.where(*plan.conditions).group_by(*_grouping(2), copy=False)
    return _with(select, {"charge": _charges(plan)})


def _with(statement: exp.Query, steps: Mapping[str, exp.Query]) -> exp.Query:
    named = [exp.CTE(this=body, alias=exp.TableAlias(this=exp.to_identifier(name))) for name, body in steps.items()]
    statement.set("with_", exp.With(expressions=named))
    return statement


def _select(*selected: Expr) -> exp.Select:
    """A SELECT of finished expressions: the builder would copy and parse each of them."""
    return exp.Select(expressions=list(selected))


def _grouping(count: int) -> list[Expr]:
    return [exp.Literal.number(n) for n in range(1, count + 1)]


def _charges(plan: Plan) -> exp.Query:
    """The columns of all relations, cut to the periods; one WHERE over the union, which every engine pushes down."""
    selects = [
        _select(*[column(name) for name in plan.columns]).from_(relation, copy=False) for relation in plan.relations
    ]
    inside = any_of([within(period) for period in plan.question.periods])
    every = _union(selects).subquery("every", copy=False)
    return _select(exp.Star()).from_(every, copy=False).where(inside, copy=False)


def _grouped(plan: Plan, keys: Sequence[str]) -> exp.Query:
    question = plan.question
    currency: Expression = text(plan.rates.target) if plan.rates else column("BillingCurrency")
    own = [
        *[exp.alias_(d.expression.copy(), key, copy=False) for d, key in zip(plan.dimensions, keys, strict=True)],
        exp.alias_(currency, "currency", copy=False),
    ]
    if question.granularity is not Granularity.TOTAL:
        own.append(exp.alias_(_bucket(question), "bucket", copy=False))
    return (
        _select(*own, *_measures(plan))
        .from_(exp.table_("charge"), copy=False)
        .where(*[condition.copy() for condition in plan.conditions], copy=False)
        .group_by(*_grouping(len(own)), copy=False)
    )


def _measures(plan: Plan) -> list[Expr]:
    question = plan.question
    now = within(question.period)
    then = within(question.compare_to) if question.compare_to else None
    main = _amount(question.metric.value, plan.rates)
    found: list[Expr] = [exp.alias_(sum_where(main, now), "amount", copy=False)]
    found.append(exp.alias_(sum_where(main.copy(), then) if then else exp.Null(), "compare", copy=False))
    for number, measure in enumerate(question.also):
        amount, condition = main.copy(), now.copy()
        if measure in {Measure.GROSS, Measure.CREDITS}:
            compare = exp.EQ if measure is Measure.CREDITS else exp.NEQ
            condition = exp.And(
                this=condition,
                expression=compare(this=column("ChargeCategory"), expression=text(ChargeCategory.CREDIT)),
            )
        else:
            amount = _amount(measure.value, plan.rates)
        found.append(exp.alias_(sum_where(amount, condition), f"also{number}", copy=False))
    lines = column(_LINES) if plan.counts_lines else exp.Literal.number(1)
    found.append(exp.alias_(sum_where(lines, now.copy()), "lines", copy=False))
    return found


def _amount(metric: str, rates: Rates | None) -> Expression:
    if rates is None:
        return column(metric)
    # DECIMAL(24,12) times a rate of 14 digits has 38 digits: exact, and wide enough for any single charge.
    return exp.Mul(this=exp.cast(column(metric), "DECIMAL(24, 12)"), expression=exp.Paren(this=rates.multiplier()))


def _bucket(question: Question) -> Expression:
    start = exp.cast(
        exp.DateTrunc(this=column("ChargePeriodStart"), unit=text(question.granularity.value)), exp.DataType.Type.DATE
    )
    return exp.Case().when(within(question.period), start)


def _summed(keys: Sequence[str], measures: Sequence[str]) -> exp.Query:
    return (
        _select(*[exp.column(key) for key in keys], exp.column("currency"), *_sums(measures))
        .from_(exp.table_("grouped"), copy=False)
        .group_by(*_grouping(len(keys) + 1), copy=False)
    )


def _ranked(question: Question, relation: str, keys: Sequence[str]) -> exp.Query:
    """Rank within the currency; the group whose keys are all null stands apart with rank null."""
    order: list[Expression] = []
    amount = exp.column("amount")
    if question.order_by is OrderBy.AMOUNT:
        order = [exp.Ordered(this=amount, desc=True, nulls_first=False)]
    elif question.order_by is OrderBy.AMOUNT_ASCENDING:
        order = [exp.Ordered(this=amount, desc=False, nulls_first=False)]
    elif question.order_by is OrderBy.CHANGE:
        change = exp.Sub(this=_zero("amount"), expression=_zero("compare"))
        order = [exp.Ordered(this=exp.Abs(this=exp.Paren(this=change)), desc=True, nulls_first=False)]
    order += [exp.Ordered(this=exp.column(key), desc=False, nulls_first=False) for key in keys or ("currency",)]
    unallocated = _all_null(keys)
    window = exp.Window(
        this=exp.RowNumber(), partition_by=[exp.column("currency"), unallocated], order=exp.Order(expressions=order)
    )
    rank = exp.Case().when(exp.Not(this=exp.Paren(this=unallocated.copy())), window)
    return _select(exp.Star(), exp.alias_(rank, "rank", copy=False)).from_(exp.table_(relation), copy=False)


def _zero(name: str) -> Expression:
    return exp.Coalesce(this=exp.column(name), expressions=[exp.Literal.number(0)])


def _all_null(keys: Sequence[str]) -> Expression:
    condition: Expression = exp.Boolean(this=bool(keys))
    for key in keys:
        condition = exp.And(this=condition, expression=exp.Is(this=exp.column(key), expression=exp.Null()))
    return exp.Paren(this=condition)


def _placed(question: Question) -> exp.Query:
    """Which part each group belongs to; `place` is its rank where it has a line of its own."""
    rank = exp.column("rank")
    before = exp.LTE(this=rank, expression=exp.Literal.number(question.offset))
    after = exp.GT(this=rank.copy(), expression=exp.Literal.number(question.offset + question.limit))
    kind = (
        exp.Case()
        .when(exp.Is(this=rank.copy(), expression=exp.Null()), text("rest"), copy=False)
        .when(before, text("before"), copy=False)
        .when(after, text("after"), copy=False)
        .else_(text(_LINE), copy=False)
    )
    on_page = exp.And(
        this=exp.GT(this=rank.copy(), expression=exp.Literal.number(question.offset)),
        expression=exp.LTE(this=rank.copy(), expression=exp.Literal.number(question.offset + question.limit)),
    )
    place = exp.Case().when(on_page, rank.copy(), copy=False)
    return _select(exp.Star(), exp.alias_(kind, "kind", copy=False), exp.alias_(place, "place", copy=False)).from_(
        exp.table_("ranked"), copy=False
    )


def _parts(keys: Sequence[str], measures: Sequence[str]) -> exp.Select:
    """One row for each group on the page, and one for each other part of a currency."""
    ranked = exp.Coalesce(this=exp.column("place"), expressions=[exp.Count(this=exp.Star())])
    return (
        _select(
            exp.column("kind"),
            exp.alias_(ranked, "rank", copy=False),
            *[exp.alias_(exp.Min(this=exp.column(key)), key, copy=False) for key in keys],
            exp.column("currency"),
            exp.alias_(exp.Null(), "bucket", copy=False),
            *_sums(measures),
        )
        .from_(exp.table_("placed"), copy=False)
        .group_by(exp.column("kind"), exp.column("place"), exp.column("currency"), copy=False)
    )


def _lines(keys: Sequence[str], measures: Sequence[str]) -> exp.Select:
    """The groups on the page, in each bucket."""
    same: Expression = exp.EQ(this=exp.column("currency", table="g"), expression=exp.column("currency", table="p"))
    for key in keys:
        match = exp.NullSafeEQ(this=exp.column(key, table="g"), expression=exp.column(key, table="p"))
        same = exp.And(this=same, expression=match)
    return (
        _select(
            exp.column("kind", table="p"),
            exp.column("place", table="p"),
            *[exp.column(key, table="g") for key in keys],
            exp.column("currency", table="g"),
            exp.column("bucket", table="g"),
            *[exp.column(measure, table="g") for measure in measures],
        )
        .from_(exp.table_("grouped", alias="g"), copy=False)
        .join(exp.table_("placed", alias="p"), on=same, copy=False)
        .where(exp.EQ(this=exp.column("kind", table="p"), expression=text(_LINE)), copy=False)
    )


def _buckets(keys: Sequence[str], measures: Sequence[str]) -> exp.Select:
    return (
        _select(
            exp.alias_(text("bucket"), "kind", copy=False),
            exp.alias_(exp.Literal.number(0), "rank", copy=False),
            *[exp.alias_(exp.Null(), key, copy=False) for key in keys],
            exp.column("currency"),
            exp.column("bucket"),
            *_sums(measures),
        )
        .from_(exp.table_("grouped"), copy=False)
        .group_by(exp.column("currency"), exp.column("bucket"), copy=False)
    )


def _sums(measures: Sequence[str]) -> list[Expr]:
    return [exp.alias_(exp.Sum(this=exp.column(name)), name, copy=False) for name in measures]


def _union(selects: Sequence[exp.Select]) -> exp.Query:
    union: exp.Query = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    return union
