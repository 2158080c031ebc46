-- Every key begins with the tenant. Texts compare byte by byte. Times are nanoseconds since 1970; the smallest number stands for no time.
-- Columns are what is looked up or listed by; the rest of a record is JSON, kept as text so that it comes back as it was put.

create table tickets (
	tenant        text collate "C" not null,
	id            text collate "C" not null,
	status        text collate "C" not null,
	rank          smallint not null, -- of the status: the open ones among many closed are found at once
	lane          text collate "C" not null,
	agent         text collate "C" not null,
	contact       text collate "C" not null,
	created       bigint not null,
	promise       bigint not null, -- the largest number: none
	urgency       smallint not null, -- the priority, turned round
	tags          text[] collate "C" not null,
	conversations text[] collate "C" not null,
	data          json not null,
	primary key (tenant, id)
);
create index tickets_all on tickets (tenant, rank, created, id);
create index tickets_lane on tickets (tenant, lane, rank, created, id) where lane <> '';
create index tickets_agent on tickets (tenant, agent, rank, created, id) where agent <> '';
create index tickets_contact on tickets (tenant, contact, rank, created, id) where contact <> '';
create index tickets_waiting on tickets (tenant, lane, promise, urgency, created, id) where agent = '' and rank not in (4, 5);
create index tickets_tags on tickets using gin (tags) where tags <> '{}';
create index tickets_conversations on tickets using gin (conversations) where conversations <> '{}';

create table conversations (
	tenant     text collate "C" not null,
	platform   text collate "C" not null,
	account    text collate "C" not null,
	visibility text collate "C" not null,
	thread     text collate "C" not null,
	author     text collate "C" not null,
	data       json not null,
	primary key (tenant, thread, author, account, platform, visibility)
);

create sequence places; -- orders messages by when they were put, and tasks by when they were scheduled

create table messages (
	tenant   text collate "C" not null,
	key      text collate "C" not null,
	platform text collate "C" not null,
	account  text collate "C" not null,
	ref      text collate "C" not null, -- the platform's ID; empty while there is none
	ticket   text collate "C" not null,
	written  bigint not null,
	ord      text collate "C" not null, -- the platform's order
	place    bigint not null,
	data     json not null,
	primary key (tenant, key)
);
create index messages_ref on messages (tenant, ref, account, platform, place) where ref <> '';
create index messages_ticket on messages (tenant, ticket, written, ord, key);

create table contacts (
	tenant text collate "C" not null,
	id     text collate "C" not null,
	data   json not null,
	primary key (tenant, id)
);

create table identities (
	tenant   text collate "C" not null,
	platform text collate "C" not null,
	id       text collate "C" not null,
	data     json not null,
	primary key (tenant, id, platform)
);

create table agents (
	tenant text collate "C" not null,
	name   text collate "C" not null,
	load   bigint not null default 0,
	freed  bigint not null default -9223372036854775808,
	data   json not null,
	primary key (tenant, name)
);

create table reservations (
	tenant text collate "C" not null,
	ticket text collate "C" not null,
	data   json not null,
	primary key (tenant, ticket)
);

create table small_values (
	tenant  text collate "C" not null,
	space   text collate "C" not null,
	name    text collate "C" not null,
	expires bigint not null, -- the smallest number: never
	data    json not null,
	primary key (tenant, space, name)
);
create index small_values_expiring on small_values (expires) where expires > -9223372036854775808;

create table seen (
	tenant   text collate "C" not null,
	platform text collate "C" not null,
	account  text collate "C" not null,
	key      text collate "C" not null,
	primary key (tenant, key, account, platform)
);

create sequence tokens;

create table tasks (
	tenant text collate "C" not null,
	id     text collate "C" not null,
	queue  text collate "C" not null,
	key    text collate "C" not null,
	due    bigint not null,
	place  bigint not null,
	token  bigint not null, -- of the newest claim; 0: not claimed
	until  bigint not null, -- when the lease ends
	again  boolean not null, -- scheduled again while it was claimed
	dead   boolean not null,
	data   json not null,
	primary key (tenant, id)
);
create index tasks_free on tasks (tenant, due, place) where not dead and token = 0;
create index tasks_leased on tasks (tenant, until) where not dead and token <> 0;
create index tasks_line on tasks (tenant, queue, key, place) where not dead and key <> '';
create index tasks_listed on tasks (tenant, dead, due, id);
create index tasks_queued on tasks (tenant, queue, dead, due, id);

create table pauses (
	tenant text collate "C" not null,
	queue  text collate "C" not null,
	until  bigint not null, -- the smallest number: without end
	data   json not null,
	primary key (tenant, queue)
);

-- An entry gets its position from whoever holds the tenant's lock. One that was appended in a host's own transaction, which does not hold it, is held until the
-- next one does: it has no position, and held orders it among its like.
create sequence positions;

create table journal (
	tenant   text collate "C" not null,
	key      text collate "C" not null,
	position bigint,
	held     bigint,
	ticket   text collate "C" not null,
	contact  text collate "C" not null,
	data     json not null,
	primary key (tenant, key)
);
create index journal_position on journal (tenant, position) where position is not null;
create index journal_held on journal (tenant, held) where held is not null;
create index journal_ticket on journal (tenant, ticket, position) where ticket <> '' and position is not null;
create index journal_contact on journal (tenant, contact, position) where contact <> '' and position is not null;

-- require ends the transaction with a serialization failure unless it holds.
create function require(holds boolean) returns void language plpgsql as $$
begin
	if holds is not true then
		raise exception using errcode = 'serialization_failure', message = 'what was read has changed since';
	end if;
end $$;

-- clock is the server's time or, where virtual time is set for the transaction, that.
create function clock() returns bigint language sql volatile as $$
	select coalesce(nullif(current_setting('socialcrm.now', true), '')::bigint, (extract(epoch from clock_timestamp()) * 1000000000)::bigint)
$$;
