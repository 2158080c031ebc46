// Package meta is what the adapters for Meta's platforms share: an app and how its webhook calls are verified, the walk through the entries of a call,
// and IDs and times in the several forms in which Meta writes them.
//
// A host that connects Facebook Pages starts with package facebook and only fills in an [App]. Who writes an adapter for another platform of the family
// answers a Receiver's Verify with [App.Verify] and its Decode with [Decode], giving a function for one [Item]:
//
//	func (r *Receiver) Decode(c channel.Call) (channel.Delivery, error) {
//		return meta.Decode("instagram", "instagram", c.Body, r.item)
//	}
//
// It covers webhooks (Graph API, Webhooks, "Getting started"); calls to the Graph API are not part of it.
package meta
