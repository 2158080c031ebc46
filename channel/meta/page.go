package meta

import (
	"encoding/json"
	"net/url"
)

// Page is one page of a list of the Graph API, its elements undecoded, so that a bad one costs the others nothing.
type Page struct {
	Data   []json.RawMessage `json:"data"`
	Paging struct {
		Cursors struct {
			After string `json:"after"`
		} `json:"cursors"`
		// Next is an address that repeats the access token: it only tells that there is more, and is never followed.
		Next string `json:"next"`
	} `json:"paging"`
}

// After returns where the next page begins, as a query for the same list ("after=..."); empty when this is the last. A page without elements may have one
// after it.
func (p *Page) After() string {
	if p.Paging.Next == "" {
		return ""
	}
	query := url.Values{}
	if next, err := url.Parse(p.Paging.Next); err == nil {
		told := next.Query()
		for _, name := range [...]string{"after", "until", "offset", "__paging_token"} { // by cursor, by time, by number
			if v := told.Get(name); v != "" {
				query.Set(name, v)
			}
		}
	}
	if len(query) == 0 && p.Paging.Cursors.After != "" {
		query.Set("after", p.Paging.Cursors.After)
	}
	return query.Encode()
}
