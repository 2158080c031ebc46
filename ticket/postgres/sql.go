package postgres

import "strings"

// queries are the statements of a Store, made once for its schema.
type queries struct {
	kinds map[string]statements
	refs, verifyRefs, claim, claimOf, clock, pauses, nextDue,
	append, hold, head, pruned, anyHeld, number, dropExpired, hosts, announce, announceHost, others string
}

func (q *queries) of(kind string) *statements {
	s := q.kinds[kind]
	return &s
}

func newQueries(schema string) *queries {
	q := &queries{kinds: map[string]statements{
		tickets.name(): tickets.statements(schema), conversations.name(): conversations.statements(schema), messages.name(): messages.statements(schema),
		contacts.name(): contacts.statements(schema), identities.name(): identities.statements(schema), agents.name(): agents.statements(schema),
		presences.name(): presences.statements(schema), reservations.name(): reservations.statements(schema), values.name(): values.statements(schema),
		seen.name(): seen.statements(schema), tasks.name(): tasks.statements(schema), schedules.name(): schedules.statements(schema), ensures.name(): ensures.statements(schema),
		pauses.name(): pauses.statements(schema),
	}}
	const byRef = `lateral (select t.key, t.xmin::text::bigint as version, t.data::text from SCHEMA.messages t
		where t.tenant = $1 and t.ref <> '' and t.ref = k.ref and t.account = k.account and t.platform = k.platform order by t.place desc limit 1) t`
	for text, into := range map[string]*string{
		`select k.i, t.key, t.version, t.data from unnest($2::text[], $3::text[], $4::text[]) with ordinality k(platform, account, ref, i) cross join ` + byRef: &q.refs,
		`select SCHEMA.require(not exists (select from unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) k(platform, account, ref, version)
			left join ` + byRef + ` on true where coalesce(t.version, 0) <> k.version))`: &q.verifyRefs,

		claim(false):            &q.claim,
		claim(true):             &q.claimOf,
		`select SCHEMA.clock()`: &q.clock,
		`select data::text from SCHEMA.pauses where tenant = $1 order by queue`: &q.pauses,
		`select (select min(d) from (
				select due as d from (select t.due from SCHEMA.tasks t where t.tenant = $1 and not t.dead and t.token = 0
					and t.queue <> all (coalesce((select array_agg(queue) from SCHEMA.pauses where tenant = $1), '{}')) and ` + firstOfKey + `
					order by t.due, t.place limit 1) free
				union all
				select greatest(p.until, t.due) from SCHEMA.pauses p cross join lateral (select t.due from SCHEMA.tasks t
					where t.tenant = $1 and t.queue = p.queue and not t.dead and t.token = 0 and ` + firstOfKey + ` order by t.due, t.place limit 1) t
				where p.tenant = $1 and p.until > -9223372036854775808) x),
			(select min(until) - SCHEMA.clock() from SCHEMA.tasks where tenant = $1 and not dead and token <> 0)`: &q.nextDue,

		`insert into SCHEMA.journal (tenant, key, position, ticket, contact, data) select $1, u.key, nextval('SCHEMA.positions'), u.ticket, u.contact, u.data::json
			from unnest($2::text[], $3::text[], $4::text[], $5::text[]) u(key, ticket, contact, data) on conflict (tenant, key) do nothing`: &q.append,
		`insert into SCHEMA.journal (tenant, key, held, ticket, contact, data) select $1, u.key, nextval('SCHEMA.positions'), u.ticket, u.contact, u.data::json
			from unnest($2::text[], $3::text[], $4::text[], $5::text[]) u(key, ticket, contact, data) on conflict (tenant, key) do nothing`: &q.hold,
		`select max(position) from SCHEMA.journal where tenant = $1 and position is not null`: &q.head,
		`select position from SCHEMA.pruned where tenant = $1`:                                &q.pruned,
		`select exists (select from SCHEMA.journal where tenant = $1 and held is not null)`:   &q.anyHeld,
		`with waiting as materialized (select key from SCHEMA.journal where tenant = $1 and held is not null order by held),
			numbered as materialized (select key, nextval('SCHEMA.positions') as position from waiting)
			update SCHEMA.journal j set position = n.position, held = null from numbered n where j.tenant = $1 and j.key = n.key`: &q.number,

		`delete from SCHEMA.small_values where ctid = any (array(select ctid from SCHEMA.small_values
			where expires > -9223372036854775808 and expires <= SCHEMA.clock() order by expires limit $1 for update skip locked))`: &q.dropExpired,

		`select SCHEMA.require(case when pg_try_advisory_xact_lock($1) then true else not ` + announced("$2") + ` end)`: &q.hosts,
		`select pg_advisory_xact_lock(k) from unnest($1::bigint[]) k`:                                                   &q.announce,
		`select pg_advisory_xact_lock_shared($1)`:                                                                       &q.announceHost,
		`select SCHEMA.require(not ` + announced("$1") + `)`:                                                            &q.others,
	} {
		*into = inSchema(text, schema)
	}
	return q
}

// announced: another transaction holds the lock of one of the keys.
func announced(keys string) string {
	return `exists (select from pg_locks l where l.locktype = 'advisory' and l.objsubid = 1 and l.granted and l.mode = 'ExclusiveLock'
		and l.pid <> pg_backend_pid() and l.database = (select oid from pg_database where datname = current_database())
		and ((l.classid::bigint << 32) | l.objid::bigint) = any (` + keys + `::bigint[]))`
}

// firstOfKey: no other task of the key of t comes before it. It is written so that the planner looks at one task after the other, in the order of the index,
// and does not join all of them.
const firstOfKey = `(t.key = '' or coalesce((select false from SCHEMA.tasks b where b.tenant = $1 and b.queue = t.queue and b.key = t.key and not b.dead and b.key <> ''
	and b.place < t.place limit 1), true))`

// claim finds tasks to claim and locks them: $1 the tenant, $2 now, $3 the queues, $4 those to pass over, $5 how many, $6 for how long. Tasks that are free and
// those whose lease has ended come from two indexes. Those of the second are few; it is written so that the planner does not look for them in the order of due,
// among all that wait.
func claim(queues bool) string {
	arm := func(state, due, queue string) string {
		const columns = "t.id, t.xmin::text::bigint as version, t.data::text, t.due, t.place, t.token, t.until, t.again"
		where := " from SCHEMA.tasks t where t.tenant = $1 and not t.dead and " + state + " and " + due + ` <= $2 and t.id <> all ($4::text[])
			and t.queue <> all (coalesce((select array_agg(queue) from SCHEMA.pauses where tenant = $1 and (until = -9223372036854775808 or until > $2)), '{}'))
			and ` + firstOfKey
		end := " order by " + due + ", t.place limit $5 for no key update skip locked"
		if queues {
			return "select t.* from (select distinct name from unnest($3::text[]) q(name)) q cross join lateral (select " + columns + where + " and " + queue + " = q.name" + end + ") t"
		}
		return "select * from (select " + columns + where + " and ($3::text[] is not null)" + end + ") t"
	}
	return `select c.id, nextval('SCHEMA.tokens'), SCHEMA.clock() + $6::bigint, c.version, c.data, c.place, c.token, c.until, c.again::int::bigint from (
		select * from (` + arm("t.token = 0", "t.due", "t.queue") + " union all " +
		arm("t.token <> 0 and t.until <= (select SCHEMA.clock())", "(t.due + 0)", "(t.queue || '')") + `) u order by due, place limit $5) c order by c.due, c.place`
}

// inSchema puts the schema's name into a statement, also where that is within a text.
func inSchema(text, schema string) string {
	return strings.NewReplacer("'SCHEMA.", "'"+strings.ReplaceAll(schema, "'", "''")+".", "SCHEMA", schema).Replace(text)
}
