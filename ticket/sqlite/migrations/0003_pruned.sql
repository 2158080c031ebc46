-- How far Prune has removed journal entries: the position of the newest one; 0 while it removed none.
ALTER TABLE socialcrm_tenant ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
