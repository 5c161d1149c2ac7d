"""Invoice summaries: the payer's issued invoices, one a billing period, from the lines of its invoice details."""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import validation
from tests.clouds.aws.ledger import amount


def _summaries(call: Call) -> dict[str, Any]:
    selector, chosen = call.params["Selector"], call.params.get("Filter") or {}
    if selector["ResourceType"] == "ACCOUNT_ID" and not chosen:
        raise validation("A filter by time interval or billing period is needed with an account")
    column = "BillingAccountId" if selector["ResourceType"] == "ACCOUNT_ID" else "InvoiceId"
    rows = call.ledger.rows(
        'SELECT "InvoiceId" AS id, "BillingAccountId" AS account, "BillingCurrency" AS currency,'
        ' "BillingPeriodStart" AS period, any_value("InvoiceIssueDate") AS issued, any_value("PaymentDueDate") AS due,'
        ' any_value("InvoiceIssuerName") AS issuer, any_value("PurchaseOrderNumber") AS purchase_order,'
        ' sum("BilledCost") AS total, COALESCE(sum("BilledCost") FILTER (WHERE "ChargeCategory" = \'Tax\'), 0) AS tax'
        f' FROM invoice_detail WHERE "InvoiceIssueStatus" = \'Issued\' AND "{column}" = ? AND "BillingAccountId" = ?'
        " GROUP BY ALL ORDER BY period",
        [selector["Value"], call.principal.account],
    )
    found = [_summary(row) for row in rows if _asked(row, chosen)]
    page, more = call.page(found, invalid="ValidationException")
    return {"InvoiceSummaries": page, **more}


def _asked(row: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    month, interval = chosen.get("BillingPeriod"), chosen.get("TimeInterval")
    issued = row["issued"].replace(tzinfo=UTC)
    return (month is None or (row["period"].year, row["period"].month) == (month["Year"], month["Month"])) and (
        interval is None or interval["StartDate"] <= issued < interval["EndDate"]
    )


def _summary(row: Mapping[str, Any]) -> dict[str, Any]:
    figures = {
        "TotalAmount": amount(row["total"]),
        "TotalAmountBeforeTax": amount(row["total"] - row["tax"]),
        "CurrencyCode": row["currency"],
    }
    return {
        "AccountId": row["account"],
        "InvoiceId": row["id"],
        "IssuedDate": row["issued"].replace(tzinfo=UTC),
        "DueDate": row["due"].replace(tzinfo=UTC),
        "Entity": {"InvoicingEntity": row["issuer"]},
        "BillingPeriod": {"Month": row["period"].month, "Year": row["period"].year},
        "InvoiceType": "INVOICE",
        "PurchaseOrderNumber": row["purchase_order"],
        "BaseCurrencyAmount": figures,
        "TaxCurrencyAmount": figures,
        "PaymentCurrencyAmount": figures,
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {"ListInvoiceSummaries": _summaries}
