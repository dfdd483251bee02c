-- A number stands for what was shown under it, so that it is never used twice: AUTOINCREMENT.
CREATE TABLE numbered_conflict (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
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
INSERT INTO numbered_conflict (id, link, field, flowtly, crm, flowtly_base, crm_base, reason, since, pass, decision)
SELECT id, link, field, flowtly, crm, flowtly_base, crm_base, reason, since, pass, decision FROM conflict;
DROP TABLE conflict;
ALTER TABLE numbered_conflict RENAME TO conflict;

CREATE TABLE numbered_question (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    seen      INTEGER NOT NULL UNIQUE REFERENCES seen (id) ON DELETE CASCADE,
    body      TEXT NOT NULL,
    label     TEXT NOT NULL,
    since     TEXT NOT NULL,
    pass      INTEGER NOT NULL,
    -- What the records of the question were when it was asked: an answer binds to it.
    shown     TEXT NOT NULL DEFAULT '',
    -- A person said: not before then.
    postponed TEXT
) STRICT;
INSERT INTO numbered_question (id, seen, body, label, since, pass) SELECT id, seen, body, label, since, pass FROM question;
DROP TABLE question;
ALTER TABLE numbered_question RENAME TO question;

-- What a person answered about two records. It holds while both show the identity that they showed then.
CREATE TABLE answer (
    one            INTEGER NOT NULL REFERENCES seen (id) ON DELETE CASCADE,
    other          INTEGER NOT NULL REFERENCES seen (id) ON DELETE CASCADE,
    -- same: both halves of a pair still are one thing. different: they are two things. copy: `one` is a second copy of `other`.
    says           TEXT NOT NULL CHECK (says IN ('same', 'different', 'copy')),
    one_identity   INTEGER NOT NULL,
    other_identity INTEGER NOT NULL,
    at             TEXT NOT NULL,
    PRIMARY KEY (one, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_other ON answer (other);
