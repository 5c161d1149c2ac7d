SELECT
    s.sku_id, s.sku_price_id, s.provider, s.service_name, s.description AS sku_description, g.region_id,
    'Standard' AS pricing_category, s.unit AS pricing_unit,
    CAST(ROUND(s.price * COALESCE(max(p.factor), 1), 10) AS DECIMAL(30,12)) AS list_unit_price,
    CAST(ROUND(list_unit_price * (1 - min(e.discount)), 10) AS DECIMAL(30,12)) AS contracted_unit_price,
    'USD' AS currency,
    CAST(COALESCE(max(p.since), DATE '2025-01-01') AS TIMESTAMP) AS effective_from
FROM sku s
JOIN estate e ON e.provider = s.provider
JOIN region g ON g.estate = e.key
LEFT JOIN price_change p ON p.estate = e.key AND p.sku = s.sku AND p.since < DATE '$last_day'
WHERE s.provider = '$provider' AND s.resource_type IS NOT NULL AND s.sku <> 'marketplace'
GROUP BY s.sku_id, s.sku_price_id, s.provider, s.service_name, s.description, g.region_id, s.unit, s.price
ORDER BY s.service_name, s.sku_id, g.region_id
