// Package ical reads holidays from iCalendar feeds (RFC 5545): the calendar that a personnel department, a shopping centre or a state publishes.
//
// Start with a [Feed]: give it the URL and the zone of the business calendar that its holidays are for, and call [Feed.Holidays] as often as once a day.
// [Parse] reads a file.
//
// Each event of the feed closes the dates and hours over which it lasts: recurring ones (RRULE, RDATE, EXDATE, EXRULE) at each of their occurrences, those that
// an override moves (RECURRENCE-ID) where it moves them; cancelled ones and those that last no time close nothing. Whole days are days of the business
// calendar, wherever the feed was written; times are instants, in whatever zone they are told (UTC, an IANA name, the feed's own VTIMEZONE; one without a
// zone is by the business calendar's wall clock), and close what the business calendar's wall clock shows while they last. TRANSP is not looked at: public
// feeds of holidays call all of them transparent.
//
// A feed comes from outside. One that is too large, recurs without bound, or that cannot be understood is an error that says where, and never hangs.
package ical
