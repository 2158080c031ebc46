package ticket

// apply carries the pending writes over into what is stored and reports whether somebody may want to wake. The caller holds writer and state.
func (t *memoryTenant) apply() (wake bool) {
	logs := &t.pending.logs
	logs[kindTicket].all(func(w *pendingWrite) { t.tickets.put(w.key, w.record) })
	logs[kindMessage].all(func(w *pendingWrite) { t.messages.put(w.key, w.record) })
	logs[kindConversation].all(func(w *pendingWrite) { t.conversations[w.key] = w.record })
	logs[kindContact].all(func(w *pendingWrite) { t.contacts[w.key] = w.record })
	logs[kindIdentity].all(func(w *pendingWrite) { t.identities[w.key] = w.record })
	logs[kindAgent].all(func(w *pendingWrite) { t.agents.put(w.key, w.record) })
	logs[kindReservation].all(func(w *pendingWrite) { t.agents.hold(w.key, w.record) })
	logs[kindSeen].all(func(w *pendingWrite) { t.seen[w.key] = struct{}{} })
	logs[kindEntry].all(func(w *pendingWrite) { t.journal.append(w.record) })
	logs[kindTask].all(func(w *pendingWrite) { t.tasks.put(w.key, w.record, w.task) })
	logs[kindPause].all(func(w *pendingWrite) { t.tasks.pause(w.key, w.record) })
	values := 0
	logs[kindValue].all(func(w *pendingWrite) {
		t.values.put(w.key, w.record)
		values++
	})
	if values > 0 { // more go than come, so that expired values do not pile up
		t.values.drop(instantOf(t.now()), 2*values+2)
	}
	return t.pending.wake
}
