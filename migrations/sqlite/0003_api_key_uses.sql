-- When keys were used last. Apart from the keys: a use is no change of one.

CREATE TABLE api_key_uses (
    key_id       TEXT PRIMARY KEY,
    -- Milliseconds since 1970.
    last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
