-- A refusal that was told is not told again, and a new one is: its number is never used twice.
CREATE TABLE numbered_failure (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
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
INSERT INTO numbered_failure (id, link, seen, side, field, payload, message, attempts, since, next_try)
SELECT id, link, seen, side, field, payload, message, attempts, since, next_try FROM failure;
DROP TABLE failure;
ALTER TABLE numbered_failure RENAME TO failure;
CREATE UNIQUE INDEX failure_link ON failure (link, side, field) WHERE link IS NOT NULL;
CREATE UNIQUE INDEX failure_seen ON failure (seen, side, field) WHERE seen IS NOT NULL;
