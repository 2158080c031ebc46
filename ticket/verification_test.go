package ticket_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func TestAssuranceIsOrderedAndHasWords(t *testing.T) {
	t.Parallel()
	before := ticket.Assurance(-1)
	for _, word := range []string{"none", "claimed", "confirmed", "strong"} {
		var level ticket.Assurance
		if err := level.UnmarshalText([]byte(word)); err != nil || level.String() != word || level <= before {
			t.Errorf("%q is %s (%v), want it above %s", word, level, err, before)
		}
		before = level
	}
	if err := before.UnmarshalText([]byte("sure")); err == nil {
		t.Error("a word that is none was read")
	}
	if _, err := json.Marshal(ticket.Assurance(9)); err == nil {
		t.Error("a level that is none was written")
	}
}

func TestVerificationHoldsUntilItsEnd(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	v := ticket.Verification{Level: ticket.Strong, Until: at.Add(time.Hour)}
	for _, tt := range []struct {
		after time.Duration
		want  ticket.Assurance
	}{{0, ticket.Strong}, {time.Hour - 1, ticket.Strong}, {time.Hour, ticket.Unverified}} {
		if got := v.Holds(at.Add(tt.after)); got != tt.want {
			t.Errorf("after %s it is %s, want %s", tt.after, got, tt.want)
		}
	}
}

func TestOfTwoVerificationsTheLowerOrTheHigher(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	level := func(l ticket.Assurance, hours int) ticket.Verification {
		v := ticket.Verification{Level: l}
		if hours != 0 {
			v.Until = at.Add(time.Duration(hours) * time.Hour)
		}
		return v
	}
	for _, tt := range []struct {
		name                string
		a, b, lower, higher ticket.Verification
	}{
		{"nothing and something", level(0, 0), level(3, 0), level(0, 0), level(3, 0)},
		{"two levels", level(1, 0), level(2, 0), level(1, 0), level(2, 0)},
		{"the higher ends", level(1, 0), level(2, 5), level(1, 5), level(2, 5)},
		{"equal, both end", level(2, 7), level(2, 5), level(2, 5), level(2, 7)},
		{"equal, one ends", level(2, 0), level(2, 5), level(2, 5), level(2, 0)},
		{"the higher has ended", level(1, 0), level(3, -1), level(0, 0), level(1, 0)},
	} {
		for _, pair := range [][2]ticket.Verification{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got := pair[0].Lower(pair[1], at); !got.Equal(tt.lower) {
				t.Errorf("%s: lower %+v, want %+v", tt.name, got, tt.lower)
			}
			if got := pair[0].Higher(pair[1], at); !got.Equal(tt.higher) {
				t.Errorf("%s: higher %+v, want %+v", tt.name, got, tt.higher)
			}
		}
	}
}
