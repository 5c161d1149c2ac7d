-- The days whose usage is billed in the month: late days of one sub account move to the following month.
CREATE OR REPLACE TEMP TABLE day AS
WITH moved AS (SELECT * FROM late WHERE estate = '$estate')
SELECT CAST(range AS DATE) AS day, CAST(NULL AS INTEGER) AS only_account, m.account AS not_account
FROM range(DATE '$month', DATE '$end', INTERVAL 1 DAY)
LEFT JOIN moved m ON m.day = CAST(range AS DATE)
UNION ALL
SELECT day, account, NULL FROM moved
WHERE date_trunc('month', day) + INTERVAL 1 MONTH = DATE '$month' AND published <= DATE '$last_day'
ORDER BY day;

CREATE OR REPLACE TEMP TABLE bump_day AS
SELECT b.line AS story, d.day, sum(b.usd + b.slope * (d.day - b.first)) AS usd
FROM bump b
JOIN day d ON d.day BETWEEN b.first AND b.last
GROUP BY ALL;

-- Quantities and costs before commitments: base x growth x weekday x month's end x noise, plus the story's extra.
CREATE OR REPLACE TEMP TABLE fact AS
WITH drawn AS (
    SELECT
        l.*, d.day, md5_number_lower(concat_ws('|', $seed, l.line_key, d.day)) AS h,
        CAST((h // 1000000) % 1000000 AS DOUBLE) / 1000000 AS noise,
        (d.day - DATE '2000-01-01' + l.phase) // l.life AS gen
    FROM line l, day d
    WHERE l.estate = '$estate'
        AND (CASE WHEN l.hourly THEN isodow(d.day) = 1 ELSE h % 1000000 < l.presence * 1000000 END)
        AND (d.only_account IS NULL OR d.only_account = l.account)
        AND (d.not_account IS NULL OR d.not_account <> l.account)
), paid AS (
    SELECT
        d.*, s.price AS usd_price, s.price * COALESCE(p.factor, 1) AS list_usd,
        d.base_usd
        * GREATEST(0.4, 1 + d.growth * (d.day - DATE '2026-05-01') / 365.0)
        * CASE
            WHEN isodow(d.day) < 6 THEN 1.0 WHEN a.environment = 'production' THEN d.weekend ELSE d.weekend * 0.6
        END
        * CASE WHEN d.day >= last_day(d.day) - 1 THEN d.month_end ELSE 1.0 END
        * CASE WHEN d.story IS NULL THEN 0.93 + 0.14 * d.noise ELSE 0.98 + 0.04 * d.noise END AS usd,
        COALESCE(b.usd, 0) AS extra_usd
    FROM drawn d
    JOIN sku s ON s.provider = '$provider' AND s.sku = d.sku
    JOIN account a ON a.estate = d.estate AND a.number = d.account
        AND d.day >= COALESCE(a.valid_from, d.day) AND (a.valid_to IS NULL OR d.day < a.valid_to)
    LEFT JOIN bump_day b ON b.story = d.story AND b.day = d.day
    LEFT JOIN price_change p ON p.estate = d.estate AND p.sku = d.sku AND d.day >= p.since
), counted AS (
    SELECT
        *,
        CASE WHEN usd_price < 0.001 THEN 0 ELSE 6 END AS quantity_digits,
        CAST(CASE
            WHEN usd_price = 0 THEN 1000 + CAST(h % 5000 AS INTEGER) ELSE ROUND(usd / usd_price, quantity_digits)
        END AS DECIMAL(19,6)) AS base_quantity,
        CAST(CASE
            WHEN usd_price = 0 THEN 0 ELSE ROUND(extra_usd / usd_price, quantity_digits)
        END AS DECIMAL(19,6)) AS extra_quantity,
        CAST(ROUND(list_usd * CAST($rate AS DECIMAL(19,4)), 10) AS DECIMAL(18,10)) AS list_price,
        CAST(ROUND(list_price * CASE
            WHEN pricing_category = 'Dynamic' THEN 0.41 WHEN sku = 'marketplace' THEN 1 ELSE 1 - $discount
        END, 10) AS DECIMAL(18,10)) AS contracted_price
    FROM paid
), spread AS (
    SELECT *, CAST(NULL AS BIGINT) AS hour FROM counted WHERE NOT hourly
    UNION ALL
    SELECT *, unnest(range(24)) AS hour FROM counted WHERE hourly
)
SELECT
    row_number() OVER (ORDER BY line_key, day, hour) AS fact_key, estate, line_key, gen, sku, account, region_id, day,
    CASE WHEN hour IS NULL THEN CAST(day AS TIMESTAMP) ELSE day + to_hours(hour) END AS start_at,
    start_at + CASE WHEN hour IS NULL THEN INTERVAL 1 DAY ELSE INTERVAL 1 HOUR END AS end_at,
    DATE '$month' AS billing_month,
    CAST(CASE
        WHEN hour IS NULL THEN base_quantity + extra_quantity ELSE ROUND(base_quantity / 24, 6)
    END AS DECIMAL(19,6)) AS quantity,
    extra_quantity, list_price, contracted_price,
    CAST(ROUND(quantity * CAST(contracted_price AS DECIMAL(19,10)), $digits) AS DECIMAL(30,12)) AS contracted_cost,
    pricing_category, CASE WHEN pricing_category = 'Standard' THEN eligible END AS eligible, bucket, story, cluster,
    reservation,
    CASE
        WHEN reservation IS NULL THEN NULL WHEN isodow(day) >= 6 THEN 'Unused' ELSE 'Used'
    END AS reservation_status
FROM spread
WHERE base_quantity + extra_quantity > 0
ORDER BY fact_key;

-- Days that never arrive: `lost` remembers what they would have cost.
INSERT INTO lost
SELECT f.estate, f.account, f.day, count(*), sum(f.contracted_cost)
FROM fact f
SEMI JOIN missing m ON m.estate = f.estate AND m.account = f.account AND m.day = f.day
GROUP BY ALL;

DELETE FROM fact f USING missing m WHERE m.estate = f.estate AND m.account = f.account AND m.day = f.day;
