-- The bill with its descriptions: what the exports of the three clouds write, each in its own words.
CREATE OR REPLACE TEMP VIEW bill AS
SELECT
    c.*, $invoice AS invoice_id, e.provider, e.billing_account_id, e.billing_account_name, e.billing_account_type,
    e.provider_name, e.issuer, e.currency, x.rate, a.sub_account_id, a.name AS sub_account_name, a.cost_centre, a.team, a.path,
    CASE WHEN a.sub_account_id IS NOT NULL THEN e.sub_account_type END AS sub_account_type,
    s.service_name, s.service_code, s.category AS service_category, s.subcategory AS service_subcategory,
    s.description AS sku_description, s.usage_type, s.operation, s.unit, s.family, s.sku_id, s.sku_price_id,
    CASE WHEN c.line_key IS NULL THEN m.commitment_id ELSE r.resource_id END AS resource_id,
    CASE WHEN c.line_key IS NULL THEN m.name ELSE r.resource_name END AS resource_name,
    COALESCE(r.native_type, m.type) AS native_type, r.resource_group,
    CASE WHEN c.line_key IS NULL THEN NULL WHEN c.day >= DATE '$retagged' THEN r.tags_after ELSE r.tags END AS tags,
    g.region_name, m.commitment_id, m.name AS commitment_name, m.type AS commitment_type,
    m.category AS commitment_category,
    CASE m.category
        WHEN 'Spend' THEN CASE c.category WHEN 'Purchase' THEN c.billed_cost ELSE c.effective_cost END
        WHEN 'Usage' THEN CAST(c.quantity AS DECIMAL(30,12))
    END AS commitment_quantity,
    CASE m.category WHEN 'Spend' THEN e.currency WHEN 'Usage' THEN s.unit END AS commitment_unit,
    CASE WHEN c.sku = 'marketplace' THEN p.publisher ELSE e.issuer END AS publisher,
    CAST(c.billing_month AS TIMESTAMP) AS period_start, CAST(c.billing_month AS TIMESTAMP) + INTERVAL 1 MONTH AS period_end,
    COALESCE(c.description, CASE c.category WHEN 'Purchase' THEN s.description || ': ' || m.name
        WHEN 'Usage' THEN s.description ELSE s.description END) AS charge_description
FROM charge c
JOIN estate e ON e.key = c.estate
JOIN rate x ON x.currency = e.currency AND x.month = c.billing_month
JOIN sku s ON s.provider = e.provider AND s.sku = c.sku
LEFT JOIN (VALUES $publishers) p (provider, publisher) ON p.provider = e.provider
LEFT JOIN account a ON a.estate = c.estate AND a.number = c.account AND c.day >= COALESCE(a.valid_from, c.day)
    AND (a.valid_to IS NULL OR c.day < a.valid_to)
LEFT JOIN resource r ON r.line_key = c.line_key AND r.gen = c.gen
LEFT JOIN region g ON g.estate = c.estate AND g.region_id = c.region_id
LEFT JOIN commitment m ON m.key = c.commitment;
