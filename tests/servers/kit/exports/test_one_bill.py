"""One bill counts once: whatever the case of its ids, the zone of its periods, and the sources that state it."""

from decimal import Decimal
from pathlib import Path

import pytest

from shared_models.errors import TooManyRejectsError, UnreadableExportError
from shared_models.period import ChargePeriod
from tests.focus_bills import VALUES, books, focus_csv

ACCOUNT = "/providers/Microsoft.Billing/billingAccounts/8f1d2c7a:5e93/billingProfiles/QHEU-7K2M"
SUBSCRIPTION = "/subscriptions/64e355d7-997c-491d-b0c1-8414dccfcf42"
AZURE = {"ProviderName": "Microsoft", "BillingAccountId": ACCOUNT, "SubAccountId": SUBSCRIPTION}


@pytest.mark.parametrize("path", [True, False], ids=["resource paths", "bare ids"])
def test_ids_that_differ_in_case_alone_are_one_identity(tmp_path: Path, *, path: bool) -> None:
    ids = {
        "BillingAccountId": ACCOUNT,
        "SubAccountId": SUBSCRIPTION,
        "ResourceId": f"{SUBSCRIPTION}/resourceGroups/RG/x",
    }
    if not path:
        ids = {"BillingAccountId": "8F1D2C7A-4B60", "SubAccountId": "64E355D7-997C", "ResourceId": "/Subscriptions/A/b"}
    other = {name: value.lower() if name == "BillingAccountId" else value.upper() for name, value in ids.items()}

    with books(tmp_path) as it:
        for name, own in (("one", ids), ("other", other)):
            it.take(
                focus_csv(tmp_path / name / "bill.csv", [{"ProviderName": "Microsoft", **own, "EffectiveCost": "7"}])
            )

        assert it.costs() == {(): Decimal(7)}
        assert len(it.ledger.snapshot().booked) == 1
        assert {load.billing_account_id for load in it.ledger.snapshot().loads} == {
            ACCOUNT if path else "8f1d2c7a-4b60"
        }

    with books(tmp_path / "same file") as it:
        it.take(
            focus_csv(tmp_path / "both" / "bill.csv", [{"ProviderName": "Microsoft", **own} for own in (ids, other)])
        )
        for column in ids:
            assert list(it.costs(column).values()) == [Decimal(2)]


def test_ids_that_heed_case_keep_it(tmp_path: Path) -> None:
    ids = ["arn:aws:s3:::Bucket", "arn:aws:s3:::bucket", "//compute.googleapis.com/Projects/P"]

    with books(tmp_path) as it:
        it.take(focus_csv(tmp_path / "bill.csv", [{"ResourceId": one} for one in ids]))

        assert {keys[0] for keys in it.costs("ResourceId")} == set(ids)


def test_charges_of_the_billing_account_itself_never_count_once_a_source(tmp_path: Path) -> None:
    tax = {"SubAccountId": "", "ChargeCategory": "Tax", "EffectiveCost": "19"}

    with books(tmp_path) as it:
        for account in ("s1", "s2"):
            it.take(
                focus_csv(tmp_path / account / "bill.csv", [{"SubAccountId": account, "EffectiveCost": "100"}, tax])
            )
        answer = it.ask("ChargeCategory")

    assert {group.keys: group.amount for group in answer.data} == {("Usage",): Decimal(100), ("Tax",): Decimal(19)}
    assert [gap.code for gap in answer.coverage.gaps if gap.code == "not_counted"] == ["not_counted"]
    assert not answer.evidence.complete


@pytest.mark.parametrize("first", ["by seller", "as one"])
def test_one_bill_counts_once_though_its_sources_name_its_sellers_differently(tmp_path: Path, first: str) -> None:
    sources = {"by seller": {"ProviderName": "Acme SaaS", "EffectiveCost": "4"}, "as one": {"EffectiveCost": "4"}}
    rows = {name: [{"EffectiveCost": "10"}, row] for name, row in sources.items()}

    with books(tmp_path) as it:
        for name in sorted(rows, key=lambda one: one != first):
            it.take(focus_csv(tmp_path / name / "bill.csv", rows[name]))
        answer = it.ask()

    assert [group.amount for group in answer.data] == [Decimal(14)]
    assert "may_count_twice" not in {gap.code for gap in answer.coverage.gaps}


def test_two_sources_that_name_sellers_and_amounts_differently_are_a_gap(tmp_path: Path) -> None:
    with books(tmp_path) as it:
        it.take(focus_csv(tmp_path / "one" / "bill.csv", [{}, {"ProviderName": "Acme SaaS", "EffectiveCost": "4"}]))
        alone = it.ask().coverage.gaps
        it.take(focus_csv(tmp_path / "two" / "bill.csv", [{}, {"EffectiveCost": "5"}]))
        both = it.ask().coverage.gaps

    assert "may_count_twice" not in {gap.code for gap in alone}
    assert [gap.message for gap in both if gap.code == "may_count_twice"] == [
        "two sources of one bill call it acme-saas and aws (2026-10)"
    ]


def test_a_seller_that_leaves_an_imported_file_leaves_the_ledger(tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"

    with books(tmp_path) as it:
        it.take(focus_csv(bill, [{"EffectiveCost": "5"}, {"ProviderName": "Acme SaaS", "EffectiveCost": "4"}]))
        before = it.costs("x_Provider")
        it.take(focus_csv(bill, [{"EffectiveCost": "5"}]))

        assert before == {("aws",): Decimal(5), ("acme-saas",): Decimal(4)}
        assert it.costs("x_Provider") == {("aws",): Decimal(5)}


def test_what_two_clouds_servers_call_alike_are_two_sources(tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"

    with books(tmp_path) as it:
        it.take(focus_csv(bill, [{"EffectiveCost": "5"}]), reason="sync aws")
        it.take(focus_csv(bill, [{"ProviderName": "Microsoft", "EffectiveCost": "4"}]), reason="sync azure")

        assert it.costs("x_Provider") == {("aws",): Decimal(5), ("azure",): Decimal(4)}


def test_sources_of_which_one_has_the_charges_of_the_billing_account_complement_each_other(tmp_path: Path) -> None:
    tax = {"SubAccountId": "", "ChargeCategory": "Tax", "EffectiveCost": "19"}

    with books(tmp_path) as it:
        it.take(focus_csv(tmp_path / "one" / "bill.csv", [{"EffectiveCost": "100"}, tax]))
        it.take(focus_csv(tmp_path / "two" / "bill.csv", [{"SubAccountId": "s2", "EffectiveCost": "50"}]))

        assert it.costs() == {(): Decimal(169)}


def test_each_row_is_filed_under_its_own_provider(tmp_path: Path) -> None:
    sold = ["AWS", "AWS", "Microsoft", "Google Cloud", "Databricks", ""]

    with books(tmp_path) as it:
        rows = [{"ProviderName": name, "EffectiveCost": str(2**n)} for n, name in enumerate(sold)]
        [converted] = it.take(focus_csv(tmp_path / "bill.csv", rows))
        found = {keys[0]: cost for keys, cost in it.costs("x_Provider").items()}

    assert found == {"aws": 1 + 2 + 32, "azure": 4, "gcp": 8, "databricks": 16}, "a row of no name goes to the usual"
    assert sum(part.rows for part in converted.parts) == len(rows)
    assert all(line.residual == 0 for line in converted.report.residuals)


def test_what_a_vendor_sells_on_a_marketplace_stays_in_the_clouds_bill(tmp_path: Path) -> None:
    rows = [
        {"ServiceProviderName": seller, "InvoiceIssuerName": "Amazon Web Services, Inc."}
        for seller in ("AWS", "Oracle America", "Datadog")
    ]

    with books(tmp_path) as it:
        it.take(focus_csv(tmp_path / "bill.csv", rows))

        assert it.costs("x_Provider") == {("aws",): Decimal(3)}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-10-01T00:00:00+01:00", "2026-11-01T00:00:00+01:00"),
        ("2026-09-30T23:00:00Z", "2026-10-31T23:00:00Z"),
        ("2026-10-01T07:00:00Z", "2026-11-01T08:00:00Z"),
        ("2026-10-01", "2026-11-01"),
    ],
)
def test_a_month_is_one_partition_in_whatever_zone_its_borders_are_written(
    tmp_path: Path, start: str, end: str
) -> None:
    with books(tmp_path) as it:
        it.take(focus_csv(tmp_path / "utc" / "bill.csv", [{"EffectiveCost": "7"}]))
        local = {"EffectiveCost": "7", "BillingPeriodStart": start, "BillingPeriodEnd": end}
        [converted] = it.take(focus_csv(tmp_path / "local" / "bill.csv", [local]))

        assert it.costs() == {(): Decimal(7)}
    assert {part.billing_period_start.isoformat() for part in converted.parts} == {"2026-10-01T00:00:00+00:00"}
    assert {part.billing_period_end.isoformat() for part in converted.parts} == {"2026-11-01T00:00:00+00:00"}


def test_a_billing_period_that_begins_at_no_border_is_refused_with_its_row(tmp_path: Path) -> None:
    rows = [{}, {"BillingPeriodStart": "2026-10-01T13:30:00Z"}]

    refused = r"BillingPeriodStart is not the border of a day or month.*row 3"
    with books(tmp_path) as it, pytest.raises(TooManyRejectsError, match=refused):
        it.take(focus_csv(tmp_path / "bill.csv", rows))


def test_a_month_that_became_empty_stays_as_it_was_booked_and_that_is_said(tmp_path: Path) -> None:
    september = {
        "BillingPeriodStart": "2026-09-01", "BillingPeriodEnd": "2026-10-01",
        "ChargePeriodStart": "2026-09-02", "ChargePeriodEnd": "2026-09-03",
    }  # fmt: skip
    folder = tmp_path / "export"

    with books(tmp_path) as it:
        focus_csv(folder / "data" / "BILLING_PERIOD=2026-09" / "bill.csv", [september])
        october = focus_csv(folder / "data" / "BILLING_PERIOD=2026-10" / "bill.csv", [{}])
        for month in ("2026-09", "2026-10"):
            manifest = folder / "metadata" / f"BILLING_PERIOD={month}" / "costs-Manifest.json"
            manifest.parent.mkdir(parents=True)
            manifest.write_text(f'{{"dataFiles": ["data/BILLING_PERIOD={month}/bill.csv"]}}')
        it.take(folder)
        october.write_text(",".join(VALUES) + "\r\n")
        [converted] = it.take(folder)

        assert it.costs() == {(): Decimal(1)}
        assert it.costs(period=ChargePeriod.month(2026, 9)) == {(): Decimal(1)}
    assert [note for note in converted.report.notes if "holds no rows" in note] == [
        "BILLING_PERIOD=2026-10/bill.csv holds no rows: a month that it had before stays as it was booked"
    ]


def test_an_azure_run_without_files_is_said_and_refused_where_it_is_all_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    runs = {"20260901-20260930": '[{"blobName": "bill.csv"}]', "20261001-20261031": "[]"}
    for period, blobs in runs.items():
        run = folder / period / "run-1"
        run.mkdir(parents=True)
        (run / "manifest.json").write_text(f'{{"blobs": {blobs}}}')
    focus_csv(folder / "20260901-20260930" / "run-1" / "bill.csv", [{}])

    with books(tmp_path) as it:
        [converted] = it.take(folder)
        with pytest.raises(UnreadableExportError, match="holds no rows"):
            it.take(folder / "20261001-20261031" / "run-1")

    assert [note for note in converted.report.notes if "run-1/manifest.json holds no rows" in note]
