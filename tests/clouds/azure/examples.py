"""The official examples beside the checkout, each with the SDK's models of its request and its reply."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from azure.mgmt.advisor import models as advisor
from azure.mgmt.billing import models as billing
from azure.mgmt.carbonoptimization import models as carbon
from azure.mgmt.consumption import models as consumption
from azure.mgmt.costmanagement import models as costs
from azure.mgmt.managementgroups import models as groups
from azure.mgmt.reservations import models as capacity
from azure.mgmt.resourcegraph import models as graph

from tests.clouds.azure.contract import Page
from tests.clouds.azure.operations import OPERATIONS

_MODELS: Final[tuple[tuple[str, Any, Any], ...]] = (
    (r"advisor/.*ListRecommendationMetadata", None, Page(advisor.MetadataEntity)),
    (r"advisor/.*ListSuppressions", None, Page(advisor.SuppressionContract)),
    (r"advisor/.*(GenerateRecommendations|ListAdvisorScore)", None, None),
    (r"alerts/.*SingleSubscriptionAlert", None, costs.Alert),
    (r"alerts/", None, costs.AlertsResult),
    (r"allocation-views/.*CostAllocationRuleGet", None, costs.CostAllocationRuleDefinition),
    (r"allocation-views/.*PrivateViewList", None, Page(costs.View)),
    (r"allocation-views/.*scheduledAction", costs.ScheduledAction, costs.ScheduledAction),
    (r"benefits/.*Async", costs.BenefitUtilizationSummariesRequest, costs.BenefitUtilizationSummariesOperationStatus),
    (r"benefits/", None, Page(costs.BenefitUtilizationSummary)),
    (r"budgets/.*List", None, Page(costs.Budget)),
    (r"budgets/", costs.Budget, costs.Budget),
    (r"carbon/.*AvailableDateRange", None, carbon.CarbonEmissionDataAvailableDateRange),
    (r"carbon/", carbon.QueryFilter, carbon.CarbonEmissionDataListResult),
    (r"cost-details-report/.*GenerateCostDetails", costs.GenerateCostDetailsReportRequestDefinition, costs.CostDetailsOperationResults),
    (r"cost-details-report/.*OperationStatus", None, costs.GenerateDetailedCostReportOperationStatuses),
    (r"cost-details-report/", costs.GenerateDetailedCostReportDefinition, costs.GenerateDetailedCostReportOperationResult),
    (r"credits-charges/.*Aggregated", None, consumption.ManagementGroupAggregatedCostResult),
    (r"credits-charges/.*Charges", None, consumption.ChargesListResult),
    (r"credits-charges/.*Credit", None, consumption.CreditSummary),
    (r"credits-charges/", None, Page(consumption.Marketplace)),
    (r"dimensions/", None, Page(costs.Dimension)),
    (r"exports/.*RunHistory", None, costs.ExportExecutionListResult),
    (r"exports/", None, costs.ExportListResult),
    (r"forecast/", costs.ForecastDefinition, costs.ForecastResult),
    (r"management-groups/.*Descendants", None, Page(groups.DescendantInfo)),
    (r"management-groups/.*Entities", None, Page(groups.EntityInfo)),
    (r"management-groups/", None, Page(groups.ManagementGroupInfo)),
    (r"price-sheet/.*EAPriceSheet", None, costs.OperationStatus),
    (r"price-sheet/", None, consumption.PriceSheetResult),
    (r"query/", costs.QueryDefinition, costs.QueryResult),
    (r"reservation-recommendations/.*Details", None, consumption.ReservationRecommendationDetailsModel),
    (r"reservation-recommendations/", None, Page(consumption.ReservationRecommendation)),
    (r"reservation-summaries/.*Details", None, Page(consumption.ReservationDetail)),
    (r"reservation-summaries/.*Transactions", None, Page(consumption.ReservationTransaction)),
    (r"reservation-summaries/", None, Page(consumption.ReservationSummary)),
    (r"reservations/.*OrderDetails", None, capacity.ReservationOrderResponse),
    (r"reservations/.*GetReservationOrders", None, Page(capacity.ReservationOrderResponse)),
    (r"reservations/", None, Page(capacity.ReservationResponse)),
    (r"resource-graph/.*GraphQueryList", None, Page(graph.GraphQueryResource)),
    (r"resource-graph/", graph.QueryRequest, graph.QueryResponse),
    (r"savings-plans/.*ItemExpanded", None, billing.SavingsPlanModel),
    (r"savings-plans/.*OrderList", None, Page(billing.SavingsPlanOrderModel)),
    (r"savings-plans/", None, billing.SavingsPlanOrderModel),
    (r"usage-details/", None, Page(consumption.UsageDetail)),
)  # fmt: skip
"""Pattern of `folder/file` -> the models of its request and reply; the first one that fits."""


@dataclass(frozen=True)
class Example:
    """One request or reply: the file's `folder/name`, the SDK's model, and what the file says."""

    name: str
    model: Any
    body: Any


def files(folder: Path) -> list[Path]:
    """Every example file of the folder of Azure examples."""
    return sorted(folder.glob("*/*.json"))


def examples(file: Path) -> Iterator[Example]:
    """The requests and replies of one file that a model is known for.

    Raises:
        LookupError: no model is known for the file at all.

    """
    said = json.loads(file.read_text(encoding="utf-8"))
    name = f"{file.parent.name}/{short(file)}"
    if file.parent.name == "recorded":
        yield from _recorded(name, said)
        return
    found = next(((request, reply) for pattern, request, reply in _MODELS if re.match(pattern, name)), None)
    if found is None:
        raise LookupError(name)
    request, reply = found
    body = said["parameters"].get("parameters") or next(
        (
            said["parameters"][one]
            for one in ("query", "scheduledAction", "benefitUtilizationSummariesRequest", "queryParameters")
            if one in said["parameters"]
        ),
        None,
    )
    if request is not None and isinstance(body, dict):
        yield Example(name, request, body)
    answer = said["responses"].get("200", {}).get("body")
    if reply is not None and answer is not None:
        yield Example(name, reply, answer)


def short(file: Path) -> str:
    """A file's name without the service and version that lead it."""
    return re.sub(r"^Microsoft\.\w+\.[\d-]+\.", "", file.stem)


def _recorded(name: str, said: dict[str, Any]) -> Iterator[Example]:
    for one in said["interactions"]:
        path = re.sub(r"^https://[^/]+|\?.*$", "", one["uri"])
        for operation in OPERATIONS:
            if operation.method == one["method"] and operation.path.fullmatch(path) and one["status"]["code"] == 200:
                if operation.request is not None and isinstance(one["requestBody"], dict):
                    yield Example(name, operation.request, one["requestBody"])
                if operation.reply is not None:
                    yield Example(name, operation.reply, one["responseBody"])
