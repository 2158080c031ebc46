package sla_test

import "github.com/socialcrm/socialcrm/sla"

// auditedCases are such as nobody listed: what changes in a pause, while closed, in one instant, or after it was judged.
func auditedCases() []furtherCase {
	work, nights := sla.Weekdays(between(9, 17)), sla.EveryDay(between(22, 6))
	twice := []string{"1 09:00 asks", "1 10:00 solved", "1 20:00 open", "2 08:00 solved", "2 10:00 open"}
	cases := []furtherCase{
		{name: "the target is shortened in a pause", targets: []string{"resolution 8h"}, later: []string{"resolution 2h"},
			events: []string{"1 09:00 asks", "1 10:00 pending", "1 11:00 edited", "1 12:00 open"}, want: []string{"resolution running, due 1 13:00 +0000, 105 min"}},
		{name: "the target is shortened in a pause below what was spent", targets: []string{"resolution 8h"}, later: []string{"resolution 30m"},
			events: []string{"1 09:00 asks", "1 10:00 pending", "1 11:00 edited"}, want: []string{"resolution breached, due 1 09:30 +0000, 60 min"}},
		{name: "one of several messages is deleted after the merge", targets: []string{"first_response 2h"},
			events: []string{"1 09:00 asks", "1 09:10 merged: asks", "1 09:20 merged: asks", "1 09:30 merges", "1 09:40 merged: deletes #2"},
			want:   []string{"first_response running, due 1 11:00 +0000, 85 min", "first_response of merged running, due 1 11:10 +0000, 75 min"}},
		{name: "all messages of a line are deleted after the merge", targets: []string{"first_response 2h", "resolution 8h"},
			events: []string{"1 09:00 asks", "1 09:10 merged: asks", "1 09:20 merged: asks", "1 09:30 merges", "1 09:40 merged: deletes #2", "1 09:50 merged: deletes #3"},
			want: []string{"first_response running, due 1 11:00 +0000, 95 min", "first_response of merged withdrawn, due 1 11:10 +0000, 40 min",
				"resolution running, due 1 17:00 +0000, 95 min"}},
		{name: "an answer from before the merge fails after it", targets: []string{"first_response 2h"},
			events: []string{"1 09:00 merged: asks", "1 09:30 merged: answers", "1 09:40 asks", "1 10:00 merges", "1 10:10 merged: fails #2"},
			want:   []string{"first_response running, due 1 11:40 +0000, 75 min", "first_response of merged running, due 1 11:00 +0000, 115 min"}},
		{name: "solved with a reason: each line needed no reply", targets: []string{"first_response 2h"},
			events: []string{"1 09:00 asks", "1 09:10 merged: asks", "1 09:20 merges", "1 09:30 solved spam"},
			want:   []string{"first_response no reply needed, due 1 11:00 +0000, 30 min", "first_response of merged no reply needed, due 1 11:10 +0000, 20 min"}},
		{name: "an automated text acknowledges the line that it answers", targets: []string{"acknowledgement 1h"},
			events: []string{"1 09:00 asks", "1 09:10 merged: asks", "1 09:20 merges", "1 09:30 greets"},
			want:   []string{"acknowledgement met, due 1 10:00 +0000, 30 min", "acknowledgement of merged breached, due 1 10:10 +0000, 65 min"}},
		{name: "a night shift of seven hours, with a pause over the hour that is missing", zone: "Europe/Berlin", week: nights, month: "2026-03", targets: []string{"resolution 6h"},
			events: []string{"28 23:00 asks", "29 01:30 pending", "29 03:30 open"}, want: []string{"resolution running, due 29 23:00 +0200, 195 min"}},
		{name: "a night shift of nine hours, with a pause from one pass of an hour into the other", zone: "Europe/Berlin", week: nights, month: "2026-10", targets: []string{"resolution 6h"},
			events: []string{"24 23:00 asks", "25 02:30+02:00 pending", "25 02:30+01:00 open"}, want: []string{"resolution running, due 25 05:00 +0100, 255 min"}},
		{name: "opened twice over a night, extend", targets: []string{"resolution 4h"}, events: twice, want: []string{"resolution running, due 2 13:00 +0000, 105 min"}},
		{name: "opened twice over a night, frozen", targets: []string{"resolution 4h"}, choice: sla.Frozen, events: twice, want: []string{"resolution met, due 1 13:00 +0000, 60 min"}},
		{name: "opened twice over a night, restart", targets: []string{"resolution 4h"}, choice: sla.Restart, events: twice, want: []string{"resolution running, due 2 14:00 +0000, 45 min"}},
		{name: "opened twice over a night, ignore", targets: []string{"resolution 4h"}, choice: sla.Ignore, events: twice, want: []string{"resolution breached, due 1 13:00 +0000, 480 min"}},
		{name: "handed over to the night while overdue: the breach stays, and what follows counts at night", night: &nights, targets: []string{"first_response 2h"},
			events: []string{"1 08:30 lane day", "1 09:00 asks", "1 12:00 lane night", "1 23:00 asks"}, want: []string{"first_response breached, due 1 11:00 +0000, 285 min"}},
		{name: "handed over to the night in time: what was spent counts", night: &nights, targets: []string{"resolution 4h"},
			events: []string{"1 08:30 lane day", "1 15:00 asks", "1 16:00 lane night"}, want: []string{"resolution running, due 2 01:00 +0000, 60 min"}},
		{name: "handed over to the night in a pause", night: &nights, targets: []string{"resolution 4h"},
			events: []string{"1 08:30 lane day", "1 15:00 asks", "1 16:00 pending", "1 16:30 lane night", "1 23:00 open"}, want: []string{"resolution running, due 2 02:00 +0000, 105 min"}},
		{name: "handed over to the night at the deadline: answered then is met", night: &nights, targets: []string{"first_response 2h"},
			events: []string{"1 08:30 lane day", "1 09:00 asks", "1 11:00 lane night", "1 11:00 answers"}, want: []string{"first_response met, due 1 11:00 +0000, 120 min"}},
		{name: "merged out of the night into the day: each counts until then in its own hours", night: &nights, targets: []string{"resolution 4h"},
			events: []string{"1 00:30 lane day", "1 01:00 merged: lane night", "1 04:00 merged: asks", "1 09:30 asks", "1 10:00 merges"},
			want:   []string{"resolution of merged running, due 1 12:00 +0000, 165 min"}},
		{name: "promised, not promised, and so on", high: []string{"resolution 8h"},
			events: []string{"1 09:00 priority high", "1 09:00 asks", "1 10:00 priority normal", "1 11:00 priority high", "1 12:00 priority normal", "1 13:00 priority high", "1 14:00 solved"},
			want:   []string{"resolution met, due 1 17:00 +0000, 300 min"}},
		{name: "breached, and then not promised any more: it is not promised again", high: []string{"resolution 1h"},
			events: []string{"1 09:00 priority high", "1 09:00 asks", "1 11:00 priority normal", "1 12:00 priority high"}, want: []string{"resolution breached, due 1 10:00 +0000, 120 min"}},
		{name: "an answer at the deadline fails: breached then", targets: []string{"first_response 1h"},
			events: []string{"1 09:00 asks", "1 10:00 answers", "1 10:30 fails #2"}, want: []string{"first_response breached, due 1 10:00 +0000, 135 min"}},
		{name: "solved and opened in one instant, restart", targets: []string{"resolution 4h"}, choice: sla.Restart, events: []string{"1 09:00 asks", "1 10:00 solved", "1 10:00 open"},
			want: []string{"resolution running, due 1 14:00 +0000, 45 min"}},
		{name: "asked, answered and asked on both lines in one instant", targets: []string{"first_response 1h", "next_response 2h"},
			events: []string{"1 09:00 asks", "1 09:00 merged: asks", "1 09:30 answers", "1 09:30 merged: answers", "1 09:30 merges", "1 09:30 asks", "1 09:30 merged: asks"},
			want: []string{"first_response met, due 1 10:00 +0000, 30 min", "first_response of merged met, due 1 10:00 +0000, 30 min",
				"next_response running, due 1 11:30 +0000, 45 min", "next_response of merged running, due 1 11:30 +0000, 45 min"}},
		{name: "updates: reopened, what was said before owes none", targets: []string{"periodic_update 2h"},
			events: []string{"1 09:00 asks", "1 09:30 answers", "1 10:00 solved", "1 10:30 open", "1 11:00 answers", "1 11:00 pending", "1 13:00 open"},
			want:   []string{"periodic_update met, due 1 11:30 +0000, 30 min", "periodic_update running, due 1 15:00 +0000, 45 min"}},
	}
	for i := range cases {
		if cases[i].zone == "" {
			cases[i].zone, cases[i].week, cases[i].month = "UTC", work, "2026-06"
		}
	}
	return cases
}
