-- Room in the pages of what is written again and again, so that a new version of a row lies beside the old one and no index has to hear of it.
alter table tickets set (fillfactor = 60);
alter table conversations set (fillfactor = 60);
alter table agents set (fillfactor = 50);
