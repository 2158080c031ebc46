package mastodon

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

// notReady is how long to wait for a server that is still working on a picture or video, at first.
const notReady = 3 * time.Second

// classify is what Mastodon's answers mean beyond their status:
//
//   - 404 and 410 without Mastodon's own JSON are a proxy's, and no word about the post: Unavailable
//   - 403 for a token without the scope, or for an account that is suspended or disabled, concerns the account: Unauthorized
//   - 422 for attachments that are still being processed: Unavailable
//
// The rest is as package remote has it: 401 Unauthorized, 403 PolicyBlocked, 404 and 410 NotFound, 422 Rejected, 429 RateLimited, 503 Unavailable, other 5xx
// Unknown for a post and Unavailable for a question.
func (c *Channel) classify(r *remote.Response) *remote.Error {
	text, ok := errorText(r.Body)
	switch r.Status {
	case http.StatusNotFound, http.StatusGone:
		if !ok {
			return &remote.Error{Kind: remote.Unavailable}
		}
	case http.StatusForbidden:
		for _, sign := range [...]string{"outside the authorized scopes", "login is currently disabled", "suspended", "missing a confirmed e-mail", "pending approval"} {
			if strings.Contains(strings.ToLower(text), sign) {
				return &remote.Error{Kind: remote.Unauthorized, Message: text}
			}
		}
	case http.StatusUnprocessableEntity:
		if strings.Contains(text, "not finished processing") {
			return &remote.Error{Kind: remote.Unavailable, Message: text, RetryAt: c.now().Add(notReady)}
		}
	}
	return nil
}

// errorText returns the text of an error in Mastodon's JSON, and whether it is that.
func errorText(body []byte) (string, bool) {
	var e struct {
		Error *string `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil || e.Error == nil {
		return "", false
	}
	return *e.Error, true
}
