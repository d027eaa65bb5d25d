-- Records are JSON documents; the columns beside them are what they are found and listed by.

CREATE TABLE tenants (
    id          TEXT PRIMARY KEY,
    version     INTEGER NOT NULL,
    slug        TEXT NOT NULL,
    -- "{environment}/{slug}" while the tenant lives: a deleted one gives its slug free.
    slug_key    TEXT UNIQUE,
    name        TEXT NOT NULL,
    environment TEXT NOT NULL,
    status      TEXT NOT NULL,
    document    TEXT NOT NULL
) STRICT;

-- Lists walk along it.
CREATE INDEX tenants_by_slug ON tenants (slug, id, status, environment);

-- Searches begin here.
CREATE TABLE tenant_words (
    word      TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    PRIMARY KEY (word, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tenant_words_by_tenant ON tenant_words (tenant_id);

CREATE TABLE associations (
    tenant_id   TEXT NOT NULL,
    service     TEXT NOT NULL,
    environment TEXT NOT NULL,
    -- 1 where both the tenant and the association are active.
    is_active   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, service)
) STRICT, WITHOUT ROWID;

CREATE INDEX associations_by_service ON associations (service, is_active, environment, tenant_id);

CREATE TABLE catalogue (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    version  INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id       TEXT PRIMARY KEY,
    version  INTEGER NOT NULL,
    service  TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE INDEX api_keys_by_service ON api_keys (service, id);

-- A key has several texts: the one it has, and those before its last rotations.
CREATE TABLE api_key_hashes (
    hash   TEXT PRIMARY KEY,
    key_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX api_key_hashes_by_key ON api_key_hashes (key_id);

-- What changed last, record by record: replicas follow it.
CREATE TABLE changes (
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    sequence INTEGER NOT NULL UNIQUE,
    -- Milliseconds since 1970.
    at       INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX changes_by_time ON changes (at, sequence);

-- Waiting to be released, in the order of their commits.
CREATE TABLE waiting_events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    -- Milliseconds since 1970.
    at       INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE INDEX waiting_events_by_time ON waiting_events (at);

-- Released: published, and kept a while for those who missed them.
CREATE TABLE released_events (
    environment TEXT NOT NULL,
    sequence    INTEGER NOT NULL,
    id          TEXT NOT NULL UNIQUE,
    -- Milliseconds since 1970.
    released_at INTEGER NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (environment, sequence)
) STRICT, WITHOUT ROWID;

-- Up to where a target has the events of an environment.
CREATE TABLE event_marks (
    target      TEXT NOT NULL,
    environment TEXT NOT NULL,
    sequence    INTEGER NOT NULL,
    PRIMARY KEY (target, environment)
) STRICT, WITHOUT ROWID;

-- What waited and is no event that can be read.
CREATE TABLE unreadable_events (
    id       TEXT PRIMARY KEY,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Versions of secrets that have to be looked at once more, from `due` on (milliseconds since 1970).
CREATE TABLE secret_writes (
    id       TEXT PRIMARY KEY,
    due      INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX secret_writes_by_due ON secret_writes (due, id);

-- Who does what only one may do at a time.
CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    holder TEXT NOT NULL,
    -- Milliseconds since 1970.
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL
) STRICT;

-- Writes that were done under an idempotency key; the answer is sealed.
CREATE TABLE ledger (
    caller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer      BLOB,
    -- Milliseconds since 1970.
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_by_expiry ON ledger (expires_at);

-- Secrets, sealed; kept here only where there is no backend for them.
CREATE TABLE sealed_secrets (
    path       TEXT NOT NULL,
    version    TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    is_current INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (path, version)
) STRICT;
