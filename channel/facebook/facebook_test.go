package facebook_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/channel/meta"
)

var update = flag.Bool("update", false, "write what Decode returns into testdata/*.want; read the difference before committing it")

func receiver() *facebook.Receiver {
	return &facebook.Receiver{App: meta.App{ID: "99", Secrets: []string{"app-secret"}, VerifyToken: "let-me-in"}}
}

// TestDecodeRecorded decodes every testdata/*.json and compares with the *.want beside it: a line an event, bad entry or ignored kind.
func TestDecodeRecorded(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			d, err := receiver().Decode(channel.Call{Body: read(t, file)})
			if err != nil {
				t.Fatal(err)
			}
			wantFile := strings.TrimSuffix(file, ".json") + ".want"
			got := lines(t, d)
			if *update {
				if err := os.WriteFile(wantFile, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, wantFile)), got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// lines writes a delivery for people to compare.
func lines(t testing.TB, d channel.Delivery) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	put := func(v any) {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range d.Events {
		put(e)
		b.WriteString("  key " + e.DedupeKey() + "\n")
	}
	for _, bad := range d.Bad {
		b.WriteString("bad " + bad.Account.String() + " " + bad.Where + " " + bad.Reason + "\n")
	}
	if d.Ignored != nil {
		b.WriteString("ignored ")
		put(d.Ignored)
	}
	return b.String()
}

func decode(t testing.TB, name string) channel.Delivery {
	t.Helper()
	d, err := receiver().Decode(channel.Call{Body: read(t, "testdata/"+name+".json")})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSameCommentByFeedAndMentionIsOneMessage(t *testing.T) {
	t.Parallel()
	e := decode(t, "comment_by_feed_and_mention").Events
	if len(e) != 2 || e[0].DedupeKey() == "" || e[0].DedupeKey() != e[1].DedupeKey() {
		t.Fatalf("%d events with keys %q and %q", len(e), e[0].DedupeKey(), e[1].DedupeKey())
	}
	if diff := cmp.Diff(e[0].Message.Author, e[1].Message.Author); diff != "" {
		t.Error("authors differ:", diff)
	}
}

func TestKeysTellHappeningsApart(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{ // how many different keys
		"message_twice_in_one_call": 1, "postback": 3, "reactions": 5, "comment_hidden_and_shown": 2, "control": 5, "receipts": 3, "message_reactions": 4,
	} {
		keys := make(map[string]bool)
		for _, e := range decode(t, name).Events {
			keys[e.DedupeKey()] = true
		}
		if len(keys) != want || keys[""] {
			t.Errorf("%s: %d keys, want %d: %v", name, len(keys), want, keys)
		}
	}
}

func TestRevisionsGrowComparedAsText(t *testing.T) {
	t.Parallel()
	e := decode(t, "message_edit").Events
	if first, tenth := e[0].Message.Revision, e[1].Message.Revision; first == "" || first >= tenth {
		t.Errorf("revision 1 is %q, revision 10 is %q", first, tenth)
	}
}

func TestThePageItselfIsTheAccountAndPeopleAreScopedByPage(t *testing.T) {
	t.Parallel()
	for _, e := range decode(t, "two_pages").Events {
		if page, _, ok := strings.Cut(e.Message.Author.ID, ":"); !ok || page != e.Account.ID {
			t.Errorf("author %q on page %s", e.Message.Author.ID, e.Account.ID)
		}
	}
	for _, name := range []string{"comment_by_the_page", "echo", "page_post"} {
		for _, e := range decode(t, name).Events {
			if e.Kind != channel.MessageEchoed || e.Message.Author.ID != e.Account.ID {
				t.Errorf("%s: %s by %q", name, e.Kind, e.Message.Author.ID)
			}
		}
	}
}

func TestWithoutAppIDControlGoesByTheKindOfHandover(t *testing.T) {
	t.Parallel()
	d, err := new(facebook.Receiver).Decode(channel.Call{Body: read(t, "testdata/control.json")})
	if err != nil {
		t.Fatal(err)
	}
	var got []bool
	for _, e := range d.Events {
		got = append(got, e.Standby)
	}
	if diff := cmp.Diff([]bool{false, false, true, true, false}, got); diff != "" {
		t.Error("away, want -, got +:", diff)
	}
}

func TestBadEntriesCanBeDecodedAgain(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bad_field_costs_only_its_element", "bad_entry_costs_only_itself"} {
		bad := decode(t, name).Bad
		if len(bad) == 0 {
			t.Errorf("%s: nothing bad", name)
		}
		checkAgain(t, bad)
	}
}

// checkAgain decodes each bad entry alone: still bad, for the same reason, and nothing else.
func checkAgain(t testing.TB, bad []channel.Bad) {
	t.Helper()
	for _, b := range bad {
		d, err := receiver().Decode(channel.Call{Body: b.Raw})
		if err != nil {
			t.Fatalf("%s: %v", b.Where, err)
		}
		opt := cmpopts.IgnoreFields(channel.Bad{}, "Where", "Raw")
		if diff := cmp.Diff([]channel.Bad{b}, d.Bad, opt); diff != "" || len(d.Events) > 0 {
			t.Fatalf("%s again: %d events, %s", b.Where, len(d.Events), diff)
		}
	}
}

func TestDecodeRefusesWhatIsNoCallForPages(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		``:                                  "facebook: decode webhook call: byte 0: unexpected end of JSON input",
		`{"object":"page","entry":[}`:       "facebook: decode webhook call: byte 27: invalid character '}' looking for beginning of value",
		`[]`:                                "facebook: decode webhook call: is array, want an object",
		`{"object":"page","entry":{}}`:      "facebook: decode webhook call: entry is object, want a list",
		`{"object":"page"}`:                 "facebook: decode webhook call: entry is missing",
		`{"object":"instagram","entry":[]}`: `facebook: decode webhook call: object is "instagram", want "page"`,
	} {
		_, err := receiver().Decode(channel.Call{Body: []byte(body)})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
	if d, err := receiver().Decode(channel.Call{Body: []byte(`{"object":"page","entry":[]}`)}); err != nil || len(d.Events)+len(d.Bad) > 0 {
		t.Errorf("no entries: %v, %v", d, err)
	}
}

func TestNameIsFacebookUnlessGiven(t *testing.T) {
	t.Parallel()
	if got := new(facebook.Receiver).Name(); got != "facebook" {
		t.Errorf("zero value: %q", got)
	}
	if got := (&facebook.Receiver{Source: "facebook-nordics"}).Name(); got != "facebook-nordics" {
		t.Errorf("given: %q", got)
	}
}
