// Package desktest holds a Desk to its guarantees: on any Store, by [Model], which lets a process die between any two commits, [Kill], which kills a real one, and [Halt], which kills or stops one of several; and beside
// any CRM, by [TwoWays], which lets people work on both sides. It is for the Stores and sinks of this project; whoever writes others begins with storetest and crmtest.
package desktest
