package socialcrm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// ReplyWindow says what happens before a platform's window for an answer closes (channel.Traits) while a customer waits for one.
type ReplyWindow struct {
	// Steps are warnings and escalations, each so long before the window closes: "2h before". What a step does is that of sla.Step; it has no metric.
	Steps []sla.Step `json:"steps,omitempty"`
}

// warnedBefore is how long before a window closes it is told, where the Setup does not say.
const warnedBefore = time.Hour

// beforeClosing are the steps before a reply window closes.
func (s *Setup) beforeClosing() []sla.Step {
	if s.ReplyWindow == nil {
		return []sla.Step{{At: sla.Moment{Before: sla.Duration(warnedBefore)}}}
	}
	return s.ReplyWindow.Steps
}

// checkReplyWindow reports what cannot be in the steps before a reply window closes.
func (s *Setup) checkReplyWindow() error {
	if s.ReplyWindow == nil {
		return nil
	}
	var wrong []error
	for i := range s.ReplyWindow.Steps {
		step := &s.ReplyWindow.Steps[i]
		place := fmt.Sprintf("reply_window: steps[%d]", i)
		add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(place+format, args...)) }
		if step.At.Before <= 0 || step.At.Percent != 0 || step.At.After != 0 {
			add(".at: want a time before it closes, such as %q, got %q", "2h before", step.At)
		}
		if step.Metric != 0 {
			add(".metric %q: a window has none", step.Metric)
		}
		if step.Raise != nil && (*step.Raise < ticket.Low || *step.Raise > ticket.Urgent) {
			add(".raise: %s is none", *step.Raise)
		}
		if step.Lane != "" && step.Agent != "" {
			add(": want a lane or an agent, not both")
		}
		wrong = append(wrong, rule.FaultsAt(place+".", s.checkStep(step)))
	}
	return rule.Faults(wrong...)
}

// replyWindow is how long after the customer's latest message the platform takes an answer, by a person or not; 0: however long.
func replyWindow(t channel.Traits, automated bool) time.Duration {
	if !automated && t.HumanWindow > t.ReplyWindow {
		return t.HumanWindow
	}
	return t.ReplyWindow
}

// watchWindow notes until when the platforms let a person answer what waits for it, and tells when a window closed meanwhile. It follows what the clocks know to be unanswered:
// an answer, a deletion, another message move it like them.
func (c *change) watchWindow() error {
	was, now := c.ReplyBy, c.w.now
	c.ReplyBy = time.Time{}
	if c.Unanswered() == 0 || c.Status.Done() || c.MergedInto != "" {
		return nil
	}
	if !was.IsZero() && was.Before(now) {
		c.journal(ticket.Entry{Kind: ticket.ReplyClosed, Actor: ticket.Actor{Kind: ticket.BySystem}, Happened: was, New: was.UTC().Format(time.RFC3339)})
	}
	var keys []ticket.ConversationKey
	var windows []time.Duration
	for _, key := range c.Conversations {
		acc := c.w.d.channelOf(key.Account)
		if acc == nil || c.PartyIn(key) != nil {
			continue
		}
		if window := replyWindow(acc.Traits(key.Visibility), false); window > 0 {
			keys, windows = append(keys, key), append(windows, window)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	convs, err := c.w.tx.Conversations(keys...)
	if err != nil {
		return err
	}
	for i := range convs {
		conv := &convs[i]
		oldest, waits := c.unansweredOn(c.line(conv))
		if !waits || conv.MovedTo != nil || conv.CustomerWrote.Before(oldest) {
			continue // what waits was asked elsewhere
		}
		if closes := conv.CustomerWrote.Add(windows[i]); !closes.Before(now) && (c.ReplyBy.IsZero() || closes.Before(c.ReplyBy)) {
			c.ReplyBy = closes
		}
	}
	return nil
}

// unansweredOn returns when the first message was written that waits for an answer on a line of the clocks, and whether one does.
func (c *change) unansweredOn(name string) (oldest time.Time, waits bool) {
	line := &c.Clocks.Line
	if name != line.Name {
		i := slices.IndexFunc(c.Clocks.Lines, func(l sla.Line) bool { return l.Name == name })
		if i < 0 {
			return oldest, false
		}
		line = &c.Clocks.Lines[i]
	}
	return line.Oldest, line.Waiting > 0
}

// windowStep begins the keys of steps before a window closes; what follows is when that is, and which step.
const windowStep = "window/"

// windowStepped notes the steps before a window closes that another ticket took, whose window comes to this one.
func (c *change) windowStepped(other *change) {
	for _, key := range other.Stepped {
		if strings.HasPrefix(key, windowStep) && !slices.Contains(c.Stepped, key) {
			c.Stepped = append(slices.Clone(c.Stepped), key)
			c.w.tx.MarkSeen(stepKey(c.ID, key))
		}
	}
}

// closing are the steps before the reply window closes, by their moments. Another window, after the customer wrote again, has steps of its own.
func (c *change) closing() []sla.Planned {
	if c.ReplyBy.IsZero() {
		return nil
	}
	steps := c.w.company.setup.beforeClosing()
	planned := make([]sla.Planned, len(steps))
	for i, s := range steps {
		key := windowStep + strconv.FormatInt(c.ReplyBy.UnixNano(), 36) + "/" + strconv.Itoa(i) + "/" + s.At.String()
		planned[i] = sla.Planned{At: c.ReplyBy.Add(-time.Duration(s.At.Before)), Step: s, Key: key}
	}
	return planned
}
