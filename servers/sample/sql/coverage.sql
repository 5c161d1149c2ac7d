-- The lines that a commitment covers take their share in a fixed order until the day's amount is spent; the last one
-- is split. So its covered rows and its unused row cost exactly `daily` each day.
CREATE OR REPLACE TEMP TABLE covered AS
WITH wish AS (
    SELECT
        f.fact_key, c.key AS commitment, c.daily, f.day, f.quantity,
        CAST(ROUND(f.contracted_cost * (1 - c.discount), $digits) AS DECIMAL(30,12)) AS wanted
    FROM fact f
    JOIN commitment c ON c.estate = f.estate AND c.eligible = f.eligible AND f.bucket >= c.low AND f.bucket < c.high
        AND (c.region IS NULL OR c.region = f.region_id) AND (c.scope IS NULL OR c.scope = f.account)
        AND f.day >= c.first AND f.day < c.last
), ranked AS (
    SELECT
        *,
        sum(wanted) OVER (PARTITION BY commitment, day ORDER BY fact_key ROWS UNBOUNDED PRECEDING) - wanted AS before
    FROM wish
    WHERE wanted > 0
)
SELECT
    *,
    CAST(LEAST(wanted, daily - before) AS DECIMAL(30,12)) AS amortised,
    CASE
        WHEN amortised = wanted THEN quantity
        ELSE LEAST(quantity, CAST(
            ceil(CAST(quantity AS DOUBLE) * CAST(amortised AS DOUBLE) / CAST(wanted AS DOUBLE) * 1e6) / 1e6
        AS DECIMAL(19,6)))
    END AS covered_quantity
FROM ranked
WHERE before < daily;

INSERT INTO charge BY NAME
WITH portion AS (
    SELECT
        f.* EXCLUDE (contracted_cost), 'usage' AS origin, CAST(NULL AS VARCHAR) AS commitment,
        CAST(f.quantity - COALESCE(c.covered_quantity, 0) AS DECIMAL(19,6)) AS share,
        CAST(NULL AS DECIMAL(30,12)) AS amortised
    FROM fact f
    LEFT JOIN covered c USING (fact_key)
    WHERE c.covered_quantity IS NULL OR c.covered_quantity < f.quantity
    UNION ALL
    SELECT f.* EXCLUDE (contracted_cost), 'covered', c.commitment, c.covered_quantity, c.amortised
    FROM covered c
    JOIN fact f USING (fact_key)
), costed AS (
    SELECT
        *, CAST(ROUND(share * CAST(contracted_price AS DECIMAL(19,10)), $digits) AS DECIMAL(30,12)) AS paid
    FROM portion
)
SELECT
    estate, origin, line_key, gen, sku, account, region_id, day, start_at, end_at, billing_month, share AS quantity,
    list_price, contracted_price, 'Usage' AS category, 'Usage-Based' AS frequency, reservation, reservation_status,
    eligible, commitment,
    CASE WHEN commitment IS NULL THEN pricing_category ELSE 'Committed' END AS pricing_category,
    CASE WHEN commitment IS NOT NULL THEN 'Used' END AS commitment_status,
    CAST(ROUND(share * CAST(list_price AS DECIMAL(19,10)), $digits) AS DECIMAL(30,12)) AS list_cost,
    paid AS contracted_cost,
    CASE WHEN commitment IS NULL THEN paid ELSE 0 END AS billed_cost,
    COALESCE(amortised, paid) AS effective_cost
FROM costed
ORDER BY fact_key, origin;
