"""What a reconciliation of invoices answers: one bridge for each invoice, the worst first."""

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.invoices.bridge import BridgeStep
from orchestrator.invoices.judge import InvoiceState
from orchestrator.query.answer import ShownCoverage, ShownEvidence
from shared_models.base import WireModel
from shared_models.money import ExactDecimal
from shared_models.period import ChargePeriod

Optional = SkipJsonSchema[None]


class InvoiceBridge(WireModel):
    """EffectiveCost + the changes of its steps = BilledCost; billed + corrections_not_invoiced + tax_difference +
    rounding + unexplained = invoiced. Exactly.
    """

    billing_account_id: str
    seller: str | Optional = None
    invoice_id: str | Optional = None
    currency: str
    state: InvoiceState
    effective: ExactDecimal
    steps: tuple[BridgeStep, ...]
    billed: ExactDecimal
    corrections_not_invoiced: ExactDecimal | Optional = None
    tax_difference: ExactDecimal | Optional = None
    rounding: ExactDecimal | Optional = None
    unexplained: ExactDecimal | Optional = None
    invoiced: ExactDecimal | Optional = None
    focus_tolerance: ExactDecimal
    line_items: int
    look_alikes: tuple[str, ...] | Optional = Field(default=None, description="What has the remainder's amount")


class InvoiceTotal(WireModel):
    """All bridges of one currency."""

    currency: str
    effective: ExactDecimal
    billed: ExactDecimal
    invoiced: ExactDecimal | Optional = Field(default=None, description="Over the bridges that have an invoice")
    unexplained: ExactDecimal | Optional = None
    states: dict[str, int]


class InvoiceAnswer(WireModel):
    """Bridges from EffectiveCost over BilledCost to the invoices of one billing period."""

    notes: tuple[str, ...]
    billing_period: ChargePeriod
    totals: tuple[InvoiceTotal, ...]
    data: tuple[InvoiceBridge, ...]
    not_listed: int = Field(description="Bridges beyond the limit, all better than the listed ones")
    coverage: ShownCoverage
    evidence: ShownEvidence
