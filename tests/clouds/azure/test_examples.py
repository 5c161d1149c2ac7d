"""The official examples pass the same contract check as the endpoint's traffic, but for those whose defect is named."""

from pathlib import Path

from azure.mgmt.costmanagement import models

from tests.clouds.azure.contract import violations
from tests.clouds.azure.examples import examples, files

DEFECTS = {
    "allocation-views/PrivateViewList": "a time frame that views do not have",
    "benefits/BenefitUtilizationSummaries-Async-GenerateBenefitUtilizationSummariesReportBySavingsPlan": "a status in other words;"
    " and the SDK takes the report's address for a column's name",
    "cost-details-report/GenerateDetailedCostReportOperationStatusBySubscriptionScope": "a status as text; the SDK has an object",
    "management-groups/ListManagementGroups": "the next page's link under another name",
    "price-sheet/EAPriceSheetForBillingPeriod": "a download's address where the SDK says the status of an operation",
    "recorded/CostManagementExportTest.common": "an export of 2020, with groupings",
    "reservations/GetReservations": "a summary beside the page, which the SDK passes over",
    "savings-plans/SavingsPlanItemExpandedGet": "a plan paid upfront, which the billing SDK does not know",
}
WITHOUT_MODEL = {"advisor/GenerateRecommendations", "advisor/ListAdvisorScore"}
"""An empty reply, and an operation that the SDK has no model for."""


def test_the_official_examples_keep_the_contract_or_their_defect_is_named(reference_data: Path) -> None:
    replayed = [list(examples(file)) for file in files(reference_data / "api-examples" / "azure")]

    broken = {one.name for found in replayed for one in found if any(violations(one.model, one.body))}

    assert broken == DEFECTS.keys()
    assert len(replayed) >= 78
    assert sum(not found for found in replayed) == len(WITHOUT_MODEL)


def test_the_contract_sees_what_the_sdks_own_parsers_pass_over() -> None:
    reply = {
        "properties": {
            "nextLink": 7,
            "columns": [{"name": "Cost", "type": "Number"}],
            "rows": {"no": "list"},
            "extra": True,
        }
    }

    assert list(violations(models.QueryResult, reply)) == [
        ".properties.nextLink: int where the model says str",
        ".properties.rows: dict where the model says list",
        ".properties.extra: unknown member",
    ]
    assert models.QueryResult(reply).properties is not None
