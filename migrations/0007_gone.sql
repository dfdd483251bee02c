-- What is gone, which every pass counts: few rows, for which the whole table was read.
CREATE INDEX seen_gone ON seen (side, kind) WHERE gone = 1;
