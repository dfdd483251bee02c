-- What is there, counted and listed in order of its row without reading the records themselves: every complete walk is
-- compared with it.
CREATE INDEX seen_present ON seen (side, kind, standing) WHERE gone = 0;

-- How all pairs stand, counted without sorting them.
CREATE INDEX link_standing ON link (kind, state, assessment, reasons);
