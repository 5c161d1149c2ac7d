"""Invoices against bills: exact bridges, and a remainder that is named to the cent whatever was planted."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.invoices.judge import InvoiceState
from orchestrator.invoices.source import InvoiceLine
from shared_models.errors import DataNotReadyError, InvalidPeriodError, UnknownValueError
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod
from tests.builders import cost_row
from tests.orchestrator.invoices.conftest import Reconcile

COMMITMENT = {"CommitmentDiscountId": "sp-1", "PricingCategory": "Committed"}
BILL = [
    cost_row(Cost="100.004"),
    cost_row(Cost="0", EffectiveCost="30", CommitmentDiscountStatus="Used", **COMMITMENT),
    cost_row(Cost="0", EffectiveCost="10", CommitmentDiscountStatus="Unused", **COMMITMENT),
    cost_row(Cost="0", BilledCost="365", ChargeCategory="Purchase", ChargeFrequency="One-Time", **COMMITMENT),
    cost_row(Cost="0", BilledCost="20", ChargeCategory="Purchase", ChargeFrequency="Recurring", **COMMITMENT),
    cost_row(Cost="15", ChargeCategory="Purchase", ChargeFrequency="Recurring", ServiceName="Support"),
    cost_row(Cost="7", ServiceProviderName="Vendor", SubAccountId="a2"),
    cost_row(Cost="-25", ChargeCategory="Credit", SubAccountId="a2"),
    cost_row(Cost="-3", ChargeCategory="Adjustment"),
    cost_row(Cost="9.5", ChargeCategory="Tax", SubAccountId=None),
]
BILLED = Decimal("488.504")


def invoice(amount: str, **said: object) -> InvoiceLine:
    return InvoiceLine(**{"billing_account_id": "100", "currency": "USD", "amount": Decimal(amount), **said})


def test_every_kind_of_charge_has_its_step_and_the_steps_sum_exactly(reconciled: Reconcile) -> None:
    [bridge] = reconciled([BILL], invoice("488.50")).data

    assert {step.step.value: (step.billed, step.change) for step in bridge.steps} == {
        name: (Decimal(billed), Decimal(change))
        for name, billed, change in [
            ("usage", "100.004", "0"),
            ("commitment_used", "0", "-30"),
            ("commitment_unused", "0", "-10"),
            ("upfront_fees", "365", "365"),
            ("recurring_fees", "20", "20"),
            ("other_purchases", "15", "0"),
            ("marketplace", "7", "0"),
            ("credits", "-25", "0"),
            ("refunds_and_adjustments", "-3", "0"),
            ("tax", "9.5", "0"),
        ]
    }
    assert bridge.effective + sum(step.change for step in bridge.steps) == bridge.billed == BILLED
    assert (bridge.state, bridge.rounding, bridge.unexplained) == (InvoiceState.RECONCILED, Decimal("-0.004"), 0)


def test_without_an_invoice_the_bridge_ends_at_billed_cost_and_says_so(reconciled: Reconcile) -> None:
    answer = reconciled([BILL])

    [bridge] = answer.data
    assert (bridge.state, bridge.billed, bridge.invoiced) == (InvoiceState.INVOICE_MISSING, BILLED, None)
    assert answer.totals[0].states == {"invoice_missing": 1}
    assert answer.totals[0].unexplained is None


def test_a_planted_cent_is_within_the_tolerance_and_still_named(reconciled: Reconcile) -> None:
    [bridge] = reconciled([BILL], invoice("488.51")).data

    assert (bridge.state, bridge.unexplained) == (InvoiceState.WITHIN_TOLERANCE, Decimal("0.01"))


def test_a_credit_that_is_not_on_the_invoice_is_named(reconciled: Reconcile) -> None:
    [bridge] = reconciled([BILL], invoice("513.50")).data

    assert (bridge.state, bridge.unexplained) == (InvoiceState.DIFFERS, Decimal(25))
    assert "credits have this amount (-25.00)" in bridge.look_alikes[0]


def test_a_credit_that_only_the_invoice_has_is_named_by_its_category(reconciled: Reconcile) -> None:
    lines = [
        invoice("507.00", charge_category="Usage"),
        invoice("-50.00", charge_category="Credit"),
    ]
    plain = [cost_row(Cost="507")]

    [bridge] = reconciled([plain], *lines).data

    assert bridge.unexplained == Decimal(-50)
    assert bridge.look_alikes == ("Credit: the invoice has -50.00, the ledger 0.00.",)


def test_an_account_that_moved_between_payers_is_named_on_both_sides(reconciled: Reconcile) -> None:
    other = [
        cost_row(Cost="70", BillingAccountId="300", SubAccountId="b1"),
        cost_row(Cost="12.34", BillingAccountId="300", SubAccountId="moved"),
    ]
    answer = reconciled([BILL, other], invoice("500.84"), invoice("70.00", billing_account_id="300"))

    by_payer = {bridge.billing_account_id: bridge for bridge in answer.data}
    assert by_payer["100"].unexplained == Decimal("12.34")
    assert "Sub account moved, which the ledger has under payer 300" in by_payer["100"].look_alikes[0]
    assert by_payer["300"].unexplained == Decimal("-12.34")
    assert "sub account moved have this amount (12.34)" in by_payer["300"].look_alikes[0]
    assert answer.totals[0].unexplained == 0


def test_corrections_that_came_after_the_invoice_are_a_step_of_their_own(reconciled: Reconcile) -> None:
    late = [*BILL, cost_row(Cost="-41.125", ChargeClass="Correction")]

    [bridge] = reconciled([late], invoice("488.50")).data

    assert (bridge.state, bridge.corrections_not_invoiced) == (InvoiceState.RECONCILED, Decimal("41.125"))
    assert bridge.billed + bridge.corrections_not_invoiced + bridge.rounding + bridge.unexplained == bridge.invoiced


def test_corrections_on_the_invoice_stay_on_it(reconciled: Reconcile) -> None:
    [bridge] = reconciled([[*BILL, cost_row(Cost="-41.125", ChargeClass="Correction")]], invoice("447.38")).data

    assert (bridge.state, bridge.corrections_not_invoiced) == (InvoiceState.RECONCILED, None)


def test_tax_that_only_the_invoice_has_is_named_and_not_unexplained(reconciled: Reconcile) -> None:
    lines = [invoice("100.00", charge_category="Usage"), invoice("19.00", charge_category="Tax")]

    [bridge] = reconciled([[cost_row(Cost="100")]], *lines).data

    assert (bridge.tax_difference, bridge.unexplained) == (Decimal(19), 0)
    assert bridge.state is InvoiceState.RECONCILED


def test_invoices_are_matched_by_their_ids_where_both_sides_know_them(reconciled: Reconcile) -> None:
    rows = [
        cost_row(Cost="10", InvoiceId="I-1"),
        cost_row(Cost="20", InvoiceId="I-2"),
        cost_row(Cost="5", InvoiceId=None),
    ]

    answer = reconciled([rows], invoice("10", invoice_id="I-1"), invoice("21.5", invoice_id="I-2"))

    assert {bridge.invoice_id: bridge.state for bridge in answer.data} == {
        "I-2": InvoiceState.DIFFERS,
        "I-1": InvoiceState.RECONCILED,
        None: InvoiceState.INVOICE_MISSING,
    }
    assert answer.data[0].invoice_id == "I-2"
    assert answer.data[0].unexplained == Decimal("1.5")


def test_ids_that_the_bill_does_not_know_fall_back_to_issuer_and_payer(reconciled: Reconcile) -> None:
    two_sellers = [cost_row(Cost="10"), cost_row(Cost="20", InvoiceIssuerName="Reseller")]

    by_issuer = reconciled(
        [two_sellers],
        invoice("10", invoice_id="F-77", invoice_issuer_name="AWS"),
        invoice("20", invoice_id="F-78", invoice_issuer_name="Reseller"),
    )
    by_payer = reconciled([two_sellers], invoice("30", invoice_id="F-79"))

    assert {bridge.seller for bridge in by_issuer.data} == {"AWS", "Reseller"}
    assert [bridge.seller for bridge in by_payer.data] == ["AWS + Reseller"]
    assert {bridge.state for bridge in (*by_issuer.data, *by_payer.data)} == {InvoiceState.RECONCILED}


def test_an_open_invoice_and_an_invoice_without_charges_are_said(reconciled: Reconcile) -> None:
    answer = reconciled([BILL], invoice("480", open=True), invoice("3", billing_account_id="999"))

    assert {bridge.billing_account_id: bridge.state for bridge in answer.data} == {
        "100": InvoiceState.INVOICE_OPEN,
        "999": InvoiceState.CHARGES_MISSING,
    }


def test_a_bill_goes_by_billing_period_and_says_what_that_brings_in(reconciled: Reconcile) -> None:
    october = {"BillingPeriodStart": "2026-10-01T00:00:00", "BillingPeriodEnd": "2026-11-01T00:00:00"}
    bill = [cost_row(Cost="10", **october), cost_row(Cost="2.5", ChargePeriodStart="2026-09-30", **october)]
    november = [cost_row(Cost="4", BillingPeriodStart="2026-11-01T00:00:00", BillingPeriodEnd="2026-12-01T00:00:00")]

    answer = reconciled([bill, november], invoice("12.50"))

    assert answer.data[0].state is InvoiceState.RECONCILED
    assert "not by charge period; line items of other months on these bills: 1 (2.50 USD)" in answer.notes[0]


def test_a_missing_bill_and_an_absent_payer_are_said(reconciled: Reconcile) -> None:
    before = [cost_row(Cost="1", BillingAccountId="400", ChargePeriodStart="2026-09-02")]

    answer = reconciled([BILL, before], invoice("488.50"), expected=("aws", "gcp"))

    assert [gap.code for gap in answer.coverage.gaps] == ["no_bill"]
    assert not answer.evidence.complete
    assert "Payer 400 has no bill of this period; it had one before." in answer.notes


def test_a_period_that_is_no_month_and_an_unknown_payer_are_refused(reconciled: Reconcile) -> None:
    with pytest.raises(InvalidPeriodError):
        reconciled([BILL], billing_period=ChargePeriod.parse("2026-Q4"))
    with pytest.raises(UnknownValueError):
        reconciled([BILL], billing_account="101")
    with pytest.raises(DataNotReadyError):
        reconciled([BILL], billing_period=ChargePeriod.month(2024, 1))


def amounts() -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=-10_000, max_value=10_000, places=12, allow_nan=False, allow_infinity=False)


charges = st.builds(
    cost_row,
    BilledCost=amounts(),
    EffectiveCost=amounts(),
    ChargeCategory=st.sampled_from(["Usage", "Purchase", "Tax", "Credit", "Adjustment"]),
    ChargeClass=st.sampled_from([None, None, "Correction"]),
    ChargeFrequency=st.sampled_from(["One-Time", "Recurring", "Usage-Based"]),
    CommitmentDiscountId=st.sampled_from([None, "sp-1"]),
    CommitmentDiscountStatus=st.sampled_from([None, "Used", "Unused"]),
    ServiceProviderName=st.sampled_from(["AWS", "Vendor", None]),
    AllocatedMethodId=st.sampled_from([None, "split"]),
    InvoiceIssuerName=st.sampled_from(["AWS", "Reseller", None]),
    InvoiceId=st.sampled_from([None, "I-1"]),
    BillingCurrency=st.sampled_from(["USD", "JPY"]),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(charges, min_size=1, max_size=25), invoiced=amounts())
def test_whatever_the_bill_all_steps_sum_to_the_last_digit(reconciled: Reconcile, rows, invoiced: Decimal) -> None:
    cents = invoiced.quantize(Decimal("0.01"))
    answer = reconciled([rows], invoice(str(cents)), limit=50)

    for bridge in answer.data:
        assert bridge.effective + sum(step.change for step in bridge.steps) == bridge.billed
        assert sum(step.billed for step in bridge.steps) == bridge.billed
        if bridge.invoiced is not None:
            named = (bridge.corrections_not_invoiced or 0) + (bridge.tax_difference or 0)
            assert bridge.billed + named + bridge.rounding + bridge.unexplained == bridge.invoiced
    for total in answer.totals:
        own = [row for row in rows if row["BillingCurrency"] == total.currency]
        assert total.billed == sum(row[CostBasis.BILLED.value] for row in own)
        assert total.effective == sum(row[CostBasis.EFFECTIVE.value] for row in own)
