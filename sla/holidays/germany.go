package holidays

import "time"

// germany adds the holidays that all Länder have: 3 October by the Einigungsvertrag, article 2, the others by each Land's own law.
// 31 October 2017, 500 years after the Reformation, was one everywhere.
func germany(y *year) {
	y.on(time.January, 1, "Neujahr")
	y.afterEaster(-2, "Karfreitag")
	y.afterEaster(1, "Ostermontag")
	y.on(time.May, 1, "Tag der Arbeit")
	y.afterEaster(39, "Christi Himmelfahrt")
	y.afterEaster(50, "Pfingstmontag")
	y.on(time.October, 3, "Tag der Deutschen Einheit")
	y.on(time.December, 25, "1. Weihnachtstag")
	y.on(time.December, 26, "2. Weihnachtstag")
	if y.number == 2017 && y.in("DE", "DE-BE", "DE-BW", "DE-BY", "DE-HE", "DE-NW", "DE-RP", "DE-SL") {
		y.on(time.October, 31, "Reformationstag")
	}
}

// land16 adds what the law of one of the 16 Länder adds. The laws, by Land: Feiertagsgesetz of BB, BW (FTG), BY (FTG), BE, HB, HE (HFeiertagsG), HH, MV (FTG M-V), NI (NFeiertagsG), NW
// (Feiertagsgesetz NW), RP (LFtG), SH (SFTG), SL (SFG), SN (SächsSFG), ST (FeiertG LSA), TH (ThürFGtG).
//
// Left out is what only some communes have: Mariä Himmelfahrt in Bavaria, the Augsburger Friedensfest, Fronleichnam in parts of Saxony and Thuringia.
func land16(y *year) {
	germany(y)
	if y.in("DE-BW", "DE-BY", "DE-ST") {
		y.on(time.January, 6, "Heilige Drei Könige")
	}
	if y.in("DE-BE") && y.number >= 2019 || y.in("DE-MV") && y.number >= 2023 {
		y.on(time.March, 8, "Internationaler Frauentag")
	}
	if y.in("DE-BB") {
		y.afterEaster(0, "Ostersonntag")
		y.afterEaster(49, "Pfingstsonntag")
	}
	if y.in("DE-BW", "DE-BY", "DE-HE", "DE-NW", "DE-RP", "DE-SL") {
		y.afterEaster(60, "Fronleichnam")
	}
	if y.in("DE-SL") {
		y.on(time.August, 15, "Mariä Himmelfahrt")
	}
	if y.in("DE-TH") && y.number >= 2019 {
		y.on(time.September, 20, "Weltkindertag")
	}
	if y.in("DE-BB", "DE-MV", "DE-SN", "DE-ST", "DE-TH") || y.in("DE-HB", "DE-HH", "DE-NI", "DE-SH") && y.number >= 2017 {
		y.on(time.October, 31, "Reformationstag")
	}
	if y.in("DE-BW", "DE-BY", "DE-NW", "DE-RP", "DE-SL") {
		y.on(time.November, 1, "Allerheiligen")
	}
	if y.in("DE-SN") { // the Wednesday before 23 November
		wednesday := y.date(time.November, 22)
		for wednesday.Weekday() != time.Wednesday {
			wednesday = wednesday.AddDate(0, 0, -1)
		}
		y.add(wednesday, "Buß- und Bettag")
	}
	if y.in("DE-BE") {
		switch y.number { // once each, by changes of Berlin's law
		case 2020, 2025:
			y.on(time.May, 8, "Tag der Befreiung")
		case 2028:
			y.on(time.June, 17, "75. Jahrestag des Volksaufstandes")
		}
	}
}
