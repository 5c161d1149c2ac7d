"""Which names a question may group by and filter on, and the SQL expression behind each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from sqlglot import exp
from sqlglot.expressions.core import Expression

from orchestrator.business.config import AccountRecord, BusinessConfig
from orchestrator.query.sql import column, map_value, text, timestamp
from shared_models.errors import UnknownColumnError
from shared_models.focus.own_columns import FACT_COLUMNS

TAG_PREFIX: Final = "tags."
_NAME_OF_ID: Final = {"SubAccountName": "SubAccountId", "BillingAccountName": "BillingAccountId"}
_ALIASES: Final = {"provider": "x_Provider", "currency": "BillingCurrency"}

GROUPABLE: Final = tuple(
    name for name, kind in FACT_COLUMNS.items() if kind in {"VARCHAR", "BOOLEAN", "TIMESTAMP"} and name != "x_SourceRow"
)
"""Every FOCUS column that is a dimension: not a metric, not a map."""


@dataclass(frozen=True)
class Dimension:
    """One name that a question uses: the base columns it needs and its expression over them, as text or null."""

    name: str
    columns: tuple[str, ...]
    expression: Expression
    label_column: str | None = None
    """For an Id that is shown by its name: the column with the name."""
    changes_on: tuple[datetime, ...] = ()
    """Instants at which the mapping changes: the data must be cut at least that finely."""


class DimensionCatalog:
    """Resolves names against FOCUS and the business configuration."""

    def __init__(self, business: BusinessConfig, accounts: Sequence[AccountRecord] = ()) -> None:
        self._tags = business.tags
        self._accounts = (*business.dimensions.account, *accounts)
        self._business = {name for record in self._accounts for name in record.dimensions}

    @property
    def business_names(self) -> tuple[str, ...]:
        """Names that come from the business configuration and the account tree."""
        return tuple(sorted(self._business))

    @property
    def tag_names(self) -> tuple[str, ...]:
        """Canonical tag keys with their synonyms configured."""
        return tuple(f"{TAG_PREFIX}{key}" for key in sorted(self._tags.keys))

    def resolve(self, name: str) -> Dimension:
        """The dimension of that name.

        Raises:
            UnknownColumnError: neither FOCUS nor the business knows it; near names are in the hint.

        """
        if name.lower().startswith(TAG_PREFIX) and len(name) > len(TAG_PREFIX):
            return self._tag(name[len(TAG_PREFIX) :])
        name = _ALIASES.get(name, name)
        if name in self._business:
            return self._account_dimension(name)
        if identity := _NAME_OF_ID.get(name):
            return Dimension(name, (identity, name), column(identity), label_column=name)
        if name in GROUPABLE:
            return Dimension(name, (name,), _as_text(name))
        known = [*GROUPABLE, *_ALIASES, *self._business, *self.tag_names, f"{TAG_PREFIX}<key>"]
        raise UnknownColumnError(name, known)

    def business_values(self, name: str) -> tuple[str, ...]:
        """The values of a business dimension, whether or not anything was spent under them."""
        return tuple(sorted({record.dimensions[name] for record in self._accounts if name in record.dimensions}))

    def _tag(self, key: str) -> Dimension:
        canonical = next(
            (known for known, spellings in self._tags.keys.items() if key == known or key in spellings), key
        )
        spellings = dict.fromkeys([canonical, *self._tags.keys.get(canonical, ())])
        values: Expression = exp.Coalesce(
            this=_filled(next(iter(spellings)), len(spellings)),
            expressions=[_filled(spelling, len(spellings)) for spelling in list(spellings)[1:]],
        )
        if synonyms := self._tags.values.get(canonical):
            values = _synonyms(values, synonyms)
        return Dimension(f"{TAG_PREFIX}{canonical}", ("Tags",), values)

    def _account_dimension(self, name: str) -> Dimension:
        """A CASE over SubAccountId (and the charge date, where a record is valid for some time only)."""
        by_value: dict[tuple[str, date | None, date | None], list[str]] = {}
        for record in self._accounts:
            if value := record.dimensions.get(name):
                by_value.setdefault((value, record.valid_from, record.valid_to), []).append(record.sub_account_id)
        case = exp.Case()
        changes: set[datetime] = set()
        for (value, start, end), accounts in by_value.items():
            condition: Expression = exp.In(this=column("SubAccountId"), expressions=[text(a) for a in accounts])
            for bound, compare in ((start, exp.GTE), (end, exp.LT)):
                if bound is not None:
                    instant = datetime.combine(bound, time(), tzinfo=UTC)
                    changes.add(instant)
                    limit = compare(this=column("ChargePeriodStart"), expression=timestamp(instant))
                    condition = exp.And(this=condition, expression=limit)
            case = case.when(condition, text(value))
        return Dimension(name, ("SubAccountId",), case, changes_on=tuple(sorted(changes)))


def _filled(key: str, spellings: int) -> Expression:
    """A tag's value; of several spellings an empty one does not hide another's."""
    value = map_value("Tags", key)
    return value if spellings == 1 else exp.Nullif(this=value, expression=text(""))


def _synonyms(value: Expression, synonyms: Mapping[str, Sequence[str]]) -> Expression:
    case = exp.Case()
    for canonical, spellings in synonyms.items():
        case = case.when(exp.In(this=value.copy(), expressions=[text(s) for s in spellings]), text(canonical))
    return case.else_(value.copy())


def _as_text(name: str) -> Expression:
    return column(name) if FACT_COLUMNS[name] == "VARCHAR" else exp.cast(column(name), exp.DataType.Type.VARCHAR)
