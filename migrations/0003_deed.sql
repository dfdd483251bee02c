-- What was really done, by pass, sort and side: the safety limits look back over a sliding day. Writes are counted in the
-- journal as long as they stand there, and here from then on; what sends nothing (links, conflicts, pauses) is counted here
-- at once, in the transaction that does it. A deed that is about no side alone has an empty one.
CREATE TABLE deed (
    pass  INTEGER NOT NULL,
    sort  TEXT NOT NULL CHECK (sort IN ('create', 'update', 'blank', 'link', 'conflict', 'pause')),
    side  TEXT NOT NULL,
    count INTEGER NOT NULL,
    -- The last time.
    at    TEXT NOT NULL,
    PRIMARY KEY (pass, sort, side)
) STRICT, WITHOUT ROWID;

-- How many values a write clears.
ALTER TABLE intent ADD COLUMN blanked INTEGER NOT NULL DEFAULT 0;

-- Earlier releases took what a pass had planned for what it did.
INSERT INTO deed (pass, sort, side, count, at)
SELECT pass.id, sort.value ->> 1, counts.key, counts.value, pass.ended
FROM pass, json_each('[["creates","create"],["updates","update"],["blanked","blank"]]') AS sort,
     json_each(pass.totals, '$.' || (sort.value ->> 0)) AS counts
WHERE pass.outcome IN ('applied', 'partly') AND pass.ended IS NOT NULL AND counts.value > 0;

INSERT INTO deed (pass, sort, side, count, at)
SELECT pass.id, sort.value ->> 1, '', pass.totals ->> (sort.value ->> 0), pass.ended
FROM pass, json_each('[["links","link"],["conflicts","conflict"]]') AS sort
WHERE pass.outcome IN ('applied', 'partly') AND pass.ended IS NOT NULL AND pass.totals ->> (sort.value ->> 0) > 0;
