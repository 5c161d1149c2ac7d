"""Savings plans: those of the payer's commitments that are plans. AWS knows no yen here: figures are in US dollars."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from tests.clouds.aws.call import Call


def _describe(call: Call) -> dict[str, Any]:
    params = call.params
    rows = call.ledger.rows(
        "SELECT * FROM commitment WHERE billing_account_id = ? AND commitment_discount_id LIKE '%savingsplan%'"
        " ORDER BY commitment_discount_id",
        [call.principal.account],
    )
    plans = [_plan(row, call.ledger.to_dollars(call.payer)) for row in rows]
    arns, identifiers, states = (params.get(name) for name in ("savingsPlanArns", "savingsPlanIds", "states"))
    found = [
        plan
        for plan in plans
        if (not arns or plan["savingsPlanArn"] in arns)
        and (not identifiers or plan["savingsPlanId"] in identifiers)
        and (not states or plan["state"] in states)
    ]
    page, more = call.page(found, asked="maxResults", token="nextToken", invalid="ValidationException")  # noqa: S106
    return {"savingsPlans": page, **more}


def _plan(row: Mapping[str, Any], rate: Decimal) -> dict[str, Any]:
    term = row["end"] - row["start"]
    hourly = row["hourly_commitment"] * rate
    upfront = row["upfront_cost"] * rate
    identifier = str(row["commitment_discount_id"]).rpartition("/")[2]
    return {
        "offeringId": identifier[::-1],
        "savingsPlanId": identifier,
        "savingsPlanArn": row["commitment_discount_id"],
        "description": "1 year Compute Savings Plan",
        "start": f"{row['start']:%Y-%m-%dT%H:%M:%S.000Z}",
        "end": f"{row['end']:%Y-%m-%dT%H:%M:%S.000Z}",
        "state": "active" if row["status"] == "active" else "retired",
        "savingsPlanType": "Compute",
        "paymentOption": row["payment_model"],
        "productTypes": ["EC2", "Fargate", "Lambda"],
        "currency": "USD",
        "commitment": f"{hourly:.8f}",
        "upfrontPaymentAmount": f"{upfront:.8f}",
        "recurringPaymentAmount": f"{hourly - upfront / Decimal(term.days * 24):.8f}",
        "termDurationInSeconds": int(term.total_seconds()),
        "tags": {},
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {"DescribeSavingsPlans": _describe}
