-- User state. Every table has one module of its own name in this folder.
CREATE TABLE IF NOT EXISTS job (
    job_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    arguments TEXT NOT NULL,
    state TEXT NOT NULL,
    done REAL NOT NULL,
    total REAL NOT NULL,
    said TEXT NOT NULL,
    result TEXT,
    error TEXT,
    cancel_wanted INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL,
    started_at TEXT NOT NULL,
    seen_at TEXT NOT NULL
);

-- Answers as they were given, so that a figure can be replayed from its query id; the oldest that no pin holds go first.
CREATE TABLE IF NOT EXISTS answer (
    query_id TEXT PRIMARY KEY,
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,
    generation INTEGER NOT NULL,
    sources TEXT NOT NULL,
    figures TEXT NOT NULL,
    answered_at TEXT NOT NULL,
    pinned_as TEXT
);
CREATE INDEX IF NOT EXISTS answer_age ON answer (answered_at);
