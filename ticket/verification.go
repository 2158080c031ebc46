package ticket

import (
	"fmt"
	"time"
)

// Assurance says how sure it is that a contact is the person whom the brand takes the contact for. Levels are ordered: compare them with <.
type Assurance int8

const (
	Unverified Assurance = iota // "none", the zero value: nobody looked
	Claimed                     // "claimed": the person says so
	Confirmed                   // "confirmed": the person showed something that only the right one should know or have, such as a mailbox
	Strong                      // "strong": a login, a document, whatever the brand trusts with everything
)

var assurances = [...]string{"none", "claimed", "confirmed", "strong"}

// Valid reports whether it is one of the levels.
func (a Assurance) Valid() bool { return a >= 0 && int(a) < len(assurances) }

// String returns the word.
func (a Assurance) String() string {
	if !a.Valid() {
		return fmt.Sprintf("assurance(%d)", int8(a))
	}
	return assurances[a]
}

// MarshalText returns the word; a value that is none of the levels is an error.
func (a Assurance) MarshalText() ([]byte, error) {
	if !a.Valid() {
		return nil, fmt.Errorf("assurance %d: want none, claimed, confirmed or strong", int8(a))
	}
	return []byte(a.String()), nil
}

// UnmarshalText reads the word; "" is none.
func (a *Assurance) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Unverified
		return nil
	}
	for level, word := range assurances {
		if string(text) == word {
			*a = Assurance(level)
			return nil
		}
	}
	return fmt.Errorf("assurance %q: want none, claimed, confirmed or strong", text)
}

// Verification is that somebody looked who a contact is.
type Verification struct {
	// Level is what came of it.
	Level Assurance `json:"level,omitzero"`
	// How says by what: "order number and postcode", "a link".
	How string `json:"how,omitempty"`
	// By is who looked, At when.
	By Actor     `json:"by,omitzero"`
	At time.Time `json:"at,omitzero"`
	// Until is when it ends; zero: it does not.
	Until time.Time `json:"until,omitzero"`
}

// Holds returns the level that holds at a time: none once Until has come.
func (v Verification) Holds(at time.Time) Assurance {
	if !v.Until.IsZero() && !at.Before(v.Until) {
		return Unverified
	}
	return v.Level
}

// Equal reports whether two say the same.
func (v Verification) Equal(other Verification) bool {
	return v.Level == other.Level && v.How == other.How && v.By == other.By && v.At.Equal(other.At) && v.Until.Equal(other.Until)
}

// Lower returns what holds for two contacts that are taken for one person: the lower level at that time, and until the first of the two ends.
func (v Verification) Lower(other Verification, at time.Time) Verification {
	if other.Holds(at) < v.Holds(at) {
		v, other = other, v
	}
	if v.Holds(at) == Unverified {
		return Verification{}
	}
	if !other.Until.IsZero() && (v.Until.IsZero() || other.Until.Before(v.Until)) {
		v.Until = other.Until
	}
	return v
}

// Higher returns what holds for two contacts that are known to be one person: the higher level at that time and, of equal ones, that which ends later.
func (v Verification) Higher(other Verification, at time.Time) Verification {
	mine, its := v.Holds(at), other.Holds(at)
	if its > mine || its == mine && !v.Until.IsZero() && (other.Until.IsZero() || other.Until.After(v.Until)) {
		return other
	}
	return v
}
