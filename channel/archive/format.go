package archive

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
)

// Format says how an archive is written. The zero value is no format.
type Format string

const (
	// Airline is the CSV of CrowdFlower's "Twitter US Airline Sentiment": tweets to airlines, without answers. The columns row (or tweet_id), airline,
	// name, text and tweet_created must be there. The account is the airline; there are no threads, so thread and author are the handle. What
	// people labelled is in Message.Facts, where it is not empty: "sentiment", "sentiment_confidence", "negative_reason", and with it "retweets" and "timezone".
	Airline Format = "airline"

	// Conversations is the JSON of IBM's "twitter customer care document prediction": an array of dialogues, each of one company, which is the account.
	// The thread is the ID of the dialogue's first message. A message has its author's handle under "client", "client1", ... (customers) or "agent"; the
	// agent's echo has for Parent the latest message of the customer who wrote last before it. IDs that repeat are the same message, told again where two
	// dialogues have a common beginning. The object agentURL, beside the messages or among them, is a label (which document the agent will link to), without
	// author and time: it is no event.
	Conversations Format = "conversations"

	// TWCS is the CSV of ThoughtVector's "Customer Support on Twitter". The columns tweet_id, author_id, inbound, created_at, text and
	// in_response_to_tweet_id must be there; response_tweet_id is not read, as it says the same, and spreadsheets spoil it ("155,157" to "1,55,157").
	//
	// The thread is the topmost message that answers lead up to, or its ID where that message is missing; in a ring of answers, the member that the file
	// names first. The account of the brand's message is the brand. The account of a customer's message is the brand it answers; else the brand of
	// the first answer to it in the file; else the brand whose message is the first of the same thread in the file; else the first @handle in its
	// text, in the spelling of the brand where the archive has one; else UnknownAccount. A message that answers itself answers nothing. Where an
	// ID repeats, the first row decides its place in the tree.
	//
	// Answers come before what they answer as often as after, so the file is read twice: first the IDs alone. They take some 40 bytes a row, text
	// none. A reader that cannot seek is copied to a temporary file.
	TWCS Format = "twcs"

	// JSONLines is this library's own format, which Writer writes: one {"event":{...}} a line, a channel.Event in JSON. It is strict: a line with an
	// unknown field, or with an action (a scenario for package replay), is a RowError. Lines may be 1 MiB long; empty lines are passed over.
	JSONLines Format = "jsonl"
)

// Platform is the platform of all accounts in the data sets.
const Platform = "twitter"

// UnknownAccount is the ID of the account of messages to nobody in particular.
const UnknownAccount = "unknown"

// ParseFormat returns the format of that name: "airline", "conversations", "twcs" or "jsonl".
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case Airline, Conversations, TWCS, JSONLines:
		return f, nil
	}
	return "", fmt.Errorf("archive: format %q: want airline, conversations, twcs or jsonl", name)
}

// decoder reads one archive.
type decoder interface {
	// next returns the next event, a *RowError for one bad entry, io.EOF at the end, and any other error when reading cannot go on.
	next() (channel.Event, error)
	// mark says where reading would go on; false while that is inside an entry that holds several messages.
	mark() (mark, bool)
	// resume goes on at a mark, by seeking in what the decoder was made of.
	resume(io.Seeker, mark) error
}

// newDecoder starts reading r, which is at its beginning. Only TWCS needs trees.
func newDecoder(r io.Reader, file string, f Format, t *trees) (decoder, error) {
	if f == Conversations {
		return newConversations(r, file)
	}
	w := newWindow(r)
	if err := w.begin(); err != nil {
		return nil, err
	}
	switch f {
	case Airline:
		return newAirline(w, file)
	case TWCS:
		return newTweets(w, file, t)
	}
	return &jsonLines{w: w, file: file}, nil
}

// mark is a place between two entries of a file.
type mark struct {
	offset int64 // in bytes
	line   int   // lines before it; in a conversations file, dialogues
	record int   // messages before it
}

func (m mark) cursor() channel.Cursor {
	return channel.Cursor(strconv.FormatInt(m.offset, 10) + "," + strconv.Itoa(m.line) + "," + strconv.Itoa(m.record))
}

func parseCursor(c channel.Cursor) (mark, error) {
	if c == "" {
		return mark{}, nil
	}
	var n [3]int64
	parts := strings.Split(string(c), ",")
	if len(parts) != len(n) {
		return mark{}, errors.New("want offset,line,record")
	}
	for i, part := range parts {
		v, err := strconv.ParseInt(part, 10, 64)
		if err != nil || v < 0 {
			return mark{}, fmt.Errorf("%q: want a number from 0", part)
		}
		n[i] = v
	}
	return mark{n[0], int(n[1]), int(n[2])}, nil
}

// order is the text by which messages of equal time are put in the order of the file.
func order(record int) string {
	digits := strconv.Itoa(record)
	return "0000000000"[min(len(digits), 10):] + digits
}
