"""Tool: does the invoice match the bill, and where not, by what?"""

from typing import Annotated

import anyio.to_thread
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.invoices.answer import InvoiceAnswer
from orchestrator.invoices.reconcile import BillQuestion, reconcile
from orchestrator.proof.answered import of_bill
from shared_models.period import ChargePeriod


async def reconcile_invoice(
    deps: Deps,
    billing_period: Annotated[str, Field(description="Month of the bill, e.g. 2026-10")],
    billing_account: Annotated[str | None, Field(description="One payer (BillingAccountId)")] = None,
    provider: Annotated[str | None, Field(description="One cloud, e.g. aws")] = None,
    limit: Annotated[int, Field(ge=1, le=50, description="Bridges, the worst first")] = 5,
) -> InvoiceAnswer:
    """The exact bridge from EffectiveCost over BilledCost to the invoice, per payer, seller and currency: commitments,
    fees, credits, corrections, tax, rounding (FOCUS tolerance) and the unexplained remainder. By billing period, not
    charge period. Invoices: FOCUS Invoice Detail or the invoices folder; without one the bridge ends at BilledCost.
    """
    question = BillQuestion(ChargePeriod.parse(billing_period), billing_account, provider, limit)
    expected = await deps.cost_providers()

    def answer() -> InvoiceAnswer:
        found = reconcile(deps.engine(), deps.invoices, question, expected=expected)
        deps.keep(of_bill(question, found))
        return found

    return await anyio.to_thread.run_sync(answer)
