"""Every digit counts: long numbers in JSON, files of one bill with different number types, texts that are not numbers."""

import json
from decimal import Decimal, localcontext
from pathlib import Path

import duckdb
import pytest

from servers.aws.exports import NATIVE_FORMATS as AWS_FORMATS
from servers.gcp.exports import NATIVE_FORMATS
from servers.kit.exports.convert import ConvertOptions, convert
from shared_models.errors import TooManyRejectsError
from shared_models.export import ConvertedExport, CostBasis
from tests.focus_bills import VALUES

LONG = "-12345678901234.123456789012"
MORE = "0.123456789012345678"


def google_row(cost: str, credit: str | None, description: str = "core") -> str:
    """A line of a dump of Google's table, with the numbers as they stand in the text."""
    granted = f'[{{"name": "c", "type": "DISCOUNT", "amount": {credit}}}]' if credit is not None else "[]"
    return (
        f'{{"billing_account_id": "A-1", "service": {{"id": "6F", "description": {json.dumps(description)}}},'
        ' "sku": {"id": "S1", "description": "N1"}, "usage_start_time": "2026-10-02T00:00:00Z",'
        ' "usage_end_time": "2026-10-02T01:00:00Z", "project": {"id": "p1"}, "currency": "USD",'
        f' "cost": {cost}, "credits": {granted}, "invoice": {{"month": "202610"}}}}'
    )


def google(folder: Path, text: str, name: str = "bill.jsonl", share: float = 0.01) -> ConvertedExport:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    options = ConvertOptions(max_reject_share=share)
    [found] = convert(folder, folder / "out", provider=None, natives=NATIVE_FORMATS, options=options)
    return found


def billed(converted: ConvertedExport) -> tuple[Decimal, Decimal]:
    """(source, ledger)."""
    [line] = [line for line in converted.report.residuals if line.metric is CostBasis.BILLED]
    return line.source, line.ledger


@pytest.mark.parametrize("array", [False, True], ids=["lines", "array"])
def test_a_number_in_json_keeps_all_its_digits(tmp_path: Path, *, array: bool) -> None:
    described = 'say "cost": 1.5, {"amount": 12345678901234567890} and é'
    rows = [google_row(LONG, None, described), google_row("1.5", MORE), google_row("2", None)]
    text = "[\n" + ",\n".join(rows) + "\n]" if array else "\n".join(rows)

    found = google(tmp_path / "in", text)

    with localcontext(prec=60):
        exact = Decimal(LONG) + Decimal("1.5") + Decimal(MORE) + 2
        assert billed(found) == (exact, round(exact, 12))
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT ServiceName, x_SourceRow FROM read_parquet('{found.parts[0].path}') WHERE ServiceName <> 'core'"
        ).fetchall()
    assert rows == [(described, 1)]


def test_a_focus_bill_in_json_keeps_all_its_digits(tmp_path: Path) -> None:
    row = {name: value for name, value in VALUES.items() if name != "BilledCost"}
    (tmp_path / "bill.json").write_text(json.dumps(row)[:-1] + f', "BilledCost": {LONG}}}\n')

    [found] = convert(tmp_path / "bill.json", tmp_path / "out", provider=None)

    assert billed(found)[1] == Decimal(LONG)
    assert found.report.rejections == ()


def test_a_nested_amount_in_parquet_and_csv_keeps_all_its_digits(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(google_row("0", "0"))
    for kind in ("parquet", "csv"):
        folder = tmp_path / kind
        folder.mkdir()
        granted = f"[{{'name': 'c', 'type': 'DISCOUNT', 'amount': {LONG}::DECIMAL(38,12)}}]"
        granted = granted if kind == "parquet" else f"CAST(to_json({granted}) AS VARCHAR)"
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT * REPLACE ({granted} AS credits) FROM read_json('{tmp_path}/a.jsonl'))"
                f" TO '{folder}/bill.{kind}'"
            )

        [found] = convert(folder, tmp_path / f"out-{kind}", provider=None, natives=NATIVE_FORMATS)

        assert billed(found) == (Decimal(LONG), Decimal(LONG))


@pytest.mark.parametrize("other", ["DOUBLE", "FLOAT", "BIGINT", "DECIMAL(38,2)"])
def test_files_with_different_number_types_are_cast_by_their_own(tmp_path: Path, other: str) -> None:
    (tmp_path / "in").mkdir()
    columns = ", ".join(f"'{value}' AS {name}" for name, value in VALUES.items() if name != "BilledCost")
    own = {"DOUBLE": "0.1", "FLOAT": "0.1", "BIGINT": "9007199254740993", "DECIMAL(38,2)": "123456789012345678.25"}
    exact = "123456789012345678.123456789012"
    with duckdb.connect() as connection:
        for name, amount, kind in (("a", exact, "DECIMAL(38,18)"), ("b", own[other], other)):
            connection.execute(
                f"COPY (SELECT {columns}, '{amount}'::{kind} AS BilledCost) TO '{tmp_path}/in/{name}.parquet'"
            )

    [found] = convert(tmp_path / "in", tmp_path / "out", provider=None)

    with localcontext(prec=60):
        assert billed(found)[1] == Decimal(exact) + Decimal(own[other])


def test_a_credit_that_cannot_be_read_rejects_its_row_with_the_reason(tmp_path: Path) -> None:
    rows = [google_row("10", '"-1"'), google_row("20", '"about 3"'), google_row("40", "null")]

    found = google(tmp_path / "in", "\n".join(rows), share=1)

    [rejection] = found.report.rejections
    assert (rejection.reason, rejection.rows, rejection.row) == ("the amount of a credit is not a number", 2, 2)
    assert found.parts[0].totals[0].billed_cost == 9
    with pytest.raises(TooManyRejectsError, match=r"amount of a credit is not a number.*row 2"):
        google(tmp_path / "refused", "\n".join(rows))


def test_a_native_amount_that_is_no_number_rejects_its_row_even_where_another_could_stand_for_it(
    tmp_path: Path,
) -> None:
    names = {
        "bill_payer_account_id": "1", "bill_billing_period_start_date": "2026-10-01", "line_item_usage_account_id": "2",
        "line_item_line_item_type": "Usage", "line_item_usage_start_date": "2026-10-03", "line_item_product_code": "E",
        "line_item_currency_code": "USD", "line_item_unblended_cost": "5", "line_item_net_unblended_cost": "4",
    }  # fmt: skip
    rows = [names, {**names, "line_item_net_unblended_cost": "1e309"}]
    (tmp_path / "cur.csv").write_text("\n".join([",".join(names), *(",".join(row.values()) for row in rows)]) + "\n")

    [found] = convert(
        tmp_path / "cur.csv",
        tmp_path / "out",
        provider=None,
        natives=AWS_FORMATS,
        options=ConvertOptions(max_reject_share=1),
    )

    assert [(r.reason, r.row) for r in found.report.rejections] == [("line_item_net_unblended_cost is not a number", 3)]
    assert found.parts[0].totals[0].billed_cost == 4
