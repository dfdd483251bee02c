-- The contacts of a company, by an index whose condition no parameter is held against: while `kind = 'contact'` was one, SQLite
-- prepared every statement with `kind = ?` anew for each run, to see whether the index serves.
DROP INDEX seen_children;
CREATE INDEX seen_children ON seen (side, parent_id) WHERE parent_id > '';
