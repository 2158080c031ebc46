// Package ticket is the matter itself: tickets, their conversations and messages, contacts, the journal of all that happened, the tasks that are still
// to do, and the Store that keeps them.
//
// [NewMemory] makes the in-memory [Store] that tests and first steps use. Durable Stores live in modules of their own; all of them pass the
// conformance kit in package storetest. A host that embeds the Desk reads tickets through the Desk's methods; who writes a Store, or commits
// tickets together with data of the host's own, reads [Store], [Reader] and [Tx].
package ticket
