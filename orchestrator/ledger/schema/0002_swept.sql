-- A generation of which something was forgotten cannot be asked any more: it says so instead of answering in part.
ALTER TABLE generation ADD COLUMN swept_at TEXT;

-- A process renews its own lease of a generation instead of piling up rows.
CREATE UNIQUE INDEX lease_holder ON lease (holder, generation);
