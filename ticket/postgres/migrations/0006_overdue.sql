-- A broken promise is still owed: what is overdue longest is served first.
update tickets set promise = least(promise, owed.due) from (
	select tenant, id, min((extract(epoch from (c->>'due')::timestamptz) * 1000000000)::bigint) as due from tickets, json_array_elements(data->'clocks'->'clocks') as c
	where agent = '' and rank not in (4, 5) and c->>'verdict' = 'breached' and c->>'stopped' is null and c->>'since' is not null
	group by tenant, id
) as owed where owed.tenant = tickets.tenant and owed.id = tickets.id;
