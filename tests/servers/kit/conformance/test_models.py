"""Models as data: what a rule may be made of, and what a reader sees of the outcome."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from servers.kit.conformance.builtin import builtin_model
from servers.kit.conformance.check import check
from servers.kit.conformance.facts import open_bill
from servers.kit.conformance.known_bad import KNOWN_BAD
from servers.kit.conformance.model import RequirementsModel
from servers.kit.conformance.render import report_table
from shared_models.conformance import ConformanceReport, Outcome
from shared_models.errors import InvalidArgumentError


def rule(requirement: dict[str, Any], keyword: str = "MUST", **criteria: Any) -> dict[str, Any]:
    return {
        "Function": "Validation",
        "Reference": "a",
        "ValidationCriteria": {
            "MustSatisfy": "a MUST be right.",
            "Keyword": keyword,
            "Requirement": requirement,
            "Condition": criteria.get("condition", {}),
            "Dependencies": criteria.get("dependencies", []),
        },
    }


def model(**rules: dict[str, Any]) -> RequirementsModel:
    return RequirementsModel.model_validate({"Details": {"FOCUSVersion": "test"}, "ModelRules": rules})


def outcomes(report: ConformanceReport) -> dict[str, Outcome]:
    return {one.rule_id: one.outcome for one in report.results}


@pytest.mark.parametrize(
    ("requirement", "values", "rows"),
    [
        ({"CheckFunction": "CheckNotValue", "ColumnName": "a", "Value": "x"}, ["x", "y", None], 1),
        ({"CheckFunction": "CheckValue", "ColumnName": "a", "Value": 0}, ["0", "0.0", "1", None], 1),
        ({"CheckFunction": "CheckSameValue", "ColumnAName": "a", "ColumnBName": "b"}, ["same", "other", None], 1),
        ({"CheckFunction": "CheckNotSameValue", "ColumnAName": "a", "ColumnBName": "b"}, ["same", "other", None], 1),
        ({"CheckFunction": "CheckNoDuplicates", "ColumnName": "a"}, ["x", "x", "y", None, None], 2),
        ({"CheckFunction": "CheckDecimalValue", "ColumnName": "a"}, ["1.5", "1e309x", "NaN", None], 2),
        (
            {"CheckFunction": "FormatNumeric", "ColumnName": "a"},
            ["1", "-1.5", ".5", "1E-7", "+1", "1,000", "1/2", "$1", "1E+7", None],
            5,
        ),
        (
            {"CheckFunction": "FormatDateTime", "ColumnName": "a"},
            ["2026-10-01T00:00:00Z", "2026-10-01T00:00:00", "2026-10-01", "2026-13-01T00:00:00Z", None],
            3,
        ),
        (
            {"CheckFunction": "FormatUnit", "ColumnName": "a"},
            ["GB", "GB-Hours", "Requests/3 Months", "1000 API Requests", "GB/Hour", "GB/h!", "Hours*2", None],
            2,
        ),
        ({"CheckFunction": "FormatJSON", "ColumnName": "a", "Path": "$"}, ['{"a": [1]}', "[1]", "{", None], 2),
    ],
)
def test_a_check_counts_the_values_that_break_it_and_leaves_null_alone(
    duck: duckdb.DuckDBPyConnection, requirement: dict[str, Any], values: list[str | None], rows: int
) -> None:
    duck.execute("CREATE TABLE bill (a VARCHAR, b VARCHAR DEFAULT 'same')")
    duck.executemany("INSERT INTO bill (a) VALUES (?)", [[value] for value in values])
    report = check(duck, "bill", model=model(R=rule(requirement)), untyped=True)
    assert report.results[0].rows == rows


def test_a_check_that_nobody_knows_is_skipped_with_its_name(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute("CREATE TABLE bill (a VARCHAR)")
    unknown = rule({"CheckFunction": "CheckMoonPhase", "ColumnName": "a"})
    result = check(duck, "bill", model=model(R=unknown)).results[0]
    assert result.outcome is Outcome.SKIPPED
    assert "CheckMoonPhase" in result.reason


def test_rules_that_rest_on_each_other_end(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute("CREATE TABLE bill AS SELECT 'x' AS a")
    given = {"CheckFunction": "CheckNotValue", "ColumnName": "a", "Value": None}
    gathered = {"CheckFunction": "AND", "Items": [{"CheckFunction": "CheckModelRule", "ModelRuleId": "One"}]}
    report = check(
        duck,
        "bill",
        model=model(
            One=rule(given, dependencies=["Two", "All"]),
            Two=rule(given, dependencies=["One"]),
            All=rule(gathered, dependencies=["One"]),
        ),
    )
    assert set(outcomes(report).values()) == {Outcome.PASSED}


def test_a_condition_of_a_composite_holds_for_its_parts(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute("CREATE TABLE bill AS SELECT * FROM (VALUES (1, 'in', 'bad'), (2, 'out', 'bad')) t(n, b, a)")
    part = rule({"CheckFunction": "CheckValue", "ColumnName": "a", "Value": "good"})
    whole = rule(
        {"CheckFunction": "AND", "Items": [{"CheckFunction": "CheckModelRule", "ModelRuleId": "Part"}]},
        condition={"CheckFunction": "CheckValue", "ColumnName": "b", "Value": "in"},
    )
    report = check(duck, "bill", model=model(Whole=whole, Part=part))
    assert [(one.rule_id, one.rows) for one in report.failures] == [("Part", 1)]
    assert outcomes(report)["Whole"] is Outcome.FAILED


def test_names_and_values_with_quotes_are_data(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute("""CREATE TABLE "bi""ll" AS SELECT 'it''s' AS "a""b" """)
    asked = rule({"CheckFunction": "CheckValue", "ColumnName": 'a"b', "Value": "it's"})
    assert check(duck, 'bi"ll', model=model(R=asked)).passed == 1


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_every_rule_of_a_published_model_is_decided_or_says_why_not(
    duck: duckdb.DuckDBPyConnection,
    clean_bill: Callable[[str], str],
    published: Callable[[str], RequirementsModel],
    version: str,
) -> None:
    report = check(duck, clean_bill(version), model=published(version))
    undecided = [one for one in report.results if one.outcome in {Outcome.SKIPPED, Outcome.KNOWN_BAD}]
    assert all(one.reason for one in undecided)
    assert not [one for one in undecided if "unknown" in one.reason]
    assert set(KNOWN_BAD[version]) <= {one.rule_id for one in report.results}
    assert len(report.results) == len(published(version).rules_of("CostAndUsage"))


def test_the_contract_commitments_of_1_3_are_a_dataset_of_their_own(
    duck: duckdb.DuckDBPyConnection, published: Callable[[str], RequirementsModel]
) -> None:
    duck.execute("CREATE TABLE commitments AS SELECT 'k' AS ContractCommitmentId FROM range(2)")
    report = check(duck, "commitments", model=published("1.3"), dataset="ContractCommitment")
    found = {one.rule_id: one.rows for one in report.failures}
    assert found["CCT-ContractCommitmentId-C-009-M"] == 2
    assert not [name for name in found if name.startswith("CAU-")]


def test_a_real_bill_of_1_0_is_read_as_text_and_its_known_gaps_are_found(
    duck: duckdb.DuckDBPyConnection, reference_data: Path, published: Callable[[str], RequirementsModel]
) -> None:
    bill = reference_data / "focus" / "samples" / "focus-1.0-sample-1000.csv"
    untyped = open_bill(duck, bill, "bill")
    report = check(duck, "bill", model=published("1.2"), untyped=untyped)
    found = {one.rule_id: one.rows for one in report.failures}
    assert report.rows == 1000
    assert found["ContractedCost-C-003-M"] == 7
    assert found["ChargePeriodStart-C-002-M"] == 1000
    assert not [name for name in found if name.endswith("-C-001-M") and "Currency" not in name]


@pytest.mark.parametrize("text", ["", "[]", '{"ModelRules": {}}', '{"Details": {"FOCUSVersion": "1.2"}}'])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "model.json"
    file.write_text(text)
    with pytest.raises(InvalidArgumentError, match="no FOCUS requirements model"):
        RequirementsModel.load(file)


@pytest.mark.parametrize("name", ["nowhere.csv", "text.parquet"])
def test_a_bill_that_cannot_be_read_is_named(duck: duckdb.DuckDBPyConnection, tmp_path: Path, name: str) -> None:
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(InvalidArgumentError, match=name.replace(".", r"\.")):
        open_bill(duck, tmp_path / name, "bill")


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"nowhere\.json"):
        RequirementsModel.load(tmp_path / "nowhere.json")


def test_the_table_shows_the_worst_first_and_no_more_than_asked(
    duck: duckdb.DuckDBPyConnection, clean_bill: Callable[[str], str]
) -> None:
    relation = clean_bill("1.4")
    duck.execute("UPDATE bill SET RegionName = NULL WHERE rowid = 0")
    duck.execute("UPDATE bill SET BilledCost = NULL, ServiceName = '[bold]\ufffd'")
    duck.execute("ALTER TABLE bill DROP COLUMN AvailabilityZone")
    screen = io.StringIO()
    Console(file=screen, width=200).print(report_table(check(duck, relation, model=builtin_model()), lines=3))
    shown = screen.getvalue()
    assert shown.index("BilledCost") < shown.index("RegionName")
    assert "[bold]" in shown
    assert "AvailabilityZone" not in shown
    assert "and 1 more" in shown


def test_a_report_travels_as_json_with_its_totals(
    duck: duckdb.DuckDBPyConnection, clean_bill: Callable[[str], str]
) -> None:
    report = check(duck, clean_bill("1.4"), model=builtin_model(), name="a bill")
    sent = json.loads(report.model_dump_json())
    assert (sent["name"], sent["failed"], sent["score"]) == ("a bill", 0, "100.00")
