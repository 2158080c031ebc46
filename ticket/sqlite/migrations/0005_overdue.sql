-- A broken promise is still owed: what is overdue longest is served first.

UPDATE socialcrm_ticket SET promise = min(promise, coalesce((
	SELECT min(CAST(strftime('%s', c.value ->> 'due') AS INTEGER)) * 1000000000 FROM json_each(body, '$.clocks.clocks') AS c
	WHERE c.value ->> 'verdict' = 'breached' AND c.value ->> 'stopped' IS NULL AND c.value ->> 'since' IS NOT NULL), promise))
WHERE waiting AND body LIKE '%"verdict":"breached"%';
