package salesforce

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

const (
	codeHalted    = "PROCESSING_HALTED"
	codeConverted = "CANNOT_UPDATE_CONVERTED_LEAD"
	codeNotUnique = "MULTIPLE_CHOICES" // our word for status 300

	// A limit on calls at once passes in seconds; the one on calls in 24 hours is rolling, so that a part of it comes back in minutes.
	pauseWhenBusy  = 30 * time.Second
	pauseWhenSpent = 15 * time.Minute
	// maxPace bounds the pause between two calls to a small org.
	maxPace = 5 * time.Minute
)

// meaning is what an error code means for the Desk.
type meaning struct {
	kind remote.Kind
	// wait is how long to stay away, where Salesforce does not say.
	wait time.Duration
	// org says that it concerns every call to the org.
	org bool
	// refuses says that an interaction with this error is refused for good. Not so where the org or its setup is at fault: once that is repaired, the messages
	// are still wanted.
	refuses bool
}

// judge is the table of Salesforce's error codes. What is not in it is Rejected, and refuses nothing.
func judge(code, text string) meaning {
	switch code {
	case "INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "INVALID_OPERATION_WITH_EXPIRED_PASSWORD":
		return meaning{kind: remote.Unauthorized}
	case "REQUEST_LIMIT_EXCEEDED":
		if strings.Contains(text, "Concurrent") {
			return meaning{kind: remote.RateLimited, wait: pauseWhenBusy, org: true}
		}
		return meaning{kind: remote.Exhausted, wait: pauseWhenSpent, org: true}
	case "STORAGE_LIMIT_EXCEEDED":
		return meaning{kind: remote.Exhausted, org: true}
	case "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED":
		return meaning{kind: remote.Unauthorized, org: true} // everything waits until somebody lets us in
	case "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION", "REQUEST_RUNNING_TOO_LONG", "TXN_SECURITY_METERING_ERROR":
		return meaning{kind: remote.Unavailable}
	case "DUPLICATE_VALUE":
		if strings.Contains(text, keyField) {
			return meaning{kind: remote.Unavailable} // somebody wrote the same key in the same moment; the next upsert finds it
		}
		return meaning{kind: remote.Duplicate}
	case codeConverted:
		return meaning{kind: remote.Duplicate} // sales has already made a contact of the lead
	case "DUPLICATES_DETECTED", "DELETE_FAILED":
		return meaning{kind: remote.PolicyBlocked}
	case "ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY":
		return meaning{kind: remote.NotFound}
	case "INVALID_FIELD":
		if strings.HasPrefix(text, "Foreign key external ID") {
			return meaning{kind: remote.NotFound} // the link's other end is not there
		}
		return meaning{kind: remote.Rejected}
	case "STRING_TOO_LONG", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
		"MALFORMED_ID", "INVALID_EMAIL_ADDRESS", "NUMBER_OUTSIDE_VALID_RANGE":
		return meaning{kind: remote.Rejected, refuses: true}
	}
	switch {
	case strings.HasPrefix(code, "INSUFFICIENT_ACCESS"), strings.HasPrefix(code, "TXN_SECURITY"):
		return meaning{kind: remote.PolicyBlocked}
	}
	return meaning{kind: remote.Rejected} // REQUIRED_FIELD_MISSING, INVALID_FIELD_FOR_INSERT_UPDATE, INVALID_TYPE, JSON_PARSER_ERROR, several records of a key
}

// failure makes the error of a code. remote.Client fills in the rest.
func (m meaning) failure(code, text string, org remote.Scope, now time.Time) *remote.Error {
	e := &remote.Error{Kind: m.kind, Code: code, Message: text}
	if m.wait > 0 {
		e.RetryAt = now.Add(m.wait)
	}
	if m.org {
		e.Scope = org
	}
	return e
}

// readUsage reads the header that comes with every answer: "api-usage=18/5000" of the calls of 24 hours. It also names the use by single apps, which is not ours to judge:
// "api-usage=25/5000, per-app-api-usage=17/250(appName=sample)".
func readUsage(h http.Header) (used, limit int, ok bool) {
	for part := range strings.SplitSeq(h.Get("Sforce-Limit-Info"), ",") {
		share, found := strings.CutPrefix(strings.TrimSpace(part), "api-usage=")
		if !found {
			continue
		}
		u, l, _ := strings.Cut(share, "/")
		used, err1 := strconv.Atoi(u)
		limit, err2 := strconv.Atoi(l)
		return used, limit, err1 == nil && err2 == nil && used >= 0 && limit > 0
	}
	return 0, 0, false
}

// pauseFor returns how long to stay away after a call when a tenth of the quota or less is left: as long as it takes until one more call comes back. What people and
// other programs need is then still there.
func pauseFor(used, limit int) time.Duration {
	if used < limit-limit/10 {
		return 0
	}
	return min(24*time.Hour/time.Duration(limit), maxPace)
}
