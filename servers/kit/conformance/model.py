"""A requirements model: the normative rules of one FOCUS version as data, read from its published JSON form."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from shared_models.conformance import Demand
from shared_models.errors import InvalidArgumentError

_DEMANDS = {"MUST": Demand.MUST, "SHOULD": Demand.SHOULD, "RECOMMENDED": Demand.SHOULD, "MAY": Demand.MAY}


class _Published(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_pascal, validate_by_name=True, validate_by_alias=True)


class Check(_Published):
    """One node of a requirement or a condition; which arguments matter depends on the function."""

    check_function: str = ""
    items: tuple["Check", ...] = ()
    column_name: str | None = None
    check_condition: str | None = None
    column_a_name: str | None = None
    column_b_name: str | None = None
    result_column_name: str | None = None
    model_rule_id: str | None = None
    value: str | int | None = None
    expected_count: int = 1
    expected_type: str | None = None
    path: str = "$"
    path_a: str | None = None
    path_b: str | None = None
    child_path: str | None = None
    parent_path: str | None = None
    prefix: str = ""
    ignore_keys: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """The column that the check is about; some published conditions name it CheckCondition."""
        return self.column_name or self.check_condition or self.result_column_name or self.column_a_name or ""

    def leaves(self) -> Iterator["Check"]:
        """The checks without parts, in order."""
        if self.items:
            for item in self.items:
                yield from item.leaves()
        elif self.check_function:
            yield self

    def columns(self) -> set[str]:
        """Every column that is looked at."""
        names = [
            name
            for leaf in self.leaves()
            for name in (leaf.column, leaf.column_a_name, leaf.column_b_name, leaf.result_column_name)
        ]
        return {name for name in names if name}


def _no_empty(value: Any) -> Any:
    return value or None


_Optional = Annotated[Check | None, BeforeValidator(_no_empty)]


class Criteria(_Published):
    """What a rule asks, of which rows, and what it rests on."""

    must_satisfy: str
    keyword: str
    requirement: _Optional = None
    condition: _Optional = None
    dependencies: tuple[str, ...] = ()


class Rule(_Published):
    """One normative rule."""

    function: str
    reference: str
    type: str = "Static"
    status: str = "Active"
    dataset_id: str | None = None
    applicability_criteria: tuple[str, ...] = ()
    validation_criteria: Criteria

    @property
    def demand(self) -> Demand:
        """How strongly it asks."""
        return _DEMANDS[self.validation_criteria.keyword.removesuffix(" NOT")]

    @property
    def is_composite(self) -> bool:
        """Whether it only gathers other rules."""
        return any(leaf.check_function == "CheckModelRule" for leaf in self.leaves())

    @property
    def parts(self) -> tuple[str, ...]:
        """The rules that a composite gathers."""
        return tuple(leaf.model_rule_id for leaf in self.leaves() if leaf.model_rule_id)

    @property
    def column(self) -> str:
        """The column that the rule is about."""
        own = next(self.leaves(), None)
        return (own.column if own else "") or self.reference

    def leaves(self) -> Iterator[Check]:
        """The checks of the requirement."""
        requirement = self.validation_criteria.requirement
        return requirement.leaves() if requirement else iter(())


class _Details(_Published):
    focus_version: str = Field(alias="FOCUSVersion")


class RequirementsModel(_Published):
    """The rules of one FOCUS version by id."""

    details: _Details
    model_rules: Mapping[str, Rule]

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """The model of a published JSON file.

        Raises:
            InvalidArgumentError: the file is not there, or is no requirements model.

        """
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except OSError as error:
            said = f"The requirements model {path} cannot be read: {error.strerror}."
            raise InvalidArgumentError("model", said, "Give the path of its JSON file.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            said = f"{path} is no FOCUS requirements model: {where}: {first['msg']}."
            hint = "Give the JSON with ModelRules that the FOCUS specification publishes for each version."
            raise InvalidArgumentError("model", said, hint) from error

    @property
    def version(self) -> str:
        """The FOCUS version, such as 1.2."""
        return self.details.focus_version

    def rules_of(self, dataset: str) -> dict[str, Rule]:
        """The rules of one dataset, and those that hold for all."""
        return {name: rule for name, rule in self.model_rules.items() if rule.dataset_id in {None, dataset}}

    @cached_property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """Rule id -> the composites that gather it."""
        found: dict[str, tuple[str, ...]] = {}
        for name, rule in self.model_rules.items():
            for part in rule.parts:
                found[part] = (*found.get(part, ()), name)
        return found

    @cached_property
    def mandatory_columns(self) -> frozenset[str]:
        """Columns that every file of this version has, whatever the provider supports."""
        return frozenset(
            leaf.column
            for rule in self.model_rules.values()
            if rule.demand is Demand.MUST and rule.status == "Active" and not rule.applicability_criteria
            for leaf in rule.leaves()
            if leaf.check_function == "ColumnPresent"
        )
