-- The state of one pair of accounts. Ids are stored bare: IRIs and hosts change and are never identity.

-- Marks of the state as a whole (adoption, the hash of rules and mappings that records were judged by).
CREATE TABLE mark (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The accounts that the state belongs to.
CREATE TABLE account (
    side TEXT PRIMARY KEY CHECK (side IN ('flowtly', 'crm')),
    id   TEXT NOT NULL
) STRICT;

CREATE TABLE pass (
    id          INTEGER PRIMARY KEY,
    started     TEXT NOT NULL,
    ended       TEXT,
    extent      TEXT NOT NULL CHECK (extent IN ('complete', 'incremental')),
    outcome     TEXT,
    totals      TEXT,
    certificate TEXT,
    error       TEXT
) STRICT;

-- The durable pair of remote ids that are the same real-world thing.
CREATE TABLE link (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('company', 'contact')),
    parent     INTEGER REFERENCES link (id),
    flowtly_id TEXT NOT NULL,
    crm_id     TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'paused', 'tombstone')),
    -- What the last look at the pair found: equal, differs (for stated reasons), waits (for a person), due.
    assessment TEXT NOT NULL DEFAULT 'due' CHECK (assessment IN ('equal', 'differs', 'waits', 'due')),
    -- The stated reasons of a pair that differs, as JSON.
    reasons    TEXT,
    reason     TEXT NOT NULL,
    pass       INTEGER NOT NULL,
    CHECK ((kind = 'company') = (parent IS NULL))
) STRICT;
CREATE UNIQUE INDEX link_flowtly ON link (kind, flowtly_id);
CREATE UNIQUE INDEX link_crm_company ON link (crm_id) WHERE kind = 'company';
-- One CRM person may be a contact of two firms.
CREATE UNIQUE INDEX link_crm_contact ON link (crm_id, parent) WHERE kind = 'contact';
CREATE INDEX link_parent ON link (parent) WHERE parent IS NOT NULL;

-- Every record as last read, linked or not, in scope or not. A CRM person has a row for each of his companies.
CREATE TABLE seen (
    id          INTEGER PRIMARY KEY,
    side        TEXT NOT NULL CHECK (side IN ('flowtly', 'crm')),
    kind        TEXT NOT NULL CHECK (kind IN ('company', 'contact')),
    remote_id   TEXT NOT NULL,
    parent_id   TEXT NOT NULL DEFAULT '',
    link        INTEGER REFERENCES link (id),
    raw_hash    INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    version     TEXT,
    created     TEXT,
    modified    TEXT,
    standing    TEXT NOT NULL CHECK (standing IN ('live', 'archived')),
    gone        INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),
    in_scope    INTEGER NOT NULL CHECK (in_scope IN (0, 1)),
    stored_id   TEXT,
    fields      TEXT NOT NULL,
    -- What was decided about a record without a link, and the hash of the rules it was judged by.
    verdict     TEXT,
    ruling      INTEGER
) STRICT;
CREATE UNIQUE INDEX seen_record ON seen (side, kind, remote_id, parent_id);
CREATE UNIQUE INDEX seen_half ON seen (link, side) WHERE link IS NOT NULL;
CREATE INDEX seen_children ON seen (side, parent_id) WHERE kind = 'contact';
CREATE INDEX seen_unlinked ON seen (kind, side) WHERE link IS NULL;

CREATE VIEW unlinked AS SELECT * FROM seen WHERE link IS NULL;

-- By half and field (a JSON object): the text at the last agreement, keyed by remote path and lens. A field without a text
-- stands for "as seen"; the statement that moves `seen` first writes the old text here.
CREATE TABLE base (
    link   INTEGER NOT NULL REFERENCES link (id),
    side   TEXT NOT NULL CHECK (side IN ('flowtly', 'crm')),
    fields TEXT NOT NULL,
    PRIMARY KEY (link, side)
) STRICT, WITHOUT ROWID;

-- What companies can be recognised by: linked ones and those outside the scope too.
CREATE TABLE match_key (
    side TEXT NOT NULL,
    key  TEXT NOT NULL,
    seen INTEGER NOT NULL REFERENCES seen (id) ON DELETE CASCADE,
    PRIMARY KEY (key, side, seen)
) STRICT, WITHOUT ROWID;
CREATE INDEX match_key_seen ON match_key (seen);

-- Links and records that are not settled. Rows without `due` wait for a person, or for their record to change.
CREATE TABLE todo (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    link     INTEGER UNIQUE REFERENCES link (id),
    seen     INTEGER UNIQUE REFERENCES seen (id) ON DELETE CASCADE,
    why      TEXT NOT NULL,
    due      TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    planned  INTEGER,
    CHECK ((link IS NULL) <> (seen IS NULL))
) STRICT;
CREATE INDEX todo_due ON todo (kind, id) WHERE due IS NOT NULL;
CREATE INDEX todo_planned ON todo (planned) WHERE planned IS NOT NULL;

-- The plan of the pass that is under way, read in order: memory stays flat.
CREATE TABLE action (
    id        INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    op        TEXT NOT NULL,
    side      TEXT,
    body      TEXT NOT NULL,
    made_link INTEGER
) STRICT;
CREATE INDEX action_step ON action (kind, op, side, id);

-- A write that is about to be sent. Nothing is sent that is not here.
CREATE TABLE intent (
    id        INTEGER PRIMARY KEY,
    pass      INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    side      TEXT NOT NULL,
    op        TEXT NOT NULL CHECK (op IN ('create', 'update', 'stamp')),
    link      INTEGER REFERENCES link (id),
    source    INTEGER REFERENCES seen (id) ON DELETE SET NULL,
    target_id TEXT,
    body      TEXT NOT NULL,
    made      TEXT NOT NULL,
    sending   TEXT,
    closed    TEXT,
    outcome   TEXT
) STRICT;
CREATE INDEX intent_open ON intent (id) WHERE closed IS NULL;
CREATE INDEX intent_stamped ON intent (side, kind, target_id);

CREATE TABLE conflict (
    id           INTEGER PRIMARY KEY,
    link         INTEGER NOT NULL REFERENCES link (id),
    field        TEXT NOT NULL,
    flowtly      TEXT NOT NULL,
    crm          TEXT NOT NULL,
    flowtly_base TEXT,
    crm_base     TEXT,
    reason       TEXT NOT NULL,
    since        TEXT NOT NULL,
    pass         INTEGER NOT NULL,
    decision     TEXT,
    UNIQUE (link, field)
) STRICT;

CREATE TABLE question (
    id    INTEGER PRIMARY KEY,
    seen  INTEGER NOT NULL UNIQUE REFERENCES seen (id) ON DELETE CASCADE,
    body  TEXT NOT NULL,
    label TEXT NOT NULL,
    since TEXT NOT NULL,
    pass  INTEGER NOT NULL
) STRICT;

-- Records and fields that a system refused, with its own words.
CREATE TABLE failure (
    id       INTEGER PRIMARY KEY,
    link     INTEGER REFERENCES link (id),
    seen     INTEGER REFERENCES seen (id) ON DELETE CASCADE,
    side     TEXT NOT NULL,
    field    TEXT NOT NULL DEFAULT '',
    payload  INTEGER NOT NULL,
    message  TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    since    TEXT NOT NULL,
    next_try TEXT,
    CHECK ((link IS NULL) <> (seen IS NULL))
) STRICT;
CREATE UNIQUE INDEX failure_link ON failure (link, side, field) WHERE link IS NOT NULL;
CREATE UNIQUE INDEX failure_seen ON failure (seen, side, field) WHERE seen IS NOT NULL;

CREATE TABLE history (
    id     INTEGER PRIMARY KEY,
    pass   INTEGER NOT NULL,
    at     TEXT NOT NULL,
    link   INTEGER NOT NULL,
    side   TEXT NOT NULL,
    field  TEXT NOT NULL,
    old    TEXT NOT NULL,
    new    TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX history_link ON history (link, field, id);

-- From when on the next incremental read asks, and when a side was last walked whole (under which mapping).
CREATE TABLE cursor (
    side        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    since       TEXT,
    whole_at    TEXT,
    whole_shape INTEGER,
    PRIMARY KEY (side, kind)
) STRICT, WITHOUT ROWID;
