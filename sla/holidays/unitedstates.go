package holidays

import "time"

// unitedStates adds the legal public holidays of 5 U.S.C. 6103(a), each also on the day on which it is observed when it falls on a weekend: the Friday before a
// Saturday, by 6103(b), and the Monday after a Sunday, by Executive Order 11582, as https://www.opm.gov/policy-data-oversight/pay-leave/federal-holidays lists them. Both
// days are closed here: the list has the observed one only. Inauguration Day, which is for the District of Columbia and around it, is left out, and so are days on which an
// executive order closes offices.
func unitedStates(y *year) {
	y.observed(time.January, 1, "New Year's Day")
	y.add(y.nth(3, time.Monday, time.January), "Birthday of Martin Luther King, Jr.")
	y.add(y.nth(3, time.Monday, time.February), "Washington's Birthday")
	y.add(y.nth(-1, time.Monday, time.May), "Memorial Day")
	if y.number >= 2021 { // Public Law 117-17
		y.observed(time.June, 19, "Juneteenth National Independence Day")
	}
	y.observed(time.July, 4, "Independence Day")
	y.add(y.nth(1, time.Monday, time.September), "Labor Day")
	y.add(y.nth(2, time.Monday, time.October), "Columbus Day")
	y.observed(time.November, 11, "Veterans Day")
	y.add(y.nth(4, time.Thursday, time.November), "Thanksgiving Day")
	y.observed(time.December, 25, "Christmas Day")
}

// observed adds a fixed date, and the day on which it is observed when that is another.
func (y *year) observed(month time.Month, day int, name string) {
	t := y.date(month, day)
	y.add(t, name)
	switch t.Weekday() {
	case time.Saturday:
		y.add(t.AddDate(0, 0, -1), name+" (observed)")
	case time.Sunday:
		y.add(t.AddDate(0, 0, 1), name+" (observed)")
	}
}
