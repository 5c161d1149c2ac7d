-- The catalogue: which files make up which snapshot. A generation is one commit; a row belongs to the snapshots from
-- `from_generation` up to, and without, `to_generation` (null: still valid).

CREATE TABLE IF NOT EXISTS generation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    committed_at TEXT NOT NULL,
    reason TEXT NOT NULL
);

-- One load: one immutable file of facts, for one (provider, billing account, billing period, source).
CREATE TABLE IF NOT EXISTS load (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    billing_account_id TEXT NOT NULL,
    billing_period_start TEXT NOT NULL,
    billing_period_end TEXT NOT NULL,
    source_format TEXT NOT NULL,
    source_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    bases TEXT NOT NULL,
    pro_forma INTEGER NOT NULL,
    file TEXT NOT NULL,
    rows INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    sub_account_ids TEXT NOT NULL,
    charge_period_min TEXT NOT NULL,
    charge_period_max TEXT NOT NULL,
    data_as_of TEXT,
    loaded_at TEXT NOT NULL,
    from_generation INTEGER NOT NULL REFERENCES generation (id),
    to_generation INTEGER REFERENCES generation (id)
);
CREATE INDEX IF NOT EXISTS load_partition ON load (provider, billing_account_id, billing_period_start);

CREATE TABLE IF NOT EXISTS load_total (
    load_id INTEGER NOT NULL REFERENCES load (id) ON DELETE CASCADE,
    currency TEXT NOT NULL,
    rows INTEGER NOT NULL,
    billed_cost TEXT NOT NULL,
    effective_cost TEXT NOT NULL,
    list_cost TEXT NOT NULL,
    contracted_cost TEXT NOT NULL,
    PRIMARY KEY (load_id, currency)
);

-- Which loads enter sums: the sources of record. The others are kept to reconcile.
CREATE TABLE IF NOT EXISTS booking (
    load_id INTEGER NOT NULL REFERENCES load (id) ON DELETE CASCADE,
    from_generation INTEGER NOT NULL REFERENCES generation (id),
    to_generation INTEGER REFERENCES generation (id),
    PRIMARY KEY (load_id, from_generation)
);

-- Snapshots of what is not a bill, one a source: inventory, usage, prices, invoices, ... Those that are booked count;
-- where two sources say the same, the booked one is merged from them (source_key 'merged').
CREATE TABLE IF NOT EXISTS dataset (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    provider TEXT NOT NULL,
    source_key TEXT NOT NULL,
    file TEXT NOT NULL,
    rows INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    data_as_of TEXT,
    fetched_at TEXT NOT NULL,
    booked INTEGER NOT NULL,
    from_generation INTEGER NOT NULL REFERENCES generation (id),
    to_generation INTEGER REFERENCES generation (id)
);
CREATE INDEX IF NOT EXISTS dataset_source ON dataset (name, provider, source_key);

CREATE TABLE IF NOT EXISTS import_report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL REFERENCES generation (id),
    report TEXT NOT NULL
);

-- Readers lease what they use; a month close pins what it refers to. Sweeping spares both.
CREATE TABLE IF NOT EXISTS lease (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL,
    holder TEXT NOT NULL,
    expires_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS pin (
    name TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    pinned_at TEXT NOT NULL
);

-- The owner's word on which source counts; survives restatements of that source.
CREATE TABLE IF NOT EXISTS preference (
    provider TEXT NOT NULL,
    billing_account_id TEXT NOT NULL,
    source_key TEXT NOT NULL,
    set_at TEXT NOT NULL,
    PRIMARY KEY (provider, billing_account_id)
);
