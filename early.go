package socialcrm

import (
	"encoding/json"
	"slices"
	"strconv"
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
	// More is how many answers wait in further lists, where this one is full.
	More int `json:"more,omitempty"`
}

// earlyKept is for how long what came early waits for its message.
const earlyKept = 30 * 24 * time.Hour

// earlyMost is how many things one list holds, beside a deletion: of edits and receipts no more wait, of answers (which are messages that are kept anyway) any number,
// in further lists.
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
		if item.Reply == "" && item.Echo == "" {
			return nil // nobody edits and reads that often what we have not seen: the message will not come
		}
		if waiting, err = w.keepMore(ref, waiting); err != nil {
			return err
		}
	}
	return w.putEarly(earlyKey(ref), waiting)
}

func (w *work) putEarly(key ticket.ValueKey, waiting []early) error {
	data, err := json.Marshal(waiting)
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: key, Data: data, Expires: w.now.Add(earlyKept)})
	}
	return err
}

// moreKey leads to the n-th further list of what waits for a message.
func moreKey(ref ticket.MessageRef, n int) ticket.ValueKey {
	return ticket.ValueKey{Space: "early/more", Name: messageKey(ref) + "#" + strconv.Itoa(n)}
}

// keepMore puts the last item into a further list, and returns the first list as it then is.
func (w *work) keepMore(ref ticket.MessageRef, waiting []early) ([]early, error) {
	item := waiting[len(waiting)-1]
	waiting = waiting[:len(waiting)-1]
	i := slices.IndexFunc(waiting, func(i early) bool { return i.More > 0 })
	if i < 0 {
		i, waiting = len(waiting), append(waiting, early{})
	}
	key := moreKey(ref, waiting[i].More/earlyMost)
	values, err := w.tx.Values(key)
	if err != nil {
		return nil, err
	}
	further, err := decode[early](&values[0])
	if err != nil {
		return nil, err
	}
	waiting[i].More++
	return waiting, w.putEarly(key, append(further, item))
}

const catchUpKind = "catch up"

// catchUpMore takes up one further list of what waited for a message that has come.
func (w *work) catchUpMore(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	key := ticket.ValueKey{Space: "early/more", Name: string(lease.Payload)}
	values, err := w.tx.Values(key)
	if err != nil {
		return err
	}
	further, err := decode[early](&values[0])
	if err != nil {
		return err
	}
	w.tx.DeleteValue(key)
	return w.takeUp(ticket.MessageRef{}, further)
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
// yet. It also returns the message's key, and what is kept under a further key, if that is not the zero one.
func (w *work) awaited(ref ticket.MessageRef, conv *ticket.ConversationKey, further ticket.ValueKey) (key string, waiting []early, echoes []string, kept ticket.Value, err error) {
	n := w.room.names.empty()
	n.end(appendMessageKey(n.text, ref))
	n.end(appendEchoesName(n.text, conv))
	n.make()
	key = n.take()
	w.keys.values = [...]ticket.ValueKey{{Space: earlySpace, Name: key}, {Space: echoesSpace, Name: n.take()}, further}
	asked := w.keys.values[:]
	if further == (ticket.ValueKey{}) {
		asked = asked[:2]
	}
	values, err := w.tx.Values(asked...)
	if err == nil && len(asked) > 2 {
		kept = values[2]
	}
	if err == nil {
		waiting, err = decode[early](&values[0])
	}
	if err == nil {
		echoes, err = decode[string](&values[1])
	}
	return key, waiting, echoes, kept, err
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
	return w.takeUp(ref, waiting)
}

func (w *work) takeUp(ref ticket.MessageRef, waiting []early) error {
	for _, item := range waiting {
		var err error
		switch {
		case item.More > 0:
			for n := range (item.More + earlyMost - 1) / earlyMost {
				name := moreKey(ref, n).Name
				w.tx.Schedule(ticket.Task{ID: "early/" + name, Kind: catchUpKind, Queue: catchUpKind, Due: w.now, Payload: []byte(name)})
			}
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
