// Package crmtest holds an in-memory CRM for a host's tests, and the conformance kit that every sink passes.
//
// [New] makes a [Fake]: hand it to the Desk as a sink, look at what it holds with [Fake.Contacts], [Fake.Cases] and [Fake.Interactions], make it fail with
// [Fake.Queue], and let its own users work in it with [Fake.SetStatus], [Fake.Reply], [Fake.Note] and [Fake.Assign].
//
// Who writes a sink calls [Run] from its tests, with a [Harness] that opens the sink in front of an empty CRM. A stand-in over HTTP goes wrong by [Flaky]. A sink over HTTP is
// also held by [RunHTTP] against all that may become of a call on a network: throttling, failures, broken, slow and senseless answers. TestSinkOverHTTPConforms in this
// package is a whole sink with both harnesses.
//
// Run the kit once more with TZ=America/New_York where the machine's zone is UTC, as in most containers: a time without a zone that is read as local is right
// there by chance.
//
// Beyond what [crm.Sink] says, the kit demands of errors that a caller can tell why a push was given up: the error of a push that stalls until its context
// ends wraps context.DeadlineExceeded, that of a push whose context had ended before wraps context.Canceled. Sinks over a remote.Client have that by itself.
package crmtest
