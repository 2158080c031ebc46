// Package sqlite keeps tickets in a SQLite file: the durable [ticket.Store] of a program that runs as one process and wants no server.
//
//	store, err := sqlite.Open("tickets.db", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	desk, err := socialcrm.New(socialcrm.Config{Store: store})
//
// What a Desk has acknowledged survives the end of the process and, with [Full], a power cut. [Store.Backup] copies the file while it is in use,
// [Store.Check] reads all of it, [Store.Prune] lets go of what is old. A host with tables of its own in the same file opens its own database, hands it to
// [New], and commits its rows together with a ticket's through [WithTx]. All tables begin with "socialcrm_".
//
// One Update runs at a time; Views run beside it and beside each other. A second process may open the same file: it waits for its turn, and is woken within a
// quarter of a second. The file must lie on a disk of the machine itself, not on a network drive.
package sqlite
