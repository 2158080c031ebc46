// Package sla says by when: which clocks run for a ticket, when each is due, and how each ended.
//
// A [PolicySet] is a list of policies; the first whose condition matches a ticket gives its targets ("first response within the hour"). [PolicySet.Fold]
// takes a ticket's [State] and the next [Event] and returns the new State with its clocks. Everything here is a pure function of the values it is
// given, time included: nothing looks at the wall clock, nothing is remembered, and folding the same events again gives the same verdicts.
//
// A [Calendar] counts open time: split days, night shifts, holidays, in any time zone; a policy names the one that it counts in, and a lane may bring one.
//
// [Explain] tells of each clock which time counted, which did not and why, and how its deadline and verdict came about; [PolicySet.Steps] which warnings and
// escalations are planned for the clocks that run.
//
// A host seldom calls this package itself: it writes policies into its Setup, and the Desk of package socialcrm folds.
package sla
