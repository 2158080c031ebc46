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
// A whole day (VALUE=DATE) needs no zone, so that a TZID beside it is not looked at. A time in a zone that is no IANA name, and that the feed does not define either, is an error for
// the whole feed: the holidays read last stay in force and somebody hears of it, where a holiday left out would be noticed when customers wait.
//
// A feed comes from outside. One that is too large, recurs without bound, or that cannot be understood is an error that says where, and never hangs.
package ical
