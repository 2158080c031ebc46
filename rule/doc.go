// Package rule is the one way to say "when this": conditions over named facts, written as strict JSON or in Go, compiled once, and explainable.
//
// Lanes, SLA policies, noise rules and escalations all hold a [Condition]. [Parse] reads one from JSON, [Compile] turns it into a [Rule], and
// [Rule.Match] asks the rule about something that offers [Facts] (a ticket does; a [Map] serves for tests):
//
//	{"all": [
//	    {"fact": "account", "in": ["acme", "acme-help"]},
//	    {"any": [
//	        {"fact": "text", "word": "refund"},
//	        {"fact": "reach", "min": 10000},
//	        {"predicate": "christmas-week"}
//	    ]}
//	]}
//
// # Logic
//
// Logic is two-valued. A fact that is missing (not known, or not known yet) satisfies no operator but "exists": false; so its negation holds:
// {"not": {"fact": "tier", "equals": "gold"}} matches where no tier is known. Say "exists" beside it where that is not meant. A fact of several
// texts satisfies an operator when one of them does. A fact of another type than the operator's satisfies it never.
//
// # Text
//
// Equals, In and Prefix compare text exactly, byte for byte: they are for names, identifiers and addresses. Word is for what people write: it finds
// whole words, whatever their case (see [Condition.Word]).
package rule
