"""The Budgets API: one budget for each division, its amount of the current month, over the division's folder."""

import uuid
from typing import Any, Final

from google.cloud.billing import budgets_v1

from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import denied, not_found
from tests.clouds.gcp.money import money


def list_budgets(call: Call) -> budgets_v1.ListBudgetsResponse:
    """The budgets of a billing account."""
    account = _account(call, call.request.parent)
    found = [_budget(account, row) for row in _rows(call, account)]
    if call.request.scope:
        found = [one for one in found if call.request.scope in one.budget_filter.resource_ancestors]
    page, token = call.page(found, default=100, most=100)
    return budgets_v1.ListBudgetsResponse(budgets=page, next_page_token=token)


def get_budget(call: Call) -> budgets_v1.Budget:
    """The budget of that name."""
    account = _account(call, call.request.name.split("/budgets/")[0])
    for row in _rows(call, account):
        if (one := _budget(account, row)).name == call.request.name:
            return one
    raise not_found("Requested entity was not found.")


def _account(call: Call, name: str) -> str:
    account = name.removeprefix("billingAccounts/")
    if account not in call.ledger.accounts or not call.allows("billing.budgets.list", f"billingAccounts/{account}"):
        raise denied("billing.budgets.list", name)
    return account


def _rows(call: Call, account: str) -> list[dict[str, Any]]:
    """The current month's budgets of the divisions whose projects the account pays for."""
    return call.ledger.rows(
        "SELECT b.division, b.amount, b.currency, f.id AS folder FROM budget b JOIN folder f ON f.path = [b.division]"
        " WHERE b.month = (SELECT max(month) FROM budget) AND f.id IN (SELECT split_part(folders[-1].resource_name, '/', 2)"
        " FROM project WHERE billing_account = ?) ORDER BY ALL",
        [account],
    )


def _budget(account: str, row: dict[str, Any]) -> budgets_v1.Budget:
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"{account}/{row['division']}")
    return budgets_v1.Budget(
        name=f"billingAccounts/{account}/budgets/{key}",
        display_name=row["division"],
        budget_filter=budgets_v1.Filter(
            resource_ancestors=[f"folders/{row['folder']}"],
            credit_types_treatment=budgets_v1.Filter.CreditTypesTreatment.INCLUDE_ALL_CREDITS,
            calendar_period=budgets_v1.CalendarPeriod.MONTH,
        ),
        amount=budgets_v1.BudgetAmount(specified_amount=money(row["amount"], row["currency"])),
        threshold_rules=[
            budgets_v1.ThresholdRule(threshold_percent=share, spend_basis=budgets_v1.ThresholdRule.Basis.CURRENT_SPEND)
            for share in (0.5, 0.9, 1.0)
        ],
        etag=str(key)[:8],
    )


OPERATIONS: Final = {"BudgetService.ListBudgets": list_budgets, "BudgetService.GetBudget": get_budget}
