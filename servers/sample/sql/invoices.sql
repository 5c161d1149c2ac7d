-- Closed months as they were invoiced: corrections came later.
SELECT
    billing_account_id, billing_month, currency, sum(billed_cost) AS exact,
    CASE currency WHEN 'JPY' THEN ROUND(exact, 0) ELSE ROUND(exact, 2) END AS invoiced, invoiced - exact AS rounding
FROM key_cube
WHERE billing_month < date_trunc('month', DATE '$last_day') AND charge_class IS NULL
GROUP BY billing_account_id, billing_month, currency
ORDER BY billing_account_id, billing_month
