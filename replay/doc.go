// Package replay runs a Desk in virtual time over what happened: an archive of messages, or a scenario of events and agents' actions. A week passes in
// seconds, the clocks are exact, and the same input gives the same [Report].
//
// Start with [ReadFile] (an archive) or [ReadScenario] (a scenario), and hand the steps to [Run]:
//
//	steps, bad, err := replay.ReadFile("twcs.csv", archive.TWCS)
//	...
//	report, err := replay.Run(ctx, steps, replay.Options{Agents: 12, Handle: 6 * time.Minute})
//	fmt.Print(report)
//
// It answers three questions: what did we promise and keep ([Report.SLA]), what would other lanes and promises have given ([Options.Setup]), and what would
// other staffing have given ([Options.Agents]). In a host's tests it plays a case through the host's own Setup and sink: [Options.Entry] shows every entry of
// the journal, [Options.Look] the Desk as it stands at the end.
//
// # Scenario files
//
// A scenario is how a case or a dispute is written down: JSON Lines, one {"event":{...}} or {"action":{...}} a line, empty lines passed over. It is strict:
// an unknown field, a missing time or a field that the verb has no use for is an error with its line. Events are channel.Event as package archive writes them.
// An event arrives at its received time, where it has one that is later than its own time, and else at its own time. What falls on one instant happens in the
// order of the file, and where an account's messages have no order of their own, that is the platform's order too.
//
// An action has a time, a verb, the agent who acts, and where it is about a ticket, either account and message (the platform's ID of any message of the ticket)
// or ticket (its ID). An optional key makes it idempotent, as socialcrm.By.Key does. The verbs:
//
//	{"action":{"time":"2026-03-02T09:10:00Z","verb":"reply","agent":"kim","account":"mastodon/acme","message":"m1","text":"On its way.","then":"solved"}}
//	{"action":{"time":"2026-03-02T09:11:00Z","verb":"note","agent":"kim","account":"mastodon/acme","message":"m1","text":"Asked the depot."}}
//	{"action":{"time":"2026-03-02T09:12:00Z","verb":"assign","agent":"kim","account":"mastodon/acme","message":"m1","to":"lee"}}
//	{"action":{"time":"2026-03-02T09:13:00Z","verb":"resolve","agent":"lee","account":"mastodon/acme","message":"m1","reason":"it arrived"}}
//	{"action":{"time":"2026-03-02T09:14:00Z","verb":"reopen","agent":"lee","ticket":"k3jx7qy2m4abc","reason":"it did not"}}
//	{"action":{"time":"2026-03-02T09:15:00Z","verb":"status","agent":"lee","ticket":"k3jx7qy2m4abc","status":"pending","reason":"asked for the number"}}
//	{"action":{"time":"2026-03-02T09:16:00Z","verb":"priority","agent":"lee","ticket":"k3jx7qy2m4abc","priority":"urgent"}}
//	{"action":{"time":"2026-03-02T09:17:00Z","verb":"tag","agent":"lee","ticket":"k3jx7qy2m4abc","tags":["damage"]}}
//	{"action":{"time":"2026-03-02T09:18:00Z","verb":"transfer","agent":"lee","ticket":"k3jx7qy2m4abc","lane":"billing","reason":"a refund"}}
//	{"action":{"time":"2026-03-02T09:19:00Z","verb":"merge","agent":"lee","account":"mastodon/acme","message":"m1","other":"m7"}}
//	{"action":{"time":"2026-03-02T09:20:00Z","verb":"close","agent":"lee","account":"mastodon/acme","message":"m1"}}
//	{"action":{"time":"2026-03-02T09:00:00Z","verb":"presence","agent":"kim","presence":"available"}}
//	{"action":{"time":"2026-03-02T08:00:00Z","verb":"apply","setup":{"lanes":[{"name":"inbox"}]}}}
//
// A reply answers the message that it names, and the customer's latest where it names a ticket; "then" is the ticket's status once it is out, "automated" marks
// a text that no person wrote. An assign without "to" gives the ticket back to its lane. Presence is available, busy, away or offline. Untag takes
// what tag does, and unmerge what merge does: "other" names a message of the other ticket, on "other_account" where that is another one; beside "ticket" it is the
// other ticket's ID. Close with a reason says why no answer is needed. Apply takes a whole desk file. What became of each action is in [Report.Actions]; one that the Desk refuses ends nothing.
package replay
