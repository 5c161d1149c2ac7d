"""Questions about costs, and the shape of the answers of one cloud server."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.errors import InvalidArgumentError
from shared_models.export import CostBasis
from shared_models.money import ExactDecimal
from shared_models.page import Pagination
from shared_models.period import ChargePeriod


class Granularity(StrEnum):
    """Length of one time bucket; TOTAL is one bucket for the whole period."""

    TOTAL = "total"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class FilterOperator(StrEnum):
    """Exact and case-sensitive; `contains` ignores case."""

    EQUALS = "equals"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    IS_NULL = "is_null"
    IS_NOT_NULL = "is_not_null"


class CostSource(StrEnum):
    """Where figures come from: exported bills where they cover the period and the cloud's API for the rest, or one."""

    AUTO = "auto"
    EXPORT = "export"
    API = "api"


NO_VALUE: Final = frozenset({FilterOperator.IS_NULL, FilterOperator.IS_NOT_NULL})
ONE_VALUE: Final = frozenset({FilterOperator.EQUALS, FilterOperator.CONTAINS})


class CostFilter(WireModel):
    """One condition; several are joined by AND."""

    column: str = Field(description="FOCUS column, x_Provider, tags.<key> or a business dimension")
    operator: FilterOperator = FilterOperator.EQUALS
    values: tuple[str, ...] = Field(default=(), description="One for equals and contains, none for is_null")


def check_filter(condition: CostFilter) -> None:
    """Refuse a filter whose number of values does not fit its operator.

    Raises:
        InvalidArgumentError: too few or too many values.

    """
    count = len(condition.values)
    if condition.operator in NO_VALUE:
        fits, wanted = count == 0, "no values"
    elif condition.operator in ONE_VALUE:
        fits, wanted = count == 1, "exactly one value"
    else:
        fits, wanted = count > 0, "at least one value"
    if not fits:
        raise InvalidArgumentError(
            "filters",
            f"{condition.operator.value} on {condition.column} takes {wanted}, not {count}.",
            hint='For example {"column": "ServiceName", "operator": "in", "values": ["A", "B"]}.',
        )


class CostQuery(WireModel):
    """What one cloud server is asked about its costs."""

    period: ChargePeriod
    metric: CostBasis = CostBasis.EFFECTIVE
    group_by: tuple[str, ...] = ()
    filters: tuple[CostFilter, ...] = ()
    granularity: Granularity = Granularity.TOTAL
    source: CostSource = CostSource.AUTO


class CostLine(WireModel):
    """One group in one time bucket and one currency; `keys` follow `group_by`, null where the column is null."""

    keys: tuple[str | None, ...]
    bucket: str | None = None
    currency: str
    amount: ExactDecimal


class CurrencyTotal(WireModel):
    """The whole of one currency, over all pages; `rows` are line items, null where the source does not count them."""

    currency: str
    amount: ExactDecimal
    rows: int | None = None


class CostReport(WireModel):
    """Costs of one cloud: lines in descending amount, one total per currency, and what they rest on."""

    metric: CostBasis
    period: ChargePeriod
    group_by: tuple[str, ...]
    totals: tuple[CurrencyTotal, ...]
    data: tuple[CostLine, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
    notes: tuple[str, ...] = ()
