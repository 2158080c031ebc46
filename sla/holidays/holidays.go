// Package holidays computes the public holidays of some countries for business calendars: France, Germany by Land, the United Kingdom by country, and the
// federal ones of the United States.
//
// Start with [Of]: give it a region and the years, and put what it returns into sla.Hours.Holidays. [Regions] lists what is known.
//
// The rules are those of the laws that each region's function names, with the one-off holidays proclaimed until July 2026; what is proclaimed later, and what only
// some communes observe, is the host's to add. Holidays are named in the language of their law. A business opens by its own choice on some of them: an sla.Opening
// opens such a date again, and an sla.Holiday that is left out of the list never closes it.
package holidays

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// Of returns the holidays of a region in the years from first to last, both included, in the order of their dates, each closing its whole date. Names of regions are
// those of ISO 3166, such as "FR", "DE-BY" or "GB-SCT"; [Regions] lists them. The error names the region that is not known, or the years that are not: the laws
// reach back to 1982 in France, 1995 in Germany, 2000 in the United Kingdom and 1986 in the United States, and forward until 2199.
func Of(region string, first, last int) ([]sla.Holiday, error) {
	all := regions()
	i := slices.IndexFunc(all, func(r rules) bool { return r.region == region })
	if i < 0 {
		return nil, fmt.Errorf("holidays: region %q is not known; known are %s", region, strings.Join(Regions(), ", "))
	}
	r := all[i]
	if first < r.since || last > until || first > last {
		return nil, fmt.Errorf("holidays: %s: years %d to %d: want %d to %d, in this order", region, first, last, r.since, until)
	}
	var list []sla.Holiday
	// A holiday may be observed in the year before its own: that of a New Year's Day which is a Saturday.
	for n := first; n <= last+1; n++ {
		y := year{number: n, easter: easter(n), region: region}
		r.add(&y)
		for _, h := range y.list {
			if h.Date.Year >= first && h.Date.Year <= last {
				list = append(list, h)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b sla.Holiday) int { return compareDates(a.Date, b.Date) })
	return list, nil
}

// Regions lists the regions that Of knows.
func Regions() []string {
	var names []string
	for _, r := range regions() {
		names = append(names, r.region)
	}
	return names
}

// until is the last year of a business calendar.
const until = 2199

// rules are a region's.
type rules struct {
	region string
	since  int // year
	add    func(*year)
}

func regions() []rules {
	all := []rules{{"FR", 1982, france}}
	for _, department := range [...]string{"57", "67", "68"} {
		all = append(all, rules{"FR-" + department, 1982, alsaceMoselle})
	}
	all = append(all, rules{"DE", 1995, germany})
	for _, land := range [...]string{"BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"} {
		all = append(all, rules{"DE-" + land, 1995, land16})
	}
	for _, country := range [...]string{"ENG", "NIR", "SCT", "WLS"} {
		all = append(all, rules{"GB-" + country, 2000, unitedKingdom})
	}
	return append(all, rules{"US", 1986, unitedStates})
}

// year collects the holidays of one year.
type year struct {
	number int
	easter time.Time
	region string
	list   []sla.Holiday
}

func (y *year) date(month time.Month, day int) time.Time {
	return time.Date(y.number, month, day, 0, 0, 0, 0, time.UTC)
}

func (y *year) add(t time.Time, name string) {
	y.list = append(y.list, sla.Holiday{Name: name, Date: dateOf(t)})
}

// on adds a fixed date.
func (y *year) on(month time.Month, day int, name string) { y.add(y.date(month, day), name) }

// afterEaster adds a date that moves with Easter Sunday.
func (y *year) afterEaster(days int, name string) { y.add(y.easter.AddDate(0, 0, days), name) }

// nth returns the nth such weekday of a month; the last for -1.
func (y *year) nth(n int, weekday time.Weekday, month time.Month) time.Time {
	if n < 0 {
		last := y.date(month+1, 0)
		return last.AddDate(0, 0, -(int(last.Weekday()-weekday)+7)%7)
	}
	first := y.date(month, 1)
	return first.AddDate(0, 0, (int(weekday-first.Weekday())+7)%7+7*(n-1))
}

// in reports whether the year's region is one of these.
func (y *year) in(regions ...string) bool { return slices.Contains(regions, y.region) }

func dateOf(t time.Time) sla.Date { return sla.Date{Year: t.Year(), Month: t.Month(), Day: t.Day()} }

func compareDates(a, b sla.Date) int {
	return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
}

func weekend(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday }
