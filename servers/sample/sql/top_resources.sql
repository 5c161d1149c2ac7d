SELECT
    provider, charge_month, currency, resource_id, any_value(resource_name) AS resource_name,
    sum(effective_cost) AS effective_cost
FROM key_resource
GROUP BY provider, charge_month, currency, resource_id
QUALIFY row_number() OVER (
    PARTITION BY provider, charge_month, currency ORDER BY sum(effective_cost) DESC, resource_id
) <= 20
ORDER BY provider, charge_month, currency, effective_cost DESC, resource_id
