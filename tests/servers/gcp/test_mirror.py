"""The mirror of the exports in BigQuery: what is read, what is paid for, what changes, and what a fault leaves."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from servers.gcp.billing_exports.bills import LiveBills
from servers.gcp.billing_exports.discovery import ExportTables, Kind
from shared_models.errors import FinOpsError, PurseEmptyError
from shared_models.export import ExportPart
from tests.clouds.gcp.endpoint import Endpoint
from tests.clouds.gcp.test_reconciliation import NET, sums
from tests.servers.gcp.conftest import live_of

SUFFIX = "01A7F3_9C42E8_D5B610"
DETAILED, STANDARD = f"gcp_billing_export_resource_v1_{SUFFIX}", f"gcp_billing_export_v1_{SUFFIX}"
Sums = dict[tuple[str, str | None, str], Decimal]


def bills_of(endpoint: Endpoint, folder: Path, **settings) -> LiveBills:
    live = live_of(endpoint, folder / "state", **settings)
    return LiveBills(live, ExportTables(live), folder / "cache", None)


def synced(bills: LiveBills) -> tuple[ExportPart, ...]:
    bills.refresh(timedelta(0))
    return bills.booked()


def ledger_sums(parts: Iterable[ExportPart]) -> Sums:
    files = ", ".join(f"'{part.path}'" for part in parts)
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(
            "SELECT strftime(BillingPeriodStart, '%Y%m'), SubAccountId, ServiceName, sum(BilledCost)"
            f" FROM read_parquet([{files}]) GROUP BY ALL"
        ).fetchall()
    found: Sums = defaultdict(Decimal)
    for month, project, service, amount in rows:
        found[month, project, service] += amount
    return {key: round(amount, 2) for key, amount in found.items()}


@pytest.mark.parametrize(
    ("prefer", "pattern", "sql"),
    [
        ("detailed", "gcp_billing_export_resource_v1_", NET),
        ("standard", "gcp_billing_export_v1_", NET),
    ],
)
def test_each_export_arrives_to_the_cent_by_month_project_and_service(
    signed_in: Endpoint, tmp_path: Path, prefer: str, pattern: str, sql: str
) -> None:
    parts = synced(bills_of(signed_in, tmp_path, prefer=prefer))

    found = ledger_sums(parts)

    expected = sums(signed_in, pattern, sql)
    assert {key: amount for key, amount in found.items() if amount or key in expected} == expected
    detailed = sums(signed_in, "gcp_billing_export_resource_v1_", NET)
    assert {key: amount for key, amount in found.items() if amount or key in detailed} == detailed
    assert {part.source_key.rpartition(".")[2].startswith(pattern) for part in parts} == {True}


def open_month(endpoint: Endpoint, *kinds: str, since: str = "2026-11-04") -> None:
    """Only some tables, and of those only what was exported in the last three weeks: enough for a fault."""
    for dataset in endpoint.warehouse.datasets.values():
        for name, table in list(dataset.tables.items()):
            if name not in kinds:
                del dataset.tables[name]
            else:
                table.source = f"SELECT * FROM ({table.source}) WHERE _PARTITIONTIME >= TIMESTAMPTZ '{since} 00:00+00'"


def total(parts: Iterable[ExportPart]) -> Decimal:
    return sum(ledger_sums(parts).values(), Decimal())


def expected_total(endpoint: Endpoint) -> Decimal:
    return sum(sums(endpoint, "gcp_billing_export_resource_v1_", NET).values(), Decimal())


def test_an_unchanged_table_is_not_read_again_and_late_rows_cost_their_days_only(signed_in, tmp_path) -> None:
    open_month(signed_in, DETAILED)
    table = signed_in.warehouse.table(DETAILED)
    table.exported_until(datetime(2026, 11, 20, tzinfo=UTC))
    bills = bills_of(signed_in, tmp_path)
    before = total(synced(bills))
    first = signed_in.warehouse.scanned
    calls = len(signed_in.calls("BigQueryRead.CreateReadSession"))

    synced(bills)
    assert len(signed_in.calls("BigQueryRead.CreateReadSession")) == calls

    table.exported_until(None)
    after = total(synced(bills))

    assert before < after == expected_total(signed_in)
    assert signed_in.warehouse.scanned - first < first / 2


def test_a_restated_month_is_read_again_and_counts_once(signed_in, tmp_path) -> None:
    open_month(signed_in, DETAILED)
    bills = bills_of(signed_in, tmp_path)
    before = total(synced(bills))
    table = signed_in.warehouse.table(DETAILED)
    table.source = (
        "SELECT * REPLACE (CASE WHEN _PARTITIONTIME < TIMESTAMPTZ '2026-11-10 00:00+00' THEN 2 * cost ELSE cost END AS"
        " cost, CASE WHEN _PARTITIONTIME < TIMESTAMPTZ '2026-11-10 00:00+00' THEN TIMESTAMPTZ '2027-01-01'"
        f" ELSE export_time END AS export_time) FROM ({table.source})"
    )

    after = total(synced(bills))

    assert after > before
    assert after == expected_total(signed_in)


def test_the_better_export_counts_from_its_first_whole_month_and_a_worse_one_before(signed_in, tmp_path) -> None:
    focus = signed_in.warehouse.table(f"gcp_billing_export_focus_{SUFFIX}")
    focus.source = f"SELECT * FROM ({focus.source}) WHERE _PARTITIONTIME >= TIMESTAMPTZ '2026-10-15 00:00+00'"
    bills = bills_of(signed_in, tmp_path)

    parts = synced(bills)

    kinds = {f"{part.billing_period_start:%Y%m}": part.source_key.rpartition(".")[2] for part in parts}
    assert kinds == {"202609": DETAILED, "202610": DETAILED, "202611": focus.name}
    assert total(parts) == expected_total(signed_in)


def test_days_that_the_table_lacks_are_a_gap_and_come_when_they_are_there(signed_in, tmp_path) -> None:
    open_month(signed_in, DETAILED)
    table = signed_in.warehouse.table(DETAILED)
    table.lose_days(date(2026, 11, 8), date(2026, 11, 9))
    bills = bills_of(signed_in, tmp_path)

    synced(bills)

    assert [gap.code for gap in bills.gaps] == ["days_missing"]
    assert "2026-11-08, 2026-11-09" in bills.gaps[0].message
    table.lose_days()
    assert total(synced(bills)) == expected_total(signed_in)
    assert not bills.gaps


def test_days_that_the_table_loses_stay_as_they_were_read(signed_in, tmp_path) -> None:
    open_month(signed_in, DETAILED)
    bills = bills_of(signed_in, tmp_path)
    before = total(synced(bills))
    signed_in.warehouse.table(DETAILED).lose_days(date(2026, 11, 8))

    after = total(synced(bills))

    assert after == before
    assert {gap.code for gap in bills.gaps} == {"days_missing", "days_gone"}


def test_columns_that_come_and_go_lose_no_row(signed_in, tmp_path) -> None:
    open_month(signed_in, DETAILED)
    table = signed_in.warehouse.table(DETAILED)
    table.exported_until(datetime(2026, 11, 20, tzinfo=UTC))
    bills = bills_of(signed_in, tmp_path)
    synced(bills)
    table.drop_column("tags")
    table.drop_column("seller_name")
    table.add_column("carbon_footprint", "0.5::DOUBLE")
    table.exported_until(None)

    assert total(synced(bills)) == expected_total(signed_in)


def test_the_purse_is_asked_before_anything_is_read(signed_in, tmp_path) -> None:
    open_month(signed_in, DETAILED)
    bills = bills_of(signed_in, tmp_path, daily_bytes=30 * 2**20)
    [planned] = bills.plan()
    assert planned.bytes > 0
    assert signed_in.warehouse.billed == signed_in.warehouse.scanned == 0

    poor = bills_of(signed_in, tmp_path / "poor", daily_bytes=10 * 2**20 + 1_000)
    with pytest.raises(PurseEmptyError) as refused:
        synced(poor)

    assert "bytes" in refused.value.text()
    assert signed_in.warehouse.scanned == 0
    synced(bills)
    spent = [one._live.bytes.spent() for one in (poor, bills)]
    assert sum(spent) == signed_in.warehouse.billed + signed_in.warehouse.scanned
    assert Decimal(bills._live.purse.card().left) < 1


def test_who_may_not_open_read_sessions_is_answered_by_queries(signed_in, tmp_path) -> None:
    open_month(signed_in, DETAILED)
    signed_in.policy.deny("bigquery.readsessions.create")

    parts = synced(bills_of(signed_in, tmp_path))

    assert total(parts) == expected_total(signed_in)
    assert signed_in.warehouse.scanned == 0


@pytest.mark.parametrize(
    ("fault", "method"),
    [
        ("rate_limit", "bigquery.jobs.insert"),
        ("backend_error", "bigquery.jobs.insert"),
        ("truncate", "bigquery.jobs.insert"),
        ("rate_limit", "BigQueryRead.CreateReadSession"),
        ("backend_error", "BigQueryRead.ReadRows"),
        ("truncate", "BigQueryRead.ReadRows"),
    ],
)
def test_a_passing_fault_loses_nothing(signed_in, tmp_path, fault: str, method: str) -> None:
    open_month(signed_in, DETAILED)
    signed_in.page_sizes["BigQueryRead"] = 40
    getattr(signed_in.faults, fault)(method, times=2)

    bills = bills_of(signed_in, tmp_path)

    assert total(synced(bills)) == expected_total(signed_in)
    assert not bills.gaps


@pytest.mark.parametrize(
    ("fault", "code"),
    [("quota_exceeded", "throttled"), ("rate_limit", "throttled"), ("backend_error", "upstream_unavailable")],
)
def test_a_lasting_fault_is_a_gap_and_what_was_mirrored_stays(signed_in, tmp_path, fault: str, code: str) -> None:
    open_month(signed_in, DETAILED)
    table = signed_in.warehouse.table(DETAILED)
    table.exported_until(datetime(2026, 11, 20, tzinfo=UTC))
    bills = bills_of(signed_in, tmp_path, patience_seconds=1)
    before = total(synced(bills))
    table.exported_until(None)
    getattr(signed_in.faults, fault)("bigquery.jobs.insert", times=999)

    assert total(synced(bills)) == before
    assert [gap.code for gap in bills.gaps] == [code]

    with pytest.raises(FinOpsError) as refused:
        synced(bills_of(signed_in, tmp_path / "empty", patience_seconds=1))
    assert refused.value.code == code


def test_a_job_that_never_ends_is_cancelled_and_said(signed_in, tmp_path) -> None:
    open_month(signed_in, DETAILED)
    signed_in.faults.never_done(after=1)

    with pytest.raises(FinOpsError) as refused:
        synced(bills_of(signed_in, tmp_path, job_seconds=0.5))

    assert refused.value.code == "deadline_exceeded"
    assert signed_in.calls("bigquery.jobs.cancel") == [200]


def test_a_dataset_is_asked_where_it_lies(signed_in, tmp_path) -> None:
    open_month(signed_in, DETAILED)
    signed_in.warehouse.dataset("billing_export").location = "europe-west1"

    assert total(synced(bills_of(signed_in, tmp_path))) == expected_total(signed_in)


def test_permission_on_one_billing_account_only_is_a_gap_for_the_other(two_accounts, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(two_accounts.key_file(tmp_path)))
    second = "gcp_billing_export_resource_v1_0B52C9_7E10D4_AA93F1"
    open_month(two_accounts, DETAILED, second)
    two_accounts.policy.deny("bigquery.tables.getData", f"*{second}")
    bills = bills_of(two_accounts, tmp_path)

    parts = synced(bills)

    assert {part.billing_account_id for part in parts} == {"01A7F3-9C42E8-D5B610"}
    assert [gap.code for gap in bills.gaps] == ["permission_denied"]
    assert "0B52C9-7E10D4-AA93F1" in bills.gaps[0].message
    two_accounts.policy.denials.clear()
    assert {part.billing_account_id for part in synced(bills)} == set(two_accounts.ledger.accounts)


def test_every_kind_of_export_is_found_and_named(signed_in, tmp_path) -> None:
    live = live_of(signed_in, tmp_path)

    found = ExportTables(live).found()

    assert {one.kind for one in found.tables} == set(Kind) - {Kind.FOCUS_VIEW}
    assert {one.location for one in found.tables} == {"EU"}
