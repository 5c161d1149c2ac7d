"""The command line on the other FOCUS datasets: import them alone or beside bills, and print conformance as data."""

import csv
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.settings import load_settings
from servers.kit.conformance.check import check_facts
from shared_models.dataset import DatasetName
from skyledger.cli import run
from tests.focus_datasets import COMMITMENT, INVOICE, PERIOD, write

BILL = {
    "BilledCost": "1", "EffectiveCost": "1", "ListCost": "1", "ContractedCost": "1", "BillingAccountId": "b1",
    "BillingCurrency": "EUR", "BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargePeriodStart": "2026-10-02T00:00:00Z", "ChargePeriodEnd": "2026-10-03T00:00:00Z", "ChargeCategory": "Usage",
    "ServiceName": "S", "ServiceCategory": "Cloudy", "ServiceProviderName": "Microsoft", "InvoiceIssuerName":
    "Microsoft", "HostProviderName": "Microsoft", "SubAccountId": "s1", "InvoiceId": "I-10", "InvoiceDetailId": "L-1",
    "CommitmentProgramEligibilityDetails": "",
}  # fmt: skip


@pytest.fixture
def ledger():
    opened = Ledger(load_settings().ledger_home)
    yield opened
    opened.close()


def bill(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, BILL)
        writer.writeheader()
        writer.writerow(BILL)
    return file


def imported(capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> dict:
    assert run(["import", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def billed(ledger: Ledger) -> Decimal:
    files = [
        str(file) for file in Datasets(ledger).table_at(DatasetName.INVOICE_DETAIL, ledger.snapshot().generation).files
    ]
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT sum(BilledCost) FROM read_parquet({files})").fetchone()[0]


def test_datasets_among_the_bills_of_a_folder_are_booked_beside_them(
    tmp_path: Path, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    bill(tmp_path / "in" / "costs.csv")
    write(tmp_path / "in" / "invoices.csv", [INVOICE])
    write(tmp_path / "in" / "deep" / "commitments.jsonl", [COMMITMENT])
    write(tmp_path / "in" / "periods.parquet", [PERIOD])

    first = imported(capsys, [str(tmp_path / "in")])
    again = imported(capsys, [str(tmp_path / "in")])

    rows = {s.name.value: s.rows for s in Datasets(ledger).current()}
    assert (first["parts_added"], first["datasets_booked"]) == (1, 4)
    assert rows.pop("conformance") > 200
    assert rows == {"invoice_detail": 1, "contract_commitment": 1, "billing_period": 1}
    assert (again["parts_added"], again["datasets_booked"], again["generation"]) == (0, 0, first["generation"])
    with ledger.catalog.reading() as connection:
        kept = [json.loads(row["report"]) for row in connection.execute("SELECT report FROM import_report")]
    assert {report["dataset"] for report in kept} >= {None, "invoice_detail", "billing_period"}


def test_an_invoice_file_alone_is_imported_and_its_new_version_takes_its_place(
    tmp_path: Path, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "i.csv.gz", [INVOICE])
    [report] = imported(capsys, [str(file)])["reports"]
    write(file, [{**INVOICE, "BilledCost": "0.1"}, {**INVOICE, "BilledCost": "0.2", "InvoiceDetailId": "L-2"}])
    imported(capsys, [str(file)])

    assert (report["dataset"], report["residuals"][0]["ledger"]) == ("invoice_detail", "100.25")
    assert billed(ledger) == Decimal("0.3")


def test_a_bad_dataset_refuses_the_whole_import_in_one_clear_error(
    tmp_path: Path, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    bill(tmp_path / "in" / "costs.csv")
    file = write(tmp_path / "in" / "i.csv", [{**INVOICE, "BilledCost": "NaN"}])

    assert run(["import", str(tmp_path / "in"), "--json"]) == 1

    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "too_many_rejects"
    assert (
        f"BilledCost is not a finite number of at most 18 integer digits ({file}, row 2, column BilledCost)"
        in (error["message"])
    )
    assert "--max-reject-share" in error["hint"]
    assert ledger.snapshot().generation == 0


def test_rejected_rows_are_kept_with_their_reasons(
    tmp_path: Path, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "p.csv", [PERIOD, {**PERIOD, "BillingPeriodStatus": "Ajar"}])

    [report] = imported(capsys, [str(file), "--max-reject-share", "0.5"])["reports"]

    with duckdb.connect() as connection:
        kept = connection.execute(
            f"SELECT _row, _reason, _value FROM read_parquet('{report['rejected_path']}')"
        ).fetchall()
    assert kept == [(3, "BillingPeriodStatus is not one of its allowed values", "Ajar")]
    assert Path(report["rejected_path"]).parent == ledger.home.rejected


def test_conformance_is_printed_from_what_the_ledger_keeps(
    tmp_path: Path, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(capsys, [str(bill(tmp_path / "costs.csv"))])
    [load] = ledger.snapshot().booked
    checked = check_facts(str(ledger.fact_path(load)), "azure b1 2026-10").model_dump(mode="json")

    assert run(["conformance", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == [checked]
    [kept] = Datasets(ledger).current(DatasetName.CONFORMANCE)
    assert len(Datasets(ledger).items(kept)) == len(checked["results"])
    ledger.fact_path(load).unlink()  # the bill's file is not read again
    run(["conformance", "--json"])
    assert json.loads(capsys.readouterr().out) == [checked]


def test_conformance_that_the_ledger_lacks_is_worked_out_and_kept(
    tmp_path: Path, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(capsys, [str(bill(tmp_path / "costs.csv"))])
    with ledger.catalog.committing() as connection:
        connection.execute("DELETE FROM dataset")

    run(["conformance", "--json"])

    [report] = json.loads(capsys.readouterr().out)
    assert "ServiceCategory-allowed" in {r["rule_id"] for r in report["results"] if r["outcome"] == "failed"}
    assert len(Datasets(ledger).current(DatasetName.CONFORMANCE)) == 1


def test_a_dataset_file_is_checked_by_the_rules_of_its_own_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "p.csv", [{**PERIOD, "BillingPeriodStatus": "Ajar"}])

    assert run(["conformance", str(file), "--json"]) == 1

    [report] = json.loads(capsys.readouterr().out)
    assert report["dataset"] == "BillingPeriod"
    assert [r["rule_id"] for r in report["results"] if r["outcome"] == "failed"] == ["BillingPeriodStatus-allowed"]
