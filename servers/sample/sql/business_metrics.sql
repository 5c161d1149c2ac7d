SELECT
    day, metric,
    CAST(ROUND(
        base * (1 + 0.25 * (day - DATE '2026-01-01') / 365.0) * CASE WHEN isodow(day) >= 6 THEN weekend ELSE 1 END
        * (0.96 + 0.08 * unit(day, metric))
    ) AS BIGINT) AS value
FROM (VALUES ('orders', 84000, 1.3), ('active_users', 610000, 1.12), ('parcels', 51000, 0.4)) v (metric, base, weekend)
CROSS JOIN (
    SELECT CAST(range AS DATE) AS day FROM range(DATE '$first', DATE '$last_day', INTERVAL 1 DAY)
)
ORDER BY day, metric
