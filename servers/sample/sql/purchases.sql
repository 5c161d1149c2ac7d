-- The month's purchases: the upfront part on the first day, the rest day by day, or for the month in advance.
-- What is paid by the month is the rest of the term's price up to the month's end, less what was due before.
INSERT INTO charge BY NAME
WITH term AS (
    SELECT
        *, last - first AS days, CAST(ROUND(daily * (last - first) * upfront, 2) AS DECIMAL(18,4)) AS at_once,
        daily * (last - first) - at_once AS later
    FROM commitment
    WHERE estate = '$estate'
), due AS (
    SELECT
        *,
        CAST(ROUND(later * (LEAST(DATE '$end', last) - first) / days, 4) AS DECIMAL(18,4)) AS by_end,
        CAST(ROUND(later * (LEAST(GREATEST(DATE '$month', first), last) - first) / days, 4) AS DECIMAL(18,4)) AS by_start
    FROM term
), payment AS (
    SELECT *, first AS day, 'One-Time' AS frequency, first + 1 AS until, at_once AS amount FROM due WHERE upfront > 0
    UNION ALL
    SELECT d.*, CAST(range AS DATE) AS day, 'Recurring', day + 1, d.daily
    FROM due d, range(DATE '$month', DATE '$end', INTERVAL 1 DAY)
    WHERE d.billed = 'daily' AND day >= d.first AND day < d.last
    UNION ALL
    SELECT *, GREATEST(DATE '$month', first) AS day, 'Recurring', LEAST(DATE '$end', last), by_end - by_start
    FROM due
    WHERE billed = 'monthly' AND upfront < 1 AND first < DATE '$end' AND last > DATE '$month'
)
SELECT
    estate, 'purchase' AS origin, sku, account, region AS region_id, 'Purchase' AS category, frequency,
    key AS commitment, 'Committed' AS pricing_category, 1 AS quantity, amount AS list_price,
    amount AS contracted_price, amount AS list_cost, amount AS contracted_cost, amount AS billed_cost,
    0 AS effective_cost, DATE '$month' AS billing_month, day, CAST(day AS TIMESTAMP) AS start_at,
    CAST(until AS TIMESTAMP) AS end_at
FROM payment
WHERE day >= DATE '$month' AND day < DATE '$end' AND day < DATE '$last_day'
ORDER BY key, frequency, day;
