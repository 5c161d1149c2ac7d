"""A sync after one month changed: the same as the whole export converted anew, at the price of that month."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from servers.aws.exports import NATIVE_FORMATS as AWS
from servers.azure.exports import NATIVE_FORMATS as AZURE
from servers.gcp.exports import NATIVE_FORMATS as GCP
from servers.kit.exported.bills import Bills
from servers.kit.exports.convert import convert
from servers.kit.exports.native import NativeFormat
from servers.sample.generate import generate
from shared_models.errors import TooManyRejectsError
from shared_models.export import ConvertedExport, ExportPart
from tests.focus_bills import focus_csv

NATIVES: Final[Mapping[str, Sequence[NativeFormat]]] = {"aws": AWS, "azure": AZURE, "gcp": GCP}
PERIODS: Final = {"aws": "BILLING_PERIOD=2026-10", "azure": "20261001-20261031", "gcp": "202610"}
"""What the folders and files of October have in their names."""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resync") / "sample"
    generate(folder, rows=2_000, months=3)
    return folder


class Folder:
    """A cloud's folder, and its bills kept over several syncs."""

    def __init__(self, place: Path, cloud: str) -> None:
        self.costs = place / "costs"
        self.cache = place / "cache"
        self._place, self._cloud = place, cloud
        self._bills = Bills(place, self.cache, cloud, NATIVES[cloud], by_period_from=0)

    def sync(self) -> tuple[ConvertedExport, ...]:
        return self._bills.converted()

    def whole(self) -> tuple[ConvertedExport, ...]:
        out = self._place / "whole"
        shutil.rmtree(out, ignore_errors=True)
        return convert(self.costs, out, provider=self._cloud, natives=NATIVES[self._cloud])

    def written(self) -> dict[str, int]:
        """When each part was written."""
        return {file.name: file.stat().st_mtime_ns for file in self.cache.glob("*.parquet")}


def rows_of(path: str | None) -> list[tuple[Any, ...]]:
    """In their order; rejected rows come in that of their files."""
    return duckdb.execute(f"SELECT * FROM '{path}'").fetchall() if path else []


def said(found: Sequence[ConvertedExport]) -> list[object]:
    """All that a conversion says, and the rows behind it. A period's own fingerprint and its bytes may differ."""
    own = {"path", "fingerprint", "sha256", "size_bytes"}
    return [
        [
            *[[part.model_dump(exclude=own), rows_of(part.path)] for part in export.parts],
            export.report.model_dump(exclude={"rejected_path", "notes"}),
            sorted(export.report.notes),
            rows_of(export.report.rejected_path),
        ]
        for export in found
    ]


def files_of(folder: Folder, cloud: str) -> list[Path]:
    return [file for file in sorted(folder.costs.rglob("*")) if PERIODS[cloud] in str(file) and file.is_file()]


def restate(folder: Folder, cloud: str) -> None:
    """October without its first thirty rows."""
    for file in (f for f in files_of(folder, cloud) if f.suffix in {".parquet", ".gz"}):
        short = file.with_name(f"short-{file.name}")
        kind = "parquet" if file.suffix == ".parquet" else "csv, header true, compression gzip"
        reader = "read_parquet" if kind == "parquet" else "read_csv"
        every = "" if kind == "parquet" else ", all_varchar=true"
        source = f"{reader}('{file}', hive_partitioning=false{every})"
        duckdb.execute(f"COPY (SELECT * FROM {source} OFFSET 30) TO '{short}' (FORMAT {kind})")
        short.replace(file)


def remove(folder: Folder, cloud: str) -> None:
    """October as if it had never come."""
    for file in files_of(folder, cloud):
        file.unlink()


@pytest.mark.parametrize("cloud", NATIVES)
def test_whatever_month_changes_a_sync_says_what_the_whole_export_says(
    sample: Path, tmp_path: Path, cloud: str
) -> None:
    place = shutil.copytree(sample / cloud, tmp_path / cloud)
    folder = Folder(place, cloud)
    kept = shutil.copytree(folder.costs, tmp_path / "kept")
    remove(folder, cloud)
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: shutil.copytree(kept, folder.costs, dirs_exist_ok=True),
        lambda: restate(folder, cloud),
        lambda: remove(folder, cloud),
    ]
    for step in steps:
        step()
        found = folder.sync()
        assert said(found) == said(folder.whole())
        assert all(residual.residual == 0 for export in found for residual in export.report.residuals)


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_only_the_changed_month_is_written_again(sample: Path, tmp_path: Path, cloud: str) -> None:
    folder = Folder(shutil.copytree(sample / cloud, tmp_path / cloud), cloud)
    before = {part.sha256: part for export in folder.sync() for part in export.parts}
    written = folder.written()
    restate(folder, cloud)

    after = [part for export in folder.sync() for part in export.parts]

    assert {part.billing_period_start.month for part in after if part.sha256 not in before} == {10}
    same = [part for part in after if part.sha256 in before]
    assert {part.billing_period_start.month for part in same} == {9, 11}
    assert all(folder.written()[Path(part.path).name] == written[Path(part.path).name] for part in same)


def export_of(folder: Folder, months: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
    """An AWS export; its rows are of the month of their folder unless they say otherwise."""
    export = folder.costs / "bill"
    for month, rows in months.items():
        after = f"2026-{int(month[-2:]) + 1:02}"
        own = {"BillingPeriodStart": f"{month}-01T00:00:00Z", "BillingPeriodEnd": f"{after}-01T00:00:00Z"}
        name = f"data/BILLING_PERIOD={month}/bill.csv"
        focus_csv(export / name, [{**own, **row} for row in rows])
        manifest = export / "metadata" / f"BILLING_PERIOD={month}" / "bill-Manifest.json"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps({"dataFiles": [name]}))


def parts_of(found: Sequence[ConvertedExport]) -> list[ExportPart]:
    return [part for export in found for part in export.parts]


SEPTEMBER: Final = {"BillingPeriodStart": "2026-09-01T00:00:00Z", "BillingPeriodEnd": "2026-10-01T00:00:00Z"}
HARD: Final[Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]]] = {
    "a correction of September comes with October": {"2026-09": [{}], "2026-10": [{}, SEPTEMBER]},
    "the parent of a split comes with another month": {
        "2026-09": [{"AllocatedMethodId": "m", "ResourceId": "r"}],
        "2026-10": [{"AllocatedMethodId": "", "ResourceId": "r", **SEPTEMBER}],
    },
    "one month has a column more": {"2026-09": [{"ServiceSubcategory": "x"}], "2026-10": [{}]},
    "an account is billed by two clouds": {"2026-09": [{}], "2026-10": [{"ProviderName": "Microsoft"}]},
    "the tags of a row in each month cannot be read": {"2026-09": [{"Tags": "{"}], "2026-10": [{"Tags": "{"}]},
    "a month is empty": {"2026-09": [], "2026-10": [{}]},
    "a month says again what another says": {"2026-09": [SEPTEMBER], "2026-10": [SEPTEMBER]},
    "splits beside their parents in each month": {
        month: [{"AllocatedMethodId": "m", "ResourceId": "r"}, {"AllocatedMethodId": "", "ResourceId": "r"}]
        for month in ("2026-09", "2026-10")
    },
}


@pytest.mark.parametrize("case", HARD)
def test_what_only_the_whole_export_can_tell_is_told_by_the_whole_export(tmp_path: Path, case: str) -> None:
    folder = Folder(tmp_path, "aws")
    export_of(folder, HARD[case])
    assert said(folder.sync()) == said(folder.whole())

    export_of(folder, {"2026-10": [*HARD[case]["2026-10"], *HARD[case]["2026-10"]]})

    assert said(folder.sync()) == said(folder.whole())


def test_rejected_rows_are_judged_by_their_share_of_the_whole_export(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "aws")
    row: dict[str, str] = {}
    export_of(folder, {"2026-09": [row] * 199, "2026-10": [{"BilledCost": "x"}, row]})
    assert said(folder.sync()) == said(folder.whole())
    assert sum(part.totals[0].billed_cost for part in parts_of(folder.sync())) == Decimal(200)

    export_of(folder, {"2026-10": [{"BilledCost": "x"}] * 3})

    with pytest.raises(TooManyRejectsError, match="3 of 202 rows"):
        folder.sync()
