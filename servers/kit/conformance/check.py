"""Conformance of a relation to one FOCUS version: every rule of the model with its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import duckdb

from servers.kit.conformance.builtin import builtin_model
from servers.kit.conformance.columns import Columns
from servers.kit.conformance.facts import as_focus
from servers.kit.conformance.measure import Finding, measure
from servers.kit.conformance.model import RequirementsModel, Rule
from servers.kit.conformance.plan import GroupFault, Planner, RowFault, Verdict, skipped
from shared_models.conformance import ConformanceReport, Demand, Outcome, RuleResult
from shared_models.quoting import literal, quoted

COST_AND_USAGE: Final = "CostAndUsage"


def check(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    *,
    model: RequirementsModel,
    dataset: str = COST_AND_USAGE,
    applicability: frozenset[str] | None = None,
    untyped: bool = False,
    name: str = "",
) -> ConformanceReport:
    """The report of a table or view with the columns of the model's version.

    `applicability` names the features that the provider supports; without it a feature counts where its columns are.
    `untyped` is for text that stands for every type (CSV): types are then judged by the values.
    """
    columns = Columns.of(connection, relation, untyped=untyped)
    rules = model.rules_of(dataset)
    planner = Planner(model, columns, applicability)
    verdicts: dict[str, Verdict] = {}
    faults: dict[str, RowFault | GroupFault] = {}
    for rule_id, rule in rules.items():
        if rule.is_composite:
            continue
        judged = planner.judge(rule_id, rule)
        if isinstance(judged, Verdict):
            verdicts[rule_id] = judged
        else:
            faults[rule_id] = judged
    found = measure(connection, relation, faults)
    for rule_id, finding in found.items():
        verdicts[rule_id] = Verdict(Outcome.FAILED if finding.rows else Outcome.PASSED)
    settled = _Settling(rules, verdicts)
    counted = connection.execute(f"SELECT count(*) FROM {quoted(relation)}").fetchone()
    return ConformanceReport(
        name=name or relation,
        model=f"FOCUS {model.version}",
        dataset=dataset,
        rows=int(counted[0]) if counted else 0,
        results=tuple(
            _result(rule_id, rule, settled.of(rule_id), found.get(rule_id)) for rule_id, rule in rules.items()
        ),
    )


def check_facts(file: str, name: str) -> ConformanceReport:
    """The report of one line-item file of the ledger against the built-in FOCUS 1.4 rules."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE VIEW facts AS SELECT * FROM read_parquet({literal(file)})")
        return check(connection, as_focus(connection, "facts"), model=builtin_model(), name=name)


@dataclass
class _Settling:
    """Composites take the outcome of their parts; a rule that rests on a broken one is skipped."""

    rules: Mapping[str, Rule]
    verdicts: Mapping[str, Verdict]
    settled: dict[str, Verdict] = field(default_factory=dict[str, Verdict])
    open: set[str] = field(default_factory=set[str])

    def of(self, rule_id: str) -> Verdict:
        """The verdict in the end. A cycle of dependencies counts as met where it closes."""
        if rule_id not in self.settled:
            self.open.add(rule_id)
            self.settled[rule_id] = self._settle(rule_id)
            self.open.remove(rule_id)
        return self.settled[rule_id]

    def _settle(self, rule_id: str) -> Verdict:
        rule = self.rules[rule_id]
        verdict = None if rule.is_composite else self.verdicts[rule_id]
        if verdict and verdict.outcome in {Outcome.SKIPPED, Outcome.KNOWN_BAD}:
            return verdict
        rests_on = [one for one in rule.validation_criteria.dependencies if one not in rule.parts]
        broken = [one for one in rests_on if self._is_broken(one)]
        if broken:
            return skipped(f"rests on {broken[0]}, which is broken")
        return verdict or self._gathered(rule)

    def _is_broken(self, rule_id: str) -> bool:
        if rule_id not in self.rules or rule_id in self.open:
            return False
        return self.of(rule_id).outcome is Outcome.FAILED and self.rules[rule_id].demand is Demand.MUST

    def _gathered(self, rule: Rule) -> Verdict:
        parts = [one for one in rule.parts if one in self.rules]
        outcomes = {one: self._inside(one) for one in parts}
        broken = [one for one in parts if outcomes[one] is Outcome.FAILED and self.rules[one].demand is Demand.MUST]
        if broken:
            return Verdict(Outcome.FAILED, f"broken: {', '.join(broken)}")
        if Outcome.PASSED in outcomes.values():
            return Verdict(Outcome.PASSED)
        return skipped("none of its parts could be decided")

    def _inside(self, rule_id: str) -> Outcome:
        """The outcome of a part; one that is being settled, in a cycle, counts as measured."""
        if rule_id not in self.open:
            return self.of(rule_id).outcome
        return self.verdicts[rule_id].outcome if rule_id in self.verdicts else Outcome.SKIPPED


def _result(rule_id: str, rule: Rule, verdict: Verdict, finding: Finding | None) -> RuleResult:
    failed = verdict.outcome is Outcome.FAILED
    return RuleResult(
        rule_id=rule_id,
        column=rule.column,
        rule=rule.validation_criteria.must_satisfy,
        demand=rule.demand,
        outcome=verdict.outcome,
        composite=rule.is_composite,
        reason=verdict.reason,
        rows=finding.rows if finding and failed else 0,
        example_row=finding.example_row if finding and failed else None,
        example_value=finding.example_value if finding and failed else None,
    )
