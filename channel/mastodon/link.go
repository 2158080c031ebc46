package mastodon

import (
	"net/http"
	"net/url"
	"strings"
)

// newer returns the min_id in the address that an answer's Link header (RFC 8288) names for what is newer, rel="prev"; empty where it names none. Nothing else
// of the address is used: where to ask is not for an answer to say.
func newer(h http.Header) string {
	for _, links := range h.Values("Link") {
		for {
			_, link, ok := strings.Cut(links, "<")
			if !ok {
				break
			}
			address, rest, ok := strings.Cut(link, ">")
			if !ok {
				break
			}
			params, _, _ := strings.Cut(rest, "<")
			links = rest
			if !strings.Contains(params, `rel="prev"`) && !strings.Contains(params, "rel=prev") {
				continue
			}
			if u, err := url.Parse(address); err == nil && u.Query().Get("min_id") != "" {
				return u.Query().Get("min_id")
			}
		}
	}
	return ""
}
