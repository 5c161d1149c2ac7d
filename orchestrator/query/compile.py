"""A question as one SELECT: charges, grouped, ranked within each currency, with the totals that they add up to.

The statement yields rows of one shape, told apart by `kind`:
  line    one group (in one bucket, where the question has a granularity): rank, keys, currency, measures
  total   one currency: sums over all groups, with the number of groups
  bucket  one currency in one bucket: sums over all groups
  before / after / rest: one currency: what lies on earlier pages, on later pages, and in the all-null group
"""

from collections.abc import Sequence
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
_PARTS: Final = ("before", "after", "rest")


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
    statement = _union(
        [
            _lines(plan, keys, measures),
            _summary("total", "grouped", None, keys, measures),
            *([_buckets(keys, measures)] if plan.question.granularity is not Granularity.TOTAL else []),
            *[
                _summary(kind, "ranked", _part(kind, plan.question), keys, measures)
                for kind in ("before", "after", "rest")
            ],
        ]
    )
    for name, body in (
        ("charge", _charges(plan)),
        ("grouped", _grouped(plan, keys)),
        ("summed", _summed(keys, measures)),
        ("ranked", _ranked(plan.question, keys)),
    ):
        statement = statement.with_(name, as_=body, copy=False)
    return statement


def compile_originals(plan: Plan) -> exp.Query | None:
    """Per currency and month: whether a charge lacks a rate, and the period's amount before and after the conversion.

    None where nothing is converted.
    """
    if plan.rates is None:
        return None
    now = within(plan.question.period)
    metric = plan.question.metric.value
    unrated = exp.Is(this=exp.Paren(this=plan.rates.multiplier()), expression=exp.Null())
    month = exp.DateTrunc(this=column("ChargePeriodStart"), unit=text("month"))
    return (
        exp.select(
            column("BillingCurrency"),
            exp.alias_(month, "month"),
            exp.alias_(exp.LogicalOr(this=unrated), "unrated"),
            exp.alias_(sum_where(column(metric), now), "original"),
            exp.alias_(sum_where(_amount(metric, plan.rates), now.copy()), "converted"),
        )
        .from_("charge")
        .where(*plan.conditions)
        .group_by(exp.Literal.number(1), exp.Literal.number(2))
        .with_("charge", as_=_charges(plan))
    )


def _charges(plan: Plan) -> exp.Query:
    """The columns of all relations, cut to the periods; one WHERE over the union, which every engine pushes down."""
    selects = [
        exp.Select(expressions=[column(name) for name in plan.columns]).from_(relation, copy=False)
        for relation in plan.relations
    ]
    inside = any_of([within(period) for period in plan.question.periods])
    every = _union(selects).subquery("every", copy=False)
    return exp.select("*").from_(every, copy=False).where(inside, copy=False)


def _grouped(plan: Plan, keys: Sequence[str]) -> exp.Query:
    question = plan.question
    currency: Expression = text(plan.rates.target) if plan.rates else column("BillingCurrency")
    selected = [
        *[exp.alias_(d.expression.copy(), key) for d, key in zip(plan.dimensions, keys, strict=True)],
        exp.alias_(currency, "currency"),
        exp.alias_(_bucket(question), "bucket"),
        *_measures(plan),
    ]
    group = [exp.Literal.number(n) for n in range(1, len(keys) + 3)]
    return (
        exp.select(*selected, copy=False)
        .from_("charge", copy=False)
        .where(*plan.conditions)
        .group_by(*group, copy=False)
    )


def _measures(plan: Plan) -> list[Expr]:
    question = plan.question
    now = within(question.period)
    then = within(question.compare_to) if question.compare_to else None
    main = _amount(question.metric.value, plan.rates)
    found: list[Expr] = [exp.alias_(sum_where(main, now), "amount")]
    found.append(exp.alias_(sum_where(main.copy(), then) if then else exp.Null(), "compare"))
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
        found.append(exp.alias_(sum_where(amount, condition), f"also{number}"))
    lines = column(_LINES) if plan.counts_lines else exp.Literal.number(1)
    found.append(exp.alias_(sum_where(lines, now.copy()), "lines"))
    return found


def _amount(metric: str, rates: Rates | None) -> Expression:
    if rates is None:
        return column(metric)
    # DECIMAL(24,12) times a rate of 14 digits has 38 digits: exact, and wide enough for any single charge.
    return exp.Mul(this=exp.cast(column(metric), "DECIMAL(24, 12)"), expression=exp.Paren(this=rates.multiplier()))


def _bucket(question: Question) -> Expression:
    if question.granularity is Granularity.TOTAL:
        return exp.cast(exp.Null(), exp.DataType.Type.DATE)
    start = exp.cast(
        exp.DateTrunc(this=column("ChargePeriodStart"), unit=text(question.granularity.value)), exp.DataType.Type.DATE
    )
    return exp.Case().when(within(question.period), start)


def _summed(keys: Sequence[str], measures: Sequence[str]) -> exp.Query:
    return (
        _sums(exp.select(*[exp.column(key) for key in keys], "currency"), measures)
        .from_("grouped")
        .group_by(*[exp.Literal.number(n) for n in range(1, len(keys) + 2)])
    )


def _ranked(question: Question, keys: Sequence[str]) -> exp.Query:
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
    return exp.select("*", exp.alias_(rank, "rank")).from_("summed")


def _zero(name: str) -> Expression:
    return exp.Coalesce(this=exp.column(name), expressions=[exp.Literal.number(0)])


def _all_null(keys: Sequence[str]) -> Expression:
    condition: Expression = exp.Boolean(this=bool(keys))
    for key in keys:
        condition = exp.And(this=condition, expression=exp.Is(this=exp.column(key), expression=exp.Null()))
    return exp.Paren(this=condition)


def _part(kind: str, question: Question) -> Expression:
    rank = exp.column("rank")
    if kind == "rest":
        return exp.Is(this=rank, expression=exp.Null())
    if kind == "before":
        return exp.LTE(this=rank, expression=exp.Literal.number(question.offset))
    return exp.GT(this=rank, expression=exp.Literal.number(question.offset + question.limit))


def _lines(plan: Plan, keys: Sequence[str], measures: Sequence[str]) -> exp.Select:
    question = plan.question
    on_page = exp.And(
        this=exp.GT(this=exp.column("rank", table="r"), expression=exp.Literal.number(question.offset)),
        expression=exp.LTE(
            this=exp.column("rank", table="r"), expression=exp.Literal.number(question.offset + question.limit)
        ),
    )
    same: Expression = exp.EQ(this=exp.column("currency", table="g"), expression=exp.column("currency", table="r"))
    for key in keys:
        match = exp.NullSafeEQ(this=exp.column(key, table="g"), expression=exp.column(key, table="r"))
        same = exp.And(this=same, expression=match)
    return (
        exp.select(
            exp.alias_(text("line"), "kind"),
            exp.column("rank", table="r"),
            *[exp.column(key, table="g") for key in keys],
            exp.column("currency", table="g"),
            exp.column("bucket", table="g"),
            *[exp.column(measure, table="g") for measure in measures],
        )
        .from_(exp.to_table("grouped").as_("g"))
        .join(exp.to_table("ranked").as_("r"), on=same, copy=False)
        .where(on_page, copy=False)
    )


def _summary(
    kind: str, relation: str, condition: Expression | None, keys: Sequence[str], measures: Sequence[str]
) -> exp.Select:
    counted = exp.Count(this=exp.Star()) if relation == "ranked" else exp.Literal.number(0)
    select = _sums(
        exp.select(
            exp.alias_(text(kind), "kind"),
            exp.alias_(counted, "rank"),
            *[exp.alias_(exp.Null(), key) for key in keys],
            "currency",
            exp.alias_(exp.Null(), "bucket"),
        ),
        measures,
    ).from_(relation)
    return (select.where(condition) if condition else select).group_by("currency")


def _buckets(keys: Sequence[str], measures: Sequence[str]) -> exp.Select:
    return (
        _sums(
            exp.select(
                exp.alias_(text("bucket"), "kind"),
                exp.alias_(exp.Literal.number(0), "rank"),
                *[exp.alias_(exp.Null(), key) for key in keys],
                "currency",
                "bucket",
            ),
            measures,
        )
        .from_("grouped")
        .group_by("currency", "bucket")
    )


def _sums(select: exp.Select, measures: Sequence[str]) -> exp.Select:
    return select.select(
        *[exp.alias_(exp.Sum(this=exp.column(name)), name, copy=False) for name in measures], copy=False
    )


def _union(selects: Sequence[exp.Select]) -> exp.Query:
    union: exp.Query = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    return union
