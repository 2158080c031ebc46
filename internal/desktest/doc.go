// Package desktest holds a Desk to its guarantees on any Store: [Model] lets a process die between any two commits, [Kill] kills a real one. It is for the Stores
// of this project; whoever writes another begins with storetest.
package desktest
