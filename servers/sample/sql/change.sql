SELECT
    provider, currency, $dimension,
    sum(CASE WHEN charge_month = DATE '$before' THEN effective_cost ELSE 0 END) AS cost_before,
    sum(CASE WHEN charge_month = DATE '$after' THEN effective_cost ELSE 0 END) AS cost_after,
    cost_after - cost_before AS change
FROM key_cube
WHERE charge_month IN (DATE '$before', DATE '$after')
GROUP BY provider, currency, $dimension
ORDER BY provider, currency, abs(change) DESC, $dimension
