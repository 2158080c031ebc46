package socialcrm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// HolidaySource is where a calendar's holidays come from beside its own: an iCalendar feed, a company's holiday list. Holidays returns all of them that are known,
// past and to come; it may be called from any goroutine, though not by several at once, and must return when ctx ends.
type HolidaySource interface {
	Holidays(ctx context.Context) ([]sla.Holiday, error)
}

const holidaysKind = "holidays"

// Feeds are read once a day, and more often while they cannot be read.
const (
	holidaysEvery = 24 * time.Hour
	holidaysRetry = time.Hour
)

func holidaysTask(calendar string, due time.Time) ticket.Task {
	return ticket.Task{ID: "holidays/" + calendar, Kind: holidaysKind, Queue: holidaysKind, Due: due, Payload: []byte(calendar)}
}

// unreadKey is there while a calendar's feed cannot be read, so that the journal says it once.
func unreadKey(calendar string) ticket.ValueKey {
	return ticket.ValueKey{Space: "holidays unread", Name: calendar}
}

// checkHolidays tells of feeds that no calendar of the Setup waits for: their holidays would never close anything.
func (d *Desk) checkHolidays(s *Setup) error {
	for _, name := range slices.Sorted(maps.Keys(d.cfg.Holidays)) {
		if _, there := s.Calendars[name]; !there {
			return fmt.Errorf("holidays of calendar %q: the setup has no calendar of this name: %w", name, ErrInvalid)
		}
		if d.cfg.Holidays[name] == nil {
			return fmt.Errorf("holidays of calendar %q: there is no source: %w", name, ErrInvalid)
		}
	}
	return nil
}

// readHolidays plans to read all feeds now.
func (w *work) readHolidays() {
	for calendar := range w.d.cfg.Holidays {
		w.tx.Schedule(holidaysTask(calendar, w.now))
	}
}

// holidays reads a calendar's feed. What it changes becomes a new version of the Setup; while it cannot be read, what it gave last stays in force.
func (d *Desk) holidays(ctx context.Context, lease ticket.Lease) error {
	calendar := string(lease.Payload)
	source := d.cfg.Holidays[calendar]
	if source == nil {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) })
	}
	readCtx, cancel := d.request(ctx)
	holidays, cause := source.Holidays(readCtx)
	cancel()
	clean(&holidays)
	changed := false
	err := d.settle(ctx, func(w *work) (err error) {
		changed = false
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		wrong := cause
		if wrong == nil {
			changed, err = w.observe(calendar, holidays)
			if errors.Is(err, ErrInvalid) { // these holidays leave a calendar that cannot be
				wrong = err
			} else if err != nil {
				return err
			}
		}
		if wrong != nil {
			w.tx.Schedule(holidaysTask(calendar, w.now.Add(holidaysRetry)))
			return w.unread(calendar, wrong)
		}
		w.tx.Schedule(holidaysTask(calendar, w.now.Add(holidaysEvery)))
		return w.readAgain(calendar)
	})
	if err != nil || !changed {
		return err
	}
	return d.loadSetup(context.WithoutCancel(ctx))
}

// observe brings a version into force in which the calendar has these holidays beside its own, unless it has them already; open tickets are counted by it at once.
func (w *work) observe(calendar string, holidays []sla.Holiday) (changed bool, err error) {
	next, err := w.storedSetup()
	if err != nil {
		return false, err
	}
	if _, there := next.Setup.Calendars[calendar]; !there {
		return false, fmt.Errorf("the setup has no calendar of this name any more: %w", ErrInvalid)
	}
	for _, h := range holidays {
		if _, err := h.Date.MarshalText(); err != nil {
			return false, fmt.Errorf("holiday %q: %w: %w", h.Name, err, ErrInvalid)
		}
	}
	was, err := json.Marshal(next.Holidays[calendar])
	if err != nil {
		return false, err
	}
	now, err := json.Marshal(holidays)
	if err != nil {
		return false, fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	if bytes.Equal(was, now) || len(holidays) == 0 && len(next.Holidays[calendar]) == 0 {
		return false, nil
	}
	next.Version, next.Since = next.Version+1, w.now
	if next.Holidays = maps.Clone(next.Holidays); next.Holidays == nil {
		next.Holidays = make(map[string][]sla.Holiday)
	}
	next.Holidays[calendar] = holidays
	if err := w.putSetup(next, ticket.Actor{Kind: ticket.BySystem}, "holidays of calendar "+calendar); err != nil {
		return false, err
	}
	w.tx.Schedule(reapplyTask(w.now, ""))
	return true, nil
}

// unread journals, once until it is read again, that a feed cannot be read.
func (w *work) unread(calendar string, cause error) error {
	known, err := w.tx.Values(unreadKey(calendar))
	if err != nil || known[0].Data != nil {
		return err
	}
	reason := cleanText(reasonOf(cause))
	w.d.log.Warn("holidays not read", "calendar", calendar, "reason", reason)
	w.tx.PutValue(ticket.Value{Key: unreadKey(calendar), Data: []byte(stamp(w.now))})
	w.append(ticket.Entry{
		Kind: ticket.HolidaysFailed, Key: "holidays/failed/" + calendar + "/" + stamp(w.now), Actor: ticket.Actor{Kind: ticket.BySystem}, New: calendar, Reason: reason,
	})
	return nil
}

// readAgain journals that a feed can be read again which could not.
func (w *work) readAgain(calendar string) error {
	known, err := w.tx.Values(unreadKey(calendar))
	if err != nil || known[0].Data == nil {
		return err
	}
	w.tx.DeleteValue(unreadKey(calendar))
	w.append(ticket.Entry{Kind: ticket.HolidaysRead, Key: "holidays/read/" + calendar + "/" + stamp(w.now), Actor: ticket.Actor{Kind: ticket.BySystem}, New: calendar})
	return nil
}
