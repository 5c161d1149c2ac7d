SELECT
    resource_id, resource_name, resource_type, native_type, provider, sub_account_id, region_id,
    CASE
        WHEN resource_type NOT IN ('virtual_machine', 'block_volume') THEN NULL
        WHEN provider = 'aws' THEN region_id || 'a'
        WHEN provider = 'gcp' THEN region_id || '-b'
        ELSE '1'
    END AS availability_zone,
    CASE resource_type
        WHEN 'virtual_machine' THEN 'running'
        WHEN 'block_volume' THEN CASE WHEN attached_to IS NULL THEN 'available' ELSE 'in-use' END
        WHEN 'ip_address' THEN CASE WHEN attached_to IS NULL THEN 'unassociated' ELSE 'associated' END
        ELSE 'active'
    END AS state,
    CAST(GREATEST(born, DATE '2023-02-01' + CAST(draw(line_key, 'born') % 600 AS INTEGER)) AS TIMESTAMP) AS created_at,
    sku,
    CASE
        WHEN resource_type IN ('block_volume', 'snapshot', 'object_store') AND price > 0
        THEN ROUND(base_usd * 30 / price)
    END AS size_gib,
    attached_to,
    CASE
        WHEN resource_type IN ('block_volume', 'ip_address') AND attached_to IS NULL
        THEN CAST(DATE '$last_day' - CAST(3 + draw(line_key, 'loose') % 180 AS INTEGER) AS TIMESTAMP)
    END AS unattached_since,
    tags, CAST(monthly_cost AS DECIMAL(30,12)) AS monthly_cost, currency
FROM item
WHERE provider = '$provider'
ORDER BY resource_type, resource_id
