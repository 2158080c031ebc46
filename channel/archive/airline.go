package archive

import "github.com/socialcrm/socialcrm/channel"

// airline reads the format Airline.
type airline struct {
	*table
	id, account, name, text, created int
	facts                            []airlineFact
}

type airlineFact struct {
	name   string
	column int
}

func newAirline(w *window, file string) (decoder, error) {
	t, err := newTable(w, file)
	if err != nil {
		return nil, err
	}
	if err := t.require("row|tweet_id", "airline", "name", "text", "tweet_created"); err != nil {
		return nil, err
	}
	return &airline{
		table: t,
		id:    t.column("row", "tweet_id"), account: t.column("airline"), name: t.column("name"), text: t.column("text"), created: t.column("tweet_created"),
		facts: []airlineFact{
			{"sentiment", t.column("airline_sentiment")},
			{"sentiment_confidence", t.column("airline_sentiment_confidence")},
			{"negative_reason", t.column("negativereason")},
			{"retweets", t.column("retweet_count")},
			{"timezone", t.column("user_timezone")},
		},
	}, nil
}

func (a *airline) next() (channel.Event, error) {
	if err := a.table.next(); err != nil {
		return channel.Event{}, err
	}
	account := a.get(a.account)
	if account == "" {
		account = UnknownAccount
	}
	bad := func(column int, reason string) (channel.Event, error) {
		e := a.bad(column, reason)
		e.Account = channel.AccountID{Platform: Platform, ID: account}
		return channel.Event{}, e
	}
	id := a.get(a.id)
	if id == "" {
		return bad(a.id, "is empty; want the message's ID")
	}
	when, err := parseTime(a.get(a.created))
	if err != nil {
		return bad(a.created, err.Error())
	}
	name := clean(a.get(a.name))
	e := tweet(channel.MessageReceived, account, id, name, valid(a.bytes(a.text)), when, a.row)
	e.Message.Thread = name
	for _, f := range a.facts {
		if v := a.get(f.column); v != "" {
			if e.Message.Facts == nil {
				e.Message.Facts = make(map[string]string, len(a.facts))
			}
			e.Message.Facts[f.name] = v
		}
	}
	return e, nil
}
