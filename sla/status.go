package sla

import "fmt"

// Status says where a ticket stands.
type Status string

const (
	New     Status = "new"     // nobody has answered or taken it yet
	Open    Status = "open"    // the brand has to act
	Pending Status = "pending" // waiting for the customer
	OnHold  Status = "on-hold" // waiting for someone else
	Solved  Status = "solved"  // done; the customer's next message may reopen it
	Closed  Status = "closed"  // done for good
)

// Done reports whether the ticket is solved or closed.
func (s Status) Done() bool { return s == Solved || s == Closed }

// UnmarshalText reads one of the six words.
func (s *Status) UnmarshalText(text []byte) error {
	switch v := Status(text); v {
	case New, Open, Pending, OnHold, Solved, Closed, "":
		*s = v
		return nil
	}
	return fmt.Errorf("status %q: want new, open, pending, on-hold, solved or closed", text)
}

// Priority says what comes first. The zero value is Normal; higher is more urgent.
type Priority int8

const (
	Low    Priority = -1
	Normal Priority = 0
	High   Priority = 1
	Urgent Priority = 2
)

// String returns "low", "normal", "high" or "urgent".
func (p Priority) String() string {
	switch p {
	case Low:
		return "low"
	case Normal:
		return "normal"
	case High:
		return "high"
	case Urgent:
		return "urgent"
	}
	return fmt.Sprintf("priority %d", int8(p))
}

// MarshalText returns the word.
func (p Priority) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads one of the four words; "" is Normal.
func (p *Priority) UnmarshalText(text []byte) error {
	switch string(text) {
	case "low":
		*p = Low
	case "", "normal":
		*p = Normal
	case "high":
		*p = High
	case "urgent":
		*p = Urgent
	default:
		return fmt.Errorf("priority %q: want low, normal, high or urgent", text)
	}
	return nil
}
