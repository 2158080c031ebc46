package channeltest

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

// EditStyle is how a platform tells of an edit.
type EditStyle uint8

const (
	// EditsRevised, the zero value: the message keeps its ID, and each version has a revision.
	EditsRevised EditStyle = iota
	// EditsUnnamed: the message keeps its ID, and versions have no name; such events have no dedupe key.
	EditsUnnamed
	// EditsChangeID: the new version has a new ID; the event names the former one.
	EditsChangeID
)

// Options are what a Platform is like. The zero value is a platform without limits, on which own posts do not come back.
type Options struct {
	// Platform is the network's name. Empty: "fakebook".
	Platform string
	// Now is the only clock. Nil: time.Now.
	Now func() time.Time
	// Public and Private are the limits, which the platform enforces: a text too long is Rejected, and so on.
	Public, Private channel.Traits
	// Secret signs webhooks. Empty: a fixed one.
	Secret string
	// App is the ID of the app through which we post, as echoes name it, for accounts that name none. Empty: "our-app".
	App string
	// Edits is how edits are told.
	Edits EditStyle
	// PageSize is the largest number of events that one poll or webhook call brings. 0: 50.
	PageSize int
	// From is the number behind which posts and events are counted: for a program that keeps tickets from one run to the next, and whose network begins anew with
	// each. It must be beyond all numbers of the runs before. 0: from the beginning.
	From int
	// KnowsKeys is set where the platform takes Outgoing.Key as an idempotency key (the same key again gives the first answer) and names it in echoes.
	KnowsKeys bool
	// CannotFind is set where a Finder cannot tell whether a post went out.
	CannotFind bool
	// ScopedAuthors is set where a customer has another ID in private: "ACCOUNT:CUSTOMER".
	ScopedAuthors bool
}

// Platform is a social network in memory. Make one with New. All methods may be called from several goroutines at once.
type Platform struct {
	options Options

	mu           sync.Mutex
	accounts     map[channel.AccountID]*FakeChannel
	customers    map[string]*Customer
	posts        []*Post
	byID         map[string]*Post // under the ID of today and those of before edits
	keys         map[string]*Post // by account and Outgoing.Key: the first
	log          []entry          // what the platform tells, in the order in which it tells it
	told         int              // how much of log went out by webhook
	held         []entry
	holding      bool
	holdKinds    []channel.EventKind
	hideAuthors  bool
	faults       map[Op][]Fault
	broken       map[Op]Fault
	calls        map[Op]int
	count        int // of IDs given
	unauthorized map[string]string
	private      map[string]bool        // public messages that were answered in private
	control      map[string]string      // which app holds a thread
	streams      map[chan struct{}]bool // how to wake the open ones
	awaited      []chan struct{}        // closed when a stream opens
}

// entry is one event in the log, or something that is none.
type entry struct {
	event   channel.Event
	author  channel.Author // of the message, also where event leaves it out
	corrupt bool
}

// New returns an empty platform.
func New(o Options) *Platform {
	o.Platform = cmp.Or(o.Platform, "fakebook")
	o.Secret = cmp.Or(o.Secret, "webhook secret of a platform that is only a fake")
	o.App = cmp.Or(o.App, "our-app")
	o.PageSize = cmp.Or(o.PageSize, 50)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Platform{
		options:   o,
		count:     o.From,
		accounts:  map[channel.AccountID]*FakeChannel{},
		customers: map[string]*Customer{},
		byID:      map[string]*Post{}, keys: map[string]*Post{},
		faults: map[Op][]Fault{}, broken: map[Op]Fault{}, calls: map[Op]int{},
		unauthorized: map[string]string{}, private: map[string]bool{}, control: map[string]string{},
		streams: map[chan struct{}]bool{},
	}
}

// Account opens a brand account, or returns the one with that ID. An empty Platform is the platform's own name; another one panics, as does an empty ID.
func (p *Platform) Account(a channel.Account) *FakeChannel {
	a.Platform = cmp.Or(a.Platform, p.options.Platform)
	if a.Platform != p.options.Platform || a.ID == "" {
		panic(fmt.Sprintf("channeltest: account %q is not one of platform %s", a.AccountID, p.options.Platform))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.accounts[a.AccountID]; ok {
		return c
	}
	c := &FakeChannel{platform: p, account: a, subscribed: true}
	p.accounts[a.AccountID] = c
	return c
}

// Post is a message on the platform, by a customer or by a brand, with what became of it.
type Post struct {
	// Message is the post as it is now.
	channel.Message
	// Account is the brand account that it is by or for; a root post that mentions several names the first.
	Account channel.AccountID
	// ByBrand is set on posts of an account; App is the app that made it, empty for a person in the platform's own app.
	ByBrand bool
	App     string
	// Outgoing is what Send was given; zero for posts that did not come from there.
	Outgoing channel.Outgoing
	// Customer is the ID of the customer who wrote it or to whom it is written; empty where a brand writes to nobody.
	Customer string
	// Edits counts the edits.
	Edits int
	// Deleted, Hidden, Liked and Failed are what became of it. Failed: accepted, but it never arrived.
	Deleted, Hidden, Liked, Failed bool
	// Read is set once the customer has read it.
	Read bool

	told []channel.AccountID // accounts that hear of it
}

// Posts returns every post in the order of writing, deleted ones included. The caller may change what it gets.
func (p *Platform) Posts() []Post {
	p.mu.Lock()
	defer p.mu.Unlock()
	posts := make([]Post, len(p.posts))
	for i, post := range p.posts {
		posts[i] = *post
		posts[i].Attachments = slices.Clone(post.Attachments)
		posts[i].Mentions = slices.Clone(post.Mentions)
	}
	return posts
}

// Replies returns the texts that brands have posted, in order, without those that were deleted or failed.
func (p *Platform) Replies() []string {
	var texts []string
	for _, post := range p.Posts() {
		if post.ByBrand && !post.Deleted && !post.Failed {
			texts = append(texts, post.Text)
		}
	}
	return texts
}

// RepliesTo returns those of Replies that answer the message with that ID or, in private, stand in its conversation.
func (p *Platform) RepliesTo(id string) []string {
	to := p.mustHave(id)
	var texts []string
	for _, post := range p.Posts() {
		in := post.Thread == to.Thread && (post.Parent == "" || post.Visibility == channel.Private)
		if post.ByBrand && !post.Deleted && !post.Failed && (in || post.Parent == to.ID) {
			texts = append(texts, post.Text)
		}
	}
	return texts
}

// Calls returns how many calls of the operation reached the platform, failed ones included.
func (p *Platform) Calls(op Op) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[op]
}

// The methods below are called with mu held.

// now is in UTC and without a monotonic reading, as it comes over the wire.
func (p *Platform) now() time.Time { return p.options.Now().UTC().Round(0) }

// id returns IDs that are unique on the platform and tell their order.
func (p *Platform) id() string {
	p.count++
	return fmt.Sprintf("%s-%04d", p.options.Platform, p.count)
}

// post returns the post with that ID, or that had it before an edit; nil where there is none.
func (p *Platform) post(id string) *Post { return p.byID[id] }

// add keeps a new post.
func (p *Platform) add(post *Post) {
	post.ID = p.id()
	post.Order = post.ID
	post.Time = p.now()
	post.URL = "https://" + p.options.Platform + ".example/" + post.ID
	if post.Thread == "" {
		post.Thread = post.ID
	}
	p.posts = append(p.posts, post)
	p.byID[post.ID] = post
	p.rememberKey(post)
}

func (p *Platform) rememberKey(post *Post) {
	if key := post.Outgoing.Key; key != "" && p.byKey(post.Account, key) == nil {
		p.keys[post.Account.String()+" "+key] = post
	}
}

// tellOf tells every account concerned what happened to a post.
func (p *Platform) tellOf(post *Post, e channel.Event) {
	for _, account := range post.told {
		e.Account = account
		e.Standby = p.holder(post.Thread, account) != ""
		p.tell(e)
	}
}

func (p *Platform) tell(e channel.Event) {
	if e.Time.IsZero() {
		e.Time = p.now()
	}
	p.append(entry{event: e, author: e.Message.Author})
}

func (p *Platform) append(e entry) {
	if p.holding && (len(p.holdKinds) == 0 || slices.Contains(p.holdKinds, e.event.Kind)) {
		p.held = append(p.held, e)
		return
	}
	p.log = append(p.log, p.shown(e))
	p.wake()
}

// shown returns the entry as the platform now tells it.
func (p *Platform) shown(e entry) entry {
	if p.hideAuthors {
		e.event.Message.Author = channel.Author{}
	}
	return e
}

func (p *Platform) wake() {
	for stream := range p.streams {
		select {
		case stream <- struct{}{}:
		default: // it is awake
		}
	}
}
