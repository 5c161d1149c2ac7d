"""The datasets beside the bills: their names, and the columns that a file of each one has."""

import types
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, Union, get_args, get_origin

from shared_models.base import WireModel
from shared_models.commitment import CommitmentDiscount
from shared_models.conformance import ConformanceFact
from shared_models.focus.billing_period import BILLING_PERIOD
from shared_models.focus.column import Dataset
from shared_models.focus.contract_commitment import CONTRACT_COMMITMENT
from shared_models.focus.invoice_detail import INVOICE_DETAIL
from shared_models.focus.own_columns import SQL_TYPE
from shared_models.inventory import Resource
from shared_models.organisation import SubAccount
from shared_models.pricing import SkuPrice
from shared_models.recommendation import Recommendation
from shared_models.usage import UsageFact


class DatasetName(StrEnum):
    """What is kept beside the bills."""

    INVENTORY = "inventory"
    USAGE = "usage"
    PRICES = "prices"
    COMMITMENTS = "commitments"
    RECOMMENDATIONS = "recommendations"
    ORGANISATION = "organisation"
    CONTRACT_COMMITMENT = "contract_commitment"
    INVOICE_DETAIL = "invoice_detail"
    BILLING_PERIOD = "billing_period"
    CONFORMANCE = "conformance"


FOCUS_DATASETS: Final[Mapping[DatasetName, Dataset]] = {
    DatasetName.CONTRACT_COMMITMENT: CONTRACT_COMMITMENT,
    DatasetName.INVOICE_DETAIL: INVOICE_DETAIL,
    DatasetName.BILLING_PERIOD: BILLING_PERIOD,
}

ITEM_MODELS: Final[Mapping[DatasetName, type[WireModel]]] = {
    DatasetName.INVENTORY: Resource,
    DatasetName.USAGE: UsageFact,
    DatasetName.PRICES: SkuPrice,
    DatasetName.COMMITMENTS: CommitmentDiscount,
    DatasetName.RECOMMENDATIONS: Recommendation,
    DatasetName.ORGANISATION: SubAccount,
    DatasetName.CONFORMANCE: ConformanceFact,
}
"""Datasets whose rows are items of one of our models; a column is a field."""

RECORD_KEYS: Final[Mapping[DatasetName, tuple[str, ...]]] = {
    DatasetName.CONTRACT_COMMITMENT: ("ContractCommitmentId",),
    DatasetName.INVOICE_DETAIL: ("InvoiceId", "InvoiceDetailId"),
    DatasetName.BILLING_PERIOD: ("InvoiceIssuerName", "BillingPeriodStart"),
}
"""What identifies one record of a FOCUS dataset within its provider."""

STATED_BY: Final[Mapping[DatasetName, tuple[str, ...]]] = {
    **RECORD_KEYS,
    DatasetName.INVOICE_DETAIL: ("InvoiceId",),
}
"""What one source states as a whole: of two sources that state the same invoice, one is believed for all its lines."""

_OWN: Final = {"x_Provider": "VARCHAR", "x_SourceFormat": "VARCHAR", "x_SourceRow": "BIGINT"}
_PLAIN: Final[Mapping[type, str]] = {
    str: "VARCHAR",
    bool: "BOOLEAN",
    int: "BIGINT",
    float: "DOUBLE",
    Decimal: "DECIMAL(30,12)",
    datetime: "TIMESTAMP",
}


def columns_of(name: DatasetName) -> dict[str, str]:
    """Column -> SQL type of a dataset's files, in order: FOCUS columns and then ours, or the fields of its model."""
    if name in FOCUS_DATASETS:
        return {**{column.name: SQL_TYPE[column.kind] for column in FOCUS_DATASETS[name].columns}, **_OWN}
    return {field: _sql_type(info.annotation) for field, info in ITEM_MODELS[name].model_fields.items()}


def _sql_type(annotation: Any) -> str:
    """The column type of a field: what it is apart from None, with lists and maps of text."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _sql_type(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return _sql_type(next(one for one in get_args(annotation) if one is not type(None)))
    if origin is tuple:
        return f"{_sql_type(get_args(annotation)[0])}[]"
    if origin is dict:
        return f"MAP({', '.join(_sql_type(one) for one in get_args(annotation))})"
    return _PLAIN[next(kind for kind in annotation.__mro__ if kind in _PLAIN)]
