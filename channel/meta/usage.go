package meta

import (
	"encoding/json"
	"math"
	"net/http"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

// Usage is told in percent of what is allowed in a rolling hour (Graph API, Rate Limits). From slowFrom on calls are spaced out, the more the closer the limit:
// at 90 percent one goes out every half minute. At 100 nothing goes out until Meta says that it may, or for pauseWhenSpent.
const (
	slowFrom   = 80.0
	slowStep   = 3 * time.Second
	longestBan = 24 * time.Hour
)

// usage is one measure of X-App-Usage, X-Page-Usage or X-Business-Use-Case-Usage.
type usage struct {
	Calls  float64 `json:"call_count"`
	CPU    float64 `json:"total_cputime"`
	Time   float64 `json:"total_time"`
	Regain float64 `json:"estimated_time_to_regain_access"` // minutes
}

// until is how long the measure asks to hold back; now where it does not.
func (u usage) until(now time.Time) time.Time {
	percent := max(u.Calls, u.CPU, u.Time)
	switch {
	case u.Regain > 0:
		return now.Add(time.Duration(min(u.Regain, longestBan.Minutes()) * float64(time.Minute)))
	case percent >= 100:
		return now.Add(pauseWhenSpent)
	case percent > slowFrom:
		return now.Add(time.Duration(math.Ceil(percent-slowFrom)) * slowStep)
	}
	return now
}

// holds reads the usage headers of an answer. The app's usage concerns the app, that of the Page or of a business use case the account. A header that makes no
// sense says nothing.
func holds(h http.Header, now time.Time, scope func(remote.Level) remote.Scope) []remote.Hold {
	var all []remote.Hold
	hold := func(level remote.Level, u usage) {
		if until := u.until(now); until.After(now) {
			all = append(all, remote.Hold{Scope: scope(level), Until: until})
		}
	}
	for _, one := range [...]struct {
		header string
		level  remote.Level
	}{{"X-App-Usage", remote.LevelApp}, {"X-Page-Usage", remote.LevelAccount}} {
		var u usage
		if text := h.Get(one.header); text != "" && json.Unmarshal([]byte(text), &u) == nil {
			hold(one.level, u)
		}
	}
	var cases map[string][]usage // by the ID of the Page or business
	if text := h.Get("X-Business-Use-Case-Usage"); text != "" && json.Unmarshal([]byte(text), &cases) == nil {
		for _, list := range cases {
			for _, u := range list {
				hold(remote.LevelAccount, u)
			}
		}
	}
	return all
}
