"""The converter: totals tie to an independent sum, every row is accounted for, bad input changes nothing."""

import csv
import gzip
import json
import os
import re
import shutil
import tempfile
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.kit.exports.convert import ConvertOptions, convert
from servers.kit.exports.focus import REQUIRED, recognise
from shared_models.errors import FinOpsError, TooManyRejectsError, UnreadableExportError
from shared_models.export import CostBasis, SourceFormat

VALUES = {
    "BilledCost": "1", "EffectiveCost": "1", "ListCost": "1", "ContractedCost": "1", "BillingAccountId": "b1",
    "BillingCurrency": "USD", "BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargePeriodStart": "2026-10-02T00:00:00Z", "ChargePeriodEnd": "2026-10-03T00:00:00Z", "ChargeCategory": "Usage",
    "ServiceName": "S", "ServiceCategory": "Compute", "ProviderName": "AWS", "SubAccountId": "s1", "Tags": '{"a":"b"}',
}  # fmt: skip


def write(file: Path, rows: list[dict[str, str]], header: list[str] | None = None) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    names = header or list(dict.fromkeys([*VALUES, *(name for row in rows for name in row)]))
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows([{**VALUES, **row} for row in rows])
    return file


def read(parts, columns: str) -> list[tuple]:
    files = ", ".join(f"'{part.path}'" for part in parts)
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {columns} FROM read_parquet([{files}]) ORDER BY ALL").fetchall()


def test_a_real_bill_ties_to_an_independent_sum(reference_data: Path, tmp_path: Path) -> None:
    file = reference_data / "focus" / "samples" / "focus-1.0-sample-1000.csv"
    with file.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))

    [converted] = convert(file, tmp_path, provider=None)

    for metric in CostBasis:
        said = sum(Decimal(row[metric.value]) for row in rows if row[metric.value] != "NULL")
        assert sum(line.source for line in converted.report.residuals if line.metric is metric) == said
    assert converted.report.rows_kept == len(rows)
    assert {part.provider for part in converted.parts} == {"aws", "azure", "oci"}


@pytest.mark.parametrize(
    ("column", "version"),
    [
        ("InvoiceDetailId", SourceFormat.FOCUS_1_4),
        ("HostProviderName", SourceFormat.FOCUS_1_3),
        ("InvoiceId", SourceFormat.FOCUS_1_2),
        ("SkuMeter", SourceFormat.FOCUS_1_1),
        ("ProviderName", SourceFormat.FOCUS_1_0),
    ],
)
def test_a_version_is_recognised_by_the_columns_it_brought(column: str, version: SourceFormat) -> None:
    shape = recognise([name.lower() for name in (*REQUIRED, column)])

    assert shape is not None
    assert shape.version is version


amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=15, allow_nan=False)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(amounts, st.sampled_from(["USD", "EUR"]), st.booleans()), min_size=1, max_size=12))
def test_source_less_rejected_less_ledger_is_the_residual(tmp_path: Path, lines: list) -> None:
    folder = tmp_path / str(abs(hash(str(lines))))
    rows = [
        {"BilledCost": format(amount, "f"), "BillingCurrency": currency, **({"ChargeCategory": ""} if bad else {})}
        for amount, currency, bad in lines
    ]

    [converted] = convert(
        write(folder / "bill.csv", rows), folder / "out", provider="aws", options=ConvertOptions(max_reject_share=1)
    )

    billed = [line for line in converted.report.residuals if line.metric is CostBasis.BILLED]
    assert sum(line.source for line in billed) == sum(amount for amount, _, _ in lines)
    for line in billed:
        assert line.source - line.rejected - line.ledger == line.residual
        assert abs(line.residual) <= Decimal("5e-13") * len(lines)


def test_a_float_counts_as_it_is_written(tmp_path: Path) -> None:
    columns = ", ".join(f"'{value}' AS {name}" for name, value in VALUES.items() if name != "BilledCost")
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {columns}, c AS BilledCost FROM (VALUES (0.1::DOUBLE), (0.2), (1e-7)) v(c)) TO '{tmp_path}/b.parquet'"
        )

    [converted] = convert(tmp_path / "b.parquet", tmp_path / "out", provider=None)

    assert converted.parts[0].totals[0].billed_cost == Decimal("0.3000001")


short_floats = st.decimals(min_value=-5000, max_value=5000, places=12, allow_nan=False).map(float)
any_floats = st.floats(min_value=-1e15, max_value=1e15, allow_nan=False)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(short_floats, any_floats), min_size=1, max_size=40))
def test_every_float_counts_as_its_shortest_decimal(tmp_path: Path, costs: list[float]) -> None:
    folder = tmp_path / str(abs(hash(str(costs))))
    folder.mkdir(exist_ok=True)
    columns = ", ".join(f"'{value}' AS {name}" for name, value in VALUES.items() if name != "BilledCost")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE bill (BilledCost DOUBLE)")
        connection.executemany("INSERT INTO bill VALUES (?)", [[cost] for cost in costs])
        connection.execute(f"COPY (SELECT {columns}, BilledCost FROM bill) TO '{folder}/b.parquet' (FORMAT parquet)")

    [converted] = convert(folder / "b.parquet", folder / "out", provider="aws")

    [billed] = [line for line in converted.report.residuals if line.metric is CostBasis.BILLED]
    with localcontext(prec=60):
        written = [Decimal(repr(cost)) for cost in costs]
        rounded = [cost.quantize(Decimal("1e-12"), rounding=ROUND_HALF_UP) for cost in written]
        assert converted.parts[0].totals[0].billed_cost == sum(rounded)
        assert billed.residual == billed.source - billed.ledger
        assert abs(billed.source - sum(written)) <= Decimal("1e-18") * len(written)


def test_a_part_is_sorted_and_holds_its_own_month_alone(tmp_path: Path) -> None:
    months = [("2026-09-01", "2026-10-01"), ("2026-10-01", "2026-11-01"), ("2026-11-01", "2026-12-01")]
    rows = [
        {
            "BillingPeriodStart": months[n % 3][0], "BillingPeriodEnd": months[n % 3][1], "SubAccountId": f"s{n % 11}",
            "ServiceName": f"S{n % 5}", "ResourceId": f"r{n % 7}", "BilledCost": str(n),
        }
        for n in range(400)
    ]  # fmt: skip

    [converted] = convert(write(tmp_path / "scattered.csv", rows), tmp_path / "out", provider="aws")

    assert sum(total.billed_cost for part in converted.parts for total in part.totals) == sum(range(400))
    for part in converted.parts:
        with duckdb.connect() as connection:
            found = connection.execute(
                "SELECT SubAccountId, ServiceName, ChargePeriodStart, ResourceId, BillingPeriodStart"
                f" FROM read_parquet('{part.path}', file_row_number=true) ORDER BY file_row_number"
            ).fetchall()
        assert found == sorted(found)
        assert {str(row[4])[:7] for row in found} == {f"{part.billing_period_start:%Y-%m}"}


def test_the_same_bill_gives_the_same_bytes(tmp_path: Path) -> None:
    file = write(tmp_path / "bill.csv", [{"BilledCost": str(n), "ResourceId": f"r{n % 7}"} for n in range(500)])

    shas = {convert(file, tmp_path / out, provider="aws")[0].parts[0].sha256 for out in ("one", "two")}

    assert len(shas) == 1


def test_a_rejected_row_is_kept_aside_with_its_place_and_reason(tmp_path: Path) -> None:
    file = write(
        tmp_path / "bill.csv", [{}, {"BilledCost": "NaN"}, {"BilledCost": "1e309"}, {"BillingCurrency": "dollars"}]
    )

    [converted] = convert(file, tmp_path / "out", provider="aws", options=ConvertOptions(max_reject_share=1))

    found = {r.reason: (r.rows, r.row, r.column, r.example) for r in converted.report.rejections}
    assert found["BilledCost is not a finite number of at most 18 integer digits"] == (2, 3, "BilledCost", "NaN")
    assert found["BillingCurrency is not a currency code"][:2] == (1, 5)
    assert converted.report.rejected_path is not None
    assert Path(converted.report.rejected_path).is_file()


def test_too_many_rejects_refuse_and_leave_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "bill.csv", [{}, {"BilledCost": "x"}])

    with pytest.raises(TooManyRejectsError):
        convert(file, tmp_path / "out", provider="aws")

    assert list((tmp_path / "out").iterdir()) == []


def test_splits_stand_aside_beside_their_parent_and_count_without_it(tmp_path: Path) -> None:
    parent = {"ResourceId": "node-1", "BilledCost": "10", "EffectiveCost": "10"}
    pods = [
        {
            "ResourceId": "node-1",
            "AllocatedMethodId": "k8s",
            "AllocatedResourceId": f"pod-{n}",
            "BilledCost": cost,
            "EffectiveCost": cost,
        }
        for n, cost in enumerate(("4", "6"))
    ]

    [beside] = convert(write(tmp_path / "a.csv", [parent, *pods]), tmp_path / "out-a", provider="aws")
    [alone] = convert(write(tmp_path / "b.csv", pods), tmp_path / "out-b", provider="aws")

    assert beside.parts[0].totals[0].billed_cost == Decimal(10)
    assert [(r.rows, r.expected) for r in beside.report.rejections] == [(2, True)]
    assert alone.parts[0].totals[0].billed_cost == Decimal(10)


def test_two_formats_in_one_folder_are_two_sources(tmp_path: Path) -> None:
    write(tmp_path / "in" / "old.csv", [{}])
    write(tmp_path / "in" / "new.csv", [{"InvoiceId": "i1"}])

    found = convert(tmp_path / "in", tmp_path / "out", provider="aws")

    assert {c.report.source_format for c in found} == {SourceFormat.FOCUS_1_0, SourceFormat.FOCUS_1_2}


@pytest.mark.parametrize(
    ("tags", "read_as"),
    [
        ('{"k":"v"}', {"k": "v"}),
        ('"k": "v","n": "1"', {"k": "v", "n": "1"}),
        ('[{"key":"k","value":"v"}]', {"k": "v"}),
        ("NULL", None),
        ("", None),
    ],
)
def test_tags_are_read_in_every_form_that_clouds_write(tmp_path: Path, tags: str, read_as: dict | None) -> None:
    [converted] = convert(write(tmp_path / "bill.csv", [{"Tags": tags}]), tmp_path / "out", provider="aws")

    assert read(converted.parts, "Tags") == [(read_as,)]


@pytest.mark.parametrize("written", ["2026-10-02", "2026-10-02 00:00:00", "2026-10-02T02:00:00+02:00"])
def test_a_time_without_zone_is_utc_and_an_offset_is_heeded(tmp_path: Path, written: str) -> None:
    [converted] = convert(write(tmp_path / "b.csv", [{"ChargePeriodStart": written}]), tmp_path / "out", provider="aws")

    assert str(read(converted.parts, "ChargePeriodStart")[0][0]) == "2026-10-02 00:00:00"


def test_a_date_that_two_days_are_meant_by_is_no_time(tmp_path: Path) -> None:
    bill = write(tmp_path / "b.csv", [{"ChargePeriodStart": "10/02/2026"}])

    with pytest.raises(TooManyRejectsError, match="ChargePeriodStart is not a time"):
        convert(bill, tmp_path / "out", provider="aws")


def _as_csv(file: Path, row: dict[str, str]) -> None:
    with file.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([row.keys(), row.values()])


SPELLINGS = {"lower": str.lower, "upper": str.upper, "snake": lambda name: re.sub("(?<!^)(?=[A-Z])", "_", name).lower()}
WRITERS = {
    "csv": _as_csv,
    "json": lambda file, row: file.write_text(json.dumps(row), encoding="utf-8"),
    "parquet": lambda file, row: pq.write_table(pa.Table.from_pylist([row]), file),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("kind", WRITERS)
def test_the_spelling_of_columns_does_not_matter(tmp_path: Path, kind: str, spelling: str) -> None:
    WRITERS[kind](tmp_path / f"bill.{kind}", {SPELLINGS[spelling](name): value for name, value in VALUES.items()})

    [converted] = convert(tmp_path / f"bill.{kind}", tmp_path / "out", provider="aws")

    assert read(converted.parts, "BilledCost, Tags, ServiceProviderName") == [(Decimal(1), {"a": "b"}, "AWS")]


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


BAD = {
    "truncated gz": ("b.csv.gz", lambda text: _cut(gzip.compress(text * 50)), "cut off"),
    "utf-16": ("b.csv", lambda text: text.decode().encode("utf-16"), "UTF-16"),
    "not utf-8": ("b.csv", lambda text: text.replace(b'"{""a', b'"\xff{""a'), "UTF-8"),
    "missing column": ("b.csv", lambda text: text.replace(b"BilledCost", b"Cost", 1), "mandatory"),
    "doubled header": ("b.csv", lambda text: text.replace(b"ListCost", b"BilledCost", 1), "twice"),
    "empty": ("b.csv", lambda _: b"", "empty"),
    "endless line": ("b.csv", lambda text: text + b"x" * (5 << 20), "longer"),
    "zip bomb": ("b.csv.gz", lambda text: gzip.compress(text + b"\n" * (270 << 20), 9), "unpacks"),
    "semicolons": ("b.csv", lambda text: text.replace(b",", b";"), "commas"),
    "no parquet": ("b.parquet", _cut, "cannot be read"),
    "no bill": ("b.csv", lambda _: b"a,b\n1,2\n", "knows"),
}


@pytest.mark.parametrize(("name", "spoil", "said"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_clear_error_and_leaves_nothing(tmp_path: Path, name: str, spoil, said: str) -> None:
    good = write(tmp_path / "good.csv", [{}, {}]).read_bytes()
    file = tmp_path / "in" / name
    file.parent.mkdir()
    file.write_bytes(spoil(good))

    with pytest.raises(UnreadableExportError, match=said) as caught:
        convert(file, tmp_path / "out", provider="aws")

    assert caught.value.hint
    assert caught.value.details["file"]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_path_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FinOpsError, match="nothing here"):
        convert(tmp_path / "nope", tmp_path / "out", provider="aws")


@pytest.fixture
def ordinary_user(tmp_path: Path):
    """Somebody whom a missing permission stops; the owner of the files as well."""
    root = os.geteuid() == 0
    folder = Path(tempfile.mkdtemp(dir="/tmp")) if root else tmp_path / "ordinary"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    convert(write(tmp_path / "warm" / "bill.csv", [{}]), tmp_path / "warm-out", provider="aws")  # loads every module
    if root:
        os.seteuid(65534)
    yield folder
    if root:
        os.seteuid(0)
        shutil.rmtree(folder)


@pytest.mark.parametrize("locked", ["bill.csv", "bill.parquet", "."], ids=["text file", "parquet file", "folder"])
def test_a_path_without_permission_is_one_clear_error_and_never_a_smaller_bill(
    ordinary_user: Path, locked: str
) -> None:
    folder = ordinary_user / "in"
    write(folder / "open" / "bill.csv", [{}])
    closed = folder / "closed"
    write(closed / "bill.csv", [{"BilledCost": "10"}])
    if locked.endswith(".parquet"):
        with duckdb.connect() as connection:
            connection.execute(f"COPY (FROM read_csv('{closed}/bill.csv')) TO '{closed}/bill.parquet'")
        (closed / "bill.csv").unlink()
    (closed / locked).chmod(0)

    try:
        with pytest.raises(UnreadableExportError, match="Permission was denied") as caught:
            convert(folder, ordinary_user / "out", provider="aws")
    finally:
        (closed / locked).chmod(0o700)

    assert caught.value.details["file"] == str((closed / locked).resolve())
    assert caught.value.hint
    assert not list((ordinary_user / "out").glob("*.parquet"))


def test_an_identifier_in_json_is_read_as_it_is_written(tmp_path: Path) -> None:
    sub_account = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"
    (tmp_path / "bill.jsonl").write_text(json.dumps({**VALUES, "SubAccountId": sub_account, "BilledCost": 0.1}) + "\n")

    [converted] = convert(tmp_path / "bill.jsonl", tmp_path / "out", provider="aws")

    assert read(converted.parts, "SubAccountId, BilledCost") == [(sub_account, Decimal("0.1"))]


def test_a_bill_of_nobodys_name_and_two_kinds_of_file_of_one_bill(tmp_path: Path) -> None:
    [nameless] = convert(write(tmp_path / "a" / "b.csv", [{"ProviderName": ""}]), tmp_path / "out", provider="aws")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM read_csv('{tmp_path}/a/b.csv')) TO '{tmp_path}/a/c.parquet'")

    assert nameless.parts[0].pro_forma is False
    with pytest.raises(UnreadableExportError, match="as csv and as parquet"):
        convert(tmp_path / "a", tmp_path / "out", provider="aws")


def test_of_two_equal_tag_keys_the_last_wins(tmp_path: Path) -> None:
    tags = '[{"key":"env","value":"project"},{"key":"team","value":"t"},{"key":"env","value":"resource"}]'

    [converted] = convert(write(tmp_path / "bill.csv", [{"Tags": tags}]), tmp_path / "out", provider="aws")

    assert read(converted.parts, "Tags") == [({"team": "t", "env": "resource"},)]


def test_a_file_that_stands_twice_in_a_folder_counts_once(tmp_path: Path) -> None:
    file = write(tmp_path / "in" / "bill.csv", [{"BilledCost": "10"}])
    (tmp_path / "in" / "bill (1).csv").write_bytes(file.read_bytes())
    (tmp_path / "in" / "bill.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    (tmp_path / "in" / "link.csv").symlink_to(file)
    write(tmp_path / "in" / "more.csv", [{"BilledCost": "7.00"}])

    [converted] = convert(tmp_path / "in", tmp_path / "out", provider="aws")

    assert sum(total.billed_cost for part in converted.parts for total in part.totals) == 17
    assert len([note for note in converted.report.notes if "says the same as" in note]) == 3


def test_what_is_left_out_of_a_folder_is_said_and_a_bill_without_rows_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "in" / "bill.csv", [{}])
    (tmp_path / "in" / "renamed.csv").write_text("Kosten,Konto\n1,2\n")
    (tmp_path / "old-mac.csv").write_bytes((tmp_path / "in" / "bill.csv").read_bytes().replace(b"\r\n", b"\r"))

    [converted] = convert(tmp_path / "in", tmp_path / "out", provider="aws")

    assert any("renamed.csv has none of the known shapes" in note for note in converted.report.notes)
    with pytest.raises(UnreadableExportError, match="holds no rows"):
        convert(tmp_path / "old-mac.csv", tmp_path / "out-mac", provider="aws")
