"""CUR 2.0, legacy reports and create-new mode through S3 and the mirror: the same charges as from the files in a folder."""

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from servers.aws.data_exports.bills import JUST_NOW, LiveBills
from servers.aws.exports import NATIVE_FORMATS
from servers.aws.live import Live
from servers.aws.settings import AwsSettings, ExportLocation
from servers.kit.exports.convert import convert
from shared_models.export import ConvertedExport, SourceFormat
from tests.clouds.aws.endpoint import Endpoint
from tests.servers.aws.test_exports import LINES

BUCKET = "our-bills"
TYPED = {
    "bill_billing_period_start_date": "TIMESTAMP",
    "bill_billing_period_end_date": "TIMESTAMP",
    "line_item_usage_start_date": "TIMESTAMP",
    "line_item_usage_end_date": "TIMESTAMP",
    "line_item_unblended_cost": "DOUBLE",
    "line_item_usage_amount": "DOUBLE",
    "reservation_effective_cost": "DOUBLE",
    "savings_plan_savings_plan_effective_cost": "DOUBLE",
    "resource_tags": "MAP(VARCHAR, VARCHAR)",
    "product": "MAP(VARCHAR, VARCHAR)",
}
"""The types of CUR 2.0 in Parquet, of the columns that have others than text."""


def cur_2(folder: Path, month: str, run: str = "", factor: int = 1) -> None:
    """A month of a CUR 2.0 export as AWS writes it; with a run, as create-new mode lays it out."""
    export, below = folder / "bills" / "detailed", f"BILLING_PERIOD={month}/{run}"
    file = export / "data" / below / "detailed-00001.snappy.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    text = file.with_suffix(".jsonl")
    following = f"{month[:5]}{int(month[5:]) + 1:02}-01T00:00:00Z"
    text.write_text(
        "\n".join(
            json.dumps(
                {
                    **line,
                    "bill_billing_period_start_date": f"{month}-01T00:00:00Z",
                    "bill_billing_period_end_date": following,
                    "line_item_usage_start_date": f"{month}-03T00:00:00Z",
                    "line_item_usage_end_date": f"{month}-03T01:00:00Z",
                    "line_item_unblended_cost": str(factor * Decimal(line["line_item_unblended_cost"])),
                    "resource_tags": json.loads(line["resource_tags"]),
                    "product": json.loads(line["product"]),
                }
            )
            for line in LINES
        )
    )
    names = sorted({name for line in LINES for name in line})
    columns = ", ".join(f"'{name}': '{TYPED.get(name, 'VARCHAR')}'" for name in names)
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_json('{text}', format='newline_delimited', columns={{{columns}}}))"
            f" TO '{file}' (FORMAT parquet, COMPRESSION snappy)"
        )
    text.unlink()
    manifest = export / "metadata" / below / "detailed-Manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    key = file.relative_to(folder).as_posix()
    manifest.write_text(
        json.dumps({"columns": [{"name": name} for name in names], "dataFiles": [f"s3://{BUCKET}/{key}"]})
    )


def overwritten(folder: Path, _: Path) -> None:
    cur_2(folder, "2026-09")
    cur_2(folder, "2026-10")


def created_new(folder: Path, _: Path) -> None:
    cur_2(folder, "2026-10", "20261002T071500Z-0a1b2c3d", factor=3)
    cur_2(folder, "2026-10", "20261103T071500Z-4e5f6a7b")


def legacy(folder: Path, reference: Path) -> None:
    """A legacy report in two files, its manifest beside its run and repeated in it; a former run lies there still."""
    month = folder / "bills" / "report" / "20181001-20181101"
    header, *lines = (reference / "focus" / "native-samples" / "aws-cur-anonymous.csv").read_text().splitlines()
    for run, kept in (("0d7c-former", lines[:3]), ("9f2e-current", lines)):
        half = len(kept) // 2
        keys: list[str] = []
        for number, part in enumerate((kept[:half], kept[half:]), start=1):
            file = month / run / f"report-{number:05}.csv.gz"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(gzip.compress("\n".join([header, *part, ""]).encode()))
            keys.append(file.relative_to(folder).as_posix())
        said = {
            "assemblyId": run,
            "bucket": BUCKET,
            "reportKeys": keys,
            "compression": "GZIP",
            "contentType": "text/csv",
        }
        for place in (month / run, month):
            (place / "report-Manifest.json").write_text(json.dumps(said))


def billed(exports: tuple[ConvertedExport, ...]) -> Decimal:
    return sum((total.billed_cost for one in exports for part in one.parts for total in part.totals), Decimal(0))


def charges(exports: tuple[ConvertedExport, ...]) -> list[tuple[Any, ...]]:
    """Every charge with all that it says."""
    files = [part.path for export in exports for part in export.parts]
    with duckdb.connect(":memory:") as connection:
        return connection.execute(f"SELECT * FROM read_parquet({files}) ORDER BY ALL").fetchall()


@pytest.mark.parametrize(
    ("lay", "source_format", "months"),
    [
        (overwritten, SourceFormat.AWS_CUR_2, 2),
        (created_new, SourceFormat.AWS_CUR_2, 1),
        (legacy, SourceFormat.AWS_CUR_LEGACY, None),
    ],
)
def test_a_mirrored_export_is_the_bill_that_its_files_are_in_a_folder(
    aws_here: Endpoint,
    reference_data: Path,
    tmp_path: Path,
    lay: Callable[[Path, Path], None],
    source_format: SourceFormat,
    months: int | None,
) -> None:
    folder = tmp_path / "bucket"
    lay(folder, reference_data)
    aws_here.buckets[BUCKET] = folder
    place = ExportLocation(bucket=BUCKET, prefix="bills")
    live = Live(AwsSettings(live=True, export_locations=(place,)), tmp_path / "home", lambda: aws_here.now)
    bills = LiveBills(live, tmp_path / "cache", None)

    bills.refresh(JUST_NOW)
    mirrored = bills.converted()
    imported = convert(folder, tmp_path / "out", provider="aws", natives=NATIVE_FORMATS)

    assert bills.gaps == ()
    assert {one.report.source_format for one in (*mirrored, *imported)} == {source_format}
    assert charges(mirrored) == charges(imported) != []
    if months is not None:
        month = sum(Decimal(line["line_item_unblended_cost"]) for line in LINES)
        assert abs(billed(mirrored) - months * month) < Decimal("0.000001")
