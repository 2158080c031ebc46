-- How far Prune has removed journal entries: the position of the newest one.
create table pruned (
	tenant   text collate "C" not null,
	position bigint not null,
	primary key (tenant)
);
