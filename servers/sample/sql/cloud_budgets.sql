-- The budgets of one cloud for the open month: per division, what was spent until yesterday and what a steady month costs.
WITH month AS (SELECT date_trunc('month', DATE '$last_day' - 1) AS first),
open_month AS (
    SELECT
        e.billing_account_id, a.division, k.currency, sum(k.effective_cost) AS actual
    FROM key_cube k
    JOIN estate e ON e.billing_account_id = k.billing_account_id
    JOIN account a ON a.estate = e.key AND a.sub_account_id = k.sub_account_id AND a.valid_to IS NULL
    WHERE e.provider = '$provider' AND k.charge_month = (SELECT first FROM month)
    GROUP BY ALL
),
expected AS (
    SELECT
        *,
        CAST(ROUND(actual / date_diff('day', (SELECT first FROM month), DATE '$last_day')
            * date_diff('day', (SELECT first FROM month), (SELECT first FROM month) + INTERVAL 1 MONTH), 2)
            AS DECIMAL(30,12)) AS forecast
    FROM open_month
),
limited AS (
    SELECT
        *,
        CAST(ROUND(forecast * CAST(0.6 + 0.6 * unit(division || billing_account_id, 'cloud budget') AS DECIMAL(9,6)), -2)
            AS DECIMAL(30,12)) AS "limit"
    FROM expected
)
SELECT
    billing_account_id || '/' || division || '/' || currency AS budget_id, division AS budget_name,
    '$provider' AS provider, billing_account_id, 'Accounts of ' || division AS scope, 'EffectiveCost' AS metric,
    'Monthly' AS period, CAST((SELECT first FROM month) AS TIMESTAMP) AS "start",
    CAST((SELECT first FROM month) + INTERVAL 1 MONTH AS TIMESTAMP) AS "end",
    "limit", CAST(actual AS DECIMAL(30,12)) AS actual, forecast, currency, actual > "limit" AS exceeded,
    [
        {'on': 'actual', 'amount': CAST("limit" * 0.8 AS DECIMAL(30,12)), 'exceeded': actual > "limit" * 0.8},
        {'on': 'forecast', 'amount': "limit", 'exceeded': forecast > "limit"}
    ] AS thresholds
FROM limited
ORDER BY budget_id
