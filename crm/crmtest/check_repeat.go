package crmtest

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// repeating are the checks of idempotence, order and truth.
func repeating() []Check {
	return []Check{
		{Name: "a push is held once, and the receipt tells all of it", Run: checkOnce},
		{Name: "repeating a push changes nothing", Run: checkRepeat},
		{Name: "a push cut anywhere is completed by repeating it", Run: checkCutRepeat},
		{Name: "a push cut anywhere is completed by pushing the rest", Run: checkCutRest},
		{Name: "the receipt beside an error tells what was done, no more and no less", Run: checkProgress},
		{Name: "no interaction is written before an earlier one", Run: checkNoSkip},
		{Name: "a push whose answer was lost is repeated without a double", Run: checkLost},
		{Name: "many interactions keep their order over several pushes", Run: checkOrder},
		{Name: "refs that are known, missing or stale make no doubles", Run: checkRefs},
		{Name: "push leaves the change as it was", Run: checkUntouched},
		{Name: "different subjects are pushed at the same time", Run: checkConcurrent},
		{Name: "a refused interaction holds up no other", Run: checkRefused},
	}
}

const cutSize = 4 // interactions in a push that is cut

func checkOnce(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 3)
	receipt := r.pushOK(t, c)
	r.expectHeld(t, c)
	r.expectProgress(t, c, receipt)
}

func checkRepeat(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 3)
	first := r.pushOK(t, c)
	for range 2 {
		again := r.pushOK(t, c)
		if !reflect.DeepEqual(first.Refs, again.Refs) {
			t.Errorf("the first push gave %+v, the same again %+v", first.Refs, again.Refs)
		}
		r.expectHeld(t, c)
	}
}

// cutEverywhere runs fn for every number of writes after which the CRM can fail.
func cutEverywhere(t T, h Harness, fn func(r Rig, c crm.Change, receipt crm.Receipt)) {
	for n := range 2 + cutSize {
		r := h.Open(t)
		c := sampleChange("a", cutSize)
		r.Fault(Cut(n))
		receipt, _ := r.pushFails(t, c, remote.Unavailable)
		fn(r, c, receipt)
	}
}

func checkCutRepeat(t T, h Harness) {
	cutEverywhere(t, h, func(r Rig, c crm.Change, _ crm.Receipt) {
		r.pushOK(t, c)
		r.expectHeld(t, c)
	})
}

func checkCutRest(t T, h Harness) {
	cutEverywhere(t, h, func(r Rig, c crm.Change, receipt crm.Receipt) {
		r.pushOK(t, rest(c, receipt))
		r.expectHeld(t, c)
	})
}

func checkProgress(t T, h Harness) {
	cutEverywhere(t, h, func(r Rig, c crm.Change, receipt crm.Receipt) {
		r.expectTruth(t, c, receipt)
		r.expectProgress(t, c, receipt)
	})
}

func checkNoSkip(t T, h Harness) {
	cutEverywhere(t, h, func(r Rig, c crm.Change, _ crm.Receipt) {
		held := r.Interactions(c.Case.Key)
		if len(held) > len(c.Interactions) {
			t.Fatalf("the CRM holds %d interactions of %d", len(held), len(c.Interactions))
		}
		for i, in := range held {
			if in.Key != c.Interactions[i].Key {
				t.Errorf("interaction %d of the CRM is %s, want %s", i, in.Key, c.Interactions[i].Key)
			}
		}
	})
}

func checkLost(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 3)
	r.Fault(Lose())
	r.pushFails(t, c, remote.Unknown, remote.Unavailable)
	r.pushOK(t, c)
	r.expectHeld(t, c)
}

func checkOrder(t T, h Harness) {
	r := h.Open(t)
	const n = 60 // more than what one call of any API takes
	whole := sampleChange("a", n)
	for _, part := range [][2]int{{0, 1}, {1, 55}, {55, n}} {
		c := sampleChange("a", n)
		c.Interactions = c.Interactions[part[0]:part[1]]
		receipt := r.pushOK(t, c)
		if got, want := len(receipt.Interactions), part[1]-part[0]; got != want {
			t.Errorf("the receipt tells of %d interactions, want %d", got, want)
		}
	}
	r.expectHeld(t, whole)
}

func checkRefs(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 2)
	refs := r.pushOK(t, c).Refs

	known := c
	known.Refs = refs
	if got := r.pushOK(t, known).Refs; !reflect.DeepEqual(got, refs) {
		t.Errorf("pushed with its refs %+v, the receipt has %+v", refs, got)
	}
	r.expectHeld(t, c)

	partly := c
	partly.Refs = crm.Refs{Case: refs.Case}
	r.pushOK(t, partly)
	r.expectHeld(t, c)

	stale := c
	stale.Refs = crm.Refs{Contact: "gone-1", Case: "gone-2", Interactions: map[string]string{c.Interactions[0].Key: "gone-3"}}
	if receipt, err := r.Sink.Push(t.Context(), stale); err != nil {
		r.expectError(t, err, remote.NotFound)
		r.pushOK(t, c)
	} else {
		r.expectTruth(t, c, receipt)
	}
	r.expectHeld(t, c)
}

func checkUntouched(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 2)
	c.Refs = crm.Refs{Interactions: map[string]string{}}
	before := cloneChange(c)
	r.pushOK(t, c)
	if !reflect.DeepEqual(before, c) {
		t.Errorf("the change was\n\t%+v\nand after the push is\n\t%+v", before, c)
	}
}

// checkConcurrent pushes tickets of a customer of their own, and tickets that share one.
func checkConcurrent(t T, h Harness) {
	r := h.Open(t)
	const subjects, attempts = 8, 5
	changes := make([]crm.Change, subjects)
	errs := make([]error, subjects)
	var wg sync.WaitGroup
	for i := range changes {
		c := sampleChange(fmt.Sprint(i), 3)
		if i%2 == 1 {
			shared := sampleContact("shared")
			c.Contact, c.Case.Contact = &shared, shared.Key
		}
		changes[i] = c
		wg.Go(func() {
			for range attempts { // two who write the same contact may get into each other's way
				_, errs[i] = r.Sink.Push(t.Context(), c)
				if errs[i] == nil || !remote.KindOf(errs[i]).Temporary() {
					return
				}
			}
		})
	}
	wg.Wait()
	for i, c := range changes {
		if errs[i] != nil {
			t.Fatalf("push %s: %v", c.Subject, errs[i])
		}
		r.expectHeld(t, c)
	}
}

func checkRefused(t T, h Harness) {
	r := h.Open(t)
	if r.Refuse == nil {
		return
	}
	c := sampleChange("a", 4)
	poisoned := c.Interactions[1].Key
	r.Refuse(poisoned)
	receipt := r.pushOK(t, c)
	if receipt.Refused[poisoned] == "" || len(receipt.Refused) != 1 {
		t.Errorf("Refused is %v, want %s and why", receipt.Refused, poisoned)
	}
	if _, ok := receipt.Interactions[poisoned]; ok {
		t.Errorf("the refused interaction is also told as written")
	}
	want := rest(c, receipt)
	want.Interactions = []crm.Interaction{c.Interactions[0], c.Interactions[2], c.Interactions[3]}
	r.expectHeld(t, want)
}
