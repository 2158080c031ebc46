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
// Equals, In and Prefix compare text exactly, byte for byte: they are for names, identifiers and addresses. Word is for what people write. It looks for
// whole words, one or several that follow each other, whatever their case (Unicode's full case folding: "strasse" finds "Straße") and whatever stands
// between them ("money back" finds "money-back").
//
// A word is a run of letters and digits with their marks; an underscore between two of them belongs to it. Words of scripts that are written without
// spaces, such as Chinese, Japanese and Thai, are found anywhere. A hashtag or a name is a word with its sign: "#refund" finds only the tag, "@acme" only
// the mention. "refund" finds the tag too, because who tags says it; "acme" does not find the mention, because there it is an address.
//
// # Word lists
//
// Words looks for any of a list, List for any of a list that the document names once ([Lists]) and several conditions share. An entry is what Word takes, one word or
// several, and is found by the same borders; but accents do not count, because people leave them out when they write in haste:
//
//	{"fact": "text", "words": ["réclamation", "money back", "#acmefail", "返金"]}
//	{"fact": "text", "list": "refunds"}
//
// So "réclamation" finds "Reclamation", "straße" finds "STRASSE", the four letters i of Turkish are one, as are ø and o, ł and l, đ and d, æ and ae, œ and oe; the vowel signs of
// Hebrew and Arabic may be there or not. Where marks are letters in all but name, as in Thai and Hindi, they count, and so do the strokes of が. ü is u, not ue: list both where
// people write both. There is no stemming: list the forms. A letter of a script without spaces is a word by itself, so that a phrase of them is found anywhere, also across
// a space or a line's end; Korean has spaces, and is found by whole words.
//
// Thousands of entries are found in one pass over the text, and rules compiled into one [Set] share that pass. A tag or mention in a list works as in Word.
//
// # Documents
//
// Whatever holds conditions, such as a desk file, is decoded with [DecodeStrict], so that a misspelt field anywhere is an error with its path and line
// instead of a lane that takes everything.
package rule
