// Package archive reads recorded traffic as channel events: the public data sets of customer service on Twitter, and this library's own JSON Lines.
//
// To look at an archive, range over it. An error of type [*RowError] is one entry that could not be read, and reading goes on after it; any other
// error is the end.
//
//	for event, err := range archive.ReadFile("twcs.csv", archive.TWCS) {
//		if bad, ok := errors.AsType[*archive.RowError](err); ok {
//			log.Print(bad)
//			continue
//		}
//		if err != nil {
//			return err
//		}
//		fmt.Println(event.Account, event.Message.Text)
//	}
//
// To feed a Desk, give it a [Source], which reads in batches and goes on after a restart where it stopped, and for each of the file's [Accounts] a [Channel]:
// of an account that it does not have, a Desk quarantines everything. Accounts tells since when, so that nothing is taken for history. Such a Desk runs in
// today's time, in which all promises of the archive are long broken; package replay plays an archive in its own. [Writer] writes any events as JSON Lines.
//
// # What the data sets become
//
// The formats [Airline], [Conversations] and [TWCS] are of the platform "twitter", all public. Customers' messages are received
// (channel.MessageReceived), those of the brand echoed (channel.MessageEchoed) from the platform's own app. HTML entities are decoded, once; bad
// UTF-8 becomes U+FFFD. Mentions are the @handles of the text, in the spelling of the author or brand where the archive knows one, and tags its hashtags,
// both by Twitter's own rules (github.com/twitter/twitter-text). Times are in UTC. Message.Order is the number of the entry in the file, since the
// order of the file is the order of the platform.
//
// Nothing is dropped silently: every entry is an event or a RowError. An entry whose ID came before under the same account is delivered again; it has the
// same DedupeKey, so that the Desk keeps the first.
//
// Files are streamed: memory holds one entry at a time, of 1 MiB at most (a dialogue: 16 MiB). Only TWCS needs more, see there.
//
// CSV is read by the names in its header, in any order, with unknown columns passed over. Beyond RFC 4180 it may begin with a byte order mark, hold
// quotes inside quoted text that are not doubled, and leave out trailing empty columns. Where a quote is never closed, the line that opened it is the bad
// one, and reading goes on with the next line.
package archive
