// Package channeltest holds an in-memory platform for the tests of hosts, and the conformance kit that every adapter passes.
//
// A host's test makes a platform, opens a brand account on it and lets customers write:
//
//	p := channeltest.New(channeltest.Options{})
//	page := p.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
//	m := p.Customer("mia").Post(page, "Where is my parcel?")
//
// page is a [channel.Channel] with every optional ability ([FakeChannel.Only] takes some away) and a [channel.Poller]; p is a [channel.Receiver] of
// signed webhooks ([Platform.Webhook]) and a [channel.Streamer]. The three tell the same story under the same keys. What goes wrong is queued by
// operation, for example p.Fail(channeltest.OnSend, channeltest.LoseAnswer), or commanded: [Platform.Redeliver], [Platform.Hold], [FakeChannel.Revoke].
// Nothing happens by chance and nothing waits: IDs count up, time comes from Options.Now, so that tests in testing/synctest bubbles work.
//
// Who writes an adapter calls [Run] with a [Harness]: the adapter over a stand-in of the platform, and what the adapter says it can do. Run it once more with
// TZ=America/New_York where the machine's zone is UTC, as in most containers: a time without a zone that is read as local is right there by chance.
package channeltest
