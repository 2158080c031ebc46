package meta

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

// meaning is what an error code means for the Desk.
type meaning struct {
	kind remote.Kind
	// level says how far it reaches.
	level remote.Level
	// wait is how long to stay away, where neither Retry-After nor the usage headers say.
	wait time.Duration
}

// Limits are counted over a rolling hour, so that part of a spent one comes back within minutes; 613 is counted over shorter times.
const (
	pauseWhenSpent = 5 * time.Minute
	pauseWhenFast  = time.Minute
	pauseBothering = time.Hour
)

// judge is the table of Meta's error codes (Graph API, Handle Errors; Messenger Platform, Common Error Codes). The subcode says more than the code, and Meta's
// list gives some subcodes also as codes. False: neither is known.
//
// A missing permission (10, 200 to 299) is PolicyBlocked and concerns the one call, because it may be the one object that the app may not touch, such as a post
// on somebody else's page: a stranger who mentions the brand there must not stop its account. That a token lacks a permission altogether is found by
// [Graph.CheckToken].
func judge(code, subcode int, text string) (meaning, bool) {
	for _, n := range [...]int{subcode, code} {
		if m, ok := judgeSubcode(n); ok {
			return m, true
		}
	}
	switch {
	case code == 100 && subcode == 33:
		return meaning{kind: remote.NotFound}, true
	case code == 10 && strings.Contains(text, "outside of allowed window"):
		return meaning{kind: remote.WindowClosed}, true
	case code == 10 && strings.Contains(text, "controlling this thread"):
		return meaning{kind: remote.NotInControl}, true
	case code >= 80000 && code <= 80014: // limits by business use case
		return meaning{remote.RateLimited, remote.LevelAccount, pauseWhenSpent}, true
	case code >= 200 && code <= 299 && code != 230:
		return meaning{kind: remote.PolicyBlocked}, true
	}
	switch code {
	case 1, 2: // something went wrong, at an unknown point
		return meaning{kind: remote.Unknown}, true
	case 1200: // temporary send failure
		return meaning{kind: remote.Unavailable}, true
	case 4, 341:
		return meaning{remote.RateLimited, remote.LevelApp, pauseWhenSpent}, true
	case 17:
		return meaning{remote.RateLimited, remote.LevelCredential, pauseWhenSpent}, true
	case 9, 32:
		return meaning{remote.RateLimited, remote.LevelAccount, pauseWhenSpent}, true
	case 613:
		return meaning{remote.RateLimited, remote.LevelAccount, pauseWhenFast}, true
	case 102, 190, 463, 467:
		return meaning{kind: remote.Unauthorized, level: remote.LevelCredential}, true
	case 3, 230: // the app lacks the capability, the Page has not granted messaging
		return meaning{kind: remote.Unauthorized, level: remote.LevelAccount}, true
	case 368, 2022: // temporarily blocked for what the account did
		return meaning{kind: remote.PolicyBlocked, level: remote.LevelAccount}, true
	case 10, 10903: // 10903: this user cannot be answered in private
		return meaning{kind: remote.PolicyBlocked}, true
	case 551:
		return meaning{kind: remote.PolicyBlocked, level: remote.LevelRecipient}, true
	case 506, 10900: // the same post again; a second answer in private
		return meaning{kind: remote.Duplicate}, true
	case 803, 9000001:
		return meaning{kind: remote.NotFound}, true
	case 100:
		return meaning{kind: remote.Rejected}, true
	}
	return meaning{}, false
}

// judgeSubcode knows the subcodes that mean the same under every code.
func judgeSubcode(n int) (meaning, bool) {
	switch n {
	case 2018278, 2018065, 2534022:
		return meaning{kind: remote.WindowClosed}, true
	case 2018300, 2018321, 2534037:
		return meaning{kind: remote.NotInControl}, true
	case 2018108, 1545041: // cannot receive messages from us, or not now
		return meaning{kind: remote.PolicyBlocked, level: remote.LevelRecipient}, true
	case 2018001, 2534014, 2018218: // no such person here
		return meaning{kind: remote.NotFound}, true
	case 1893063, 2534029: // temporarily restricted from sending
		return meaning{kind: remote.PolicyBlocked, level: remote.LevelAccount}, true
	case 2018027, 2018028, 2534041: // messaging is not granted yet, or no more
		return meaning{kind: remote.Unauthorized, level: remote.LevelAccount}, true
	case 2018022:
		return meaning{remote.RateLimited, remote.LevelAccount, pauseWhenSpent}, true
	case 2018338: // too many tagged messages to one person
		return meaning{remote.RateLimited, remote.LevelRecipient, pauseBothering}, true
	}
	return meaning{}, false
}

// failure is Meta's error answer.
type failure struct {
	Error *struct {
		Message   string `json:"message"`
		Code      ID     `json:"code"`
		Subcode   ID     `json:"error_subcode"`
		Transient bool   `json:"is_transient"`
		Trace     string `json:"fbtrace_id"`
	} `json:"error"`
}

// classify reads Meta's error out of an answer; nil where there is none, so that the status decides. Nearly all come with status 400, whatever they mean.
func classify(r *remote.Response, now time.Time, scope func(remote.Level) remote.Scope) *remote.Error {
	body := bytes.TrimSpace(r.Body)
	if r.Status < 300 && !bytes.HasPrefix(body, []byte(`{"error"`)) {
		return nil
	}
	var f failure
	if json.Unmarshal(body, &f) != nil || f.Error == nil || f.Error.Code == "" {
		return nil
	}
	code, err := strconv.Atoi(string(f.Error.Code))
	if err != nil {
		return nil
	}
	subcode, _ := strconv.Atoi(string(f.Error.Subcode))
	m, known := judge(code, subcode, f.Error.Message)
	switch {
	case known:
	case f.Error.Transient:
		m.kind = remote.Unknown
	default:
		m.kind = remote.KindOfStatus(max(r.Status, 400), false)
	}
	e := &remote.Error{Kind: m.kind, Code: strconv.Itoa(code), Message: f.Error.Message}
	if subcode != 0 {
		e.Code += "/" + strconv.Itoa(subcode)
	}
	if f.Error.Trace != "" { // what Meta's support asks for
		e.Message += " (trace " + f.Error.Trace + ")"
	}
	if m.level != remote.LevelNone {
		e.Scope = scope(m.level)
	}
	if m.kind == remote.RateLimited {
		e.RetryAt = comeBack(r, now, m.wait, scope)
	}
	return e
}

// comeBack is when a limit is over: as the headers tell, else after the wait. It is zero where remote.Client reads it from Retry-After.
func comeBack(r *remote.Response, now time.Time, wait time.Duration, scope func(remote.Level) remote.Scope) time.Time {
	if _, told := remote.RetryAfter(r.Header, now); told {
		return time.Time{}
	}
	var latest time.Time
	for _, h := range holds(r.Header, now, scope) {
		if h.Until.After(latest) {
			latest = h.Until
		}
	}
	if latest.IsZero() {
		latest = now.Add(max(wait, pauseWhenFast))
	}
	return latest
}
