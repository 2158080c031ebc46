// Package meta is what the adapters for Meta's platforms share: an app and how its webhook calls are verified, the walk through the entries of a call, IDs and
// times in the several forms in which Meta writes them, and calls to the Graph API with their errors and limits.
//
// A host that connects Facebook Pages starts with package facebook and only fills in an [App]. Who writes an adapter for another platform of the family
// answers a Receiver's Verify with [App.Verify] and its Decode with [Decode], giving a function for one [Item]:
//
//	func (r *Receiver) Decode(c channel.Call) (channel.Delivery, error) {
//		return meta.Decode("instagram", "instagram", c.Body, r.item)
//	}
//
// and makes its calls through a [Graph], which knows what Meta's error codes mean and how far they reach, slows down before a limit is reached, and checks
// the token ([Graph.CheckToken]).
package meta
