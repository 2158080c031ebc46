package holidays

import "time"

// france adds the jours fériés of Code du travail, article L3133-1 (https://www.legifrance.gouv.fr). All are closed here; by law only 1 May must be a day without
// work. 8 May is one of them since 1982 (loi 81-893).
func france(y *year) {
	y.on(time.January, 1, "Jour de l'An")
	y.afterEaster(1, "Lundi de Pâques")
	y.on(time.May, 1, "Fête du Travail")
	y.on(time.May, 8, "Victoire 1945")
	y.afterEaster(39, "Ascension")
	y.afterEaster(50, "Lundi de Pentecôte")
	y.on(time.July, 14, "Fête nationale")
	y.on(time.August, 15, "Assomption")
	y.on(time.November, 1, "Toussaint")
	y.on(time.November, 11, "Armistice 1918")
	y.on(time.December, 25, "Noël")
}

// alsaceMoselle adds the two of Code du travail, article L3134-13, for the departments Moselle (57), Bas-Rhin (67) and Haut-Rhin (68). Good Friday is one where
// the commune has a Protestant church; it is closed here.
func alsaceMoselle(y *year) {
	france(y)
	y.afterEaster(-2, "Vendredi saint")
	y.on(time.December, 26, "Saint-Étienne")
}
