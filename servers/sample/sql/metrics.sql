-- Daily statistics of the dearest resources; memory is known for six machines in ten only.
CREATE TABLE metric AS
WITH measured AS (
    SELECT * FROM item
    WHERE resource_type IN ('virtual_machine', 'database', 'block_volume', 'load_balancer')
    QUALIFY row_number() OVER (PARTITION BY provider ORDER BY monthly_cost DESC NULLS LAST, line_key) <= $measured
), drawn AS (
    SELECT
        i.*, v.average, v.maximum, v.p95, d.day,
        CAST(md5_number_lower(concat_ws('|', i.line_key, d.day, 'metric')) % 1000 AS DOUBLE) / 1000 AS noise
    FROM measured i
    JOIN (VALUES $levels) v (level, average, maximum, p95) ON v.level = i.profile
    CROSS JOIN (
        SELECT CAST(range AS DATE) AS day FROM range(DATE '$last_day' - 30, DATE '$last_day', INTERVAL 1 DAY)
    ) d
)
SELECT
    provider, resource_id, 'cpu_utilization_percent' AS metric, 'Percent' AS unit, day,
    average * (0.85 + 0.3 * noise) AS average, LEAST(100, maximum * (0.9 + 0.2 * noise)) AS maximum,
    p95 * (0.95 + 0.1 * noise) AS p95, 288 AS samples
FROM drawn WHERE resource_type IN ('virtual_machine', 'database')
UNION ALL
SELECT
    provider, resource_id, 'memory_utilization_percent', 'Percent', day, 20 + average * 0.6 + noise * 5,
    LEAST(100, 25 + maximum * 0.7), 22 + p95 * 0.65, 288
FROM drawn WHERE resource_type = 'virtual_machine' AND unit(line_key, 'memory') < 0.6
UNION ALL
SELECT
    provider, resource_id, 'network_bytes', 'Bytes', day, ROUND(average * 3e8 * noise + 1e5), ROUND(maximum * 6e8),
    ROUND(p95 * 5e8), 288
FROM drawn WHERE resource_type = 'virtual_machine'
UNION ALL
SELECT
    provider, resource_id, 'connections', 'Count', day, CASE WHEN profile = 'idle' THEN 0 ELSE ROUND(average) END,
    CASE WHEN profile = 'idle' THEN 0 ELSE ROUND(maximum * 2) END,
    CASE WHEN profile = 'idle' THEN 0 ELSE ROUND(p95) END, 288
FROM drawn WHERE resource_type IN ('database', 'load_balancer')
UNION ALL
SELECT
    provider, resource_id, 'disk_iops', 'Count/Second', day,
    CASE WHEN attached_to IS NULL THEN 0 ELSE 40 * noise + 5 END, CASE WHEN attached_to IS NULL THEN 0 ELSE 900 END,
    CASE WHEN attached_to IS NULL THEN 0 ELSE 300 END, 288
FROM drawn WHERE resource_type = 'block_volume';
