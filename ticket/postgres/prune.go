package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket"
)

// pruneBatch is how many tickets, messages or entries one transaction of Prune looks at, so that Updates get their turn.
const pruneBatch = 500

// Prune implements ticket.Pruner, in small transactions. The space is used again once the server has vacuumed.
func (s *Store) Prune(ctx context.Context, tenant string, until time.Time) (removed int, err error) {
	if s.closed.Load() {
		return 0, ticket.ErrClosed
	}
	for _, p := range []pruning{
		{sql: pruneTickets, at: []string{never.text(), ""}},
		{sql: pruneMessages, at: []string{never.text(), ""}},
		{sql: pruneEntries, at: []string{"0", ""}},
	} {
		for p.at != nil {
			n, err := s.prune(ctx, tenant, until, &p)
			if err != nil {
				return removed, wrap("prune", err)
			}
			removed += n
		}
	}
	return removed, nil
}

// pruning is a walk through what may be pruned: at is where it stands, nil at the end.
type pruning struct {
	sql string
	at  []string
}

func (s *Store) prune(ctx context.Context, tenant string, until time.Time, p *pruning) (removed int, err error) {
	var number, text *string
	b := new(pgx.Batch)
	b.Queue("begin")
	b.Queue("select pg_advisory_xact_lock($1)", s.lock(tenant))
	b.Queue(inSchema(p.sql, s.schema), tenant, p.at[0], p.at[1], until, int64(nanosOf(until)), pruneBatch).QueryRow(func(row pgx.Row) error {
		return row.Scan(&removed, &number, &text)
	})
	b.Queue("commit")
	on := &session{store: s, ctx: ctx, begun: true}
	defer on.end()
	if err := on.send(ctx, b); err != nil {
		return 0, err
	}
	p.at = nil
	if number != nil {
		p.at = []string{*number, *text}
	}
	return removed, nil
}

// The statements of Prune: $1 the tenant, $2 and $3 where the walk stands, $4 and $5 the time, $6 how many to look at. They return how many rows were removed and
// where the walk stands then. The newest entry always stays. notePruned keeps how far entries were removed, of which gone tells.
const (
	notePruned = `insert into SCHEMA.pruned as p (tenant, position) select $1, max(position) from gone having max(position) is not null
		on conflict (tenant) do update set position = greatest(p.position, excluded.position)`

	pruneTickets = `with recursive candidates as materialized (
			select id, created from SCHEMA.tickets where tenant = $1 and rank = 5 and (created, id) > ($2::text::bigint, $3) order by created, id limit $6),
		chain (root, id, depth) as (
			select id, id, 0 from candidates
			union select c.root, t.data ->> 'merged_into', c.depth + 1 from chain c join SCHEMA.tickets t on t.tenant = $1 and t.id = c.id
				where t.data ->> 'merged_into' <> '' and c.depth < 100),
		named as (select distinct regexp_replace(key, '^.*/', '') collate "C" as id from SCHEMA.tasks where tenant = $1 and not dead and key <> ''),
		old as (select id from candidates except (
			select c.root from chain c join SCHEMA.tickets t on t.tenant = $1 and t.id = c.id where t.rank <> 5 or (t.data ->> 'updated')::timestamptz >= $4
			union all select c.root from chain c join named n on n.id = c.id)),
		m as (delete from SCHEMA.messages where tenant = $1 and ticket in (select id from old) returning 1),
		j as (delete from SCHEMA.journal where tenant = $1 and ticket <> '' and position is not null and ticket in (select id from old)
			and position < (select max(position) from SCHEMA.journal where tenant = $1 and position is not null) and $5::bigint is not null returning ticket, position),
		gone as (select ticket, max(position) as position from j group by ticket),
		t as (update SCHEMA.tickets t set data = jsonb_set(t.data::jsonb, '{pruned}', to_jsonb(lpad(gone.position::text, 19, '0')))::json
			from gone where t.tenant = $1 and t.id = gone.ticket),
		noted as (` + notePruned + `)
		select (select count(*) from m) + (select count(*) from j), (select created::text from candidates order by created desc, id desc limit 1),
			(select id from candidates order by created desc, id desc limit 1)`

	pruneMessages = `with m as materialized (
			select written, key from SCHEMA.messages where tenant = $1 and ticket = '' and written >= $2::text::bigint and written < $5::bigint
				and $3::text is not null and $4::timestamptz is not null order by written limit $6),
		d as (delete from SCHEMA.messages where tenant = $1 and key in (select key from m) returning 1)
		select (select count(*) from d), (select max(written)::text from m), ''`

	pruneEntries = `with e as materialized (
			select position, ticket, (data ->> 'processed')::timestamptz < $4 as old, key from SCHEMA.journal where tenant = $1 and position is not null
				and position > $2::text::bigint and $3::text is not null and $5::bigint is not null order by position limit $6),
		d as (delete from SCHEMA.journal where tenant = $1 and key in (select key from e where ticket = '' and old)
			and position < (select max(position) from SCHEMA.journal where tenant = $1 and position is not null) returning position),
		gone as (select max(position) as position from d),
		noted as (` + notePruned + `)
		select (select count(*) from d), (select max(position)::text from e), ''`
)
