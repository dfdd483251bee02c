-- Documents of Flowtly that are shown in the CRM, one way. A document is known by its mark, whatever becomes of its link: a
-- link that is dissolved and made again finds it here. The row is its journal, too: `sending` is committed before it is sent.
CREATE TABLE document (
    id          INTEGER PRIMARY KEY,
    mark        TEXT NOT NULL UNIQUE,
    link        INTEGER NOT NULL,
    document    TEXT NOT NULL,
    title       TEXT NOT NULL,
    location    TEXT,
    -- The CRM's company at which it is, or is to be, shown, and what shows it there.
    company     TEXT NOT NULL,
    crm_id      TEXT,
    -- The hash of the wording that the CRM was made to say.
    told        INTEGER,
    state       TEXT NOT NULL CHECK (state IN ('wanted', 'sending', 'moved', 'shown', 'removed')),
    -- When it was about to be sent; what was sent then may have arrived.
    sent        TEXT,
    -- From when on a complete listing that does not show it proves that it is not there.
    provable    TEXT,
    gone        INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),
    -- A refusal in the CRM's own words: of which wording, how often, since when, and when it is tried again.
    payload     INTEGER,
    message     TEXT,
    attempts    INTEGER NOT NULL DEFAULT 0,
    since       TEXT,
    next_try    TEXT,
    -- The pass whose plan holds it.
    planned     INTEGER
) STRICT;
CREATE INDEX document_link ON document (link);
CREATE INDEX document_open ON document (link) WHERE state IN ('wanted', 'sending', 'moved');
CREATE INDEX document_planned ON document (planned, link, id) WHERE planned IS NOT NULL;

-- When the documents of a company were last read, when they are to be read again before the next complete pass, and what
-- could not be shown.
CREATE TABLE document_look (
    link       INTEGER PRIMARY KEY,
    looked     TEXT NOT NULL,
    due        TEXT,
    incomplete INTEGER NOT NULL DEFAULT 0,
    lacks      TEXT NOT NULL DEFAULT ''
) STRICT;

-- What was done: for people, and for the limit of a sliding day.
CREATE TABLE document_deed (
    id       INTEGER PRIMARY KEY,
    pass     INTEGER NOT NULL,
    at       TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES document (id),
    did      TEXT NOT NULL CHECK (did IN ('show', 'rename', 'adopt')),
    old      TEXT,
    new      TEXT NOT NULL
) STRICT;
CREATE INDEX document_deed_at ON document_deed (at);
