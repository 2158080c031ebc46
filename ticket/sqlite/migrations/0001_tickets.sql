-- What a Store keeps. Every key begins with the tenant. Columns are what is looked up, listed or counted; the rest of a record is JSON in body.
-- Times are nanoseconds since 1970, in UTC; the least number stands for no time.

CREATE TABLE socialcrm_tenant (
	id       INTEGER PRIMARY KEY,
	name     TEXT NOT NULL UNIQUE,
	position INTEGER NOT NULL DEFAULT 0, -- of the newest journal entry
	token    INTEGER NOT NULL DEFAULT 0, -- of the newest claim
	wakes    INTEGER NOT NULL DEFAULT 0  -- grows with each commit that somebody may wait for
) STRICT;

CREATE TABLE socialcrm_ticket (
	tenant  INTEGER NOT NULL,
	id      TEXT NOT NULL,
	status  TEXT NOT NULL,
	rank    INTEGER NOT NULL, -- of the status: the few open tickets among many closed ones lie together
	lane    TEXT NOT NULL,
	agent   TEXT NOT NULL,
	contact TEXT NOT NULL,
	created INTEGER NOT NULL,
	promise INTEGER NOT NULL, -- the greatest number where there is none
	urgency INTEGER NOT NULL, -- the more urgent, the smaller
	waiting INTEGER NOT NULL,
	body    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX socialcrm_ticket_id ON socialcrm_ticket (tenant, id);
CREATE INDEX socialcrm_ticket_created ON socialcrm_ticket (tenant, rank, created, id);
CREATE INDEX socialcrm_ticket_lane ON socialcrm_ticket (tenant, lane, rank, created, id) WHERE lane <> '';
CREATE INDEX socialcrm_ticket_agent ON socialcrm_ticket (tenant, agent, rank, created, id) WHERE agent <> '';
CREATE INDEX socialcrm_ticket_contact ON socialcrm_ticket (tenant, contact, rank, created, id) WHERE contact <> '';
CREATE INDEX socialcrm_ticket_waiting ON socialcrm_ticket (tenant, lane, promise, urgency, created, id) WHERE waiting;

CREATE TABLE socialcrm_ticket_tag (
	tenant  INTEGER NOT NULL,
	tag     TEXT NOT NULL,
	rank    INTEGER NOT NULL,
	created INTEGER NOT NULL,
	ticket  TEXT NOT NULL,
	PRIMARY KEY (tenant, tag, rank, created, ticket)
) STRICT, WITHOUT ROWID;

CREATE TABLE socialcrm_ticket_conversation (
	tenant     INTEGER NOT NULL,
	platform   TEXT NOT NULL,
	account    TEXT NOT NULL,
	visibility INTEGER NOT NULL,
	thread     TEXT NOT NULL,
	author     TEXT NOT NULL,
	rank       INTEGER NOT NULL,
	created    INTEGER NOT NULL,
	ticket     TEXT NOT NULL,
	PRIMARY KEY (tenant, platform, account, visibility, thread, author, rank, created, ticket)
) STRICT, WITHOUT ROWID;

CREATE TABLE socialcrm_message (
	n        INTEGER PRIMARY KEY,
	tenant   INTEGER NOT NULL,
	key      TEXT NOT NULL,
	platform TEXT NOT NULL,
	account  TEXT NOT NULL,
	ref      TEXT, -- the platform's ID; NULL while there is none, and once another message goes by it
	ticket   TEXT NOT NULL,
	time     INTEGER NOT NULL,
	ord      TEXT NOT NULL,
	body     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX socialcrm_message_key ON socialcrm_message (tenant, key);
CREATE UNIQUE INDEX socialcrm_message_ref ON socialcrm_message (tenant, platform, account, ref) WHERE ref IS NOT NULL;
CREATE INDEX socialcrm_message_ticket ON socialcrm_message (tenant, ticket, time, ord, key);

CREATE TABLE socialcrm_conversation (
	tenant     INTEGER NOT NULL,
	platform   TEXT NOT NULL,
	account    TEXT NOT NULL,
	visibility INTEGER NOT NULL,
	thread     TEXT NOT NULL,
	author     TEXT NOT NULL,
	body       TEXT NOT NULL,
	PRIMARY KEY (tenant, platform, account, visibility, thread, author)
) STRICT, WITHOUT ROWID;

CREATE TABLE socialcrm_contact (
	tenant INTEGER NOT NULL,
	id     TEXT NOT NULL,
	body   TEXT NOT NULL,
	PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE socialcrm_identity (
	tenant   INTEGER NOT NULL,
	platform TEXT NOT NULL,
	id       TEXT NOT NULL,
	body     TEXT NOT NULL,
	PRIMARY KEY (tenant, platform, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE socialcrm_agent (
	tenant   INTEGER NOT NULL,
	name     TEXT NOT NULL,
	presence TEXT NOT NULL,
	capacity INTEGER NOT NULL,
	load     INTEGER NOT NULL,
	since    INTEGER NOT NULL,
	freed    INTEGER NOT NULL,
	PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE socialcrm_reservation (
	tenant INTEGER NOT NULL,
	ticket TEXT NOT NULL,
	agent  TEXT NOT NULL,
	weight INTEGER NOT NULL,
	PRIMARY KEY (tenant, ticket)
) STRICT, WITHOUT ROWID;

CREATE TABLE socialcrm_value (
	tenant  INTEGER NOT NULL,
	space   TEXT NOT NULL,
	name    TEXT NOT NULL,
	expires INTEGER, -- NULL: never
	data    BLOB NOT NULL,
	PRIMARY KEY (tenant, space, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX socialcrm_value_expires ON socialcrm_value (tenant, expires) WHERE expires IS NOT NULL;

CREATE TABLE socialcrm_seen (
	tenant   INTEGER NOT NULL,
	platform TEXT NOT NULL,
	account  TEXT NOT NULL,
	key      TEXT NOT NULL,
	PRIMARY KEY (tenant, platform, account, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE socialcrm_entry (
	tenant    INTEGER NOT NULL,
	position  INTEGER NOT NULL,
	key       TEXT NOT NULL,
	ticket    TEXT NOT NULL,
	contact   TEXT NOT NULL,
	processed INTEGER NOT NULL,
	body      TEXT NOT NULL,
	PRIMARY KEY (tenant, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX socialcrm_entry_key ON socialcrm_entry (tenant, key);
CREATE INDEX socialcrm_entry_ticket ON socialcrm_entry (tenant, ticket) WHERE ticket <> '';
CREATE INDEX socialcrm_entry_contact ON socialcrm_entry (tenant, contact) WHERE contact <> '';

-- A task's place is where it stands in the order of scheduling. state: 0 behind another of its key, or dead; 1 the first of its key, or without one: it
-- can be claimed when it is due; 2 leased.
CREATE TABLE socialcrm_task (
	place      INTEGER PRIMARY KEY,
	tenant     INTEGER NOT NULL,
	id         TEXT NOT NULL,
	kind       TEXT NOT NULL,
	queue      TEXT NOT NULL,
	key        TEXT NOT NULL,
	due        INTEGER NOT NULL,
	dead       INTEGER NOT NULL,
	state      INTEGER NOT NULL,
	token      INTEGER NOT NULL, -- of the newest claim; 0 while there is none that holds
	until      INTEGER NOT NULL, -- when the lease ends
	again      INTEGER NOT NULL, -- scheduled again while it was claimed
	attempts   INTEGER NOT NULL,
	last_error TEXT NOT NULL,
	payload    BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX socialcrm_task_id ON socialcrm_task (tenant, id);
CREATE INDEX socialcrm_task_listed ON socialcrm_task (tenant, dead, due, id);
CREATE INDEX socialcrm_task_queued ON socialcrm_task (tenant, queue, dead, due, id);
CREATE INDEX socialcrm_task_line ON socialcrm_task (tenant, queue, key) WHERE key <> '' AND NOT dead;
CREATE INDEX socialcrm_task_ready ON socialcrm_task (tenant, due) WHERE state = 1;
CREATE INDEX socialcrm_task_ready_queue ON socialcrm_task (tenant, queue, due) WHERE state = 1;
CREATE INDEX socialcrm_task_leased ON socialcrm_task (tenant, until) WHERE state = 2;

CREATE TABLE socialcrm_pause (
	tenant INTEGER NOT NULL,
	queue  TEXT NOT NULL,
	until  INTEGER NOT NULL, -- the least number: without end
	reason TEXT NOT NULL,
	PRIMARY KEY (tenant, queue)
) STRICT, WITHOUT ROWID;
