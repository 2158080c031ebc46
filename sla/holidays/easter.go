package holidays

import "time"

// easter returns Easter Sunday of the Gregorian calendar by Oudin's arithmetic (Explanatory Supplement to the Astronomical Almanac, 1992, section 12.72): the golden number
// gives the age of the moon, corrected for the centuries, and Easter is the Sunday after the full moon of spring.
func easter(year int) time.Time {
	golden, century := year%19, year/100
	leapCenturies := century / 4
	moonDrift := (8*century + 13) / 25
	epact := (19*golden + century - leapCenturies - moonDrift + 15) % 30
	fullMoon := epact - epact/28*(1-epact/28*(29/(epact+1))*((21-golden)/11)) // days after 21 March
	weekday := (year + year/4 + fullMoon + 2 - century + leapCenturies) % 7
	return time.Date(year, time.March, 28+fullMoon-weekday, 0, 0, 0, 0, time.UTC)
}
