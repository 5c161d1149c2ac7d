"""The official and recorded examples beside the checkout, read into the types of the installed clients."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.cloud import bigquery
from google.cloud.asset_v1 import Asset
from google.cloud.bigquery.dataset import DatasetListItem
from google.cloud.bigquery.table import TableListItem
from google.cloud.billing_v1 import ListBillingAccountsResponse
from google.cloud.monitoring_v3 import ListTimeSeriesResponse
from google.cloud.recommender_v1 import ListRecommendationsResponse
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from tests.clouds.gcp.transcoding import plain


@dataclass(frozen=True)
class Example:
    """One file: `name` as `family/file`, and what reading its reply into the typed layer gives back as JSON."""

    name: str
    said: dict[str, Any]
    typed: Callable[[dict[str, Any]], dict[str, Any]]


def examples(folder: Path) -> Iterator[Example]:
    """Every example under the folder of Google's examples."""
    for file in sorted(folder.glob("*/*.json")):
        said = json.loads(file.read_text(encoding="utf-8"))["response"]
        yield Example(f"{file.parent.name}/{file.stem}", said, _TYPES.get(file.parent.name, _as_assets))


def _message(kind: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def typed(said: dict[str, Any]) -> dict[str, Any]:
        message = json_format.ParseDict(said, plain(kind()))
        return json_format.MessageToDict(message)

    return typed


def _as_assets(said: dict[str, Any]) -> dict[str, Any]:
    """A resource of a service without an installed client comes as the data of an asset."""
    data = Struct()
    data.update(said)
    asset = Asset(resource={"data": data})
    return json_format.MessageToDict(plain(asset).resource.data)


def _bigquery(said: dict[str, Any]) -> dict[str, Any]:
    """By the kind that the reply says it is."""
    kinds: dict[str, Callable[[dict[str, Any]], Any]] = {
        "bigquery#dataset": lambda one: bigquery.Dataset.from_api_repr(one).to_api_repr(),
        "bigquery#table": lambda one: bigquery.Table.from_api_repr(one).to_api_repr(),
        "bigquery#datasetList": lambda one: {
            **one,
            "datasets": [DatasetListItem(each)._properties for each in one["datasets"]],
        },
        "bigquery#tableList": lambda one: {
            **one,
            "tables": [TableListItem(each)._properties for each in one["tables"]],
        },
    }
    return kinds[said["kind"]](said)


_TYPES: Final = {
    "billing": _message(ListBillingAccountsResponse),
    "monitoring": _message(ListTimeSeriesResponse),
    "recommender": _message(ListRecommendationsResponse),
    "bigquery": _bigquery,
}
