"""Cloud Billing: billing accounts, which projects each pays for, and what the caller may do on an account."""

from typing import Final

from google.cloud import billing_v1

from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import denied
from tests.clouds.gcp.resource_manager import permissions


def _account(call: Call, account: str) -> billing_v1.BillingAccount:
    [row] = call.ledger.rows("SELECT any_value(BillingCurrency) AS currency FROM focus")
    return billing_v1.BillingAccount(
        name=f"billingAccounts/{account}",
        open_=True,
        display_name=call.ledger.account_names[account],
        parent=f"organizations/{call.ledger.organisation}",
        currency_code=row["currency"],
    )


def list_accounts(call: Call) -> billing_v1.ListBillingAccountsResponse:
    """The billing accounts that the caller may see."""
    call.refuse("filter")
    organisation = f"organizations/{call.ledger.organisation}"
    found = [
        _account(call, one)
        for one in call.ledger.accounts
        if call.allows("billing.accounts.get", f"billingAccounts/{one}") and call.request.parent in {"", organisation}
    ]
    page, token = call.page(found, default=100, most=100)
    return billing_v1.ListBillingAccountsResponse(billing_accounts=page, next_page_token=token)


def get_account(call: Call) -> billing_v1.BillingAccount:
    """The billing account of that name."""
    account = call.request.name.removeprefix("billingAccounts/")
    if account not in call.ledger.accounts or not call.allows("billing.accounts.get", call.request.name):
        raise denied("billing.accounts.get", call.request.name)
    return _account(call, account)


def list_projects(call: Call) -> billing_v1.ListProjectBillingInfoResponse:
    """The projects that an account pays for."""
    account = call.request.name.removeprefix("billingAccounts/")
    if account not in call.ledger.accounts:
        raise denied("billing.resourceAssociations.list", call.request.name)
    call.require("billing.resourceAssociations.list", call.request.name)
    found = [_info(one["id"], account) for one in call.ledger.projects if one["billing_account"] == account]
    page, token = call.page(found, default=100, most=100)
    return billing_v1.ListProjectBillingInfoResponse(project_billing_info=page, next_page_token=token)


def get_project(call: Call) -> billing_v1.ProjectBillingInfo:
    """Who pays for a project."""
    wanted = call.request.name.removeprefix("projects/").removesuffix("/billingInfo")
    found = [one for one in call.ledger.projects if wanted in {one["id"], one["number"]}]
    if not found or not call.allows("resourcemanager.projects.get", f"projects/{found[0]['id']}"):
        raise denied("resourcemanager.projects.get", f"projects/{wanted}")
    return _info(found[0]["id"], found[0]["billing_account"])


def _info(project: object, account: object) -> billing_v1.ProjectBillingInfo:
    return billing_v1.ProjectBillingInfo(
        name=f"projects/{project}/billingInfo",
        project_id=str(project),
        billing_account_name=f"billingAccounts/{account}",
        billing_enabled=True,
    )


OPERATIONS: Final = {
    "CloudBilling.ListBillingAccounts": list_accounts,
    "CloudBilling.GetBillingAccount": get_account,
    "CloudBilling.ListProjectBillingInfo": list_projects,
    "CloudBilling.GetProjectBillingInfo": get_project,
    "CloudBilling.TestIamPermissions": permissions,
}
