-- What waiting tickets ask of agents: the first of each class of a lane are found without looking at the others.
alter table tickets add class text collate "C" not null default '';
create index tickets_class on tickets (tenant, lane, class, promise, urgency, created, id) where agent = '' and rank not in (4, 5);
