package sla

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
)

func TestNewPolicySetSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	hour := []Target{{Metric: FirstResponse, Within: Duration(time.Hour)}}
	tests := []struct {
		name     string
		policies []Policy
		want     string
	}{
		{"a name is missing", []Policy{{Name: "a", Targets: hour}, {Targets: hour}}, `sla policy 1: name is missing`},
		{"two of a name", []Policy{{Name: "a", Targets: hour}, {Name: "a", Targets: hour}}, `sla policy "a": there are two of this name`},
		{"no targets", []Policy{{Name: "a"}}, `sla policy "a": targets: there are none`},
		{"a metric that is none", []Policy{{Name: "a", Targets: []Target{{Within: 1}}}},
			`sla policy "a": targets[0].metric "": want one of acknowledgement, first_response, next_response, periodic_update, resolution, requester_wait, agent_work`},
		{"no time", []Policy{{Name: "a", Targets: []Target{{Metric: Resolution}}}}, `sla policy "a": targets[0].within: want more than 0, got 0s`},
		{"less than no time", []Policy{{Name: "a", Targets: []Target{{Metric: Resolution, Within: -1}}}}, `sla policy "a": targets[0].within: want more than 0, got -1ns`},
		{"too much time", []Policy{{Name: "a", Targets: []Target{{Metric: Resolution, Within: Duration(MaxTarget + 1)}}}},
			`sla policy "a": targets[0].within: want at most 10 years, got 87600h0m0.000000001s`},
		{"a metric twice", []Policy{{Name: "a", Targets: []Target{hour[0], hour[0]}}}, `sla policy "a": targets[1]: first_response is promised twice for the same priority`},
		{"a metric twice for one priority", []Policy{{Name: "a", Targets: []Target{
			{Metric: Resolution, Within: 1, Priority: new(Normal)}, {Metric: Resolution, Within: 2}, {Metric: Resolution, Within: 3, Priority: new(Normal)}}}},
			`sla policy "a": targets[2]: resolution is promised twice for the same priority`},
		{"a condition that is none", []Policy{{Name: "a", When: rule.Condition{Fact: "contact.tier"}, Targets: hour}},
			`sla policy "a": when: rule: compile condition: fact: nothing is asked of "contact.tier"; want one of equals, in, prefix, word, words, list, min, max, exists`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewPolicySet(tt.policies, Calendars{}, nil)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error\n\t%v\nwant\n\t%s", err, tt.want)
			}
		})
	}
}

func TestTheFirstMatchingPolicyWins(t *testing.T) {
	t.Parallel()
	hour := []Target{{Metric: FirstResponse, Within: Duration(time.Hour)}}
	set, err := NewPolicySet([]Policy{
		{Name: "gold", When: rule.Condition{Fact: "contact.tier", Equals: rule.Text("gold")}, Targets: hour},
		{Name: "night", When: rule.Condition{Predicate: "night"}, Targets: hour},
		{Name: "known", When: rule.Condition{Fact: "contact.tier", Exists: new(true)}, Targets: hour},
	}, Calendars{}, rule.Predicates{"night": func(f rule.Facts) bool { return f.Fact("lane").Equal(rule.Text("night")) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		facts Facts
		want  string
	}{
		{Facts{Tier: "gold", Lane: "night"}, "gold"}, {Facts{Tier: "silver", Lane: "night"}, "night"}, {Facts{Tier: "silver"}, "known"}, {Facts{}, ""},
	} {
		p, ok := set.Match(tt.facts)
		if p.Name != tt.want || ok != (tt.want != "") {
			t.Errorf("%+v: policy %q (%v), want %q", tt.facts, p.Name, ok, tt.want)
		}
	}
	var none *PolicySet
	if p, ok := none.Match(Facts{}); ok {
		t.Errorf("the nil set matched with %+v", p)
	}
}

func TestAPolicySetNeverChanges(t *testing.T) {
	t.Parallel()
	policies := []Policy{{Name: "a", Targets: []Target{{Metric: FirstResponse, Within: Duration(time.Hour)}}}}
	set := mustSet(policies...)
	policies[0].Targets[0].Within = Duration(time.Minute)
	if diff := cmp.Diff([]string{"first_response running, due 10:00:00"}, sayAll(fold(t, set, wrote("09:00:00")))); diff != "" {
		t.Errorf("changing what it was made of changed the set (-want +got):\n%s", diff)
	}
}

func TestFactsByName(t *testing.T) {
	t.Parallel()
	f := &Facts{
		Account: "facebook/1", Platform: "facebook", Visibility: "private", Language: "de", Lane: "bags", Agent: "jo", Tier: "gold", Tags: []string{"a", "b"},
		Priority: Urgent,
	}
	for name, want := range map[string]rule.Value{
		"account": rule.Text("facebook/1"), "platform": rule.Text("facebook"), "visibility": rule.Text("private"), "language": rule.Text("de"),
		"lane": rule.Text("bags"), "agent": rule.Text("jo"), "contact.tier": rule.Text("gold"), "tags": rule.Texts("a", "b"), "priority": rule.Text("urgent"),
		"shoe size": {},
	} {
		if got := f.Fact(name); !got.Equal(want) || got.Missing() != want.Missing() {
			t.Errorf("Fact(%q) = %s, want %s", name, got, want)
		}
	}
	empty := &Facts{}
	for _, name := range []string{"account", "platform", "visibility", "language", "lane", "agent", "contact.tier", "tags"} {
		if got := empty.Fact(name); !got.Missing() {
			t.Errorf("Fact(%q) of empty facts = %s, want it missing", name, got)
		}
	}
	if got := empty.Fact("priority"); !got.Equal(rule.Text("normal")) {
		t.Errorf("the priority of empty facts is %s, want normal", got)
	}
}

func TestMetricsAreListedOnce(t *testing.T) {
	t.Parallel()
	all := Metrics()
	if len(all) != 7 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != 7 {
		t.Errorf("Metrics() = %q", all)
	}
}

func TestWordsInJSON(t *testing.T) {
	t.Parallel()
	policy := Policy{Name: "a", Targets: []Target{{Metric: FirstResponse, Within: Duration(90 * time.Minute), Priority: new(Urgent)}}}
	data, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"name":"a","targets":[{"metric":"first_response","within":"1h30m0s","priority":"urgent"}]}`; string(data) != want {
		t.Errorf("JSON %s, want %s", data, want)
	}
	var back Policy
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(policy, back); diff != "" {
		t.Errorf("there and back (-want +got):\n%s", diff)
	}
}

func TestDurationReadsText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "15m": 15 * time.Minute, "48h": 48 * time.Hour, "1h30m": 90 * time.Minute} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || time.Duration(d) != want {
			t.Errorf("%q becomes %s, %v, want %s", text, time.Duration(d), err, want)
		}
	}
	for _, text := range []string{"", "90", "2 days", "soon"} {
		d := Duration(7)
		if err := d.UnmarshalText([]byte(text)); err == nil || d != 7 {
			t.Errorf("%q becomes %s, %v, want an error and nothing changed", text, time.Duration(d), err)
		}
	}
}

func TestStatusReadsSixWords(t *testing.T) {
	t.Parallel()
	for _, want := range []Status{New, Open, Pending, OnHold, Solved, Closed, ""} {
		var s Status
		if err := s.UnmarshalText([]byte(want)); err != nil || s != want {
			t.Errorf("%q becomes %q, %v", want, s, err)
		}
		if got, done := s.Done(), want == Solved || want == Closed; got != done {
			t.Errorf("%q: Done() = %v, want %v", want, got, done)
		}
	}
	var s Status
	if err := s.UnmarshalText([]byte("Solved")); err == nil || err.Error() != `status "Solved": want new, open, pending, on-hold, solved or closed` {
		t.Errorf("error %v", err)
	}
}

func TestPriorityReadsFourWords(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]Priority{"low": Low, "normal": Normal, "": Normal, "high": High, "urgent": Urgent} {
		p := Priority(7)
		if err := p.UnmarshalText([]byte(word)); err != nil || p != want {
			t.Errorf("%q becomes %d, %v, want %d", word, p, err, want)
		}
		if text, err := want.MarshalText(); word != "" && (err != nil || string(text) != word) {
			t.Errorf("%d becomes %q, %v, want %q", want, text, err, word)
		}
	}
	var p Priority
	if err := p.UnmarshalText([]byte("asap")); err == nil || err.Error() != `priority "asap": want low, normal, high or urgent` {
		t.Errorf("error %v", err)
	}
	if got := Priority(5).String(); got != "priority 5" {
		t.Errorf("Priority(5) is %q", got)
	}
}

func TestATargetThatAnotherAlwaysEndsFirstIsRefused(t *testing.T) {
	t.Parallel()
	urgent := new(Urgent)
	tests := []struct {
		name    string
		targets []Target
		want    string
	}{
		{"in its own scope", []Target{{Metric: FirstResponse, Within: Duration(5 * time.Hour)}, {Metric: Resolution, Within: Duration(4 * time.Hour)}},
			`sla policy "a": targets: first_response may take 5h0m0s, longer than resolution with 4h0m0s, which ends it too`},
		{"for one priority", []Target{{Metric: Acknowledgement, Within: Duration(time.Hour), Priority: urgent}, {Metric: FirstResponse, Within: Duration(time.Minute), Priority: urgent}},
			`sla policy "a": targets: acknowledgement may take 1h0m0s, longer than first_response with 1m0s, which ends it too`},
		{"but a shorter one for the urgent ones beside a general one is fine", []Target{
			{Metric: Acknowledgement, Within: Duration(time.Hour)}, {Metric: FirstResponse, Within: Duration(30 * time.Minute), Priority: urgent}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewPolicySet([]Policy{{Name: "a", Targets: tt.targets}}, Calendars{}, nil)
			if (err != nil) != (tt.want != "") || err != nil && err.Error() != tt.want {
				t.Errorf("error\n\t%v\nwant\n\t%s", err, tt.want)
			}
		})
	}
}

func TestAStepThatIsAlwaysDueAtOnceIsRefused(t *testing.T) {
	t.Parallel()
	four, eight := Target{Metric: Resolution, Within: Duration(4 * time.Hour), Priority: new(Urgent)}, Target{Metric: Resolution, Within: Duration(8 * time.Hour)}
	first := Target{Metric: FirstResponse, Within: Duration(time.Hour)}
	five := Moment{Before: Duration(5 * time.Hour)}
	tests := []struct {
		name    string
		targets []Target
		step    Step
		want    string
	}{
		{"longer than its target", []Target{four, first}, Step{At: five},
			`sla policy "a": steps[0].at: 5h before: none of its targets is that long, so it would be due as soon as a clock starts`},
		{"as long as it", []Target{four}, Step{At: Moment{Before: four.Within}},
			`sla policy "a": steps[0].at: 4h before: none of its targets is that long, so it would be due as soon as a clock starts`},
		{"longer than the one of its metric", []Target{eight, first}, Step{At: five, Metric: FirstResponse},
			`sla policy "a": steps[0].at: 5h before: none of its targets is that long, so it would be due as soon as a clock starts`},
		{"shorter than one of them", []Target{four, eight}, Step{At: five}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewPolicySet([]Policy{{Name: "a", Targets: tt.targets, Steps: []Step{tt.step}}}, Calendars{}, nil)
			if (err != nil) != (tt.want != "") || err != nil && err.Error() != tt.want {
				t.Errorf("error\n\t%v\nwant\n\t%s", err, tt.want)
			}
		})
	}
	// Where another target is long enough, the step of a short one is due as its clock starts.
	question := wrote("09:00:00")
	question.Facts = &Facts{Priority: Urgent}
	set := mustSet(Policy{Name: "a", Targets: []Target{four, eight}, Steps: []Step{{At: five}}})
	state, err := set.Fold(State{}, question)
	if err != nil {
		t.Fatal(err)
	}
	if planned := set.Steps(state); len(planned) != 1 || !planned[0].At.Equal(question.Time) {
		t.Errorf("planned %+v, want it at %s", planned, question.Time)
	}
}
