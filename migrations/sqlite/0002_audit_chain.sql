-- The audit log. What waits in `audit`, for some of it from before this was there, is put here row by row, each linked to the
-- row before.

CREATE TABLE audit_chain (
    sequence    INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    -- Milliseconds since 1970.
    chained_at  INTEGER NOT NULL,
    -- Hex, both.
    link        TEXT NOT NULL,
    key         TEXT NOT NULL,
    -- What it is found by; all of it is in the document, too.
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    target      TEXT NOT NULL,
    request_id  TEXT,
    environment TEXT,
    -- Time and number: lists walk along it.
    place       TEXT NOT NULL UNIQUE,
    document    TEXT NOT NULL
) STRICT;

CREATE INDEX audit_chain_by_request ON audit_chain (request_id, place);
CREATE INDEX audit_chain_by_subject ON audit_chain (subject, place);
CREATE INDEX audit_chain_by_actor ON audit_chain (actor, place);
CREATE INDEX audit_chain_by_action ON audit_chain (action, place);
CREATE INDEX audit_chain_by_environment ON audit_chain (environment, place);

-- Where the chain begins, once old rows were removed.
CREATE TABLE audit_anchor (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    sequence  INTEGER NOT NULL,
    link      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    key       TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT;

-- Against mistakes. Who wants to can drop a trigger, and finds that the chain tells.
CREATE TRIGGER audit_chain_is_not_changed BEFORE UPDATE ON audit_chain
BEGIN
    SELECT RAISE(ABORT, 'a row of the audit log is never changed');
END;

-- Also by INSERT OR REPLACE, which is no update.
CREATE TRIGGER audit_chain_is_not_replaced BEFORE INSERT ON audit_chain
WHEN EXISTS (SELECT 1 FROM audit_chain WHERE sequence = NEW.sequence OR id = NEW.id OR place = NEW.place)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER audit_chain_is_not_cut BEFORE DELETE ON audit_chain
WHEN OLD.sequence > coalesce((SELECT sequence FROM audit_anchor), 0)
BEGIN
    SELECT RAISE(ABORT, 'a row of the audit log goes only when the chain begins behind it');
END;
