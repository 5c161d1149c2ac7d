-- What the commitments left unused, one row a commitment and day.
INSERT INTO charge BY NAME
SELECT
    c.estate, 'unused' AS origin, c.sku, c.account, c.region AS region_id, d.day, CAST(d.day AS TIMESTAMP) AS start_at,
    d.day + INTERVAL 1 DAY AS end_at, DATE '$month' AS billing_month, 'Usage' AS category,
    'Usage-Based' AS frequency, 'Committed' AS pricing_category, c.key AS commitment, 'Unused' AS commitment_status,
    1 AS quantity, 0 AS list_price, 0 AS contracted_price, 0 AS list_cost, 0 AS contracted_cost, 0 AS billed_cost,
    CAST(c.daily - COALESCE(u.used, 0) AS DECIMAL(30,12)) AS effective_cost
FROM commitment c
JOIN (SELECT CAST(range AS DATE) AS day FROM range(DATE '$month', DATE '$end', INTERVAL 1 DAY)) d
    ON d.day >= c.first AND d.day < c.last
LEFT JOIN (SELECT commitment, day, sum(amortised) AS used FROM covered GROUP BY ALL) u
    ON u.commitment = c.key AND u.day = d.day
WHERE c.estate = '$estate' AND c.daily > COALESCE(u.used, 0)
ORDER BY d.day, c.key;
