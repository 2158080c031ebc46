package holidays_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/sla/holidays"
)

// of returns the holidays of one year.
func of(t *testing.T, region string, year int) []sla.Holiday {
	t.Helper()
	list, err := holidays.Of(region, year, year)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// weekdays lists the dates from Monday to Friday as "01-02", which is what governments publish where they have substitutes.
func weekdays(list []sla.Holiday) string {
	var days []string
	for _, h := range list {
		t := time.Date(h.Date.Year, h.Date.Month, h.Date.Day, 0, 0, 0, 0, time.UTC)
		if t.Weekday() != time.Saturday && t.Weekday() != time.Sunday {
			days = append(days, t.Format("01-02"))
		}
	}
	return strings.Join(days, " ")
}

func TestDatesAreThePublishedOnes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		region string
		year   int
		want   string // Monday to Friday
	}{
		{"GB-ENG", 2002, "01-01 03-29 04-01 05-06 06-03 06-04 08-26 12-25 12-26"},
		{"GB-ENG", 2011, "01-03 04-22 04-25 04-29 05-02 05-30 08-29 12-26 12-27"},
		{"GB-ENG", 2012, "01-02 04-06 04-09 05-07 06-04 06-05 08-27 12-25 12-26"},
		{"GB-ENG", 2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28"},
		{"GB-ENG", 2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"},
		{"GB-ENG", 2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"},
		{"GB-WLS", 2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"},
		{"GB-WLS", 2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"},
		{"GB-ENG", 2025, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"},
		{"GB-ENG", 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"},
		{"GB-ENG", 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"},
		{"GB-SCT", 2022, "01-03 01-04 04-15 05-02 06-02 06-03 08-01 09-19 11-30 12-26 12-27"},
		{"GB-SCT", 2023, "01-02 01-03 04-07 05-01 05-08 05-29 08-07 11-30 12-25 12-26"},
		{"GB-SCT", 2024, "01-01 01-02 03-29 05-06 05-27 08-05 12-02 12-25 12-26"},
		{"GB-SCT", 2026, "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28"},
		{"GB-NIR", 2024, "01-01 03-18 03-29 04-01 05-06 05-27 07-12 08-26 12-25 12-26"},
		{"GB-NIR", 2026, "01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28"},
		{"US", 2020, "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25"},
		{"US", 2021, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"},
		{"US", 2022, "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26"},
		{"US", 2023, "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25"},
		{"US", 2024, "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25"},
		{"US", 2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"},
		{"US", 2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"},
		{"US", 2027, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"},
		{"FR", 2008, "01-01 03-24 05-01 05-01 05-08 05-12 07-14 08-15 11-11 12-25"},
		{"FR", 2024, "01-01 04-01 05-01 05-08 05-09 05-20 08-15 11-01 11-11 12-25"},
		{"FR", 2025, "01-01 04-21 05-01 05-08 05-29 06-09 07-14 08-15 11-11 12-25"},
		{"FR", 2026, "01-01 04-06 05-01 05-08 05-14 05-25 07-14 11-11 12-25"},
		{"FR", 2027, "01-01 03-29 05-06 05-17 07-14 11-01 11-11"},
		{"FR-67", 2025, "01-01 04-18 04-21 05-01 05-08 05-29 06-09 07-14 08-15 11-11 12-25 12-26"},
		{"DE-BY", 2024, "01-01 03-29 04-01 05-01 05-09 05-20 05-30 10-03 11-01 12-25 12-26"},
		{"DE-NW", 2025, "01-01 04-18 04-21 05-01 05-29 06-09 06-19 10-03 12-25 12-26"},
		{"DE-SN", 2024, "01-01 03-29 04-01 05-01 05-09 05-20 10-03 10-31 11-20 12-25 12-26"},
		{"DE-SN", 2025, "01-01 04-18 04-21 05-01 05-29 06-09 10-03 10-31 11-19 12-25 12-26"},
		{"DE-SN", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 11-18 12-25"},
		{"DE-SN", 2027, "01-01 03-26 03-29 05-06 05-17 11-17"},
		{"DE-BE", 2018, "01-01 03-30 04-02 05-01 05-10 05-21 10-03 12-25 12-26"},
		{"DE-BE", 2020, "01-01 04-10 04-13 05-01 05-08 05-21 06-01 12-25"},
		{"DE-BE", 2025, "01-01 04-18 04-21 05-01 05-08 05-29 06-09 10-03 12-25 12-26"},
		{"DE-HE", 2017, "04-14 04-17 05-01 05-25 06-05 06-15 10-03 10-31 12-25 12-26"},
		{"DE-HH", 2018, "01-01 03-30 04-02 05-01 05-10 05-21 10-03 10-31 12-25 12-26"},
	} {
		t.Run(fmt.Sprint(c.region, " ", c.year), func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, weekdays(of(t, c.region, c.year))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Easter moves between 22 March and 25 April; among these are the years in which the rules make exceptions.
func TestEasterMoves(t *testing.T) {
	t.Parallel()
	for year, want := range map[int]string{
		1995: "04-16", 2000: "04-23", 2008: "03-23", 2011: "04-24", 2016: "03-27", 2019: "04-21", 2024: "03-31", 2025: "04-20", 2026: "04-05", 2027: "03-28", 2035: "03-25",
		2038: "04-25", 2049: "04-18", 2076: "04-19", 2100: "03-28",
	} {
		list := of(t, "DE-BB", year)
		i := slices.IndexFunc(list, func(h sla.Holiday) bool { return h.Name == "Ostersonntag" })
		if got := list[i].Date.String(); got != fmt.Sprintf("%d-%s", year, want) {
			t.Errorf("%d: got %s, want %s", year, got, want)
		}
	}
}

func TestEachLandHasItsOwn(t *testing.T) {
	t.Parallel()
	for land, want := range map[string]int{
		"DE": 9, "DE-BB": 12, "DE-BE": 10, "DE-BW": 12, "DE-BY": 12, "DE-HB": 10, "DE-HE": 10, "DE-HH": 10, "DE-MV": 11, "DE-NI": 10, "DE-NW": 11, "DE-RP": 11, "DE-SH": 10,
		"DE-SL": 12, "DE-SN": 11, "DE-ST": 11, "DE-TH": 11,
	} {
		if got := len(of(t, land, 2024)); got != want {
			t.Errorf("%s has %d holidays in 2024, want %d", land, got, want)
		}
	}
	berlin := of(t, "DE-BE", 2028)
	if !slices.ContainsFunc(berlin, func(h sla.Holiday) bool { return h.Date == (sla.Date{Year: 2028, Month: time.June, Day: 17}) }) {
		t.Error("Berlin misses 17 June 2028")
	}
}

func TestTheDayItselfIsClosedBesideItsSubstitute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		region string
		year   int
		want   map[string]string
	}{
		{"US", 2026, map[string]string{"2026-07-03": "Independence Day (observed)", "2026-07-04": "Independence Day"}},
		{"US", 2021, map[string]string{"2021-12-31": "New Year's Day (observed)"}},
		{"GB-ENG", 2021, map[string]string{"2021-12-25": "Christmas Day", "2021-12-27": "Christmas Day (substitute day)", "2021-12-28": "Boxing Day (substitute day)"}},
		{"GB-ENG", 2022, map[string]string{"2022-12-25": "Christmas Day", "2022-12-26": "Boxing Day", "2022-12-27": "Christmas Day (substitute day)"}},
	} {
		got := make(map[string]string)
		for _, h := range of(t, c.region, c.year) {
			if _, asked := c.want[h.Date.String()]; asked {
				got[h.Date.String()] = h.Name
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.region, diff)
		}
	}
}

// Many years are the same as each on its own, in order, and every one of them makes a calendar.
func TestYearsAddUp(t *testing.T) {
	t.Parallel()
	for _, region := range holidays.Regions() {
		all, err := holidays.Of(region, 2000, 2050)
		if err != nil {
			t.Fatal(err)
		}
		var each []sla.Holiday
		for year := 2000; year <= 2050; year++ {
			each = append(each, of(t, region, year)...)
		}
		if diff := cmp.Diff(each, all); diff != "" {
			t.Errorf("%s: -each +all:\n%s", region, diff)
		}
		if _, err := sla.NewCalendar(sla.Hours{Zone: "UTC", Week: sla.EveryDay(sla.Interval{}), Holidays: all}); err != nil {
			t.Errorf("%s: %v", region, err)
		}
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		region      string
		first, last int
		want        string
	}{
		{"DE-XX", 2026, 2027, `region "DE-XX" is not known; known are FR, FR-57, FR-67, FR-68, DE, DE-BB`},
		{"", 2026, 2027, `region "" is not known`},
		{"FR", 1981, 2027, "years 1981 to 2027: want 1982 to 2199"},
		{"US", 2026, 2200, "years 2026 to 2200: want 1986 to 2199"},
		{"US", 2027, 2026, "years 2027 to 2026"},
	} {
		if _, err := holidays.Of(c.region, c.first, c.last); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.region, err, c.want)
		}
	}
	if list, err := holidays.Of("US", 2199, 2199); err != nil || len(list) < 11 {
		t.Errorf("the last year: %d holidays, %v", len(list), err)
	}
}
