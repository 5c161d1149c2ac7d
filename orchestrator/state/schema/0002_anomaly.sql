-- What was said of anomalies; allowances are JSON: the changes that scopes may show while the status is `expected`.
CREATE TABLE IF NOT EXISTS anomaly (
    anomaly_id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    note TEXT NOT NULL,
    allowances TEXT NOT NULL,
    said_at TEXT NOT NULL
);
