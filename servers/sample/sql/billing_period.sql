-- The billing periods of each invoice issuer: closed once the invoice is issued.
WITH period AS (
    SELECT DISTINCT
        e.issuer, CAST(k.billing_month AS TIMESTAMP) AS period_start, period_start + INTERVAL 1 MONTH AS period_end,
        period_end + INTERVAL 2 DAY AS issued_on, issued_on <= TIMESTAMP '$last_day' AS closed
    FROM key_cube k
    JOIN estate e ON e.billing_account_id = k.billing_account_id
    WHERE e.provider = '$provider'
)
SELECT
    period_start AS "BillingPeriodCreated", period_end AS "BillingPeriodEnd",
    CASE WHEN closed THEN issued_on ELSE TIMESTAMP '$last_day' END AS "BillingPeriodLastUpdated",
    period_start AS "BillingPeriodStart", CASE WHEN closed THEN 'Closed' ELSE 'Open' END AS "BillingPeriodStatus",
    issuer AS "InvoiceIssuerName"
FROM period
ORDER BY issuer, period_start
