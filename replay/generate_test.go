package replay_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/replay"
)

// generate writes an archive of the format: few authors, times that often are the same, entries that come twice.
func generate(t *rapid.T, f archive.Format) []byte {
	switch f {
	case archive.Airline:
		return generateAirline(t)
	case archive.Conversations:
		return generateConversations(t)
	}
	return generateTWCS(t)
}

// moment draws a time near another; half the time the same or a few minutes later.
func moment(t *rapid.T, after time.Time) time.Time {
	return after.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 7, 30, 60, 61, 600, 2880}).Draw(t, "minutes")) * time.Minute)
}

func someone(t *rapid.T) string {
	return rapid.SampledFrom([]string{"ann", "bob", "Cy_1", "dee"}).Draw(t, "author")
}

func words(t *rapid.T, names ...string) string {
	text := rapid.SampledFrom([]string{"hello", "where is my bag, please?", "“thanks”\nall of you", ""}).Draw(t, "text")
	if len(names) > 0 && rapid.Bool().Draw(t, "mentions") {
		text = "@" + rapid.SampledFrom(names).Draw(t, "whom") + " " + text
	}
	return text
}

func table(rows [][]string) []byte {
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		panic(err) // a Buffer takes everything
	}
	return b.Bytes()
}

func generateAirline(t *rapid.T) []byte {
	rows := [][]string{{"row", "airline", "airline_sentiment", "airline_sentiment_confidence", "negativereason", "name", "retweet_count", "text", "tweet_created", "user_timezone"}}
	at := day
	for i := range rapid.IntRange(1, 25).Draw(t, "rows") {
		at = moment(t, at)
		airline := rapid.SampledFrom([]string{"North", "South Air"}).Draw(t, "airline")
		rows = append(rows, []string{strconv.Itoa(1000 - i), airline, "neutral", "1", "", someone(t), "0", words(t), at.In(time.FixedZone("", -8*3600)).Format(time.RFC3339), ""})
		if i > 0 && rapid.IntRange(0, 4).Draw(t, "twice") == 0 {
			rows = append(rows, rows[rapid.IntRange(1, len(rows)-1).Draw(t, "which")])
		}
	}
	return table(rows)
}

func generateConversations(t *rapid.T) []byte {
	type dialogue struct {
		DialogHeader  map[string]string   `json:"dialogHeader"`
		DialogContent []map[string]string `json:"dialogContent"`
	}
	var all []dialogue
	id, at := 100, day
	for range rapid.IntRange(1, 8).Draw(t, "dialogues") {
		d := dialogue{DialogHeader: map[string]string{"company": rapid.SampledFrom([]string{"ShopHelp", "Bank"}).Draw(t, "company")}}
		if len(all) > 0 && rapid.IntRange(0, 3).Draw(t, "told again") == 0 {
			before := all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
			d.DialogHeader = before.DialogHeader
			d.DialogContent = append(d.DialogContent, before.DialogContent[:rapid.IntRange(1, len(before.DialogContent)).Draw(t, "beginning")]...)
		}
		at = moment(t, at)
		now := at
		for range rapid.IntRange(1, 6).Draw(t, "messages") {
			id++
			now = moment(t, now)
			role, name := "client", someone(t)
			if rapid.IntRange(0, 2).Draw(t, "role") == 0 {
				role, name = "agent", d.DialogHeader["company"]
			} else if rapid.Bool().Draw(t, "bystander") {
				role = "client1"
			}
			d.DialogContent = append(d.DialogContent, map[string]string{
				role: name, "datetime": now.Format("2006-01-02T15:04:05.000Z"), "message": words(t, "ann", "bob", "Cy_1"), "tweet_ID": strconv.Itoa(id),
			})
		}
		all = append(all, d)
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func generateTWCS(t *rapid.T) []byte {
	n := rapid.IntRange(1, 25).Draw(t, "rows")
	rows := [][]string{{"tweet_id", "author_id", "inbound", "created_at", "text", "response_tweet_id", "in_response_to_tweet_id"}}
	at := day
	for i := range n {
		at = moment(t, at)
		author, inbound := rapid.SampledFrom([]string{"115712", "115713", "115714"}).Draw(t, "author"), "True"
		if rapid.IntRange(0, 2).Draw(t, "by the brand") == 0 {
			author, inbound = rapid.SampledFrom([]string{"sprintcare", "AppleSupport"}).Draw(t, "brand"), "False"
		}
		parent := ""
		switch k := rapid.IntRange(0, 9).Draw(t, "answers"); {
		case k == 0:
			parent = strconv.Itoa(9000 + i) // one that the file does not have
		case k < 8 && i > 0:
			parent = strconv.Itoa(rapid.IntRange(1, i).Draw(t, "parent"))
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), author, inbound, at.Format(time.RubyDate), words(t, "115712", "115713", "sprintCare", "somebody"), "", parent})
	}
	body := rapid.Permutation(rows[1:]).Draw(t, "order")
	if rapid.Bool().Draw(t, "twice") {
		body = append(body, body[0])
	}
	return table(append(rows[:1:1], body...))
}

// traffic draws steps of a few customers and answers of the brand.
func traffic(t *rapid.T, most int) []replay.Step {
	var steps []replay.Step
	for i := range rapid.IntRange(1, most).Draw(t, "steps") {
		minute := rapid.IntRange(0, 300).Draw(t, "minute")
		parent := ""
		if rapid.Bool().Draw(t, "further") {
			parent = fmt.Sprintf("m%d", rapid.IntRange(0, 3).Draw(t, "thread"))
		}
		kind, author := channel.MessageReceived, someone(t)
		if rapid.IntRange(0, 3).Draw(t, "own") == 0 {
			kind, author = channel.MessageEchoed, "acme"
		}
		s := step(kind, fmt.Sprintf("m%d", i), author, parent, minute)
		s.Event.Message.Text += fmt.Sprintf(" %d", i%4)
		steps = append(steps, s)
	}
	for _, s := range steps {
		if s.Event.Kind == channel.MessageReceived {
			return steps
		}
	}
	return append(steps, asked("last", "ann", 300))
}
