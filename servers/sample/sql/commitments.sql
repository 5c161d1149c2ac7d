SELECT
    c.commitment_id AS commitment_discount_id, c.name AS commitment_discount_name,
    c.type AS commitment_discount_type, c.category AS commitment_discount_category, e.provider, e.billing_account_id,
    a.sub_account_id, c.region AS region_id, CAST(c.first AS TIMESTAMP) AS "start", CAST(c.last AS TIMESTAMP) AS "end",
    CASE
        WHEN c.upfront = 1 THEN 'All Upfront' WHEN c.upfront > 0 THEN 'Partial Upfront' ELSE 'No Upfront'
    END AS payment_model,
    CAST(CASE WHEN c.category = 'Spend' THEN ROUND(c.daily / 24, 6) END AS DECIMAL(30,12)) AS hourly_commitment,
    CAST(ROUND(c.daily * (c.last - c.first) * c.upfront, 2) AS DECIMAL(30,12)) AS upfront_cost,
    e.currency,
    CASE WHEN c.last <= DATE '$last_day' THEN 'expired' ELSE 'active' END AS status,
    CASE WHEN c.scope IS NULL THEN 'shared' ELSE 'single sub account' END AS scope,
    CAST(k.used / (k.used + k.unused) AS DOUBLE) AS utilization
FROM commitment c
JOIN estate e ON e.key = c.estate
LEFT JOIN account a ON a.estate = c.estate AND a.number = c.account AND a.valid_to IS NULL
LEFT JOIN (
    SELECT commitment, COALESCE(sum(used), 0) AS used, COALESCE(sum(unused), 0) AS unused
    FROM key_commitment
    WHERE day >= DATE '$last_day' - 30
    GROUP BY commitment
) k ON k.commitment = c.key
WHERE e.provider = '$provider' AND c.first < DATE '$last_day'
ORDER BY c.key
