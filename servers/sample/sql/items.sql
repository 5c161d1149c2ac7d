-- What runs on the last day: the resource in every slot, where it hangs, and how busy it is.
CREATE TABLE item AS
WITH alive AS (
    SELECT
        l.*, r.resource_id, r.resource_name, r.resource_type, r.native_type, r.tags_after AS tags, e.provider,
        e.currency, a.sub_account_id, s.price, DATE '2000-01-01' + CAST(r.gen * l.life - l.phase AS INTEGER) AS born
    FROM line l
    JOIN resource r ON r.line_key = l.line_key AND r.gen = (DATE '$day' - DATE '2000-01-01' + l.phase) // l.life
    JOIN estate e ON e.key = l.estate
    JOIN sku s ON s.provider = e.provider AND s.sku = l.sku
    JOIN account a ON a.estate = l.estate AND a.number = l.account
        AND DATE '$day' >= COALESCE(a.valid_from, DATE '$day') AND (a.valid_to IS NULL OR DATE '$day' < a.valid_to)
    WHERE r.resource_id IS NOT NULL AND l.sku <> 'marketplace' AND (
        l.story IS NULL OR l.base_usd > 0
        OR EXISTS (FROM bump b WHERE b.line = l.story AND DATE '$day' BETWEEN b.first AND b.last)
    )
    QUALIFY row_number() OVER (PARTITION BY r.resource_id ORDER BY l.line_key) = 1
), host AS (
    SELECT estate, account, list(resource_id ORDER BY line_key) AS machines
    FROM alive
    WHERE resource_type = 'virtual_machine'
    GROUP BY estate, account
), cost AS (
    SELECT resource_id, sum(cost) AS cost FROM recent GROUP BY resource_id
)
SELECT
    v.*, c.cost AS monthly_cost,
    CASE
        WHEN resource_type IN ('block_volume', 'ip_address') AND unit(v.line_key, 'idle') < 0.85 AND len(machines) > 0
        THEN machines[1 + CAST(draw(v.line_key, 'host') % len(machines) AS INTEGER)]
    END AS attached_to,
    CASE
        WHEN v.story = 'gpu' THEN 'idle'
        WHEN v.story IS NOT NULL THEN 'busy'
        WHEN unit(v.line_key, 'profile') < 0.1 THEN 'idle'
        WHEN unit(v.line_key, 'profile') < 0.3 THEN 'oversized'
        WHEN unit(v.line_key, 'profile') < 0.38 THEN 'spiky'
        ELSE 'busy'
    END AS profile
FROM alive v
LEFT JOIN host h ON h.estate = v.estate AND h.account = v.account
LEFT JOIN cost c ON c.resource_id = v.resource_id;
