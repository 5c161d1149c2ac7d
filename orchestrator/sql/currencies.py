"""Says when a statement adds up money of several currencies: it runs, and its answer carries a note."""

from collections.abc import Iterable, Sequence
from typing import Final, cast

from sqlglot import exp

from shared_models.focus.column import Kind
from shared_models.focus.cost_and_usage import COST_AND_USAGE

_CURRENCIES: Final = frozenset({"billingcurrency", "pricingcurrency", "paymentcurrency"})
_MONEY: Final = frozenset(
    column.name.lower()
    for column in COST_AND_USAGE.columns
    if column.kind is Kind.DECIMAL and column.name.endswith(("Cost", "UnitPrice"))
)
_COUNTS: Final = (exp.Count, exp.ApproxDistinct, exp.CountIf)
_RANKS: Final = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.AnyValue)


def currency_notes(tree: exp.Query, currencies: Sequence[str]) -> tuple[str, ...]:
    """A note when money is aggregated without its currency while there are several; else nothing."""
    if len(currencies) < 2 or _one_currency_chosen(tree):  # noqa: PLR2004 - two are several
        return ()
    money = _money_names(tree)
    mixed = [found for found in tree.find_all(exp.AggFunc) if _names(found) & money and _mixes(found)]
    if not mixed:
        return ()
    shown = ", ".join(dict.fromkeys(found.sql(dialect="duckdb")[:60] for found in mixed[:3]))
    note = (
        f"{shown}: the data has amounts in {', '.join(currencies)}, and figures over several currencies mean nothing."
        " Group by BillingCurrency, or filter by one."
    )
    return (note,)


def _one_currency_chosen(tree: exp.Query) -> bool:
    chosen = [*tree.find_all(exp.EQ), *(found for found in tree.find_all(exp.In) if len(found.expressions) == 1)]
    return any(
        _names(found.this) & _CURRENCIES or _names(found.args.get("expression")) & _CURRENCIES for found in chosen
    )


def _money_names(tree: exp.Query) -> frozenset[str]:
    """The cost columns, and every alias that is made of them."""
    names = set(_MONEY)
    aliases = list(tree.find_all(exp.Alias))
    while added := {alias.alias.lower() for alias in aliases if _names(alias.this) & names} - names:
        names |= added
    return frozenset(names)


def _mixes(aggregate: exp.Expr) -> bool:
    """Whether the rows that this aggregate takes together can differ in their currency."""
    if isinstance(aggregate, (*_COUNTS, *_RANKS)):
        return False
    window = aggregate.find_ancestor(exp.Window, exp.Select)
    if isinstance(window, exp.Window) and window.this.find(type(aggregate)) is not None:
        keys = cast("list[exp.Expr]", window.args.get("partition_by") or [])
        return bool(keys or not window.args.get("alias")) and not _any_currency(keys)
    select = aggregate.find_ancestor(exp.Select)
    return select is not None and not _any_currency(_keys(select))


def _keys(select: exp.Select) -> list[exp.Expr]:
    """What a query groups by, positions and aliases resolved to the columns they stand for."""
    group = select.args.get("group")
    if group is None:
        return []
    if group.args.get("all"):
        return list(select.expressions)
    shown = {str(place): column for place, column in enumerate(select.expressions, start=1)}
    shown |= {column.alias.lower(): column for column in select.expressions if isinstance(column, exp.Alias)}
    keys = list(group.find_all(exp.Column, exp.Literal))
    return [*keys, *(shown[key.name.lower()] for key in keys if key.name.lower() in shown)]


def _any_currency(keys: Iterable[exp.Expr]) -> bool:
    return any(_names(key) & _CURRENCIES for key in keys)


def _names(node: exp.Expr | None) -> set[str]:
    return {column.name.lower() for column in node.find_all(exp.Column)} if node is not None else set()
