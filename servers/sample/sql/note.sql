-- One month of one estate, summed before its rows are gone.
CREATE OR REPLACE TEMP TABLE noted AS
SELECT
    provider, billing_account_id, currency, billing_month, day, date_trunc('month', day)::DATE AS charge_month, line_key,
    sub_account_id, service_name, service_category, region_id, resource_id, resource_name,
    category AS charge_category, class AS charge_class, COALESCE(cardinality(tags), 0) > 0 AS tagged,
    CASE WHEN class IS NOT NULL THEN 'correction' WHEN sku = 'marketplace' THEN 'marketplace' ELSE origin END AS kind,
    billed_cost, effective_cost, list_cost, contracted_cost, counted, allocated_method, allocated_name
FROM bill;

INSERT INTO key_cube
SELECT
    provider, billing_account_id, currency, billing_month, charge_month, sub_account_id, service_name,
    service_category, region_id, charge_category, charge_class, tagged, kind,
    count(*), sum(billed_cost), sum(effective_cost), sum(list_cost), sum(contracted_cost)
FROM noted WHERE counted GROUP BY ALL;

INSERT INTO key_day
SELECT
    provider, currency, day, service_name,
    count(*), sum(billed_cost), sum(effective_cost), sum(list_cost), sum(contracted_cost)
FROM noted WHERE counted GROUP BY ALL;

INSERT INTO key_resource
SELECT provider, charge_month, currency, resource_id, min(resource_name), sum(effective_cost) AS cost
FROM noted
WHERE counted AND resource_id IS NOT NULL AND line_key IS NOT NULL
GROUP BY provider, charge_month, currency, resource_id
ORDER BY cost DESC, resource_id
LIMIT 100;

INSERT INTO key_extra
SELECT story, day, sum(ROUND(extra_quantity * CAST(contracted_price AS DECIMAL(19,10)), $digits))
FROM fact WHERE extra_quantity <> 0 GROUP BY ALL;

INSERT INTO key_commitment
SELECT
    commitment, day, sum(billed_cost), sum(CASE WHEN commitment_status = 'Used' THEN effective_cost END),
    sum(CASE WHEN commitment_status = 'Unused' THEN effective_cost END)
FROM charge WHERE commitment IS NOT NULL GROUP BY ALL;

INSERT INTO key_split
SELECT resource_id, charge_month, counted, allocated_name, count(*), sum(billed_cost), sum(effective_cost)
FROM noted WHERE allocated_method IS NOT NULL GROUP BY ALL;

INSERT INTO recent
SELECT resource_id, currency, sum(effective_cost)
FROM noted
WHERE counted AND line_key IS NOT NULL AND resource_id IS NOT NULL AND day >= DATE '$last_day' - 30
GROUP BY ALL;

-- What commitments could cover, at contracted prices: covered, and eligible but uncovered.
INSERT INTO key_coverage
SELECT
    e.provider, e.currency, c.billing_month, c.eligible,
    COALESCE(sum(CASE WHEN c.commitment IS NOT NULL THEN c.contracted_cost END), 0),
    COALESCE(sum(CASE WHEN c.commitment IS NULL THEN c.contracted_cost END), 0)
FROM charge c
JOIN estate e ON e.key = c.estate
WHERE c.eligible IS NOT NULL
GROUP BY ALL;
