-- What waiting tickets ask of agents: the first of each class of a lane are found without looking at the others.

ALTER TABLE socialcrm_ticket ADD COLUMN class TEXT NOT NULL DEFAULT '';
CREATE INDEX socialcrm_ticket_class ON socialcrm_ticket (tenant, lane, class, promise, urgency, created, id) WHERE waiting;
