-- What the clouds recommend, some of it wrongly: the verdict is for the answer key only.
CREATE TABLE advice AS
WITH chosen AS (
    SELECT
        *, COALESCE(monthly_cost, 0) AS cost,
        story IS NULL AND unit(line_key, 'inflated') < 0.08 AS inflated,
        CASE
            WHEN resource_type IN ('block_volume', 'ip_address') AND attached_to IS NULL THEN 'Delete'
            WHEN resource_type = 'virtual_machine' AND profile = 'idle' THEN 'Stop'
            WHEN resource_type IN ('virtual_machine', 'database') AND profile IN ('oversized', 'spiky') THEN 'Rightsize'
            WHEN resource_type = 'block_volume' AND unit(line_key, 'wrong') < 0.04 THEN 'Delete'
            WHEN resource_type = 'database' AND profile = 'busy' AND unit(line_key, 'wrong') < 0.05 THEN 'Stop'
        END AS action
    FROM item
)
SELECT
    provider || '-' || md5(resource_id || action)[1:12] AS recommendation_id, provider,
    CASE provider
        WHEN 'aws' THEN 'AWS Compute Optimizer' WHEN 'azure' THEN 'Azure Advisor' ELSE 'Google Recommender'
    END AS origin,
    action, resource_id, resource_type, sub_account_id, region_id, action || ' ' || resource_name AS summary,
    sku AS current, CASE WHEN action = 'Rightsize' THEN 'half of ' || sku END AS recommended,
    CAST(ROUND(
        cost * CASE action WHEN 'Rightsize' THEN 0.5 ELSE 1 END * CASE WHEN inflated THEN 3 ELSE 1 END, 2
    ) AS DECIMAL(30,12)) AS estimated_monthly_savings,
    currency, CASE action WHEN 'Rightsize' THEN 'Medium' ELSE 'Low' END AS effort,
    action <> 'Delete' AS restart_needed, action <> 'Delete' AS rollback_possible,
    CAST(DATE '$last_day' - 1 AS TIMESTAMP) AS last_refresh,
    cost AS cost_of_30_days,
    CASE
        WHEN action = 'Rightsize' AND profile = 'spiky' THEN 'refuted: the 95th percentile is above 85 percent'
        WHEN action = 'Delete' AND attached_to IS NOT NULL THEN 'refuted: it is attached and in use'
        WHEN action = 'Stop' AND profile = 'busy' THEN 'refuted: it is busy'
        WHEN inflated THEN 'refuted: it would save more than the resource costs'
        ELSE 'supported'
    END AS verdict
FROM chosen
WHERE action IS NOT NULL AND cost > 0
UNION ALL
-- One commitment to buy a cloud and currency: for a third of what the last closed month left uncovered.
SELECT
    provider || '-' || md5(currency || billing_month)[1:12], provider,
    CASE provider
        WHEN 'aws' THEN 'AWS Cost Optimization Hub' WHEN 'azure' THEN 'Azure Advisor' ELSE 'Google Recommender'
    END,
    'PurchaseCommitment', NULL, NULL, NULL, NULL, 'Buy a one-year compute commitment', 'on demand',
    'compute commitment, one year, no upfront', CAST(ROUND(uncovered / 3 * 0.27, 2) AS DECIMAL(30,12)), currency,
    'VeryLow', false, false, CAST(DATE '$last_day' - 1 AS TIMESTAMP), uncovered, 'supported'
FROM key_coverage
WHERE eligible = 'compute' AND uncovered > 0
QUALIFY row_number() OVER (
    PARTITION BY provider, currency ORDER BY billing_month < date_trunc('month', DATE '$last_day') DESC,
    billing_month DESC
) = 1;
