package channeltest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
)

// Customer is a person who writes to brands. Its verbs return the message as the platform shows it. Naming a message that the platform does not have is
// the test's mistake and panics.
type Customer struct {
	platform *Platform
	author   channel.Author
	blocked  map[channel.AccountID]bool
}

// Customer returns the person with that ID, who also has it as handle and name until Describe says otherwise.
func (p *Platform) Customer(id string) *Customer {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.customers[id]
	if !ok {
		c = &Customer{platform: p, author: channel.Author{ID: id, Handle: id, Name: id}, blocked: map[channel.AccountID]bool{}}
		p.customers[id] = c
	}
	return c
}

// Describe gives the person a profile. The ID stays.
func (c *Customer) Describe(a channel.Author) *Customer {
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	a.ID = c.author.ID
	c.author = a
	return c
}

// Post writes a root post on the brand's page.
func (c *Customer) Post(page *FakeChannel, text string) channel.Message {
	return c.write(channel.Message{Text: text}, page)
}

// Mention writes a root post of the customer's own that names brands; every one of them hears of the same message.
func (c *Customer) Mention(text string, pages ...*FakeChannel) channel.Message {
	m := channel.Message{Text: text}
	for _, page := range pages {
		m.Mentions = append(m.Mentions, page.account.ID)
	}
	return c.write(m, pages...)
}

// Comment writes under the root post of m's thread; Reply answers m itself.
func (c *Customer) Comment(m channel.Message, text string) channel.Message {
	return c.answer(m, m.Thread, text)
}

// Reply answers m, in the place and visibility where m is.
func (c *Customer) Reply(m channel.Message, text string) channel.Message {
	return c.answer(m, m.ID, text)
}

func (c *Customer) answer(m channel.Message, parent, text string) channel.Message {
	to := c.platform.mustHave(m.ID)
	return c.write(channel.Message{Text: text, Thread: to.Thread, Parent: parent, Visibility: to.Visibility}, c.platform.pages(to)...)
}

// Write writes to the brand in private.
func (c *Customer) Write(page *FakeChannel, text string) channel.Message {
	return c.write(channel.Message{Text: text, Visibility: channel.Private, Thread: privateThread(page.account.AccountID, c.author.ID)}, page)
}

// Send writes a whole message of the test's own making: attachments, facts, a language. ID, author and time are the platform's.
func (c *Customer) Send(page *FakeChannel, m channel.Message) channel.Message {
	if m.Visibility == channel.Private {
		m.Thread = privateThread(page.account.AccountID, c.author.ID)
	}
	return c.write(m, page)
}

func (c *Customer) write(m channel.Message, pages ...*FakeChannel) channel.Message {
	p := c.platform
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(pages) == 0 {
		panic("channeltest: a customer writes to no account")
	}
	if c.blocked[pages[0].account.AccountID] {
		return channel.Message{}
	}
	post := &Post{Message: m, Account: pages[0].account.AccountID, Customer: c.author.ID}
	for _, page := range pages {
		post.told = append(post.told, page.account.AccountID)
	}
	post.Author = p.authorIn(c, m.Visibility, post.Account)
	p.add(post)
	p.tellOf(post, channel.Event{Kind: channel.MessageReceived, Message: post.Message})
	return post.Message
}

// Edit changes the text of the customer's own message, told as Options.Edits says.
func (c *Customer) Edit(m channel.Message, text string) channel.Message {
	post := c.platform.mustHave(m.ID)
	p := c.platform
	p.mu.Lock()
	defer p.mu.Unlock()
	e := channel.Event{Kind: channel.MessageEdited}
	post.Text = text
	post.Edits++
	if p.options.Edits != EditsUnnamed {
		post.Revision = fmt.Sprintf("%04d", post.Edits)
	}
	if p.options.Edits == EditsChangeID {
		e.FormerID = post.ID
		post.ID = p.id()
		p.byID[post.ID] = post
	}
	e.Message = post.Message
	p.tellOf(post, e)
	return post.Message
}

// Delete takes the message away; DeleteForGood also demands that the brand forgets it.
func (c *Customer) Delete(m channel.Message) { c.delete(m, false) }

// DeleteForGood deletes the message and demands that its text be removed everywhere (Event.Honour).
func (c *Customer) DeleteForGood(m channel.Message) { c.delete(m, true) }

func (c *Customer) delete(m channel.Message, honour bool) {
	post := c.platform.mustHave(m.ID)
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	post.Deleted = true
	c.platform.tellOf(post, channel.Event{Kind: channel.MessageDeleted, Honour: honour, Message: channel.Message{ID: post.ID, Thread: post.Thread, Visibility: post.Visibility}})
}

// React puts a reaction on any message, for example "like"; Unreact takes it back.
func (c *Customer) React(m channel.Message, name string) { c.react(m, name, false) }

// Unreact takes a reaction back.
func (c *Customer) Unreact(m channel.Message, name string) { c.react(m, name, true) }

func (c *Customer) react(m channel.Message, name string, removed bool) {
	post := c.platform.mustHave(m.ID)
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	c.platform.tellOf(post, channel.Event{Kind: channel.ReactionChanged, Message: channel.Message{ID: post.ID, Thread: post.Thread, Visibility: post.Visibility},
		Reaction: channel.Reaction{Author: c.platform.authorIn(c, post.Visibility, post.Account), Name: name, Removed: removed}})
}

// Read reads everything that the brand wrote in private: the receipt is a watermark.
func (c *Customer) Read(page *FakeChannel) {
	p := c.platform
	p.mu.Lock()
	defer p.mu.Unlock()
	thread := privateThread(page.account.AccountID, c.author.ID)
	r := channel.Receipt{State: channel.ReceiptRead, Thread: thread}
	for _, post := range p.posts {
		if post.ByBrand && post.Thread == thread && !post.Failed {
			post.Read = true
			r.Watermark = post.Time
		}
	}
	if !r.Watermark.IsZero() {
		p.tell(channel.Event{Kind: channel.ReceiptArrived, Account: page.account.AccountID, Receipt: r, Message: channel.Message{Thread: thread, Visibility: channel.Private}})
	}
}

// Open opens the conversation with the brand without writing, coming from where ref says (a link, an advert).
func (c *Customer) Open(page *FakeChannel, ref string) {
	p := c.platform
	p.mu.Lock()
	defer p.mu.Unlock()
	account := page.account.AccountID
	p.tell(channel.Event{Kind: channel.ConversationOpened, Account: account, Key: p.id(), Message: channel.Message{
		Visibility: channel.Private, Thread: privateThread(account, c.author.ID), Author: p.authorIn(c, channel.Private, account), Facts: map[string]string{"ref": ref}}})
}

// Sees returns the texts that the customer can read: everything public that is neither deleted nor hidden (but always the customer's own), and the
// customer's private conversations, in the order of writing.
func (c *Customer) Sees() []string {
	var texts []string
	for _, post := range c.platform.Posts() {
		own := !post.ByBrand && post.Customer == c.author.ID
		if post.Deleted || post.Failed || post.Hidden && !own || post.Visibility == channel.Private && post.Customer != c.author.ID {
			continue
		}
		texts = append(texts, post.Text)
	}
	return texts
}

// mustHave returns the post; a test that names none that exists is wrong.
func (p *Platform) mustHave(id string) *Post {
	p.mu.Lock()
	defer p.mu.Unlock()
	post := p.post(id)
	if post == nil {
		panic(fmt.Sprintf("channeltest: there is no message %q on %s", id, p.options.Platform))
	}
	return post
}

// pages returns the accounts that hear of a post.
func (p *Platform) pages(post *Post) []*FakeChannel {
	p.mu.Lock()
	defer p.mu.Unlock()
	var pages []*FakeChannel
	for _, account := range post.told {
		pages = append(pages, p.accounts[account])
	}
	return pages
}

func privateThread(account channel.AccountID, customer string) string {
	return "private-" + account.ID + "-" + customer
}

// authorIn returns the customer as seen in public or in an account's private conversations. mu is held.
func (p *Platform) authorIn(c *Customer, v channel.Visibility, account channel.AccountID) channel.Author {
	a := c.author
	if v == channel.Private && p.options.ScopedAuthors {
		a.ID = account.ID + ":" + a.ID
	}
	return a
}

// customerOf returns the person behind an author ID, scoped or not; nil for a stranger. mu is held.
func (p *Platform) customerOf(id string) *Customer {
	if c, ok := p.customers[id]; ok {
		return c
	}
	_, after, _ := strings.Cut(id, ":")
	return p.customers[cmp.Or(after, id)]
}
