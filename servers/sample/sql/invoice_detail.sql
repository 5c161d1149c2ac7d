-- Invoices of the closed months as FOCUS 1.4 Invoice Detail: a line a service and charge category, rounded to the
-- currency's minor unit, and what the rounding of the lines left over of the invoice's own rounding.
WITH line AS (
    SELECT
        billing_account_id, currency, billing_month, charge_category, service_name, sum(billed_cost) AS exact,
        CASE currency WHEN 'JPY' THEN 0 ELSE 2 END AS digits
    FROM key_cube
    WHERE provider = '$provider' AND billing_month < date_trunc('month', DATE '$last_day') AND charge_class IS NULL
    GROUP BY ALL
), rounded AS (
    SELECT
        *, CASE digits
            WHEN 0 THEN CAST(ROUND(exact, 0) AS DECIMAL(30,12)) ELSE CAST(ROUND(exact, 2) AS DECIMAL(30,12))
        END AS amount
    FROM line
), remainder AS (
    SELECT
        billing_account_id, currency, billing_month, 'Adjustment' AS charge_category, NULL AS service_name,
        CASE any_value(digits)
            WHEN 0 THEN CAST(ROUND(sum(exact), 0) AS DECIMAL(30,12)) ELSE CAST(ROUND(sum(exact), 2) AS DECIMAL(30,12))
        END - sum(amount) AS amount
    FROM rounded
    GROUP BY billing_account_id, currency, billing_month
), invoiced AS (
    SELECT billing_account_id, currency, billing_month, charge_category, service_name, amount FROM rounded
    UNION ALL
    SELECT * FROM remainder
), dated AS (
    SELECT
        i.*, e.issuer, upper(e.key) AS estate,
        $invoice_id AS invoice,
        CAST(i.billing_month AS TIMESTAMP) AS period_start,
        CAST(i.billing_month AS TIMESTAMP) + INTERVAL 1 MONTH AS period_end,
        period_end + INTERVAL 2 DAY AS issued_on,
        issued_on <= TIMESTAMP '$last_day' AS issued,
        LEAST(period_end + INTERVAL 30 HOUR, TIMESTAMP '$last_day') AS created,
        CASE e.key WHEN 'aws-jp' THEN 60 ELSE 30 END AS days
    FROM invoiced i
    JOIN estate e ON e.billing_account_id = i.billing_account_id
    WHERE amount <> 0
)
SELECT
    CAST(amount AS DECIMAL(30,12)) AS "BilledCost", billing_account_id AS "BillingAccountId", currency AS "BillingCurrency",
    period_end AS "BillingPeriodEnd", period_start AS "BillingPeriodStart", charge_category AS "ChargeCategory",
    created AS "InvoiceDetailCreated",
    COALESCE(service_name || ': ' || charge_category, 'Rounding to the smallest unit of ' || currency)
        AS "InvoiceDetailDescription",
    CASE WHEN service_name IS NOT NULL THEN CAST(to_json({'ServiceName': service_name}) AS VARCHAR) END
        AS "InvoiceDetailGrain",
    invoice || '-' || lpad(CAST(row_number() OVER (
        PARTITION BY invoice ORDER BY service_name NULLS LAST, charge_category
    ) AS VARCHAR), 4, '0') AS "InvoiceDetailId",
    created AS "InvoiceDetailLastUpdated", invoice AS "InvoiceId", CASE WHEN issued THEN issued_on END AS "InvoiceIssueDate",
    CASE WHEN issued THEN 'Issued' ELSE 'Open' END AS "InvoiceIssueStatus", issuer AS "InvoiceIssuerName",
    CASE WHEN issued THEN issued_on + to_days(CAST(days AS INTEGER)) END AS "PaymentDueDate",
    'Net ' || days AS "PaymentTerms", 'QH-' || estate AS "PurchaseOrderNumber", invoice AS "ReferenceInvoiceId"
FROM dated
ORDER BY "InvoiceDetailId"
