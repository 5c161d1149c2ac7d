"""Which load counts: restatements replace, complements add, overlaps never add up."""

from datetime import UTC, datetime

import pytest

from shared_models.export import SourceFormat
from shared_models.source_of_record import Candidate, of_record

DAY = {day: datetime(2026, 10, day, tzinfo=UTC) for day in range(1, 29)}
PURCHASES = SourceFormat.AZURE_COMMITMENT_PURCHASES


def load(
    load_id: int,
    source_format: SourceFormat,
    accounts: str,
    key: str = "k",
    *,
    pro_forma: bool = False,
    account_charges: bool = False,
) -> Candidate:
    return Candidate(load_id, source_format, key, pro_forma, frozenset(accounts), account_charges=account_charges)


CASES = {
    "one load counts": ([load(1, SourceFormat.FOCUS_1_2, "ab")], None, {1}),
    "the better format of one bill counts": (
        [load(1, SourceFormat.AWS_CUR_2, "ab"), load(2, SourceFormat.FOCUS_1_0, "ab")], None, {2},
    ),
    "disjoint subscriptions complement each other": (
        [load(1, SourceFormat.AZURE_ACTUAL, "a"), load(2, SourceFormat.AZURE_ACTUAL, "b")], None, {1, 2},
    ),
    "the whole account counts before one subscription in a better format": (
        [load(1, SourceFormat.FOCUS_1_0, "abc"), load(2, SourceFormat.FOCUS_1_2, "a")], None, {1},
    ),
    "the newest of equal loads counts": (
        [load(1, SourceFormat.FOCUS_1_2, "a"), load(2, SourceFormat.FOCUS_1_2, "a")], None, {2},
    ),
    "a bill counts before a pro-forma one": (
        [load(1, SourceFormat.FOCUS_1_0, "a"), load(2, SourceFormat.FOCUS_1_4, "a", pro_forma=True)], None, {1},
    ),
    "coarse history yields to any export": (
        [load(1, SourceFormat.API, "abc"), load(2, SourceFormat.GCP_STANDARD, "a")], None, {2},
    ),
    "the owner's word counts": (
        [load(1, SourceFormat.FOCUS_1_4, "ab", "new"), load(2, SourceFormat.AWS_CUR_LEGACY, "ab", "old")], "old", {2},
    ),
    "a load without sub accounts covers the whole account": (
        [load(1, SourceFormat.FOCUS_1_2, "a"), load(2, SourceFormat.FOCUS_1_2, "")], None, {1},
    ),
    "an Azure actual export counts with its purchases": (
        [load(1, SourceFormat.AZURE_ACTUAL, "ab", "actual"), load(2, PURCHASES, "", "actual")], None, {1, 2},
    ),
    "of an Azure actual and an amortised export the amortised rows and the purchases count": (
        [load(1, SourceFormat.AZURE_ACTUAL, "ab", "actual"), load(2, PURCHASES, "", "actual"),
         load(3, SourceFormat.AZURE_AMORTIZED, "ab", "amortized")], None, {2, 3},
    ),
    "the purchases of one subscription do not complete the amortised bill of two": (
        [load(1, SourceFormat.AZURE_ACTUAL, "a", "actual"), load(2, PURCHASES, "", "actual"),
         load(3, SourceFormat.AZURE_AMORTIZED, "ab", "amortized")], None, {3},
    ),
    "beside a FOCUS bill no purchase counts again": (
        [load(1, SourceFormat.AZURE_ACTUAL, "ab", "actual"), load(2, PURCHASES, "", "actual"),
         load(3, SourceFormat.FOCUS_1_2, "ab", "focus")], None, {3},
    ),
    "the purchases of two subscriptions count with their own exports": (
        [load(1, SourceFormat.AZURE_ACTUAL, "a", "one"), load(2, PURCHASES, "", "one"),
         load(3, SourceFormat.AZURE_ACTUAL, "b", "two"), load(4, PURCHASES, "", "two")], None, {1, 2, 3, 4},
    ),
    "the purchases of two subscriptions together complete their amortised bill": (
        [load(1, SourceFormat.AZURE_ACTUAL, "a", "one"), load(2, PURCHASES, "", "one"),
         load(3, SourceFormat.AZURE_ACTUAL, "b", "two"), load(4, PURCHASES, "", "two"),
         load(5, SourceFormat.AZURE_AMORTIZED, "ab", "amortized")], None, {2, 4, 5},
    ),
    "an actual export that overlaps the others does not complete with them": (
        [load(1, SourceFormat.AZURE_ACTUAL, "ab", "one"), load(2, PURCHASES, "", "one"),
         load(3, SourceFormat.AZURE_ACTUAL, "bc", "two"), load(4, PURCHASES, "", "two"),
         load(5, SourceFormat.AZURE_AMORTIZED, "abc", "amortized")], None, {5},
    ),
    "the purchases of the billing account that two exports state never count twice": (
        [load(1, SourceFormat.AZURE_ACTUAL, "a", "one"), load(2, PURCHASES, "", "one", account_charges=True),
         load(3, SourceFormat.AZURE_ACTUAL, "b", "two"), load(4, PURCHASES, "", "two", account_charges=True)],
        None, {3, 4},
    ),
    "charges of the billing account that two sources state never count twice": (
        [load(1, SourceFormat.FOCUS_1_2, "a", account_charges=True),
         load(2, SourceFormat.FOCUS_1_2, "bc", account_charges=True)], None, {2},
    ),
    "purchases of more subscriptions never displace a bill": (
        [load(1, PURCHASES, "abc", "actual"), load(2, SourceFormat.AZURE_AMORTIZED, "a", "amortized")], None, {1, 2},
    ),
    "a month of nothing but purchases counts": ([load(1, PURCHASES, "", "actual")], None, {1}),
}  # fmt: skip


def test_files_of_different_weeks_complement_each_other() -> None:
    weeks = [
        Candidate(n, SourceFormat.FOCUS_1_2, f"week {n}", pro_forma=False, sub_account_ids=frozenset("a"), charges=days)
        for n, days in enumerate([(DAY[1], DAY[8]), (DAY[8], DAY[15]), (DAY[7], DAY[9])])
    ]

    assert of_record(weeks[:2]) == {0, 1}
    assert len(of_record(weeks)) < 3


@pytest.mark.parametrize(("loads", "preferred", "counting"), CASES.values(), ids=CASES.keys())
def test_the_source_of_record(loads: list[Candidate], preferred: str | None, counting: set[int]) -> None:
    assert of_record(loads, preferred) == counting
