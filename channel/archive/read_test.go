package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
)

// told is what a test says about each entry: where an event belongs, or what is wrong.
func told(events iter.Seq2[channel.Event, error]) []string {
	var lines []string
	for e, err := range events {
		if err != nil {
			lines = append(lines, err.Error())
			continue
		}
		m := e.Message
		lines = append(lines, fmt.Sprintf("%s %s %s in %s after %q by %q", e.Kind, e.Account.ID, m.ID, m.Thread, m.Parent, m.Author.ID))
	}
	return lines
}

func TestEveryEntryIsAnEventOrARowError(t *testing.T) {
	t.Parallel()
	const noTime = "is no time; want it like 2015-02-16T23:36:00-08:00 or Tue Oct 31 22:10:47 +0000 2017"
	tests := []struct {
		path   string
		format archive.Format
		want   []string
	}{
		{"testdata/airline.csv", archive.Airline, []string{
			`received Northwind 101 in mona_fly after "" by "mona_fly"`,
			`received Northwind 102 in jo_tall after "" by "jo_tall"`,
			`received Northwind 103 in jo_tall after "" by "jo_tall"`,
			`received Sky Blue 104 in caf` + "\ufffd" + ` after "" by "caf` + "\ufffd" + `"`,
			`archive: testdata/airline.csv: line 8 (row 5): tweet_created: "yesterday" ` + noTime,
			`archive: testdata/airline.csv: line 9 (row 6): row: is empty; want the message's ID`,
			`received unknown 106 in lost_soul after "" by "lost_soul"`,
			`received Sky Blue 107 in  after "" by ""`,
			`archive: testdata/airline.csv: line 12 (row 9): has 13 columns, the header 11`,
			`received Sky Blue 109 in short_row after "" by "short_row"`,
			`received Northwind 101 in mona_fly after "" by "mona_fly"`,
		}},
		{"testdata/conversations.json", archive.Conversations, []string{
			`received AcmeHelp 1001 in 1001 after "" by "ann"`,
			`received AcmeHelp 1002 in 1001 after "" by "Bob_B"`,
			`echoed AcmeHelp 1003 in 1001 after "1002" by "AcmeHelp"`,
			`received AcmeHelp 1004 in 1001 after "" by "ann"`,
			`echoed AcmeHelp 1005 in 1001 after "1004" by "AcmeHelp"`,
			`received AcmeHelp 1001 in 1001 after "" by "ann"`,
			`received AcmeHelp 1006 in 1001 after "" by "carl"`,
			`echoed TeleNord 2001 in 2001 after "" by "TeleNord"`,
			`received TeleNord 2002 in 2001 after "" by "dora"`,
			`archive: testdata/conversations.json: dialogue 3, message 3: datetime: "soon" ` + noTime,
			`archive: testdata/conversations.json: dialogue 3, message 4: tweet_ID: is empty; want the message's ID`,
			`archive: testdata/conversations.json: dialogue 3, message 5: has no author; want client, client1, ... or agent`,
			`archive: testdata/conversations.json: dialogue 3, message 6: has several authors: agent, client`,
			`archive: testdata/conversations.json: dialogue 3, message 7: is no JSON object`,
			`archive: testdata/conversations.json: dialogue 4: dialogContent: is a JSON object`,
			`received unknown 3001 in 3001 after "" by "eve"`,
		}},
		{"testdata/twcs.csv", archive.TWCS, []string{
			`echoed Bright_Power 2 in 1 after "1" by "Bright_Power"`,    // before what it answers
			`received Bright_Power 1 in 1 after "" by "900"`,            // the brand that answered
			`received Bright_Power 3 in 1 after "2" by "900"`,           // the brand it answers
			`received Bright_Power 4 in 1 after "1" by "901"`,           // the brand of the tree
			`received Bright_Power 5 in 1 after "4" by "902"`,           // the same, further down
			`received Bright_Power 10 in 10 after "" by "903"`,          // the first handle, spelled as the brand
			`received unknown 11 in 11 after "" by "904"`,               // nobody
			`received Bright_Power 12 in 99 after "99" by "905"`,        // what it answers is missing
			`echoed Bright_Power 13 in 99 after "99" by "Bright_Power"`, // the same conversation
			`received unknown 20 in 20 after "" by "907"`,               // answers itself
			`received unknown 21 in 21 after "22" by "908"`,             // a ring
			`received unknown 22 in 21 after "21" by "909"`,
			`received TeleNord 30 in 30 after "" by "910"`, // two brands answered; the first in the file
			`echoed TeleNord 31 in 30 after "30" by "TeleNord"`,
			`echoed Bright_Power 32 in 30 after "30" by "Bright_Power"`,
			`received TeleNord 33 in 30 after "31" by "910"`,
			`received Bright_Power 34 in 30 after "32" by "910"`,
			`received TeleNord 35 in 30 after "34" by "911"`, // answers a customer; the tree's first brand
			`received TeleNord 40 in 40 after "" by ""`,
			`received Bright_Power 1 in 1 after "" by "900"`, // told again
			`archive: testdata/twcs.csv: line 24 (row 21): inbound: is "perhaps"; want True or False`,
			`archive: testdata/twcs.csv: line 25 (row 22): created_at: "2017-10-31" ` + noTime,
			`archive: testdata/twcs.csv: line 26 (row 23): has a quote that is not closed`,
			`received TeleNord 44 in 43 after "43" by "912"`,
		}},
		{"testdata/events.jsonl", archive.JSONLines, []string{
			`received acme 7 in  after "" by "5"`,
			`archive: testdata/events.jsonl: line 3 (row 2): event.message.txet: unknown field; known are id, thread, parent, visibility, author, text, ` +
				`subject, attachments, mentions, tags, language, url, time, order, revision, automated, payload, facts`,
			`archive: testdata/events.jsonl: line 4 (row 3): action: is not for an archive, which holds events only; package replay reads both`,
			`archive: testdata/events.jsonl: line 5 (row 4): event received on mastodon/acme: message.id is missing`,
			`archive: testdata/events.jsonl: line 6 (row 5): unexpected end of JSON input`,
			`archive: testdata/events.jsonl: line 7 (row 6): holds no event; want {"event":{...}}`,
			`deleted acme 7 in  after "" by ""`,
		}},
	}
	for _, test := range tests {
		t.Run(string(test.format), func(t *testing.T) {
			t.Parallel()
			events := archive.ReadFile(test.path, test.format)
			if diff := cmp.Diff(test.want, told(events)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(test.want, told(events)); diff != "" {
				t.Errorf("ranged over again (-want +got)\n%s", diff)
			}
		})
	}
}

func TestEventsAreWhole(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path   string
		format archive.Format
		id     string
		want   string
	}{
		{"testdata/airline.csv", archive.Airline, "102", `{"event":{"kind":"received","account":"twitter/Northwind","time":"2015-02-17T16:00:00Z","message":` +
			`{"id":"102","thread":"jo_tall","author":{"id":"jo_tall","handle":"jo_tall"},"text":"@northwind two hours on the tarmac,\nno \"sorry\" #fail #fail",` +
			`"mentions":["northwind"],"tags":["fail"],"time":"2015-02-17T16:00:00Z","order":"0000000002",` +
			`"facts":{"negative_reason":"Late Flight","retweets":"0","sentiment":"negative","sentiment_confidence":"1"}}}}`},
		{"testdata/conversations.json", archive.Conversations, "1003", `{"event":{"kind":"echoed","account":"twitter/AcmeHelp","time":"2020-04-01T10:06:00Z",` +
			`"message":{"id":"1003","thread":"1001","parent":"1002","author":{"id":"AcmeHelp","handle":"AcmeHelp"},"text":"@bob_b Sorry! Which one?",` +
			`"mentions":["Bob_B"],"time":"2020-04-01T10:06:00Z","order":"0000000003"}}}`},
		{"testdata/twcs.csv", archive.TWCS, "1", `{"event":{"kind":"received","account":"twitter/Bright_Power","time":"2017-10-31T22:08:27Z",` +
			`"message":{"id":"1","thread":"1","author":{"id":"900","handle":"900"},"text":"my lights are out @brightpower <again> #dark",` +
			`"mentions":["brightpower"],"tags":["dark"],"time":"2017-10-31T22:08:27Z","order":"0000000002"}}}`},
	}
	for _, test := range tests {
		t.Run(string(test.format), func(t *testing.T) {
			t.Parallel()
			for e, err := range archive.ReadFile(test.path, test.format) {
				if err != nil || e.Message.ID != test.id {
					continue
				}
				var b strings.Builder
				if err := archive.NewWriter(&b).Write(e); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want+"\n", b.String()); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
				return
			}
			t.Fatalf("no event %s", test.id)
		})
	}
}

const (
	twcsHeader    = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
	airlineHeader = "row,airline,name,text,tweet_created\n"
	dialogue      = `{"dialogHeader":{"company":"A"},"dialogContent":[{"client":"c","datetime":"2020-04-01T10:00:00Z","message":"m","tweet_ID":"1"}]}`
)

func TestFatalErrorsEndReading(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		in     string
		format archive.Format
		want   []string
	}{
		{"a column is missing", "tweet_id,author_id,text\n1,2,3\n", archive.TWCS,
			[]string{"archive: read twcs: lacks the column inbound, created_at, in_response_to_tweet_id; its header has tweet_id, author_id, text"}},
		{"either ID will do", "airline,name,text,tweet_created\n", archive.Airline,
			[]string{"archive: read airline: lacks the column row or tweet_id; its header has airline, name, text, tweet_created"}},
		{"an empty table", "", archive.Airline, []string{"archive: read airline: is empty; want a header"}},
		{"UTF-16", "\xff\xfer\x00o\x00w\x00", archive.Airline, []string{"archive: read airline: is in UTF-16; save it as UTF-8"}},
		{"JSON in UTF-16", "\xff\xfe[\x00]\x00", archive.Conversations, []string{"archive: read conversations: is in UTF-16; save it as UTF-8"}},
		{"no array", `{"dialogHeader":{}}`, archive.Conversations, []string{"archive: read conversations: want an array of dialogues"}},
		{"an empty file of conversations", " ", archive.Conversations, []string{"archive: read conversations: is empty; want an array of dialogues"}},
		{"cut off after a dialogue", "[" + dialogue, archive.Conversations, []string{
			`received A 1 in 1 after "" by "c"`, "archive: read conversations: after dialogue 1: the file ends within the array"}},
		{"cut off in a dialogue", "[" + dialogue + "," + dialogue[:50], archive.Conversations, []string{
			`received A 1 in 1 after "" by "c"`, "archive: read conversations: dialogue 2: unexpected EOF"}},
		{"data after the array", "[" + dialogue + "] 7", archive.Conversations, []string{
			`received A 1 in 1 after "" by "c"`, "archive: read conversations: data after the array"}},
		{"a dialogue without end", `["` + strings.Repeat("x", 17<<20), archive.Conversations, []string{
			"archive: read conversations: dialogue 1: is longer than 16 MiB"}},
		{"no format", "", "", []string{`archive: format "": want airline, conversations, twcs or jsonl`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, told(archive.Read(strings.NewReader(test.in), test.format))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		t.Parallel()
		want := []string{"archive: open testdata/absent.csv: no such file or directory"}
		if diff := cmp.Diff(want, told(archive.ReadFile("testdata/absent.csv", archive.TWCS))); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestDialoguesWithoutMessages(t *testing.T) {
	t.Parallel()
	in := `[null, {}, {"dialogContent": null}, ` + dialogue + `, {"dialogHeader": {"company": "A"}}, {"dialogContent": []}, "x", ` +
		`{"dialogContent": [{"agentURL": {"doc_id": "7"}}, {"agent": "A", "datetime": "2020-04-01T10:00:00Z", "tweet_ID": "2"}, {"agentURL": {}, "message": "m"}]}]`
	want := []string{
		"archive: dialogue 1: is null; want an object with dialogContent",
		"archive: dialogue 2: dialogContent: is missing; want an array of messages",
		"archive: dialogue 3: dialogContent: is missing; want an array of messages",
		`received A 1 in 1 after "" by "c"`,
		"archive: dialogue 5: dialogContent: is missing; want an array of messages",
		"archive: dialogue 7: is a JSON string",
		`echoed A 2 in 2 after "" by "A"`,
		"archive: dialogue 8, message 3: has no author; want client, client1, ... or agent",
	}
	if diff := cmp.Diff(want, told(archive.Read(strings.NewReader(in), archive.Conversations))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadErrorIsNotTakenForTheEnd(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	for path, format := range samples {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1, len(whole) / 3, len(whole) / 2, len(whole) - 1} {
			r := io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken))
			var last error
			for _, err := range archive.Read(r, format) {
				last = err
			}
			if !errors.Is(last, broken) {
				t.Errorf("%s broken after %d bytes: the last error is %v, want %v", format, n, last, broken)
			}
		}
	}
}

var samples = map[string]archive.Format{
	"testdata/airline.csv": archive.Airline, "testdata/conversations.json": archive.Conversations,
	"testdata/twcs.csv": archive.TWCS, "testdata/events.jsonl": archive.JSONLines,
}

func TestReaderNeedNotSeekNorBeAtItsBeginning(t *testing.T) {
	t.Parallel()
	for path, format := range samples {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := told(archive.Read(bytes.NewReader(b), format))
		if diff := cmp.Diff(want, told(archive.Read(iotest.OneByteReader(bytes.NewReader(b)), format))); diff != "" {
			t.Errorf("%s, byte by byte (-want +got)\n%s", format, diff)
		}
		further := bytes.NewReader(append([]byte("preface\n"), b...))
		if _, err := further.Seek(8, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, told(archive.Read(further, format))); diff != "" {
			t.Errorf("%s, after a preface (-want +got)\n%s", format, diff)
		}
		pipe, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			w.Write(b)
			w.Close()
		}()
		if diff := cmp.Diff(want, told(archive.Read(pipe, format))); diff != "" {
			t.Errorf("%s, from a pipe (-want +got)\n%s", format, diff)
		}
		pipe.Close()
	}
}

func TestRangingMayStopEarly(t *testing.T) {
	t.Parallel()
	for path, format := range samples {
		n := 0
		for range archive.ReadFile(path, format) {
			if n++; n == 3 {
				break
			}
		}
		if n != 3 {
			t.Errorf("%s: stopped after %d entries, want 3", format, n)
		}
	}
}

func TestAccountsPassOverBadRowsAndReturnOtherErrors(t *testing.T) {
	t.Parallel()
	in := airlineHeader + "1,B,n,t,2015-02-17T10:00:00Z\n2,B,n,t,never\n3,B,n,t,2015-02-17T09:00:00Z\n4,A,n,t,2015-02-18T09:00:00Z\n"
	got, err := archive.Accounts(archive.Read(strings.NewReader(in), archive.Airline))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, a := range got {
		lines = append(lines, a.String()+" "+a.Name+" "+a.Since.Format("02 15:04"))
	}
	if diff := cmp.Diff([]string{"twitter/A A 18 09:00", "twitter/B B 17 09:00"}, lines); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := archive.Accounts(archive.Read(strings.NewReader(""), archive.Airline)); err == nil {
		t.Error("an unreadable archive gives no error")
	}
}

func TestTWCSAccountDoesNotDependOnWhereTheBrandIsInTheFile(t *testing.T) {
	t.Parallel()
	const time = "Tue Oct 31 22:10:47 +0000 2017"
	rows := []string{
		"1,900,TRUE," + time + ",no handle,,\n",
		"2,901,TRUE," + time + ",@900 too,,1\n",
		"3,Brand,FALSE," + time + ",@901 hello,,2\n",
		"4,902,TRUE," + time + ",@900 @901 me,,1\n",
	}
	for i := range rows { // every rotation
		in := twcsHeader + strings.Join(append(append([]string{}, rows[i:]...), rows[:i]...), "")
		for e, err := range archive.Read(strings.NewReader(in), archive.TWCS) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Account.ID != "Brand" || e.Message.Thread != "1" {
				t.Errorf("rotation %d: message %s is of %s in %s, want Brand in 1", i, e.Message.ID, e.Account, e.Message.Thread)
			}
		}
	}
}

func TestParseFormat(t *testing.T) {
	t.Parallel()
	for _, f := range samples {
		if got, err := archive.ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	if _, err := archive.ParseFormat("xml"); err == nil {
		t.Error("xml is taken for a format")
	}
}
