package sla

import (
	"errors"
	"fmt"
	"sort"
	"time"
)

// offset is a time in which a zone's clocks are neither put forward nor back.
type offset struct {
	from    int64 // Unix time of its first second
	reading int64 // what the wall clock shows at a second of Unix time, less that second
	before  int64 // open seconds before from
	skipped int64 // what is to be added to the count of readings to get the count of open seconds
}

func loadZone(name string) (*time.Location, error) {
	switch name {
	case "":
		return nil, errors.New(`is missing; want an IANA name such as "Europe/Paris", or "UTC"`)
	case "Local":
		return nil, errors.New(`"Local" is another zone on every machine; want an IANA name such as "Europe/Paris", or "UTC"`)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf(`%q is not known here; want an IANA name such as "Europe/Paris" (a machine without a zone database needs the package time/tzdata)`, name)
	}
	return zone, nil
}

// throughOffsets returns the zone's offsets from firstYear to end, and the open seconds in all.
func (r *readings) throughOffsets(zone *time.Location, end int64) (offsets []offset, total int64) {
	for t := time.Date(firstYear, 1, 1, 0, 0, 0, 0, zone); t.Unix() < end; {
		_, east := t.Zone()
		reading := int64(east) - firstMonday
		if n := len(offsets); n == 0 || offsets[n-1].reading != reading {
			if n > 0 {
				total = offsets[n-1].skipped + r.count(t.Unix()+offsets[n-1].reading).seconds
			}
			offsets = append(offsets, offset{t.Unix(), reading, total, total - r.count(t.Unix()+reading).seconds})
		}
		_, next := t.ZoneBounds()
		switch {
		case next.IsZero(): // for ever
			next = time.Unix(end, 0)
		case !next.After(t): // on 31 December of leap years in which a rule applies, ZoneBounds gives the beginning of that day as the end
			next = t.Add(time.Hour)
		}
		t = next.In(zone)
	}
	last := &offsets[len(offsets)-1]
	return offsets, last.skipped + r.count(end+last.reading).seconds
}

// before returns what was open before a second of Unix time.
func (c *Calendar) before(sec int64) opened {
	if sec > c.end {
		return opened{seconds: c.total}
	}
	i := sort.Search(len(c.offsets), func(i int) bool { return c.offsets[i].from > sec })
	if i == 0 {
		return opened{}
	}
	o := &c.offsets[i-1]
	before := c.readings.count(sec + o.reading)
	before.seconds += o.skipped
	before.unbroken = min(before.unbroken, sec-o.from)
	return before
}

// reaching returns the first second of Unix time before which there are so many open ones, at least 1 and at most c.total.
func (c *Calendar) reaching(count int64) int64 {
	i := sort.Search(len(c.offsets), func(i int) bool { return c.offsets[i].before >= count })
	o := &c.offsets[i-1]
	return c.readings.reaching(count-o.skipped) - o.reading
}
