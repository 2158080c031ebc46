package socialcrm

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// early is something that came before the message that it is about: platforms reorder.
type early struct {
	// Event happened to the message: an edit, a deletion, a reaction, a receipt.
	Event *channel.Event `json:"event,omitempty"`
	// Echo is the key of an own post that answers it, Reply that of another customer's message.
	Echo  string `json:"echo,omitempty"`
	Reply string `json:"reply,omitempty"`
}

// earlyKept is for how long what came early waits for its message.
const earlyKept = 30 * 24 * time.Hour

// earlyMost is how many things wait for one message at most, beside its deletion.
const earlyMost = 64

// add puts an item behind what waits. Of deletions one is enough; after one that must be honoured nothing that holds text waits any more.
func add(waiting []early, item early) []early {
	hasText := func(i early) bool { return i.Event != nil && i.Event.Kind == channel.MessageEdited }
	honoured := func(i early) bool { return i.deletes() && i.Event.Honour }
	switch {
	case hasText(item) && slices.ContainsFunc(waiting, honoured), item.deletes() && !honoured(item) && slices.ContainsFunc(waiting, early.deletes):
		return waiting
	case honoured(item):
		waiting = slices.DeleteFunc(waiting, func(i early) bool { return hasText(i) || i.deletes() })
	}
	return append(waiting, item)
}

func (i early) deletes() bool { return i.Event != nil && i.Event.Kind == channel.MessageDeleted }

const earlySpace = "early"

func earlyKey(ref ticket.MessageRef) ticket.ValueKey {
	return ticket.ValueKey{Space: earlySpace, Name: messageKey(ref)}
}

// keepEarly keeps something until its message comes.
func (w *work) keepEarly(ref ticket.MessageRef, item early) error {
	waiting, err := w.earlyFor(ref)
	if err != nil {
		return err
	}
	waiting = add(waiting, item)
	if len(waiting) > earlyMost && !item.deletes() {
		return nil // nobody edits, answers and reads that often what we have not seen: the message will not come
	}
	data, err := json.Marshal(waiting)
	if err != nil {
		return err
	}
	w.tx.PutValue(ticket.Value{Key: earlyKey(ref), Data: data, Expires: w.now.Add(earlyKept)})
	return nil
}

func (w *work) earlyFor(ref ticket.MessageRef) (waiting []early, err error) {
	w.keys.values[0] = earlyKey(ref)
	values, err := w.tx.Values(w.keys.values[:1]...)
	if err != nil {
		return nil, err
	}
	return decode[early](&values[0])
}

// awaited reads in one go what waits for a message and for the first of its conversation: what came early, and the keys of own posts that belong to no ticket
// yet. It also returns the message's key.
func (w *work) awaited(ref ticket.MessageRef, conv *ticket.ConversationKey) (key string, waiting []early, echoes []string, err error) {
	n := w.room.names.empty()
	n.end(appendMessageKey(n.text, ref))
	n.end(appendEchoesName(n.text, conv))
	n.make()
	key = n.take()
	w.keys.values = [...]ticket.ValueKey{{Space: earlySpace, Name: key}, {Space: echoesSpace, Name: n.take()}}
	values, err := w.tx.Values(w.keys.values[:]...)
	if err == nil {
		waiting, err = decode[early](&values[0])
	}
	if err == nil {
		echoes, err = decode[string](&values[1])
	}
	return key, waiting, echoes, err
}

// decode reads a list that is kept as JSON; no value is an empty one.
func decode[T any](v *ticket.Value) ([]T, error) {
	if v.Data == nil {
		return nil, nil
	}
	var list []T
	err := json.Unmarshal(v.Data, &list)
	return list, err
}

// catchUp applies what came early to the message that has now come. waiting is what earlyFor returned for it.
func (w *work) catchUp(ref ticket.MessageRef, waiting []early) error {
	if len(waiting) == 0 {
		return nil
	}
	w.tx.DeleteValue(earlyKey(ref))
	for _, item := range waiting {
		var err error
		switch {
		case item.Event != nil && item.Event.Kind == channel.ReceiptArrived:
			_, err = w.receipt(item.Event)
		case item.Event != nil:
			_, err = w.altered(item.Event)
		case item.Echo != "":
			err = w.adoptLate(item.Echo)
		case item.Reply != "":
			err = w.rekey(item.Reply)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deletedEarly returns the deletion among what came early, if there is one.
func deletedEarly(waiting []early) *channel.Event {
	for _, item := range waiting {
		if item.deletes() {
			return item.Event
		}
	}
	return nil
}
