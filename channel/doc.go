// Package channel is how a brand hears and speaks on a social network: the types that every adapter fills in, and the small interfaces that an
// adapter implements.
//
// A host that uses ready-made adapters needs nothing from here but the names of the fields. Who writes an adapter for a platform starts with two
// types: a [Channel] (one brand account: what it may say, and how to send one post) and a [Source] (how events arrive: a [Poller], a [Streamer], a
// [Receiver] of webhooks, or several of these). Adapters make one call and return: they never wait, retry, pace, split or remember. The Desk of
// package socialcrm does all of that, once, for every platform.
//
// An ability that only some platforms have (hiding a comment, answering a public message in private, looking up whether a post went out) is a further
// interface in this package that the Channel also implements; the Desk finds it by type assertion.
//
// [Split] cuts a long reply into numbered parts by a platform's own limit and way of counting.
//
// Package channeltest holds an in-memory platform for a host's tests and the conformance kit that every adapter passes.
package channel
