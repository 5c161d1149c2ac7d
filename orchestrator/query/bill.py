"""One bill, summed for an invoice: every load of a billing period, whatever the charge dates of its line items."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlglot import exp
from sqlglot.expressions.core import Expr

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.query.plan import Planned, Planner
from orchestrator.query.question import Measure, Question
from orchestrator.query.sql import column, within
from shared_models.errors import DataNotReadyError
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter

_KEYS: Final = (
    "BillingAccountId", "InvoiceIssuerName", "ServiceProviderName", "HostProviderName", "InvoiceId", "ChargeCategory",
    "ChargeClass", "ChargeFrequency", "CommitmentDiscountStatus",
)  # fmt: skip
_PRESENT: Final = ("CommitmentDiscountId", "AllocatedMethodId")
"""Columns of which only matters whether they are filled."""
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class BillPart:
    """The line items of a bill that belong to one kind of charge on one invoice."""

    billing_account_id: str
    invoice_issuer_name: str | None
    service_provider_name: str | None
    host_provider_name: str | None
    invoice_id: str | None
    charge_category: str | None
    charge_class: str | None
    charge_frequency: str | None
    commitment_status: str | None
    sub_account_id: str | None
    currency: str
    of_commitment: bool
    of_split: bool
    outside: bool
    """Charged on a day outside of the billing period."""
    billed: Decimal
    effective: Decimal
    lines: int


def bill_snapshot(snapshot: Snapshot, billing_period: datetime) -> Snapshot:
    """The loads of one billing period alone: a load holds one bill, so this cut is exact."""
    return replace(
        snapshot, loads=tuple(load for load in snapshot.loads if load.billing_period_start == billing_period)
    )


def plan_bill(planner: Planner, bill: Snapshot, filters: tuple[CostFilter, ...]) -> Planned:
    """The plan that reads every line item of a bill.

    Raises:
        DataNotReadyError: the ledger holds no bill of that period.

    """
    if bill.span is None:
        raise DataNotReadyError(
            "The ledger holds no bill of that billing period.", hint="finops_describe_estate says what it holds."
        )
    # The last instant may bear charges of no length, which a half-open period would leave out.
    span = ChargePeriod(start=bill.span.start, end=bill.span.end + _ONE_DAY)
    names = (*_KEYS, *_PRESENT)
    question = Question(period=span, also=(Measure.BILLED,), filters=filters, group_by=names)
    return planner.plan(question, line_items=True)


def bill_parts(
    ledger: Ledger, planned: Planned, billing_period: ChargePeriod, *, by_sub_account: bool = False
) -> list[BillPart]:
    """The bill by kind of charge and invoice, in one pass over its line items; optionally by sub account too."""
    named = planned.plan.dimensions[: len(_KEYS)]
    keys = [exp.alias_(dimension.expression.copy(), f"k{n}") for n, dimension in enumerate(named)]
    keys += [
        exp.alias_(column("SubAccountId") if by_sub_account else exp.cast(exp.Null(), "VARCHAR"), "sub_account"),
        exp.alias_(column("BillingCurrency"), "currency"),
    ]
    keys += [
        exp.alias_(exp.Not(this=exp.Paren(this=exp.Is(this=column(name), expression=exp.Null()))), f"p{n}")
        for n, name in enumerate(_PRESENT)
    ]
    keys.append(exp.alias_(exp.Not(this=exp.Paren(this=within(billing_period))), "outside"))
    [relation] = planned.plan.relations
    select = (
        exp.select(
            *keys,
            exp.alias_(_sum(CostBasis.BILLED), "billed"),
            exp.alias_(_sum(CostBasis.EFFECTIVE), "effective"),
            exp.alias_(exp.Count(this=exp.Star()), "lines"),
        )
        .from_(relation)
        .where(*[condition.copy() for condition in planned.plan.conditions])
        .group_by(*[exp.Literal.number(n) for n in range(1, len(keys) + 1)])
        .order_by(*[exp.Literal.number(n) for n in range(1, len(keys) + 1)])
    )
    with ledger.cursor() as cursor:
        rows = cursor.execute(select.sql("duckdb")).fetchall()
    return [BillPart(*row) for row in rows]


def _sum(metric: CostBasis) -> Expr:
    """Zero where a source does not know the metric; the coverage of the bill says so."""
    return exp.Coalesce(this=exp.Sum(this=column(metric.value)), expressions=[exp.Literal.number(0)])
