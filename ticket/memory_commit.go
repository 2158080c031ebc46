package ticket

// apply carries the pending writes over into what is stored and reports whether somebody may want to wake. The caller holds writer and state.
func (t *memoryTenant) apply() (wake bool) {
	p := &t.pending
	t.keepTogether()
	p.all(kindTicket, func(w *pendingWrite) { t.tickets.put(w.keyText(), w.record()) })
	p.all(kindMessage, func(w *pendingWrite) { t.messages.put(w.keyText(), w.record()) })
	p.all(kindConversation, func(w *pendingWrite) { t.conversations[w.keyText()] = w.record() })
	p.all(kindContact, func(w *pendingWrite) { t.contacts[w.keyText()] = w.record() })
	p.all(kindIdentity, func(w *pendingWrite) { t.identities[w.keyText()] = w.record() })
	p.all(kindAgent, func(w *pendingWrite) { t.agents.put(w.keyText(), w.record()) })
	p.all(kindReservation, func(w *pendingWrite) { t.agents.hold(w.keyText(), w.record()) })
	p.all(kindSeen, func(w *pendingWrite) { t.seen[w.keyText()] = struct{}{} })
	p.all(kindEntry, func(w *pendingWrite) { t.journal.append(w.record()) })
	p.all(kindTask, func(w *pendingWrite) { t.tasks.put(w.keyText(), w.record(), w.task) })
	p.all(kindPause, func(w *pendingWrite) { t.tasks.pause(w.keyText(), w.record()) })
	values := 0
	p.all(kindValue, func(w *pendingWrite) {
		t.values.put(w.keyText(), w.record())
		values++
	})
	if values > 0 { // more go than come, so that expired values do not pile up
		t.values.drop(instantOf(t.now()), 2*values+2)
	}
	return p.wake
}

// keepTogether gives the records that stay for good one text in common: journal entries, dedupe keys, and new contacts and identities, which hardly ever
// change. What is replaced or removed again and again has a text of its own, so that it is not kept because of a neighbour.
func (t *memoryTenant) keepTogether() {
	p := &t.pending
	for _, k := range [...]kind{kindContact, kindIdentity, kindSeen, kindEntry} {
		writes := p.logs[k].writes
		for i := range writes {
			w := &writes[i]
			if record := p.written[w.from:w.to]; w.text == "" && !w.replaced && t.record(k, record[:w.key]) == "" {
				p.together, p.page = append(p.together, w), append(p.page, record...)
			}
		}
	}
	page := string(p.page)
	for _, w := range p.together {
		n := w.to - w.from
		w.text, page = page[:n], page[n:]
	}
	clear(p.together)
	p.together = p.together[:0]
}
