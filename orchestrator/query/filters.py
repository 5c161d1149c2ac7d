"""Filters and spend definitions as SQL conditions."""

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.expressions.core import Expression

from orchestrator.business.config import SpendDefinition
from orchestrator.query.sql import column, text
from shared_models.query import FilterOperator


def filter_expression(operator: FilterOperator, value: Expression, values: Sequence[str]) -> Expression:
    """The condition of one filter; an exclusion keeps rows where the column is null."""
    is_null = exp.Is(this=value.copy(), expression=exp.Null())
    match operator:
        case FilterOperator.IS_NULL:
            return is_null
        case FilterOperator.IS_NOT_NULL:
            return exp.Not(this=exp.Paren(this=is_null))
        case FilterOperator.CONTAINS:
            found = exp.StrPosition(this=exp.Lower(this=value.copy()), substr=text(values[0].lower()))
            return exp.GT(this=found, expression=exp.Literal.number(0))
        case FilterOperator.NOT_IN:
            outside = exp.Not(this=exp.In(this=value.copy(), expressions=[text(v) for v in values]))
            return exp.Paren(this=exp.Or(this=is_null, expression=outside))
        case FilterOperator.EQUALS | FilterOperator.IN:
            return exp.In(this=value.copy(), expressions=[text(v) for v in values])


def spend_expressions(definition: SpendDefinition) -> tuple[list[Expression], set[str]]:
    """The conditions of a named spend, and the columns that they need."""
    conditions: list[Expression] = []
    columns: set[str] = set()
    exclusions = {
        "ChargeCategory": definition.exclude_charge_categories,
        "ChargeClass": definition.exclude_charge_classes,
        "ServiceName": definition.exclude_service_names,
        "ServiceCategory": definition.exclude_service_categories,
    }
    for name, values in exclusions.items():
        if values:
            columns.add(name)
            conditions.append(filter_expression(FilterOperator.NOT_IN, column(name), values))
    if definition.exclude_marketplace:
        # A marketplace charge is sold by one company and hosted by another.
        host, seller = column("HostProviderName"), column("ServiceProviderName")
        columns |= {"HostProviderName", "ServiceProviderName"}
        no_host = exp.Is(this=host, expression=exp.Null())
        own = exp.EQ(this=host.copy(), expression=seller)
        conditions.append(exp.Paren(this=exp.Or(this=no_host, expression=own)))
    return conditions, columns
