"""Which values a dimension has, so that a mistyped filter is an error with near matches and not a total of zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlglot import exp

from orchestrator.ledger.cubes import GRAINS, Grain
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.query.dimensions import TAG_PREFIX, Dimension, DimensionCatalog
from orchestrator.query.sql import column, text
from shared_models.errors import UnknownColumnError, UnknownValueError, near_matches
from shared_models.query import FilterOperator

_MANY: Final = 50_000


@dataclass(frozen=True)
class Label:
    """A name that an Id bore from the day or month `since` (UTC, without zone)."""

    identity: str
    name: str
    since: datetime


class ValueIndex:
    """Looks values up over the whole snapshot, whatever the period: a known value without spend answers zero."""

    def __init__(self, ledger: Ledger, snapshot: Snapshot, catalog: DimensionCatalog) -> None:
        self._ledger = ledger
        self._snapshot = snapshot
        self._catalog = catalog

    def require_tag(self, dimension: Dimension) -> None:
        """Check that a tag key occurs, in one of its spellings: a mistyped one would leave everything unallocated.

        Raises:
            UnknownColumnError: it never does; near keys are in the hint.

        """
        if dimension.name.startswith(TAG_PREFIX) and dimension.name not in self._catalog.tag_names:
            known = self.tag_names()
            if self._snapshot.booked and dimension.name not in known:
                raise UnknownColumnError(dimension.name, known)

    def tag_names(self) -> tuple[str, ...]:
        """`tags.<key>` of every key that occurs in the snapshot, sorted, and of those that are configured."""
        found = _tag_keys(self._ledger, self._snapshot) if self._snapshot.booked else ()
        return tuple(sorted({*self._catalog.tag_names, *(f"{TAG_PREFIX}{key}" for key in found)}))

    def require(self, dimension: Dimension, values: Sequence[str]) -> None:
        """Check that each value occurs somewhere.

        Raises:
            UnknownValueError: one never does; near values are in the hint.

        """
        if dimension.name in self._catalog.business_names:
            known = set(self._catalog.business_values(dimension.name))
        elif dimension.label_column:
            known = {label.name for label in self.labels(dimension)}
        else:
            known = _among(self._ledger, self._snapshot, dimension, tuple(values))
        for value in values:
            if value not in known:
                raise UnknownValueError(dimension.name, value, near_matches(value, self.all_values(dimension)))

    def identities(self, dimension: Dimension, operator: FilterOperator, names: Sequence[str]) -> tuple[str, ...]:
        """The Ids that ever bore one of these names: a renamed account keeps its series.

        Raises:
            UnknownValueError: no name fits.

        """
        labels = self.labels(dimension)
        if operator is FilterOperator.CONTAINS:
            part = names[0].casefold()
            found = {label.identity for label in labels if part in label.name.casefold()}
        else:
            found = {label.identity for label in labels if label.name in names}
        if not found:
            raise UnknownValueError(dimension.name, names[0], near_matches(names[0], [label.name for label in labels]))
        return tuple(sorted(found))

    def all_values(self, dimension: Dimension) -> tuple[str, ...]:
        """The distinct values, at most 50,000 of them, sorted."""
        if dimension.name in self._catalog.business_names:
            return self._catalog.business_values(dimension.name)
        if dimension.label_column:
            return tuple(sorted({label.name for label in self.labels(dimension)}))
        select = _distinct(self._ledger, self._snapshot, dimension).limit(_MANY)
        return tuple(sorted(value for (value,) in self._rows(select) if value))

    def labels(self, dimension: Dimension) -> tuple["Label", ...]:
        """The names of each Id, in the order in which they were first used."""
        if dimension.label_column is None:
            return ()
        identity, label = dimension.columns
        return _labels(self._ledger, self._snapshot, identity, label)

    def _rows(self, select: exp.Query) -> list[tuple[str]]:
        if not self._snapshot.booked:
            return []
        with self._ledger.cursor() as cursor:
            return cursor.execute(select.sql("duckdb")).fetchall()


def union_of(ledger: Ledger, snapshot: Snapshot, columns: Sequence[str]) -> exp.Subquery:
    """These columns over the whole snapshot, from the smallest relation that has them."""
    grain = next((grain for grain in GRAINS if set(columns) <= {*grain.dimensions}), None)
    selected = [column(name) for name in columns]
    if grain is None:
        facts = exp.select(*selected).from_(
            exp.maybe_parse(ledger.facts_relation(snapshot.booked), into=exp.Table, dialect="duckdb")
        )
        return facts.subquery("every")
    return _cube_union(ledger, snapshot, grain, selected).subquery("every")


def _cube_union(ledger: Ledger, snapshot: Snapshot, grain: Grain, selected: Sequence[exp.Column]) -> exp.Query:
    union: exp.Query | None = None
    for load in snapshot.booked:
        table = exp.table_(grain.table, db=exp.to_identifier(ledger.cube_alias(load), quoted=True))
        select = exp.select(*selected).distinct().from_(table)
        union = select if union is None else exp.Union(this=union, expression=select, distinct=False)
    return union if union is not None else exp.select(*selected)


def _distinct(ledger: Ledger, snapshot: Snapshot, dimension: Dimension) -> exp.Select:
    relation = union_of(ledger, snapshot, dimension.columns)
    return exp.select(exp.alias_(dimension.expression.copy(), "value")).distinct().from_(relation)


@lru_cache(maxsize=256)
def _among(ledger: Ledger, snapshot: Snapshot, dimension: Dimension, values: tuple[str, ...]) -> frozenset[str]:
    """Those of the values that occur. A snapshot never changes, and to look into all of its files at every question
    would cost more than the question.
    """
    if not snapshot.booked:
        return frozenset()
    condition = exp.In(this=dimension.expression.copy(), expressions=[text(value) for value in values])
    with ledger.cursor() as cursor:
        found = cursor.execute(_distinct(ledger, snapshot, dimension).where(condition).sql("duckdb")).fetchall()
    return frozenset(value for (value,) in found)


@lru_cache(maxsize=4)
def _tag_keys(ledger: Ledger, snapshot: Snapshot) -> tuple[str, ...]:
    relation = union_of(ledger, snapshot, ("Tags",))
    keys = exp.func("unnest", exp.func("map_keys", column("Tags")))
    select = exp.select(exp.alias_(keys, "key")).distinct().from_(relation)
    with ledger.cursor() as cursor:
        return tuple(sorted(row[0] for row in cursor.execute(select.sql("duckdb")).fetchall()))


@lru_cache(maxsize=16)
def _labels(ledger: Ledger, snapshot: Snapshot, identity: str, label: str) -> tuple[Label, ...]:
    if not snapshot.booked:
        return ()
    relation = _cube_union(
        ledger, snapshot, GRAINS[0], [column(identity), column(label), column("ChargePeriodStart")]
    ).subquery("every")
    first = exp.Min(this=column("ChargePeriodStart"))
    select = (
        exp.select(column(identity), column(label), exp.alias_(first, "since"))
        .from_(relation)
        .where(exp.Not(this=exp.Paren(this=exp.Is(this=column(label), expression=exp.Null()))))
        .group_by(exp.Literal.number(1), exp.Literal.number(2))
        .order_by("since", exp.Literal.number(1), exp.Literal.number(2))
    )
    with ledger.cursor() as cursor:
        return tuple(Label(*row) for row in cursor.execute(select.sql("duckdb")).fetchall())
