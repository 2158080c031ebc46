package channeltest

import (
	"slices"

	"github.com/socialcrm/socialcrm/channel"
)

// Redeliver tells the last n events again, by webhook, stream and poll, with their keys. Events that no webhook has told yet then come twice in one call.
// What HideAuthors left out is told now, unless it still hides.
func (p *Platform) Redeliver(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range slices.Clone(p.log[max(0, len(p.log)-n):]) {
		e.event.Message.Author = e.author
		p.log = append(p.log, p.shown(e))
	}
	p.wake()
}

// Hold keeps back what happens from now on, until Release: only events of these kinds, or all where none is named. Hold(channel.MessageEchoed) makes
// echoes late.
func (p *Platform) Hold(kinds ...channel.EventKind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holding, p.holdKinds = true, kinds
}

// Release tells what was held back, in order, and ends Hold.
func (p *Platform) Release() { p.release(false) }

// ReleaseReversed tells what was held back with the latest first, and ends Hold.
func (p *Platform) ReleaseReversed() { p.release(true) }

func (p *Platform) release(reversed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	held := p.held
	p.held, p.holding, p.holdKinds = nil, false, nil
	if reversed {
		slices.Reverse(held)
	}
	for _, e := range held {
		p.append(e)
	}
}

// HideAuthors makes the platform leave out who wrote, in what it tells from now on, or ends that.
func (p *Platform) HideAuthors(hide bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hideAuthors = hide
}

// Corrupt puts an entry that nobody can decode among what the platform tells of the account.
func (p *Platform) Corrupt(c *FakeChannel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.append(entry{event: channel.Event{Account: c.account.AccountID}, corrupt: true})
}
