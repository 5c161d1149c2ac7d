"""FOCUS datasets from files: recognised, typed, lifted, and every row accounted for."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from servers.kit.datasets.focus_files import convert_datasets
from servers.kit.exports.convert import ConvertOptions
from servers.kit.exports.grouping import holds_bills
from shared_models.dataset import FOCUS_DATASETS, DatasetName, columns_of
from shared_models.errors import TooManyRejectsError, UnreadableExportError
from shared_models.export import SourceFormat
from shared_models.focus.column import Kind
from tests.focus_datasets import COMMITMENT_1_3, INVOICE, PERIOD, SAMPLES, write

EVERYTHING = ConvertOptions(max_reject_share=1)
SUFFIXES = ("csv", "csv.gz", "parquet", "jsonl")


def read(path: str, columns: str = "*") -> list[dict]:
    with duckdb.connect() as connection:
        result = connection.execute(f"SELECT {columns} FROM read_parquet('{path}')")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", FOCUS_DATASETS)
def test_every_dataset_is_read_from_every_kind_of_file(tmp_path: Path, name: DatasetName, suffix: str) -> None:
    file = write(tmp_path / f"some export.{suffix}", [SAMPLES[name]])

    [converted] = convert_datasets(file, tmp_path / "out", provider=None)

    [part] = converted.parts
    [row] = read(part.path)
    assert (part.name, part.rows, converted.report.rows_rejected) == (name, 1, 0)
    assert list(row) == list(columns_of(name))
    for column in FOCUS_DATASETS[name].columns:
        said = SAMPLES[name].get(column.name)
        expected = {
            Kind.DECIMAL: Decimal,
            Kind.DATE_TIME: lambda text: datetime.fromisoformat(text.removesuffix("Z")),
        }.get(column.kind, lambda text: text)
        assert row[column.name] == (None if said is None else expected(said)), column.name


def test_the_provider_is_the_cloud_that_sells_or_issues(tmp_path: Path) -> None:
    rows = [INVOICE, {**INVOICE, "InvoiceIssuerName": "AWS EMEA SARL", "InvoiceId": "A", "InvoiceDetailId": "1"}]
    rows.append({**INVOICE, "InvoiceIssuerName": "Amazon Web Services Japan G.K.", "InvoiceId": "J"})

    [converted] = convert_datasets(write(tmp_path / "i.csv", rows), tmp_path / "out", provider=None)

    assert {part.provider: part.rows for part in converted.parts} == {"aws": 2, "azure": 1}


def test_an_invoice_belongs_to_its_month_and_account_however_they_are_written(tmp_path: Path) -> None:
    account = "/providers/Microsoft.Billing/billingAccounts/8f1d2c7a:5e93"
    written = [
        ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", account),
        ("2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00", account.lower()),
        ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", account.upper()),
    ]
    rows = [
        {
            **INVOICE,
            "InvoiceDetailId": str(n),
            "BillingPeriodStart": start,
            "BillingPeriodEnd": end,
            "BillingAccountId": own,
        }
        for n, (start, end, own) in enumerate(written)
    ]
    lost = {**INVOICE, "InvoiceDetailId": "lost", "BillingPeriodStart": "2026-10-01T15:00:00Z"}

    [converted] = convert_datasets(
        write(tmp_path / "i.csv", [*rows, lost]), tmp_path / "out", provider=None, options=EVERYTHING
    )

    found = read(converted.parts[0].path, "DISTINCT BillingPeriodStart, BillingPeriodEnd, BillingAccountId")
    assert [tuple(row.values()) for row in found] == [
        (datetime.fromisoformat("2026-10-01"), datetime.fromisoformat("2026-11-01"), account)
    ]
    assert [(r.reason, r.row) for r in converted.report.rejections] == [
        ("BillingPeriodStart is not the border of a day or month", 5)
    ]


def test_a_commitment_of_focus_1_3_is_lifted_without_guessing_its_terms(tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", [COMMITMENT_1_3])

    [converted] = convert_datasets(file, tmp_path / "out", provider="aws")

    [row] = read(converted.parts[0].path)
    added = {c.name for c in FOCUS_DATASETS[DatasetName.CONTRACT_COMMITMENT].columns if c.since == "1.4"}
    assert converted.report.source_format is SourceFormat.FOCUS_1_3
    assert {name for name in added if row[name] is not None} == set()
    assert (row["ContractCommitmentCost"], row["x_Provider"], row["x_SourceFormat"]) == (876000, "aws", "focus-1.3")


FAULTS = {
    "a bad word": ({"InvoiceIssueStatus": "Paid"}, "InvoiceIssueStatus is not one of its allowed values", "Paid"),
    "no number": ({"BilledCost": "NaN"}, "BilledCost is not a finite number of at most 18 integer digits", "NaN"),
    "no time": ({"PaymentDueDate": "soon"}, "PaymentDueDate is not a time", "soon"),
    "no JSON": ({"InvoiceDetailGrain": "{x"}, "InvoiceDetailGrain is not JSON", "{x"),
    "no currency": ({"BillingCurrency": "credits"}, "BillingCurrency is not a currency code", "credits"),
    "no value": ({"PaymentTerms": ""}, "PaymentTerms is missing", ""),
    "reversed": (
        {"BillingPeriodEnd": "2026-09-01T00:00:00Z"},
        "BillingPeriodStart is not before BillingPeriodEnd",
        "2026-09-01T00:00:00Z",
    ),
}


@pytest.mark.parametrize(("fault", "reason", "example"), FAULTS.values(), ids=FAULTS.keys())
def test_a_row_that_cannot_be_kept_stands_aside_with_its_place(
    tmp_path: Path, fault: dict[str, str], reason: str, example: str
) -> None:
    file = write(tmp_path / "i.csv", [INVOICE, {**INVOICE, "InvoiceDetailId": "L-2", **fault}])

    [converted] = convert_datasets(file, tmp_path / "out", provider=None, options=EVERYTHING)

    [found] = converted.report.rejections
    assert (found.reason, found.file, found.row, found.example) == (reason, str(file), 3, example)
    assert found.column in {*fault, "BillingPeriodEnd"}
    assert converted.report.rows_kept == 1
    assert [row["_reason"] for row in read(converted.report.rejected_path or "")] == [reason]


def test_of_a_doubled_line_the_one_that_was_updated_last_is_kept_and_the_account_says_so(tmp_path: Path) -> None:
    newer = {**INVOICE, "BilledCost": "7.5", "InvoiceDetailLastUpdated": "2026-11-09T00:00:00Z"}
    elsewhere = {**INVOICE, "InvoiceId": "I-11", "ReferenceInvoiceId": "I-11"}  # its own line L-1
    file = write(tmp_path / "i.csv", [INVOICE, newer, elsewhere])

    [converted] = convert_datasets(file, tmp_path / "out", provider=None, options=EVERYTHING)

    [found] = converted.report.rejections
    [line] = converted.report.residuals
    assert (found.reason, found.row, found.column) == ("InvoiceDetailId stands twice", 2, "InvoiceDetailId")
    assert {row["BilledCost"] for row in read(converted.parts[0].path)} == {Decimal("7.5"), Decimal("100.25")}
    assert (line.source, line.rejected, line.ledger) == (208, Decimal("100.25"), Decimal("107.75"))
    assert line.residual == 0


def test_more_faults_than_are_tolerated_leave_nothing_behind(tmp_path: Path) -> None:
    file = write(tmp_path / "p.csv", [PERIOD, {**PERIOD, "BillingPeriodStatus": "Ajar"}])

    with pytest.raises(TooManyRejectsError) as caught:
        convert_datasets(file, tmp_path / "out", provider=None)

    assert f"{file}, row 3, column BillingPeriodStatus" in caught.value.message
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(("name", "column"), [(n, list(s)[1]) for n, s in SAMPLES.items()])
def test_a_missing_mandatory_column_is_named_with_what_to_do(tmp_path: Path, name: DatasetName, column: str) -> None:
    file = write(tmp_path / "d.csv", [{key: value for key, value in SAMPLES[name].items() if key != column}])

    with pytest.raises(UnreadableExportError) as caught:
        convert_datasets(file, tmp_path / "out", provider=None)

    assert caught.value.message == f"The column {column} is missing. ({file}, row 1, column {column})"
    assert caught.value.hint
    assert caught.value.details == {"file": str(file), "row": 1, "column": column}


def test_two_formats_of_one_dataset_in_one_folder_are_two_sources(tmp_path: Path) -> None:
    write(tmp_path / "in" / "i.csv", [INVOICE])
    write(tmp_path / "in" / "i.parquet", [INVOICE])

    found = convert_datasets(tmp_path / "in", tmp_path / "out", provider=None)

    assert len({part.source_key for one in found for part in one.parts}) == 2
    assert not holds_bills(tmp_path / "in", ())
