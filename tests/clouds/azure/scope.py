"""Which line items a scope has: subscription, resource group, management group, billing account, billing profile."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.clouds.azure.call import Call
from tests.clouds.azure.errors import AzureError, not_found, not_implemented, refusal

_SUBSCRIPTION: Final = re.compile(r"subscriptions/([^/]+)(?:/resourcegroups/([^/]+))?", re.IGNORECASE)
_GROUP: Final = re.compile(r"providers/microsoft\.management/managementgroups/([^/]+)", re.IGNORECASE)
_BILLING: Final = re.compile(
    r"providers/microsoft\.billing/billingaccounts/([^/]+)(?:/billingprofiles/([^/]+))?", re.IGNORECASE
)


@dataclass(frozen=True)
class Scope:
    """One scope as a condition over `line`."""

    kind: str
    id: str
    where: str
    values: Sequence[object]


def scope_of(call: Call, text: str) -> Scope:
    """The scope that a path names, if the caller's tenant has it.

    Raises:
        AzureError: nobody here has it, or another tenant does.

    """
    text = text.strip("/")
    if found := _SUBSCRIPTION.fullmatch(text):
        return _subscription(call, found[1], found[2])
    if found := _GROUP.fullmatch(text):
        below = call.ledger.group(call.tenant, found[1])
        if below is None:
            raise AzureError("ManagementGroupNotFound", f"Management group '{found[1]}' was not found.", 404)
        return Scope("managementGroup", text, "subscription IN (SELECT unnest(?))", [[one.id for one in below]])
    if found := _BILLING.fullmatch(text):
        return _billing(call, text, found[1], found[2])
    raise not_implemented(f"scope {text}")


def _subscription(call: Call, number: str, group: str | None) -> Scope:
    known = call.ledger.subscription(number)
    if known is None:
        raise AzureError("SubscriptionNotFound", f"The subscription '{number}' could not be found.", 404)
    if known.tenant != call.tenant:
        raise refusal("wrong_tenant", call.operation.name)
    if group is None:
        return Scope("subscription", f"subscriptions/{known.id}", "subscription = ?", [known.id])
    where = "subscription = ? AND lower(resource_group) = lower(?)"
    return Scope("resourceGroup", f"subscriptions/{known.id}/resourceGroups/{group}", where, [known.id, group])


def _billing(call: Call, text: str, account: str, profile: str | None) -> Scope:
    ledger = call.ledger
    if call.tenant != ledger.home:
        raise refusal("access_denied", call.operation.name)
    if account.lower() != ledger.billing_account.lower():
        raise not_found(f"Billing account {account}")
    if profile is not None and profile.lower() != ledger.billing_profile.lower():
        raise not_found(f"Billing profile {profile}")
    return Scope("billingProfile" if profile else "billingAccount", text, "true", [])
