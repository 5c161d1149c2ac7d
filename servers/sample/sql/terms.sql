SELECT
    c.key, c.commitment_id, c.name, c.first, c.last, c.daily, c.daily * (c.last - c.first) AS term_cost,
    min(k.day) AS first_seen, sum(k.billed) AS billed, COALESCE(sum(k.used), 0) AS used,
    COALESCE(sum(k.unused), 0) AS unused, min(k.day) = c.first AND max(k.day) = c.last - 1 AS whole_term_seen
FROM commitment c
JOIN key_commitment k ON k.commitment = c.key
GROUP BY c.key, c.commitment_id, c.name, c.first, c.last, c.daily
ORDER BY c.key
