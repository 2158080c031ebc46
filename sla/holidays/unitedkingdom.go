package holidays

import "time"

// unitedKingdom adds the bank holidays of one of the four countries: those of the Banking and Financial Dealings Act 1971, schedule 1, those of common law in
// England, Wales and Northern Ireland (Good Friday, Christmas Day), and those proclaimed under section 1 of the Act, as https://www.gov.uk/bank-holidays lists them.
//
// A holiday that falls on a weekend has a substitute day on the next weekday that is free. Both are closed here: the government's list has the substitute only.
func unitedKingdom(y *year) {
	scotland, northernIreland := y.in("GB-SCT"), y.in("GB-NIR")
	newYear := []dayOff{{y.date(time.January, 1), "New Year's Day"}}
	if scotland {
		newYear = append(newYear, dayOff{y.date(time.January, 2), "2nd January"})
	}
	y.substituted(newYear...)
	if northernIreland {
		y.substituted(dayOff{y.date(time.March, 17), "St Patrick's Day"})
	}
	y.afterEaster(-2, "Good Friday")
	if !scotland {
		y.afterEaster(1, "Easter Monday")
	}
	y.add(y.earlyMay(), "Early May bank holiday")
	y.add(y.spring(), "Spring bank holiday")
	if northernIreland {
		y.substituted(dayOff{y.date(time.July, 12), "Battle of the Boyne (Orangemen's Day)"})
	}
	if scotland {
		y.add(y.nth(1, time.Monday, time.August), "Summer bank holiday")
	} else {
		y.add(y.nth(-1, time.Monday, time.August), "Summer bank holiday")
	}
	if scotland && y.number >= 2007 { // St Andrew's Day Bank Holiday (Scotland) Act 2007
		y.substituted(dayOff{y.date(time.November, 30), "St Andrew's Day"})
	}
	y.substituted(dayOff{y.date(time.December, 25), "Christmas Day"}, dayOff{y.date(time.December, 26), "Boxing Day"})
	y.proclaimed(scotland)
}

// earlyMay is the first Monday of May; in 2020 it was moved to the 75th anniversary of VE Day.
func (y *year) earlyMay() time.Time {
	if y.number == 2020 {
		return y.date(time.May, 8)
	}
	return y.nth(1, time.Monday, time.May)
}

// spring is the last Monday of May, moved in the years of three jubilees.
func (y *year) spring() time.Time {
	switch y.number {
	case 2002, 2012:
		return y.date(time.June, 4)
	case 2022:
		return y.date(time.June, 2)
	}
	return y.nth(-1, time.Monday, time.May)
}

// proclaimed adds what was a holiday once.
func (y *year) proclaimed(scotland bool) {
	switch y.number {
	case 2002:
		y.on(time.June, 3, "Golden Jubilee bank holiday")
	case 2011:
		y.on(time.April, 29, "Wedding of Prince William and Catherine Middleton")
	case 2012:
		y.on(time.June, 5, "Diamond Jubilee bank holiday")
	case 2022:
		y.on(time.June, 3, "Platinum Jubilee bank holiday")
		y.on(time.September, 19, "State Funeral of Queen Elizabeth II")
	case 2023:
		y.on(time.May, 8, "Coronation of King Charles III")
	case 2026:
		if scotland {
			y.on(time.June, 15, "World Cup bank holiday")
		}
	}
}

type dayOff struct {
	date time.Time
	name string
}

// substituted adds holidays, and for those on a weekend the next weekday that is none of them nor taken as a substitute.
func (y *year) substituted(days ...dayOff) {
	taken := make(map[time.Time]bool)
	for _, d := range days {
		y.add(d.date, d.name)
		taken[d.date] = true
	}
	for _, d := range days {
		if !weekend(d.date) {
			continue
		}
		substitute := d.date
		for weekend(substitute) || taken[substitute] {
			substitute = substitute.AddDate(0, 0, 1)
		}
		taken[substitute] = true
		y.add(substitute, d.name+" (substitute day)")
	}
}
