-- Full-text search. The index holds words only; the texts stay in the messages. secure-delete takes the words of a deleted text out of the file at once.

CREATE VIRTUAL TABLE socialcrm_search USING fts5 (tenant, text, content = '', columnsize = 0);
INSERT INTO socialcrm_search (socialcrm_search, rank) VALUES ('secure-delete', 1);
INSERT INTO socialcrm_search (rowid, tenant, text)
	SELECT n, 't' || tenant, json_extract(body, '$.content.text') FROM socialcrm_message WHERE coalesce(json_extract(body, '$.content.text'), '') <> '';
