"""Answers as tables: what a bill says is shown as it is, and every kind of evidence has a line."""

import io

from rich.console import Console

from skyledger.tables import print_answer


def shown(answer: dict) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_answer(answer, console)
    return console.file.getvalue()


def test_brackets_in_a_name_of_the_bill_are_shown_and_not_obeyed() -> None:
    name = "Atlas [/subscriptions/1] [red]Orion"

    text = shown({"notes": [f"see {name}"], "data": [{"keys": [name], "amount": "1.50"}]})

    assert text.count(name) == 2


def test_the_evidence_of_a_statement_has_no_line_items_and_is_shown() -> None:
    text = shown({"rows": [["1"]], "evidence": {"query_id": "abc", "source_files": 2, "rows": 1}})

    assert "2 files, query abc" in text
    assert "coverage" not in text


def test_an_age_that_is_only_a_file_time_is_called_one() -> None:
    fresh = [
        {"source": "aws", "data_as_of": "2026-11-24T23:53:00Z", "dated_by": "file time"},
        {"source": "azure", "data_as_of": "2026-11-24T04:12:31Z", "dated_by": "manifest"},
    ]

    text = shown({"freshness": fresh})

    assert "aws 2026-11-24T23:53 (file time), azure 2026-11-24T04:12\n" in text


LONG_ID = "/subscriptions/4b8e7070-112c-7645-3158-3202319d7d16/resourceGroups/rg-content/providers/vm-094c0a"


def at_80_columns(answer: dict) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    print_answer(answer, console)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    return lines


def test_at_80_columns_money_stands_right_beside_its_currency_to_the_cent() -> None:
    rows = [{"amount": "1234567.891", "currency": "USD"}, {"amount": "-2.5", "currency": "EUR"}]

    lines = at_80_columns({"totals": rows})

    assert [line for line in lines if "USD" in line] == ["USD       1,234,567.89"]
    assert [line for line in lines if "EUR" in line] == ["EUR              -2.50"]


def test_at_80_columns_an_id_that_fits_no_table_is_whole_on_lines_of_its_own() -> None:
    row = {"keys": [LONG_ID, "Virtual Machines"], "amount": "1.00", "currency": "EUR"}
    also = {"also": {"BilledCost": "2.00", "ListCost": "3.00"}, "series": ["4.00", "5.00"]}
    answer = {"group_by": ["ResourceId", "ServiceName"], "buckets": ["2026-09-01", "2026-10-01"]}

    text = "".join(line.strip() for line in at_80_columns({**answer, "data": [{**row, **also}]}))

    assert LONG_ID in text
    assert "2026-09-01   4.00" in text
    assert "BilledCost   2.00" in text


def test_at_80_columns_a_long_id_in_a_table_keeps_both_ends() -> None:
    lines = at_80_columns({"data": [{"keys": [LONG_ID], "amount": "1.00", "currency": "EUR"}], "group_by": ["Id"]})

    [line] = [line for line in lines if "1.00" in line]
    assert "/subscriptio…" in line
    assert "vm-094c0a" in line


def test_at_80_columns_the_steps_of_an_invoice_are_a_table_of_their_own() -> None:
    steps = [{"step": "commitment_unused", "billed": "0.00", "change": "-26350"}]

    lines = at_80_columns({"data": [{"billing_account_id": LONG_ID, "currency": "EUR", "steps": steps}]})

    assert any(line.split() == ["commitment_unused", "0.00", "-26,350.00"] for line in lines)


def test_rows_of_a_statement_stand_under_their_columns_with_every_digit() -> None:
    answer = {"columns": ["ServiceName", "total_cost"], "rows": [["Compute", "79.7330376444"], ["Queue", None]]}

    lines = at_80_columns(answer)

    assert any(line.split() == ["ServiceName", "total_cost"] for line in lines)
    assert any(line.split() == ["Compute", "79.7330376444"] for line in lines)
