-- Closed months as they were invoiced: corrections came later.
SELECT
    billing_account_id, billing_month, currency, sum(billed_cost) AS exact,
    CASE currency
        WHEN 'JPY' THEN CAST(ROUND(exact, 0) AS DECIMAL(38,2)) ELSE CAST(ROUND(exact, 2) AS DECIMAL(38,2))
    END AS invoiced, invoiced - exact AS rounding
FROM key_cube
WHERE billing_month < date_trunc('month', DATE '$last_day') AND charge_class IS NULL
GROUP BY billing_account_id, billing_month, currency
ORDER BY billing_account_id, billing_month
