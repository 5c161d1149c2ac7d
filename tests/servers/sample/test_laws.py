"""Laws of the sample organisation's bills, read from the exported files with plain SQL."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from servers.kit.conformance.builtin import builtin_model
from servers.kit.conformance.check import check
from servers.sample.generate import generate
from shared_models.dataset import FOCUS_DATASETS
from shared_models.errors import InvalidArgumentError
from shared_models.focus.billing_period import BILLING_PERIOD
from shared_models.focus.column import Dataset, Level
from shared_models.focus.contract_commitment import CONTRACT_COMMITMENT
from shared_models.focus.cost_and_usage import COST_AND_USAGE
from shared_models.focus.invoice_detail import INVOICE_DETAIL
from tests.servers.sample.reading import AWS, DETAILED, GOOGLE, JAPAN, azure, azure_runs, parquet

MONEY = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def _sources(root: Path) -> dict[str, str]:
    return {
        "aws": parquet(root, AWS),
        "japan": parquet(root, JAPAN),
        "gcp": parquet(root, GOOGLE),
        "azure": azure(root),
    }


def _only_in_first(duck: duckdb.DuckDBPyConnection, first: str, second: str) -> list[tuple]:
    return duck.execute(f"SELECT ChargeClass FROM (SELECT * FROM {first} EXCEPT ALL SELECT * FROM {second})").fetchall()


def test_the_same_arguments_write_the_same_rows_whatever_the_number_of_threads(
    tiny: Path, tmp_path: Path, duck: duckdb.DuckDBPyConnection
) -> None:
    generate(tmp_path / "again", rows=5_000, months=3, threads=1)
    for name, source in _sources(tiny).items():
        again = _sources(tmp_path / "again")[name]
        assert _only_in_first(duck, source, again) == []
        assert _only_in_first(duck, again, source) == []


def test_another_seed_is_another_organisation(tiny: Path, tmp_path: Path, duck: duckdb.DuckDBPyConnection) -> None:
    generate(tmp_path / "other", rows=5_000, months=3, seed=8)
    here, there = (
        duck.execute(
            f"SELECT DISTINCT SubAccountId FROM {parquet(root, AWS)} WHERE SubAccountId IS NOT NULL"
        ).fetchall()
        for root in (tiny, tmp_path / "other")
    )
    assert not set(here) & set(there)


def test_a_closed_month_never_changes_but_for_corrections(
    tiny: Path, tmp_path: Path, duck: duckdb.DuckDBPyConnection
) -> None:
    generate(tmp_path / "earlier", rows=5_000, months=3, until=datetime(2026, 10, 3, tzinfo=UTC))
    for name, source in _sources(tiny).items():
        september = "WHERE CAST(BillingPeriodStart AS VARCHAR) LIKE '2026-09-01%'"
        earlier = f"(SELECT * FROM {_sources(tmp_path / 'earlier')[name]} {september})"
        later = f"(SELECT * FROM {source} {september})"
        count = duck.execute(f"SELECT count(*) FROM {earlier}").fetchone()
        assert count is not None
        assert count[0] > 100
        assert _only_in_first(duck, earlier, later) == []
        added = [row[0] for row in _only_in_first(duck, later, earlier)]
        assert added == (["Correction"] if name == "azure" else [])


def test_a_finished_commitment_costs_what_was_paid_for_it(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    finished = {"Compute Savings Plan 2025", "PostgreSQL reservation", "Compute savings plan"}
    for source in (parquet(year, AWS), azure(year)):
        rows = duck.execute(
            "SELECT CommitmentDiscountName, sum(CAST(CAST(BilledCost AS VARCHAR) AS DECIMAL(30,12))),"
            f" sum(CAST(CAST(EffectiveCost AS VARCHAR) AS DECIMAL(30,12))) FROM {source}"
            " WHERE CommitmentDiscountName IS NOT NULL GROUP BY 1"
        ).fetchall()
        for name, billed, effective in rows:
            if name in finished:
                finished.discard(name)
                assert billed == effective > 0
    assert not finished


def test_every_commitment_day_is_used_or_unused_to_the_digit(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    days = duck.execute(
        "SELECT CommitmentDiscountId, count(DISTINCT cost) FROM (SELECT CommitmentDiscountId, CAST(ChargePeriodStart AS"
        " DATE) AS day, sum(CAST(CAST(EffectiveCost AS VARCHAR) AS DECIMAL(30,12))) AS cost FROM"
        f" {parquet(year, AWS)} WHERE CommitmentDiscountStatus IS NOT NULL GROUP BY ALL) GROUP BY 1"
    ).fetchall()
    assert len(days) >= 5
    assert all(count == 1 for _, count in days)


@pytest.mark.parametrize("name", ["aws", "japan", "gcp", "azure"])
def test_list_is_at_least_contracted_is_at_least_effective_for_usage(
    year: Path, duck: duckdb.DuckDBPyConnection, name: str
) -> None:
    quirks = " AND ContractedUnitPrice IS NOT NULL AND ListUnitPrice IS NOT NULL" if name == "azure" else ""
    broken = duck.execute(
        f"SELECT count(*) FROM {_sources(year)[name]} WHERE ChargeCategory = 'Usage' AND ChargeClass IS NULL"
        " AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused' AND NOT (CAST(ListCost AS DECIMAL(30,12)) >="
        " CAST(ContractedCost AS DECIMAL(30,12)) AND CAST(ContractedCost AS DECIMAL(30,12)) >="
        f" CAST(EffectiveCost AS DECIMAL(30,12))){quirks}"
    ).fetchone()
    assert broken == (0,)


@pytest.mark.parametrize("name", ["aws", "japan", "gcp", "azure"])
def test_without_a_commitment_the_effective_cost_is_the_billed_cost(
    year: Path, duck: duckdb.DuckDBPyConnection, name: str
) -> None:
    broken = duck.execute(
        f"SELECT count(*) FROM {_sources(year)[name]} WHERE CommitmentDiscountId IS NULL AND BilledCost <> EffectiveCost"
    ).fetchone()
    assert broken == (0,)


def test_cost_is_unit_price_times_quantity(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    broken = duck.execute(
        f"SELECT count(*) FROM {parquet(year, AWS)} WHERE ChargeCategory = 'Usage' AND ChargeClass IS NULL AND"
        " abs(ListCost - ListUnitPrice * PricingQuantity) > 1e-6 * greatest(1, ListCost)"
    ).fetchone()
    assert broken == (0,)


def test_both_google_tables_tell_the_same_total_to_the_digit(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    focus = duck.execute(
        "SELECT strftime(BillingPeriodStart, '%Y%m') AS m, sum(BilledCost), sum(ListCost) FROM"
        f" {parquet(year, GOOGLE)} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    exact = "CAST(CAST({} AS VARCHAR) AS DECIMAL(38,9))"
    credit = exact.format("c.amount")
    detailed = duck.execute(
        f"SELECT invoice.month AS m, sum({exact.format('cost')}) + sum(COALESCE(list_sum(list_transform(credits,"
        f" lambda c: {credit})), 0)), sum({exact.format('cost_at_list')}) FROM {parquet(year, DETAILED)} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert len(focus) == 13
    assert focus == detailed
    assert all(total == round(total, 2) for _, total, _ in focus[:-1])  # a closed invoice is rounded to the cent


def test_split_costs_add_up_to_their_node(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    """The second cluster's node stands beside its splits."""
    sums = ", ".join(
        f"sum(CAST(CAST({m} AS VARCHAR) AS DECIMAL(30,12))) FILTER (AllocatedMethodId IS NOT NULL)"
        f" = sum(CAST(CAST({m} AS VARCHAR) AS DECIMAL(30,12))) FILTER (AllocatedMethodId IS NULL)"
        for m in MONEY
    )
    rows = duck.execute(
        f"SELECT {sums} FROM {parquet(year, JAPAN)} WHERE ResourceName = 'eks-shared-node' GROUP BY ChargePeriodStart"
    ).fetchall()
    assert len(rows) > 380
    assert set(rows) == {(True, True, True, True)}
    replaced = duck.execute(
        "SELECT DISTINCT AllocatedResourceName, AllocatedMethodId IS NULL FROM"
        f" {parquet(year, JAPAN)} WHERE ResourceName = 'eks-orders-node'"
    ).fetchall()
    assert set(replaced) == {(name, False) for name in ("checkout", "cart", "payments", "__idle__")}


@pytest.mark.parametrize("name", ["aws", "japan", "gcp", "azure"])
def test_columns_keep_to_the_vocabularies_and_nulls_of_focus(
    year: Path, duck: duckdb.DuckDBPyConnection, name: str
) -> None:
    duck.execute(f"CREATE TABLE bill AS SELECT * FROM {_sources(year)[name]}")
    source = "bill"
    present = {row[0] for row in duck.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    for column in COST_AND_USAGE.columns:
        if column.name not in present:
            continue
        if column.allowed is not None:
            found = duck.execute(
                f"SELECT DISTINCT {column.name} FROM {source} WHERE {column.name} IS NOT NULL"
            ).fetchall()
            assert {row[0] for row in found} <= {value.value for value in column.allowed}, column.name
        if column.level is Level.MANDATORY and not column.nullable:
            assert duck.execute(f"SELECT count(*) FROM {source} WHERE {column.name} IS NULL").fetchone() == (0,), column


def _focus(root: Path, name: str) -> str:
    return f"read_parquet('{root}/*/{name}.parquet', union_by_name=true)"


def test_invoice_lines_add_up_to_the_invoices_of_the_answer_key(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    lines = duck.execute(
        "SELECT BillingAccountId, strftime(BillingPeriodStart, '%Y-%m-%d'), BillingCurrency, sum(BilledCost) FROM"
        f" {_focus(year, 'invoice_detail')} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    invoices = duck.execute(
        "SELECT billing_account_id, billing_month, currency, CAST(invoiced AS DECIMAL(38,12)) FROM"
        f" read_csv('{year}/answer-key/invoices.csv', all_varchar=true) ORDER BY ALL"
    ).fetchall()
    assert len(invoices) == 4 * 12
    assert lines == invoices
    whole = "CASE BillingCurrency WHEN 'JPY' THEN BilledCost ELSE BilledCost * 100 END"
    assert duck.execute(
        f"SELECT count(*) FROM {_focus(year, 'invoice_detail')} WHERE {whole} <> ROUND({whole})"
    ).fetchone() == (0,)


@pytest.mark.parametrize("name", ["aws", "japan", "gcp", "azure"])
def test_the_invoices_that_a_bill_names_are_in_the_invoice_lines_of_their_month(
    year: Path, duck: duckdb.DuckDBPyConnection, name: str
) -> None:
    billed = (
        "SELECT DISTINCT InvoiceId, BillingAccountId, CAST(BillingPeriodStart AS VARCHAR)[:10] FROM"
        f" {_sources(year)[name]} WHERE InvoiceId IS NOT NULL"
    )
    lines = (
        "SELECT DISTINCT InvoiceId, BillingAccountId, strftime(BillingPeriodStart, '%Y-%m-%d') FROM"
        f" {_focus(year, 'invoice_detail')}"
    )
    assert len(duck.execute(billed).fetchall()) == 12
    assert duck.execute(f"{billed} EXCEPT {lines}").fetchall() == []


def test_contracts_are_the_commitments_that_are_paid_for(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    contracts = duck.execute(
        "SELECT ContractCommitmentId, ContractCommitmentPeriodStart, ContractCommitmentPeriodEnd, BillingCurrency,"
        f" lower(ContractCommitmentLifecycleStatus) FROM {_focus(year, 'contract_commitment')} ORDER BY ALL"
    ).fetchall()
    commitments = duck.execute(
        'SELECT commitment_discount_id, "start", "end", currency, status FROM'
        f" read_parquet('{year}/*/commitments.parquet') ORDER BY ALL"
    ).fetchall()
    costs = duck.execute(
        f"SELECT count(*), count_if(ContractCommitmentCost = CAST(term_cost AS DECIMAL(38,12))) FROM"
        f" {_focus(year, 'contract_commitment')} JOIN read_csv('{year}/answer-key/commitments.csv', all_varchar=true)"
        " ON commitment_id = ContractCommitmentId"
    ).fetchone()
    assert len(contracts) > 10
    assert contracts == commitments
    assert costs is not None
    assert costs[0] == costs[1] > 10


def test_a_billing_period_is_closed_when_its_invoice_is_issued(year: Path, duck: duckdb.DuckDBPyConnection) -> None:
    periods = dict(
        duck.execute(
            f"SELECT BillingPeriodStatus, count(*) FROM {_focus(year, 'billing_period')} GROUP BY 1"
        ).fetchall()
    )
    issued = duck.execute(
        f"SELECT count(DISTINCT (InvoiceIssuerName, BillingPeriodStart)) FROM {_focus(year, 'invoice_detail')} i JOIN"
        f" {_focus(year, 'billing_period')} p USING (InvoiceIssuerName, BillingPeriodStart) WHERE InvoiceIssueStatus ="
        " 'Issued' AND BillingPeriodStatus = 'Closed' AND InvoiceIssueDate < PaymentDueDate AND InvoiceDetailCreated <="
        " BillingPeriodLastUpdated"
    ).fetchone()
    assert periods == {"Closed": 48, "Open": 4}
    assert issued == (48,)


@pytest.mark.parametrize("dataset", [CONTRACT_COMMITMENT, INVOICE_DETAIL, BILLING_PERIOD], ids=lambda d: d.name)
@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_the_datasets_beside_the_bills_conform_to_focus(
    year: Path, duck: duckdb.DuckDBPyConnection, cloud: str, dataset: Dataset
) -> None:
    name = next(name.value for name, known in FOCUS_DATASETS.items() if known is dataset)
    duck.execute(f"CREATE VIEW written AS SELECT * FROM read_parquet('{year}/{cloud}/{name}.parquet')")
    report = check(duck, "written", model=builtin_model(dataset), dataset=dataset.name)
    assert report.rows > 0
    assert report.failures == ()
    assert report.score == 100


@pytest.mark.parametrize("dataset", FOCUS_DATASETS.values(), ids=lambda d: d.name)
def test_the_datasets_beside_the_bills_have_what_the_specification_lists(
    year: Path, duck: duckdb.DuckDBPyConnection, reference_data: Path, dataset: Dataset
) -> None:
    name = next(name.value for name, known in FOCUS_DATASETS.items() if known is dataset)
    with (reference_data / "focus" / "columns" / "focus-1.4-columns.csv").open(encoding="utf-8") as handle:
        listed = [row for row in csv.DictReader(handle) if row["dataset"] == dataset.name]
    written = {row[0] for row in duck.execute(f"DESCRIBE FROM {_focus(year, name)}").fetchall()}
    assert {row["id"] for row in listed if row["feature_level"] == "Mandatory"} <= written <= {r["id"] for r in listed}
    for row in (row for row in listed if row["id"] in written):
        values = {
            value for (value,) in duck.execute(f"SELECT DISTINCT {row['id']} FROM {_focus(year, name)}").fetchall()
        }
        assert row["allows_nulls"] == "True" or None not in values, row["id"]
        assert not row["allowed_values"] or values <= set(row["allowed_values"].split(";")), row["id"]


def test_an_older_azure_run_of_the_open_month_lies_beside_the_newest(
    tiny: Path, duck: duckdb.DuckDBPyConnection
) -> None:
    runs = azure_runs(tiny)
    assert [len(found) for found in runs.values()] == [1, 1, 2]
    older, newest = (
        duck.execute(f"SELECT count(*) FROM read_csv('{run}/*.csv.gz', all_varchar=true)").fetchone()
        for run in runs["20261101-20261130"]
    )
    assert older is not None
    assert newest is not None
    assert 0 < older[0] < newest[0]


def test_the_number_of_rows_is_about_what_was_asked_for(year: Path) -> None:
    summary = generate(year, rows=60_000)  # recognised by its marker: nothing is written again
    assert 0.85 * 60_000 < summary.rows < 1.1 * 60_000
    assert len(summary.months) == 13


def test_a_folder_with_other_data_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "my-bill.csv").write_text("x")
    with pytest.raises(InvalidArgumentError):
        generate(tmp_path, rows=5_000, months=3)
    assert (tmp_path / "aws" / "my-bill.csv").read_text() == "x"


def test_one_month_in_a_folder_with_a_quote_in_its_name(tmp_path: Path) -> None:
    told: list[float] = []
    summary = generate(tmp_path / "it's here", rows=1_000, months=1, progress=lambda share, _: told.append(share))
    assert summary.rows > 1_000
    assert (summary.directory / "sample.json").is_file()
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert sorted(place.name for place in summary.directory.iterdir()) == [
        "answer-key", "aws", "azure", "business", "gcp", "sample.json",
    ]  # fmt: skip
