"""Azure cost exports: actual knows what is billed, amortised what is effective, and both never add up."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.business.config import BusinessConfig
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Measure, Question
from servers.azure.exports import NATIVE_FORMATS
from servers.kit.exports.convert import convert
from shared_models.export import CostBasis, SourceFormat
from tests.builders import NOW, OCTOBER, cost_row, export_part

HEADER = (
    "billingAccountId,billingCurrency,billingPeriodStartDate,SubscriptionId,date,meterCategory,meterId,quantity,"
    "unitOfMeasure,costInBillingCurrency,chargeType,frequency,pricingModel,consumedService,benefitId,tags"
)
BENEFIT = "/providers/microsoft.capacity/reservationOrders/1"
ACTUAL = [
    f"b1,EUR,10/01/2026,s1,10/02/2026,Virtual Machines,m1,1,1 Hour,0,Usage,UsageBased,Reservation,Microsoft.Compute,{BENEFIT},",
    f"b1,EUR,10/01/2026,s1,10/01/2026,Virtual Machines,m1,1,1,90,Purchase,Recurring,Reservation,Microsoft.Compute,{BENEFIT},",
    'b1,EUR,10/01/2026,s1,10/02/2026,Storage,m2,3,1 GB,4.25,Usage,UsageBased,OnDemand,Microsoft.Storage,,"""team"": ""web"""',
]
AMORTIZED = [
    f"b1,EUR,10/01/2026,s1,10/02/2026,Virtual Machines,m1,1,1 Hour,2.5,Usage,UsageBased,Reservation,Microsoft.Compute,{BENEFIT},",
    f"b1,EUR,10/01/2026,s1,10/02/2026,Virtual Machines,m1,1,1 Hour,0.5,UnusedReservation,UsageBased,Reservation,Microsoft.Compute,{BENEFIT},",
    'b1,EUR,10/01/2026,s1,10/02/2026,Storage,m2,3,1 GB,4.25,Usage,UsageBased,OnDemand,Microsoft.Storage,,"""team"": ""web"""',
]


def write(file: Path, rows: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([HEADER, *rows]) + "\n")


def test_actual_and_amortised_exports_of_one_folder_are_two_sources(tmp_path: Path) -> None:
    write(tmp_path / "in" / "one.csv", ACTUAL)
    write(tmp_path / "in" / "two.csv", AMORTIZED)

    converted = {
        c.report.source_format: c
        for c in convert(tmp_path / "in", tmp_path / "out", provider=None, natives=NATIVE_FORMATS)
    }

    assert set(converted) == {SourceFormat.AZURE_ACTUAL, SourceFormat.AZURE_AMORTIZED}
    actual = {part.source_format: part for part in converted[SourceFormat.AZURE_ACTUAL].parts}
    rest, purchases = actual[SourceFormat.AZURE_ACTUAL], actual[SourceFormat.AZURE_COMMITMENT_PURCHASES]
    [amortized] = converted[SourceFormat.AZURE_AMORTIZED].parts
    assert (rest.totals[0].billed_cost, purchases.totals[0].billed_cost) == (Decimal("4.25"), Decimal(90))
    assert purchases.totals[0].effective_cost == 0
    assert amortized.totals[0].effective_cost == Decimal("7.25")
    assert CostBasis.EFFECTIVE not in rest.bases
    assert CostBasis.BILLED not in amortized.bases


def test_a_real_export_ties_to_an_independent_sum(reference_data: Path, tmp_path: Path) -> None:
    file = reference_data / "focus" / "native-samples" / "azure-ea-anonymous.csv"
    with file.open(newline="", encoding="utf-8-sig") as handle:
        rows = list(csv.DictReader(handle))

    [converted] = convert(file, tmp_path, provider="azure", natives=NATIVE_FORMATS)

    [billed] = [line for line in converted.report.residuals if line.metric is CostBasis.BILLED]
    assert billed.source == sum(Decimal(row["CostInBillingCurrency"]) for row in rows)
    assert billed.source - billed.rejected - billed.ledger == billed.residual


@pytest.mark.parametrize("order", [("actual", "amortized"), ("amortized", "actual"), ("actual", "amortized", "actual")])
def test_both_exports_together_are_the_whole_bill_in_both_metrics(tmp_path: Path, order: tuple[str, ...]) -> None:
    ledger = Ledger(tmp_path / "ledger")
    rows = {"actual": ACTUAL, "amortized": AMORTIZED}

    for turn, name in enumerate(order):
        write(tmp_path / name / "bill.csv", rows[name])
        found = convert(tmp_path / name, tmp_path / f"out-{turn}", provider=None, natives=NATIVE_FORMATS)
        ledger.adopt([part for one in found for part in one.parts], [], now=NOW, reason="import")
    answer = QueryEngine(ledger, BusinessConfig()).ask(
        Question(OCTOBER, metric=CostBasis.BILLED, also=(Measure.EFFECTIVE,))
    )

    [total] = answer.totals
    assert (total.amount, total.also) == (Decimal("94.25"), {"EffectiveCost": Decimal("7.25")})
    assert [gap.code for gap in answer.coverage.gaps if gap.code == "basis_unknown"] == []
    assert total.line_items == 4


def test_actual_exports_of_two_subscriptions_complete_one_amortised_export(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    second = [row.replace(",s1,", ",s2,", 1) for row in ACTUAL]
    spread = [*AMORTIZED, *(row.replace(",s1,", ",s2,", 1) for row in AMORTIZED)]

    for name, rows in {"actual-1": ACTUAL, "amortized": spread, "actual-2": second}.items():
        write(tmp_path / name / "bill.csv", rows)
        found = convert(tmp_path / name, tmp_path / f"out-{name}", provider=None, natives=NATIVE_FORMATS)
        ledger.adopt([part for one in found for part in one.parts], [], now=NOW, reason="import")
    answer = QueryEngine(ledger, BusinessConfig()).ask(
        Question(OCTOBER, metric=CostBasis.BILLED, also=(Measure.EFFECTIVE,))
    )
    ledger.close()

    [total] = answer.totals
    assert (total.amount, total.also) == (Decimal("188.5"), {"EffectiveCost": Decimal("14.5")})
    assert [gap.code for gap in answer.coverage.gaps if gap.code == "basis_unknown"] == []


def test_a_restated_month_without_purchases_loses_them(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")

    for turn, rows in enumerate((ACTUAL, [ACTUAL[2]])):
        write(tmp_path / "actual" / "bill.csv", rows)
        found = convert(tmp_path / "actual", tmp_path / f"out-{turn}", provider=None, natives=NATIVE_FORMATS)
        ledger.adopt([part for one in found for part in one.parts], [], now=NOW, reason="import")

    booked = ledger.snapshot().booked
    assert [(load.source_format, load.rows) for load in booked] == [(SourceFormat.AZURE_ACTUAL, 1)]


def test_a_part_without_commitments_belongs_to_what_its_manifest_says(tmp_path: Path) -> None:
    run = tmp_path / "export" / "20261001-20261031" / "run-1"
    for name, rows in (("part_0.csv", AMORTIZED[:2]), ("part_1.csv", AMORTIZED[2:])):
        write(run / name, rows)
    manifest = {
        "exportConfig": {"type": "AmortizedCost"},
        "blobs": [{"blobName": f"{n}.csv"} for n in ("part_0", "part_1")],
    }
    (run / "manifest.json").write_text(json.dumps(manifest))

    [converted] = convert(tmp_path, tmp_path / "out", provider=None, natives=NATIVE_FORMATS)

    assert converted.report.source_format is SourceFormat.AZURE_AMORTIZED
    assert converted.parts[0].totals[0].effective_cost == Decimal("7.25")


def test_a_price_times_a_large_quantity_is_read(tmp_path: Path) -> None:
    header = HEADER + ",payGPrice,unitPrice"
    row = "b1,EUR,10/01/2026,s1,10/02/2026,Virtual Machines,m1,720,1 Hour,144,Usage,UsageBased,OnDemand,Microsoft.Compute,,,0.2,0.15"
    (tmp_path / "bill.csv").write_text(f"{header}\n{row}\n")

    [converted] = convert(tmp_path / "bill.csv", tmp_path / "out", provider=None, natives=NATIVE_FORMATS)

    assert (converted.parts[0].totals[0].list_cost, converted.parts[0].totals[0].contracted_cost) == (144, 108)


def test_a_native_bill_and_its_focus_twin_count_once(tmp_path: Path) -> None:
    account, subscription = "/providers/Microsoft.Billing/billingAccounts/8611537", "/subscriptions/64e355d7"
    write(tmp_path / "actual" / "bill.csv", [ACTUAL[2].replace("b1,", "8611537,", 1).replace(",s1,", ",64E355D7,")])
    [native] = convert(tmp_path / "actual", tmp_path / "out-native", provider=None, natives=NATIVE_FORMATS)
    twin = cost_row(
        x_Provider="azure",
        BillingAccountId=account,
        SubAccountId=subscription,
        ChargePeriodStart="2026-10-02",
        BillingCurrency="EUR",
        Cost="4.25",
    )
    ledger = Ledger(tmp_path / "ledger")

    ledger.adopt(native.parts, [], now=NOW, reason="import")
    ledger.adopt([export_part(tmp_path / "focus", [twin])], [], now=NOW, reason="import")

    assert native.parts[0].billing_account_id == account
    assert native.parts[0].sub_account_ids == (subscription,)
    assert [load.source_format for load in ledger.snapshot().booked] == [SourceFormat.FOCUS_1_2]
