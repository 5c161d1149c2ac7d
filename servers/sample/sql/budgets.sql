-- A budget is near what was spent: some are kept and some are not.
SELECT
    a.division, e.provider, k.charge_month AS month, k.currency,
    ROUND(sum(k.effective_cost) * (0.9 + 0.2 * unit(a.division || e.provider, 'budget')), -2) AS amount
FROM key_cube k
JOIN estate e ON e.billing_account_id = k.billing_account_id
JOIN account a ON a.estate = e.key AND a.sub_account_id = k.sub_account_id
    AND (a.valid_from IS NULL OR k.charge_month >= date_trunc('month', a.valid_from))
    AND (a.valid_to IS NULL OR k.charge_month < date_trunc('month', a.valid_to))
GROUP BY a.division, e.provider, k.charge_month, k.currency
ORDER BY a.division, e.provider, k.charge_month, k.currency
