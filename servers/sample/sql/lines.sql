-- Drawn lines of usage. Spend falls by rank of the sub account as about rank ^ -1.25; each family of SKUs has its share of
-- the estate's spend; a machine is the smallest size that its daily cost fits into.
CREATE TABLE line AS
WITH slot AS (
    SELECT
        key AS estate, provider, monthly_usd, e.accounts, unnest(range(lines)) AS n, ordinal * 1000000000 + n AS line_key
    FROM estate e
), placed AS (
    SELECT
        s.*,
        CAST(floor(s.accounts * unit(line_key, 'a') * unit(line_key, 'a')) AS INTEGER) AS account,
        unit(line_key, 'f') AS u
    FROM slot s
), weighed AS (
    SELECT
        p.*, f.family, f.spend_share,
        CASE WHEN unit(line_key, 'p') < f.steady THEN 100 ELSE 15 END AS days_in_100,
        CAST(1e9 / (sqrt(account + 1) * sqrt(sqrt(account + 1)))
            * (0.25 + 3 * unit(line_key, 'w') * unit(line_key, 'w') * unit(line_key, 'w'))
            -- What runs now and then is small, so that the estate's days stay smooth.
            * CASE WHEN days_in_100 = 100 THEN 1 ELSE 0.2 END AS BIGINT) AS weight
    FROM placed p
    JOIN family f ON f.estate = p.estate AND p.u >= f.low AND p.u < f.high
), based AS (
    SELECT
        *, days_in_100 / 100.0 AS presence,
        monthly_usd / 30.4 * spend_share * weight * 100
        / sum(weight * days_in_100) OVER (PARTITION BY estate, family) AS base_usd,
        CASE
            WHEN unit(line_key, 'home') < 0.75 THEN unit(estate || account, 'region') ELSE unit(line_key, 'region')
        END AS place
    FROM weighed
), sized AS (
    SELECT
        b.line_key,
        COALESCE(
            min_by(s.sku, s.price) FILTER (s.price * 24 >= b.base_usd * 1.25), max_by(s.sku, s.price)
        ) AS sku
    FROM based b
    JOIN sku s ON s.provider = b.provider AND s.family = b.family
    GROUP BY b.line_key
)
SELECT
    b.line_key, b.estate, b.account, z.sku, b.base_usd, b.presence, g.region_id, s.eligible,
    CASE
        WHEN s.resource_type = 'virtual_machine' AND unit(b.line_key, 'spot') < 0.05 THEN 'Dynamic' ELSE 'Standard'
    END AS pricing_category,
    CAST(draw(b.line_key, 'bucket') % 100 AS INTEGER) AS bucket,
    s.weekend, s.month_end,
    (unit(b.line_key, 'g') - 0.35) * 0.4 AS growth,
    200 + CAST(draw(b.line_key, 'life') % 1400 AS INTEGER) AS life,
    CAST(draw(b.line_key, 'phase') % 1600 AS INTEGER) AS phase,
    false AS hourly,
    CAST(NULL AS VARCHAR) AS reservation,
    CAST(NULL AS VARCHAR) AS cluster,
    CAST(NULL AS VARCHAR) AS story,
    CAST(NULL AS VARCHAR) AS fixed_name,
    CAST(NULL AS MAP(VARCHAR, VARCHAR)) AS fixed_tags
FROM based b
JOIN sized z USING (line_key)
JOIN sku s ON s.provider = b.provider AND s.sku = z.sku
JOIN region g ON g.estate = b.estate AND g.whole * b.place >= g.low AND g.whole * b.place < g.high
ORDER BY b.line_key;

-- The story's lines live for ever, do not grow, and no commitment covers them, so that their labels stay exact.
INSERT INTO line BY NAME
SELECT
    e.ordinal * 1000000000 + 900000000 + t.ordinal AS line_key, t.estate, t.account, t.sku, t.base_usd,
    1.0 AS presence, t.region AS region_id, s.eligible, 'Standard' AS pricing_category, -1 AS bucket,
    CASE
        WHEN t.key IN ('cents', 'reserved') OR t.cluster IS NOT NULL OR t.sku = 'marketplace' THEN 1.0 ELSE 0.9
    END AS weekend,
    t.month_end, 0.0 AS growth, 100000 AS life, 0 AS phase, t.hourly, t.reservation, t.cluster, t.key AS story,
    t.name AS fixed_name,
    CASE WHEN cardinality(t.tags) > 0 THEN t.tags END AS fixed_tags
FROM story t
JOIN estate e ON e.key = t.estate
JOIN sku s ON s.provider = e.provider AND s.sku = t.sku
ORDER BY t.ordinal;
