package socialcrm_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// inALane is a desk file with a lane that has this condition, and one behind it.
func inALane(when string) string {
	return `{"lanes": [{"name": "vip", "when": ` + when + `}, {"name": "care"}], "words": {"none": [], "tags": ["#late", "#lost"], "words": ["late", "#late"]}}`
}

// ofCapacities is a desk file of two teams, whose agents have capacities of 3 and 5, with this beside them.
func ofCapacities(more string) string {
	return `{"lanes": [{"name": "money", "team": "money", "when": {"fact": "text", "word": "refund"}}, {"name": "care", "team": "care"}],
		"teams": [{"name": "money"}, {"name": "care"}],
		"agents": [{"name": "ana", "teams": ["money"], "capacity": 3}, {"name": "ben", "teams": ["care"], "capacity": 5}], ` + more + `}`
}

func reserving(strategy string) string {
	return strings.Replace(ofCapacities(`"approval": false`), `{"name": "care", "team": "care"}]`, `{"name": "care", "team": "care", "strategy": [`+strategy+`]}]`, 1)
}

func openOn(day string) string {
	return `{"calendars": {"day": {"zone": "UTC", "week": {"monday": [` + day + `]}}}}`
}

func TestWhatCannotBeMeantIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, file, want string }{
		{"a number as a text", inALane(`{"fact": "author.followers", "equals": "10000"}`), `lane "vip": when: equals: is "10000", and "author.followers" is a number`},
		{"one of some texts", inALane(`{"any": [{"fact": "late", "equals": true}, {"fact": "unanswered", "in": [3, "4"]}]}`), `lane "vip": when: any[1].in[1]: is "4", and "unanswered" is a number`},
		{"a number that has a word", inALane(`{"fact": "campaign", "words": ["big"]}`), `lane "vip": when: words[0]: is "big", and "campaign" is a number`},
		{"a number in a list", inALane(`{"fact": "campaign", "list": "words"}`), `lane "vip": when: list: "campaign" is a number, in which there are no words`},
		{"a number that begins so", inALane(`{"fact": "attachments", "prefix": "1"}`), `prefix: is "1", and "attachments" is a number`},
		{"half a message", inALane(`{"fact": "unanswered", "equals": 1.5}`), `equals: is 1.5, which "unanswered" never is: it is a whole number from 0 on`},
		{"no followers", inALane(`{"fact": "author.followers", "max": 0}`), `max: leaves nothing that "author.followers" can be: it is a whole number from 1 on`},
		{"between two numbers", inALane(`{"not": {"fact": "attachments", "min": 0.2, "max": 0.8}}`), `not.min: leaves nothing that "attachments" can be`},
		{"none or more unanswered", inALane(`{"fact": "unanswered", "min": 0}`), `min: is 0, which "unanswered" always is`},
		{"a text in a range", inALane(`{"fact": "message.rating", "min": 3}`), `min: "message.rating" is no number`},
		{"a visibility in a range", inALane(`{"fact": "visibility", "max": 3}`), `max: "visibility" is no number`},
		{"a text as a number", inALane(`{"fact": "author", "equals": 1234}`), `equals: is 1234, and "author" is a text`},
		{"a text as a truth", inALane(`{"fact": "contact.tier", "in": ["gold", true]}`), `in[1]: is true, and "contact.tier" is a text`},
		{"a list without words", inALane(`{"fact": "text", "list": "none"}`), `list: list "none" is empty, so that nothing is ever found`},
		{"a visibility that there is not", inALane(`{"fact": "visibility", "equals": "direct"}`), `equals: is "direct", which "visibility" never is; it is one of "public", "private"`},
		{"the beginning of no visibility", inALane(`{"fact": "visibility", "prefix": "Priv"}`), `prefix: "Priv" is in nothing that "visibility" can be; it is one of "public", "private"`},
		{"a word of no status", inALane(`{"fact": "status", "words": ["onhold"]}`), `words[0]: "onhold" is in nothing that "status" can be`},
		{"a priority that there is not", inALane(`{"fact": "priority", "in": ["high", "highest"]}`), `in[1]: is "highest", which "priority" never is`},
		{"a status that there is not", inALane(`{"fact": "status", "equals": "done"}`), `equals: is "done", which "status" never is`},
		{"a hashtag with its sign", inALane(`{"fact": "hashtags", "equals": "#delay"}`), `equals: is "#delay"; hashtags have no #, so want "delay"`},
		{"hashtags as words", inALane(`{"fact": "hashtags", "words": ["late", "#delay"]}`), `words[1]: is "#delay"; hashtags have no #, so want "delay"`},
		{"hashtags of a list", inALane(`{"fact": "hashtags", "list": "tags"}`), `list: list "tags": [0] is "#late"; hashtags have no #`},
		{"a mention with its sign", inALane(`{"fact": "mentions", "word": "@acme"}`), `word: is "@acme"; mentions have no @, so want "acme"`},
		{"a handle with its sign", inALane(`{"fact": "author.handle", "in": ["@acme"]}`), `in[0]: is "@acme"; handles have no @, so want "acme"`},
		{"an account by its handle", inALane(`{"fact": "account", "equals": "@acme"}`), `equals: is "@acme"; want an account as its platform and its ID there, such as "facebook/1234"`},
		{"an account without a platform", inALane(`{"fact": "account", "in": ["1234"]}`), `in[0]: is "1234"; want an account as its platform`},
		{"an account of a platform in capitals", inALane(`{"fact": "also_on", "prefix": "Facebook/"}`), `prefix: is "Facebook/"; want an account as its platform`},
		{"a platform in capitals", inALane(`{"fact": "platform", "equals": "Facebook"}`), `equals: is "Facebook"; want the short name of a network, in lower case`},
		{"a tag with spaces", inALane(`{"fact": "tags", "equals": "vip "}`), `equals: is "vip "; a tag has no spaces around it`},
		{"a lane that is none", inALane(`{"all": [{"fact": "late", "equals": true}, {"fact": "lane", "equals": "carr"}]}`), `lane "vip": when: all[1]: there is no lane "carr"`},
		{"lanes that begin so", inALane(`{"fact": "lane", "prefix": "night-"}`), `lane "vip": when: there is no lane that begins with "night-"`},
		{"a team that is none", ofCapacities(`"weights": [{"when": {"fact": "team", "in": ["care", "cash"]}, "weight": 2}]`), `weights[0].when: there is no team "cash"`},
		{"in a rule of a priority", `{"lanes": [{"name": "care", "priorities": [{"when": {"fact": "unanswered", "min": "3"}, "priority": "high"}]}]}`, `min: is a string, want a number`},
		{"in noise", `{"noise": [{"name": "n", "when": {"fact": "hashtags", "equals": "#ad"}}]}`, `noise "n": when: equals: is "#ad"; hashtags have no #`},
		{"in what leaves the wall", `{"private": [{"name": "p", "when": {"fact": "attachments", "min": 0}}]}`, `private "p": when: min: is 0, which "attachments" always is`},
		{"in a promise", `{"sla": [{"name": "p", "when": {"fact": "account", "equals": "acme"}, "targets": [{"metric": "resolution", "within": "1h"}]}]}`, `sla policy "p": when: equals: is "acme"; want an account`},
		{"in what is merged", `{"related": {"merge": {"fact": "author.followers", "equals": "1"}}}`, `related.merge: equals: is "1", and "author.followers" is a number`},

		{"a priority rule without a priority", "{\"lanes\": [{\"name\": \"care\", \"priority\": \"urgent\", \"priorities\": [\n{\"when\": {\"fact\": \"late\", \"equals\": true}}]}]}",
			"line 2: lanes[0].priorities[0].priority: is missing"},
		{"one of an empty priority", `{"lanes": [{"name": "care", "priorities": [{"when": {"fact": "late", "equals": true}, "priority": ""}]}]}`, "lanes[0].priorities[0].priority: is missing"},
		{"one of a priority that there is not", `{"lanes": [{"name": "care", "priorities": [{"when": {}, "priority": "highest"}]}]}`, `priorities[0].priority: priority "highest": want low, normal, high or urgent`},

		{"a weight that nobody can take", ofCapacities(`"weights": [{"when": {"fact": "late", "equals": true}, "weight": 6}]`),
			`weights[0]: weight: 6 is more than anybody's capacity, of which the highest is 5`},
		{"a weight that nobody of the lane can take", ofCapacities(`"weights": [{"when": {"all": [{"fact": "late", "equals": true}, {"fact": "lane", "equals": "money"}]}, "weight": 4}]`),
			`weights[0]: weight: 4 is more than anybody's capacity where it is used`},
		{"a weight that nobody of the team can take", ofCapacities(`"weights": [{"when": {"fact": "team", "in": ["money"]}, "weight": 4}]`),
			`weights[0]: weight: 4 is more than anybody's capacity where it is used`},
		{"a reserve of all there is", reserving(`{"by": "reserve", "keep": 5}`), `lane "care": strategy[0] "reserve": keep: 5 leaves no room for other tickets: the highest capacity in team "care" is 5`},
		{"a reserve of more", reserving(`"sticky", {"by": "reserve", "keep": 100}`), `lane "care": strategy[1] "reserve": keep: 100 leaves no room`},
		{"a reserve for all", reserving(`{"by": "reserve", "keep": 1, "from": "low"}`), `lane "care": strategy[0] "reserve": from: no ticket has less than low priority`},

		{"a name with a space behind it", `{"agents": [{"name": "ana "}]}`, `agent "ana ": the name has spaces at its ends`},
		{"a name with two spaces in it", `{"teams": [{"name": "customer  care"}]}`, `team "customer  care": the name has`},
		{"a name of two lines", `{"lanes": [{"name": "customer\ncare"}]}`, `lane "customer\ncare": the name has`},

		{"again in no time", `{"calendars": {"day": {"zone": "UTC", "week": {"monday": ["09:00-17:00"]}}}, "off_hours": {"calendar": "day", "again": "1ns", "texts": [{"automated": "Automated.", "back": "{weekday} {time}", "emergency": "112"}]}}`,
			`off_hours.again: want a second or more, got 1ns`},
		{"posts within no time", `{"together": {"within": "5ms"}}`, `together.within: want a second or more, got 5ms`},
		{"moved on in no time", `{"lanes": [{"name": "care", "overflow": {"to": "more", "after": "1us"}}, {"name": "more", "by_hand": true}]}`, `lane "care": overflow.after: want a second or more, got 1µs`},
		{"a step just before", `{"sla": [{"name": "p", "targets": [{"metric": "resolution", "within": "1h"}], "steps": [{"at": "75%"}, {"at": "3ms before"}]}]}`,
			`sla policy "p": steps[1].at: want a second or more, got 3ms`},
		{"open twice", openOn(`"13:00-17:00", "09:00-13:30"`), `calendar "day": week.monday: 13:00-17:00 overlaps 09:00-13:30`},
		{"open twice at night", openOn(`"22:00-06:00", "23:00-24:00"`), `calendar "day": week.monday: 23:00-24:00 overlaps 22:00-06:00`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			setup, err := socialcrm.ParseSetup([]byte(tt.file))
			if err == nil {
				err = setup.Check(nil)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got\n\t%v\nwant alone\n\t%s", err, tt.want)
			}
		})
	}
}

func TestWhatCanBeMeantIsTaken(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"a known reach":               inALane(`{"fact": "author.followers", "min": 1}`),
		"no attachment":               inALane(`{"fact": "attachments", "max": 0}`),
		"none or one":                 inALane(`{"fact": "unanswered", "min": 0, "max": 1}`),
		"a campaign, or no answer":    inALane(`{"any": [{"fact": "campaign", "exists": true}, {"fact": "unanswered", "equals": 0}]}`),
		"a word of a visibility":      inALane(`{"fact": "visibility", "word": "PRIVATE"}`),
		"a prefix of accounts":        inALane(`{"fact": "account", "prefix": "face"}`),
		"an account with an @":        inALane(`{"fact": "account", "equals": "telegram/@acme"}`),
		"tags in a text":              inALane(`{"fact": "text", "list": "tags"}`),
		"some tags of a list":         inALane(`{"fact": "hashtags", "list": "words"}`),
		"the lane of the rest":        inALane(`{"fact": "lane", "in": ["inbox", "care"]}`),
		"a kind of the CRM's own":     inALane(`{"fact": "contact.kind", "equals": "retailer"}`),
		"a name of two words":         `{"agents": [{"name": "Ana Lopez"}]}`,
		"hours that touch":            openOn(`"13:00-17:00", "09:00-13:00", "17:00-02:00"`),
		"a weight that some can take": ofCapacities(`"weights": [{"when": {"fact": "late", "equals": true}, "weight": 4}]`),
		"a reserve of the half":       reserving(`{"by": "reserve", "keep": 4}`),
		"access that ended long ago":  `{"agents": [{"name": "ana", "until": "2001-01-01T00:00:00Z"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setup, err := socialcrm.ParseSetup([]byte(file))
			if err == nil {
				err = setup.Check(nil)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOfManyFaultsTheFirstAreTold(t *testing.T) {
	t.Parallel()
	same := make([]routing.Lane, 50_000)
	for i := range same {
		same[i].Name = "care"
	}
	many := socialcrm.Setup{}
	for i := range 300 {
		many.Agents = append(many.Agents, routing.Agent{Name: fmt.Sprint("a ", i, " ")})
		many.Noise = append(many.Noise, socialcrm.Noise{Name: fmt.Sprint(i), When: rule.Condition{Fact: "attachments", Min: new(float64)}})
	}
	for name, s := range map[string]socialcrm.Setup{"many lanes of one name": {Lanes: same}, "much of all kinds": many} {
		err := s.Check(nil)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if text := err.Error(); len(text) > 5000 || !strings.HasSuffix(text, " more") {
			t.Errorf("%s: %d bytes, which end in %q", name, len(text), text[max(0, len(text)-60):])
		}
	}
}

func TestASetupInForceThatIsRefusedTodayStaysInForce(t *testing.T) {
	t.Parallel()
	store := ticket.NewMemory(nil)
	desk, err := socialcrm.New(socialcrm.Config{Store: store, Setup: company()})
	if err != nil {
		t.Fatal(err)
	}
	_, version := desk.Setup()
	err = store.Update(t.Context(), "", func(tx ticket.Tx) error {
		key := ticket.ValueKey{Space: "setup", Name: fmt.Sprintf("v%012d", version)}
		values, err := tx.Values(key)
		if err != nil {
			return err
		}
		data := strings.Replace(string(values[0].Data), `"together":{`, `"off_hours":{"again":"1ns","texts":[{"automated":"a","back":"{date} {time}","emergency":"112"}]},"together":{`, 1)
		tx.PutValue(ticket.Value{Key: key, Data: []byte(data)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := socialcrm.New(socialcrm.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	if setup, _ := again.Setup(); setup.OffHours == nil || time.Duration(setup.OffHours.Again) != 1 {
		t.Errorf("in force is %+v", setup.OffHours)
	}
}
