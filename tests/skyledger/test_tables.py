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
