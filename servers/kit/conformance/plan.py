"""Which rules of a model can be measured on a relation, and the rows that would break each."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from servers.kit.conformance.columns import Columns
from servers.kit.conformance.json_values import ElementTest, element_pairs
from servers.kit.conformance.known_bad import KNOWN_BAD
from servers.kit.conformance.model import Check, RequirementsModel, Rule
from servers.kit.conformance.predicate import UnsupportedCheckError, as_row, compile_check
from shared_models.conformance import Demand, Outcome

_GROUPED = frozenset({"CheckDistinctCount", "CheckNoDuplicates", "JSONCheckPathDistinctParent"})


@dataclass(frozen=True)
class Verdict:
    """A rule decided without looking at rows."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True)
class RowFault:
    """Rows that meet this condition break the rule; `shown` is the value to show of such a row."""

    sql: str
    shown: str


@dataclass(frozen=True)
class GroupFault:
    """Groups by `key` that meet `having` break the rule, of the rows that meet `where`, or of their elements."""

    key: str
    having: str
    where: str
    elements: str = ""


Judgement = Verdict | RowFault | GroupFault


def skipped(reason: str) -> Verdict:
    """The rule says nothing about these rows."""
    return Verdict(Outcome.SKIPPED, reason)


@dataclass(frozen=True)
class Planner:
    """One model over the columns of one relation. Applicability None: a feature counts where its columns are."""

    model: RequirementsModel
    columns: Columns
    applicability: frozenset[str] | None = None
    _conditions: dict[str, tuple[Check, ...]] = field(default_factory=dict[str, tuple[Check, ...]])

    def judge(self, name: str, rule: Rule) -> Judgement:
        """What there is to measure, or the verdict at once. Composites are the caller's."""
        return self._excused(name, rule) or self._presence(rule) or self._measurable(name, rule)

    def _excused(self, name: str, rule: Rule) -> Verdict | None:
        known_bad = KNOWN_BAD.get(self.model.version, {}).get(name)
        if known_bad:
            return Verdict(Outcome.KNOWN_BAD, known_bad)
        if rule.status == "Removed":
            return skipped("removed from this version")
        if rule.type == "Dynamic" or rule.validation_criteria.requirement is None:
            return skipped("not machine-checkable: the model gives no check for it")
        if rule.demand is Demand.MAY:
            return skipped("a permission: nothing can break it")
        return self._inapplicable(name, rule)

    def _inapplicable(self, name: str, rule: Rule) -> Verdict | None:
        needed = self._criteria(name)
        if self.applicability is not None:
            missing = sorted(needed - self.applicability)
            return skipped(f"does not apply: needs {', '.join(missing)}") if missing else None
        if needed and rule.column not in self.columns:
            return skipped(f"applies only with {', '.join(sorted(needed))}, which nothing here shows")
        return None

    def _criteria(self, name: str) -> frozenset[str]:
        """What the rule needs of the provider: its own criteria, and those that all its composites share."""
        own = frozenset(self.model.model_rules[name].applicability_criteria)
        above = [self._criteria(parent) for parent in self.model.parents.get(name, ())]
        return own | {one for one in (above[0] if above else ()) if all(one in other for other in above)}

    def _presence(self, rule: Rule) -> Verdict | None:
        checks = list(rule.leaves())
        if not checks or any(check.check_function != "ColumnPresent" for check in checks):
            return None
        absent = [check.column for check in checks if check.column not in self.columns]
        return Verdict(Outcome.FAILED, "the column is absent") if absent else Verdict(Outcome.PASSED)

    def _measurable(self, name: str, rule: Rule) -> Judgement:
        requirement = rule.validation_criteria.requirement or Check()
        conditions = self.conditions(name)
        absent = self._absent(requirement, conditions)
        if absent:
            return skipped(f"the column {absent[0]} is absent")
        try:
            if requirement.check_function in _GROUPED:
                return self._group_fault(requirement, conditions)
            return self._row_fault(requirement, conditions)
        except UnsupportedCheckError as error:
            return skipped(f"not machine-checkable: {error}")

    def _absent(self, requirement: Check, conditions: Iterable[Check]) -> list[str]:
        """Columns without which nothing can be said; a feature's column that is absent counts as null."""
        asked = {name for name in requirement.columns() if name not in self.columns}
        premised = {name for one in conditions for name in one.columns() if name not in self.columns}
        return sorted(asked | (premised & self.model.mandatory_columns))

    def conditions(self, name: str) -> tuple[Check, ...]:
        """The rule's own condition and those of the composites above it; of several composites, what they share."""
        if name not in self._conditions:
            own = self.model.model_rules[name].validation_criteria.condition
            above = [self.conditions(parent) for parent in self.model.parents.get(name, ())]
            shared = tuple(one for one in above[0] if all(one in other for other in above)) if above else ()
            self._conditions[name] = (*((own,) if own else ()), *shared)
        return self._conditions[name]

    def _row_fault(self, requirement: Check, conditions: Iterable[Check]) -> RowFault:
        asked = compile_check(requirement, self.columns, asked=True)
        premises = [compile_check(one, self.columns, asked=False) for one in conditions]
        shown = self.columns.text(next(requirement.leaves()).column)
        if not isinstance(asked, ElementTest):
            return RowFault(_all([*(as_row(one, asked=False).sql for one in premises), f"NOT {asked.sql}"]), shown)
        beside = [one for one in premises if isinstance(one, ElementTest) and one.elements == asked.elements]
        rows = [as_row(one, asked=False).sql for one in premises if one not in beside]
        element = asked.some_element(_all([*(one.sql for one in beside), f"NOT {asked.sql}"]))
        return RowFault(_all([*rows, element]), shown)

    def _group_fault(self, requirement: Check, conditions: Iterable[Check]) -> GroupFault:
        where = [as_row(compile_check(one, self.columns, asked=False), asked=False).sql for one in conditions]
        if requirement.check_function == "JSONCheckPathDistinctParent":
            elements, child, parent = element_pairs(requirement, self.columns)
            having = f"count(DISTINCT {parent}) <> {requirement.expected_count}"
            return GroupFault(child, having, _all(where), elements)
        key = self.columns.value(requirement.column)
        if requirement.check_function == "CheckNoDuplicates":
            return GroupFault(key, "count(*) > 1", _all(where))
        other = self.columns.value(requirement.column_b_name or "")
        return GroupFault(key, f"count(DISTINCT {other}) <> {requirement.expected_count}", _all(where))


def _all(parts: list[str]) -> str:
    return "(" + " AND ".join(parts) + ")" if parts else "TRUE"
