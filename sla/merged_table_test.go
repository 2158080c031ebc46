package sla_test

import "github.com/socialcrm/socialcrm/sla"

// mergedCases say what becomes of two questions that become one ticket: each promise that was made is kept and judged once, a met one stays met, and the question that is still open
// goes on with its own start. 2026-06-01 is a Monday.
func mergedCases() []furtherCase {
	work := sla.Weekdays(between(9, 17))
	high8h, first, older, asked := []string{"resolution 8h"}, "1 09:00 merged: priority high", "1 09:00 merged: asks", "1 11:00 asks"
	// Between a change to normal and one back to high nothing is promised, and what was asked goes on being judged from its start.
	tail := []string{"1 12:00 priority normal", "1 13:00 priority high", "1 14:00 solved"}
	then := func(events ...string) []string { return append(events, tail...) }
	met60, met180 := "resolution of merged met, due 1 17:00 +0000, 60 min", "resolution met, due 2 11:00 +0000, 180 min"
	cases := []furtherCase{
		{name: "the older is solved: met, and the newer goes on from its own start", high: high8h,
			events: then(first, older, "1 10:00 merged: solved", "1 11:00 priority high", asked, "1 11:30 merges"), want: []string{met180, met60}},
		{name: "the same, the newer into the older", high: high8h,
			events: then("1 09:00 priority high", "1 09:00 asks", "1 10:00 solved", "1 11:00 merged: priority high", "1 11:00 merged: asks", "1 11:30 merges", "1 11:30 open"),
			want:   []string{"resolution met, due 1 17:00 +0000, 60 min", "resolution of merged met, due 2 11:00 +0000, 180 min"}},
		{name: "the same for the time that the customer waits and that agents work", high: []string{"requester_wait 8h", "agent_work 8h"},
			events: then(first, older, "1 10:00 merged: solved", "1 11:00 priority high", asked, "1 11:30 merges"),
			want: []string{"requester_wait met, due 2 11:00 +0000, 180 min", "requester_wait of merged met, due 1 17:00 +0000, 60 min",
				"agent_work met, due 2 11:00 +0000, 180 min", "agent_work of merged met, due 1 17:00 +0000, 60 min"}},
		{name: "the newer is promised a resolution only by the whole", high: high8h,
			events: []string{first, older, "1 10:00 merged: solved", asked, "1 11:30 merges high", "1 14:00 solved"}, want: []string{met180, met60}},
		{name: "the newer is promised one only by the whole, the newer into the older", high: high8h,
			events: []string{"1 09:00 priority high", "1 09:00 asks", "1 10:00 solved", "1 11:00 merged: asks", "1 11:30 merges", "1 11:30 open", "1 14:00 solved"},
			want:   []string{"resolution met, due 1 17:00 +0000, 60 min", "resolution of merged met, due 2 11:00 +0000, 180 min"}},
		{name: "the newer is promised one only some time after the merge", high: high8h,
			events: []string{first, older, "1 10:00 merged: solved", asked, "1 11:30 merges", "1 13:00 priority high", "1 14:00 solved"}, want: []string{met180, met60}},
		{name: "neither was promised one, and the older is solved", high: high8h,
			events: []string{older, "1 10:00 merged: solved", asked, "1 11:30 merges", "1 13:00 priority high", "1 14:00 solved"}, want: []string{met180}},
		{name: "what runs goes on before what nobody promised", high: high8h,
			events: []string{older, "1 11:00 priority high", asked, "1 11:30 merges", "1 14:00 solved"}, want: []string{met180}},
		{name: "what runs goes on before what nobody promised, the newer into the older", high: high8h,
			events: []string{"1 09:00 asks", "1 11:00 merged: priority high", "1 11:00 merged: asks", "1 11:30 merges high", "1 14:00 solved"},
			want:   []string{"resolution of merged met, due 2 11:00 +0000, 180 min"}},

		{name: "both are open: the older goes on", high: high8h, events: then(first, older, "1 11:00 priority high", asked, "1 11:30 merges"),
			want: []string{"resolution of merged met, due 1 17:00 +0000, 300 min"}},
		{name: "both are open, the newer into the older", high: high8h,
			events: then("1 09:00 priority high", "1 09:00 asks", "1 11:00 merged: priority high", "1 11:00 merged: asks", "1 11:30 merges"),
			want:   []string{"resolution met, due 1 17:00 +0000, 300 min"}},
		{name: "the older was pending: that does not count", high: high8h, events: then(first, older, "1 10:00 merged: pending", "1 11:00 priority high", asked, "1 11:30 merges"),
			want: []string{"resolution of merged met, due 2 10:30 +0000, 210 min"}},
		{name: "the newer was pending, and the older is solved: what the newer stood at counts", high: high8h,
			events: then(first, older, "1 10:00 merged: solved", "1 11:00 priority high", asked, "1 11:10 pending", "1 11:30 merges", "1 11:40 open"),
			want:   []string{"resolution met, due 2 11:30 +0000, 150 min", met60}},
		{name: "the older was solved and opened again, extend", high: high8h,
			events: then(first, older, "1 10:00 merged: solved", "1 10:30 merged: open", "1 11:00 priority high", asked, "1 11:30 merges"),
			want:   []string{"resolution of merged met, due 2 09:30 +0000, 270 min"}},
		{name: "the older was solved and opened again, frozen", high: high8h, choice: sla.Frozen,
			events: then(first, older, "1 10:00 merged: solved", "1 10:30 merged: open", "1 11:00 priority high", asked, "1 11:30 merges"), want: []string{met180, met60}},
		{name: "the older was solved and opened again, restart", high: high8h, choice: sla.Restart,
			events: then(first, older, "1 10:00 merged: solved", "1 10:30 merged: open", "1 11:00 priority high", asked, "1 11:30 merges"),
			want:   []string{"resolution of merged met, due 2 10:30 +0000, 210 min"}},
		{name: "the older was solved and opened again, ignore", high: high8h, choice: sla.Ignore,
			events: then(first, older, "1 10:00 merged: solved", "1 10:30 merged: open", "1 11:00 priority high", asked, "1 11:30 merges"),
			want:   []string{"resolution of merged met, due 1 17:00 +0000, 300 min"}},

		{name: "three in a chain: the first is met, the second stood still and goes on", high: high8h,
			events: then(first, older, "1 10:00 merged: solved", "1 10:00 other: priority high", "1 10:00 other: asks", "1 10:30 other: pending", "1 11:00 merged: merges into other",
				"1 11:00 priority high", asked, "1 11:30 other: merges"),
			want: []string{met60, "resolution of other met, due 2 11:00 +0000, 180 min"}},
		{name: "three in a chain: the first two are met, the third goes on", high: high8h,
			events: then(first, older, "1 10:00 merged: solved", "1 10:00 other: priority high", "1 10:00 other: asks", "1 10:45 other: solved", "1 11:00 priority high", asked,
				"1 11:10 merged: merges into other", "1 11:30 other: merges"),
			want: []string{met180, met60, "resolution of other met, due 2 10:00 +0000, 45 min"}},
		{name: "three, one after the other into the third", high: high8h,
			events: then(first, older, "1 10:00 merged: solved", "1 10:00 other: priority high", "1 10:00 other: asks", "1 10:45 other: solved", "1 11:00 priority high", asked,
				"1 11:10 merges", "1 11:30 other: merges"),
			want: []string{met180, met60, "resolution of other met, due 2 10:00 +0000, 45 min"}},

		{name: "breached for good and open again: the older's stays met, whatever becomes of the whole", targets: []string{"resolution 1h"},
			events: []string{older, "1 09:30 merged: solved", "1 10:00 asks", "1 11:30 solved", "1 12:00 open", "1 12:30 merges", "1 13:00 solved", "1 14:00 open"},
			want:   []string{"resolution breached, due 1 11:00 +0000, 90 min", "resolution of merged met, due 1 10:00 +0000, 30 min"}},
		{name: "both were solved, the older out of a pause; ignore", targets: high8h, choice: sla.Ignore,
			events: []string{older, "1 10:00 merged: pending", "1 10:30 merged: solved", "1 09:30 asks", "1 11:00 solved", "1 12:00 merges", "1 13:00 open"},
			want:   []string{"resolution met, due 2 09:30 +0000, 90 min", "resolution of merged running, due 2 11:00 +0000, 165 min"}},
		{name: "the whole's priority comes with the merge: no other one lies in between", targets: []string{"resolution 30m"}, high: high8h,
			events: []string{first, older, asked, "1 11:15 merges high", "1 12:00 solved"}, want: []string{"resolution of merged met, due 1 17:00 +0000, 180 min"}},
		{name: "the whole's priority comes with the merge, and is lowered in the same instant", targets: high8h, high: []string{"resolution 30m"},
			events: []string{older, "1 09:30 asks", "1 10:00 merges high", "1 10:00 priority normal"}, want: []string{"resolution of merged breached, due 1 09:30 +0000, 105 min"}},

		{name: "first responses that are promised after the merge count by what each ticket stood at", high: []string{"first_response 4h pending"},
			events: []string{older, "1 09:30 merged: pending", asked, "1 12:00 merges", "1 13:00 priority high"},
			want:   []string{"first_response running, due 1 15:00 +0000, 165 min", "first_response of merged running, due 1 15:30 +0000, 135 min"}},
		{name: "next responses do, too", high: []string{"next_response 4h pending"},
			events: []string{older, "1 09:10 merged: answers", "1 09:20 merged: asks", "1 09:30 merged: pending", asked, "1 11:05 answers", "1 11:10 asks", "1 12:00 merges",
				"1 13:00 priority high"},
			want: []string{"next_response running, due 1 15:10 +0000, 155 min", "next_response of merged running, due 1 15:50 +0000, 115 min"}},
		{name: "and an update, that the latest answer owes", high: []string{"periodic_update 3h"},
			events: []string{older, "1 10:00 merged: answers", "1 10:10 merged: pending", asked, "1 11:30 merges", "1 12:00 priority high"},
			want:   []string{"periodic_update of merged running, due 1 14:20 +0000, 85 min"}},
		{name: "a merged line's update ends with an answer on any line, and the next is the whole's", targets: []string{"periodic_update 3h"},
			events: []string{"1 09:00 asks", "1 09:30 answers", "1 09:10 merged: asks", "1 09:40 merged: answers", "1 10:00 merges", "1 11:00 merged: answers"},
			want:   []string{"periodic_update running, due 1 14:00 +0000, 45 min", "periodic_update of merged met, due 1 12:40 +0000, 80 min"}},
		{name: "the brand wrote first: the merged question is the first", targets: []string{"first_response 2h", "periodic_update 3h", "resolution 8h"},
			events: []string{"1 09:00 answers", "1 09:30 merged: asks", "1 10:00 merges"},
			want: []string{"first_response of merged running, due 1 11:30 +0000, 75 min", "periodic_update running, due 1 12:00 +0000, 105 min",
				"resolution of merged running, due 2 09:30 +0000, 75 min"}},
		{name: "the brand wrote first in what is merged", targets: []string{"first_response 2h", "resolution 8h"},
			events: []string{"1 09:00 merged: answers", "1 09:30 asks", "1 10:00 merges", "1 10:30 merged: asks"},
			want: []string{"first_response running, due 1 11:30 +0000, 105 min", "first_response of merged running, due 1 12:30 +0000, 45 min",
				"resolution running, due 2 09:30 +0000, 105 min"}},
	}
	for i := range cases {
		cases[i].zone, cases[i].week, cases[i].month = "UTC", work, "2026-06"
	}
	return cases
}
