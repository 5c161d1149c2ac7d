"""The mirror of Data Exports: only what changed is fetched, what changes meanwhile is never mixed, bytes are verified."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from servers.aws.data_exports.discovery import Place
from servers.aws.data_exports.store import S3Store, deliveries
from servers.aws.live import Live
from servers.aws.settings import AwsSettings
from servers.kit.live.mirror.refresh import Refreshed, refresh
from servers.kit.live.mirror.store import Delivery, StoredObject
from servers.kit.live.mirror.versions import mirrored
from shared_models.errors import FinOpsError, SourceChangedError
from tests.clouds.aws.endpoint import Endpoint
from tests.servers.aws.conftest import Server, told

GET = "s3:GetObject"
EXPORT = "quillhaven-focus"
PLACE = Place("quillhaven-billing", f"exports/{EXPORT}/", None)
OBJECTS = 6
"""Three months of a manifest and one file each."""


@pytest.fixture
def bucket(aws_here: Endpoint, aws_sample: Path, tmp_path: Path) -> Path:
    """A bucket of the test's own, that it may change."""
    folder = tmp_path / "bucket"
    shutil.copytree(aws_sample / "aws" / "costs" / EXPORT, folder / EXPORT)
    aws_here.buckets["quillhaven-billing"] = folder
    return folder


@pytest.fixture
def live(aws_here: Endpoint, tmp_path: Path) -> Live:
    return Live(AwsSettings(live=True), tmp_path / "home", lambda: aws_here.now)


def refreshed(live: Live) -> Refreshed:
    return refresh(S3Store(live, PLACE), live.folder, live.clock())


def data_file(bucket: Path, month: str) -> Path:
    [file] = (bucket / EXPORT / "data" / f"BILLING_PERIOD={month}").glob("*.parquet")
    return file


def doubled(file: Path) -> None:
    """The bill of a month delivered again, with every amount twice."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE bill AS SELECT * REPLACE (BilledCost * 2 AS BilledCost) FROM '{file}'")
        connection.execute(f"COPY bill TO '{file}' (FORMAT parquet)")


def gets(aws: Endpoint) -> int:
    return aws.calls(GET).count(200)


def test_only_the_month_that_changed_is_fetched_again(live: Live, aws_here: Endpoint, bucket: Path) -> None:
    assert refreshed(live).brought == 3
    assert gets(aws_here) == OBJECTS
    assert refreshed(live).brought == 0
    assert gets(aws_here) == OBJECTS

    doubled(data_file(bucket, "2026-11"))

    assert refreshed(live).brought == 1
    assert gets(aws_here) == OBJECTS + 2
    assert len(mirrored(live.folder)) == 3


def test_unchanged_files_of_a_changed_month_are_not_fetched_again(live: Live, aws_here: Endpoint, bucket: Path) -> None:
    first = data_file(bucket, "2026-11")
    second = first.with_name(f"{EXPORT}-00002.snappy.parquet")
    shutil.copy(first, second)
    manifest = next((bucket / EXPORT / "metadata" / "BILLING_PERIOD=2026-11").glob("*-Manifest.json"))
    said = json.loads(manifest.read_text())
    said["dataFiles"].append(said["dataFiles"][0].replace(first.name, second.name))
    manifest.write_text(json.dumps(said))
    refreshed(live)
    before = gets(aws_here)

    doubled(second)
    refreshed(live)

    assert gets(aws_here) - before == 2
    [(folder, version)] = [found for found in mirrored(live.folder) if found[1].period == "2026-11"]
    assert {one.name for one in folder.rglob("*.parquet")} == {first.name, second.name}
    assert len(version.etags) == 3


async def test_a_restated_open_month_is_a_new_bill_and_closed_months_are_not_converted_again(
    server: Server, bucket: Path
) -> None:
    live = server()
    asked = {"source": "export", "metric": "BilledCost", "group_by": ["BillingAccountId"], "granularity": "month"}
    span = {"start": "2026-09-01", "end": "2026-12-01"}
    before = await told(live, "export_costs")
    figures = await told(live, "query_costs", **asked, **span)

    doubled(data_file(bucket, "2026-11"))
    again = server()
    after = await told(again, "export_costs")
    restated = await told(again, "query_costs", **asked, **span)

    def parts(answer: dict) -> dict[str, str]:
        return {part["billing_period_start"][:7]: part["sha256"] for part in answer["data"]}

    changed = {month for month, sha in parts(after).items() if parts(before)[month] != sha}
    amounts = {line["bucket"][:7]: Decimal(line["amount"]) for line in figures["data"]}
    now = {line["bucket"][:7]: Decimal(line["amount"]) for line in restated["data"]}
    assert changed == {"2026-11"}
    assert now == {**amounts, "2026-11": 2 * amounts["2026-11"]}


@pytest.mark.parametrize("always", [False, True], ids=["once", "for ever"])
def test_an_object_replaced_while_it_is_read_is_read_again_or_refused(
    live: Live, bucket: Path, monkeypatch: pytest.MonkeyPatch, *, always: bool
) -> None:
    file = data_file(bucket, "2026-11")
    replaced: list[str] = []

    named = S3Store.named

    def replacing(store: S3Store, delivery: Delivery, body: bytes) -> tuple[str, ...]:
        if delivery.period == "2026-11" and (always or not replaced):
            replaced.append("once")
            doubled(file)
        return named(store, delivery, body)

    monkeypatch.setattr(S3Store, "named", replacing)

    found = refreshed(live)
    months = {version.period: folder for folder, version in mirrored(live.folder)}

    if always:
        [damaged] = found.damaged
        assert (damaged.period, damaged.error.code) == ("2026-11", SourceChangedError.code)
        assert sorted(months) == ["2026-09", "2026-10"]
    else:
        assert found == Refreshed(3)
        assert next(months["2026-11"].rglob("*.parquet")).read_bytes() == file.read_bytes()


def test_a_stream_that_breaks_is_read_again(live: Live, aws_here: Endpoint, bucket: Path) -> None:
    aws_here.faults.truncate(GET, after=1, times=2)

    refreshed(live)

    for folder, version in mirrored(live.folder):
        assert next(folder.rglob("*.parquet")).read_bytes() == data_file(bucket, version.period).read_bytes()


@pytest.mark.usefixtures("bucket")
def test_a_refused_bucket_leaves_what_was_mirrored(live: Live, aws_here: Endpoint) -> None:
    refreshed(live)
    aws_here.faults.access_denied("s3:*")

    with pytest.raises(FinOpsError) as refused:
        refreshed(live)

    assert refused.value.details == {"permission": "s3:ListObjectsV2", "on": "s3://quillhaven-billing"}
    assert len(mirrored(live.folder)) == 3


async def test_a_missing_object_costs_its_own_month_and_says_why(server: Server, bucket: Path) -> None:
    data_file(bucket, "2026-10").unlink()
    asked = {"source": "export", "metric": "BilledCost", "granularity": "month"}

    answer = await told(server(), "query_costs", **asked, start="2026-09-01", end="2026-12-01")
    lost = await told(server(), "query_costs", **asked, start="2026-10-01", end="2026-11-01")

    assert [line["bucket"][:7] for line in answer["data"]] == ["2026-09", "2026-11"]
    [gap] = [gap for gap in answer["coverage"]["gaps"] if gap["code"] == "source_changed"]
    assert "2026-10" in gap["message"]
    assert "snappy.parquet" in gap["message"]
    assert lost["error"]["code"] == "data_not_ready"
    assert "snappy.parquet" in lost["error"]["hint"]


async def test_a_lost_month_that_cost_explorer_fills_still_says_why(server: Server, bucket: Path) -> None:
    data_file(bucket, "2026-10").unlink()

    answer = await told(server(), "query_costs", start="2026-10-01", end="2026-11-01", metric="BilledCost")

    assert answer["data"]
    assert "source_changed" in {gap["code"] for gap in answer["coverage"]["gaps"]}


async def test_an_export_that_is_gone_is_answered_from_its_copy_with_the_date_of_its_last_sight(
    server: Server, aws_here: Endpoint, bucket: Path
) -> None:
    asked = {"source": "export", "metric": "BilledCost", "start": "2026-09-01", "end": "2026-12-01"}
    before = await told(server(), "query_costs", **asked)
    seen_at = aws_here.now
    shutil.rmtree(bucket / EXPORT)
    aws_here.now += timedelta(days=3)

    after = await told(server(), "query_costs", **asked)

    assert after["data"] == before["data"]
    assert "export_not_seen" not in {gap["code"] for gap in before["coverage"]["gaps"]}
    [gap] = [gap for gap in after["coverage"]["gaps"] if gap["code"] == "export_not_seen"]
    assert f"{seen_at:%Y-%m-%d}" in gap["message"]


@pytest.mark.usefixtures("bucket")
def test_a_key_that_leads_out_of_its_export_is_refused(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    out = f"exports/{EXPORT}/data/../../../../../out.parquet"
    listed = S3Store.listed

    def with_one_more(store: S3Store) -> dict[str, StoredObject]:
        found = dict(listed(store))
        return found | {out: replace(next(one for key, one in found.items() if key.endswith("parquet")), key=out)}

    monkeypatch.setattr(S3Store, "listed", with_one_more)
    monkeypatch.setattr(S3Store, "named", lambda *_: (out,))

    assert {one.error.code for one in refreshed(live).damaged} == {"unreadable_export"}
    assert not list(live.folder.parent.rglob("out.parquet"))


def test_of_several_manifests_of_a_month_the_current_one_counts(aws_here: Endpoint) -> None:
    def manifest(key: str, day: int) -> StoredObject:
        return StoredObject(key, f'"{key}"', 1, aws_here.now.replace(day=day))

    created_new = [
        manifest("p/new/metadata/BILLING_PERIOD=2026-11/2026-11-02T00-a/new-Manifest.json", 2),
        manifest("p/new/metadata/BILLING_PERIOD=2026-11/2026-11-09T00-b/new-Manifest.json", 9),
    ]
    legacy = [
        manifest("p/cur/20261101-20261201/cur-Manifest.json", 3),
        manifest("p/cur/20261101-20261201/0f3e/cur-Manifest.json", 9),
    ]
    found = deliveries([*legacy, *created_new])

    assert [(one.root, one.period, one.manifest.key) for one in found] == [
        ("p/cur/", "20261101-20261201", legacy[0].key),
        ("p/new/", "2026-11", created_new[1].key),
    ]
