package ticket

import (
	"slices"

	"github.com/socialcrm/socialcrm/channel"
)

// Related is another ticket of the same customer, on another channel, that is likely about the same matter.
type Related struct {
	// Ticket is which. It may have been merged into another one since.
	Ticket ID `json:"ticket"`
	// Account and Visibility are where the customer wrote there.
	Account    channel.AccountID  `json:"account"`
	Visibility channel.Visibility `json:"visibility,omitzero"`
}

// RelatedTo reports whether the ticket names another one as related.
func (t *Ticket) RelatedTo(id ID) bool {
	return slices.ContainsFunc(t.Related, func(r Related) bool { return r.Ticket == id })
}

// alsoOn are the other accounts on which the customer wrote about the matter.
func (t *Ticket) alsoOn() (accounts []string) {
	for _, r := range t.Related {
		if a := r.Account.String(); !slices.Contains(accounts, a) {
			accounts = append(accounts, a)
		}
	}
	return accounts
}
