package channeltest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

func webhookChecks() []check {
	webhook := func(f Features) bool { return f.Webhook }
	return []check{
		{name: "webhook/forged", applies: webhook, run: checkForged},
		{name: "webhook/pure", applies: webhook, run: checkPure},
		{name: "webhook/redelivered", applies: webhook, run: checkRedelivered},
		{name: "webhook/bad-entry", applies: func(f Features) bool { return f.Webhook && f.Batches }, run: checkBadEntry},
		{name: "webhook/garbage", applies: webhook, run: checkGarbage},
		{name: "webhook/challenge", applies: webhook, run: checkChallenge},
	}
}

// authentic returns a call with a message in it.
func (b *bench) authentic() channel.Call {
	b.Write("Is anybody there?")
	return b.Webhook()
}

func clone(c channel.Call) channel.Call {
	c.Header, c.Body = c.Header.Clone(), bytes.Clone(c.Body)
	query := url.Values{}
	for name, values := range c.Query {
		query[name] = append([]string(nil), values...)
	}
	if c.Query != nil {
		c.Query = query
	}
	return c
}

// other returns a text of the same length and shape with every letter and digit changed, behind an "algorithm=" or "Bearer ".
func other(s string) string {
	from := strings.LastIndexAny(strings.TrimRight(s, "="), "= ") + 1
	return s[:from] + strings.Map(func(r rune) rune {
		switch {
		case r == '0':
			return '1'
		case r >= '1' && r <= '9':
			return '0'
		case r == 'a' || r == 'A':
			return r + 1
		case r > 'a' && r <= 'z':
			return 'a'
		case r > 'A' && r <= 'Z':
			return 'A'
		}
		return r
	}, s[from:])
}

// forgeries returns calls that are not from the platform, by what is wrong with them.
func (b *bench) forgeries() map[string]channel.Call {
	call := b.authentic()
	forged, absent, double := clone(call), clone(call), clone(call)
	for name, values := range forged.Header {
		if name == "Content-Type" {
			continue
		}
		absent.Header.Del(name)
		for i, value := range values {
			forged.Header[name][i] = other(value)
			double.Header[name] = append([]string{other(value)}, double.Header[name]...)
		}
	}
	for _, values := range forged.Query {
		for i, value := range values {
			values[i] = other(value)
		}
	}
	absent.Query = nil
	// What is right for one method must not open the door for others.
	calls := map[string]channel.Call{}
	for _, method := range []string{"", http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		unsigned := clone(absent)
		unsigned.Method = method
		calls[fmt.Sprintf("method %q and no signature", method)] = unsigned
	}
	calls["a forged signature"], calls["no signature"] = forged, absent
	if len(double.Header) > len(double.Header["Content-Type"]) {
		calls["a second signature"] = double
	}
	if !b.features.UnsignedBody {
		altered, longer := clone(call), clone(call)
		altered.Body = bytes.Replace(altered.Body, []byte("anybody"), []byte("nobody!"), 1)
		if bytes.Equal(altered.Body, call.Body) {
			altered.Body[len(altered.Body)/2] ^= 1
		}
		longer.Body = append(longer.Body, ' ')
		calls["an altered body"], calls["a longer body"] = altered, longer
	}
	return calls
}

func checkForged(b *bench) {
	right := map[string]bool{}
	call := b.authentic()
	if response, err := b.receiver().Verify(call); err != nil || response != nil {
		b.Fatalf("Verify of an authentic call: response %v, error %v; want neither", response, err)
	}
	for what, forged := range b.forgeries() {
		response, err := b.receiver().Verify(forged)
		if err == nil {
			b.Errorf("a call with %s passes", what)
			continue
		}
		if response != nil {
			b.Errorf("a call with %s is answered beside the error", what)
		}
		if e := b.failure("Verify", err); e.Kind != remote.Unauthorized {
			b.Errorf("a call with %s: the kind is %q, want %q: %v", what, e.Kind, remote.Unauthorized, err)
		}
	}
	// What would have been right is known for the call whose body is as it was: its own headers.
	const shortest = 16
	for name, values := range call.Header {
		for _, value := range values {
			if value = value[strings.LastIndexAny(strings.TrimRight(value, "="), "= ")+1:]; len(value) >= shortest && name != "Content-Type" {
				right[value] = true
			}
			call.Header[name] = []string{other(values[0])}
		}
	}
	_, err := b.receiver().Verify(call)
	for e := range chain(err) {
		for value := range right {
			if strings.Contains(e.Error(), value) {
				b.Errorf("the error on a forged signature tells the right one")
				return
			}
		}
	}
}

func (b *bench) decode(c channel.Call) channel.Delivery {
	b.Helper()
	d, err := b.receiver().Decode(c)
	if err != nil {
		b.Fatalf("Decode of an authentic call: %v", err)
	}
	return d
}

func checkPure(b *bench) {
	call := b.authentic()
	before := clone(call)
	first := b.decode(call)
	if !reflect.DeepEqual(call, before) {
		b.Errorf("Decode changes the call")
	}
	if second := b.decode(clone(before)); !reflect.DeepEqual(first, second) {
		b.Errorf("Decode gives of one call first\n%+v\nand then\n%+v", first, second)
	}
	if len(first.Events) == 0 {
		b.Errorf("Decode of a call with a message gives no events")
	}
	if _, err := b.receiver().Verify(before); err != nil {
		b.Errorf("Verify of an authentic call after Decode: %v", err)
	}
}

// checkRedelivered sees that keys do not come from when or how a call arrived.
func checkRedelivered(b *bench) {
	call := b.authentic()
	again := clone(call)
	again.Received = call.Received.Add(time.Hour)
	again.Header.Set("X-Request-Id", "another")
	first, second := b.decode(call), b.decode(again)
	if len(first.Events) != len(second.Events) {
		b.Fatalf("a call has %d events, redelivered %d", len(first.Events), len(second.Events))
	}
	for i := range first.Events {
		if a, z := first.Events[i].DedupeKey(), second.Events[i].DedupeKey(); a != z {
			b.Errorf("%s of message %s has key %q, redelivered %q", first.Events[i].Kind, first.Events[i].Message.ID, a, z)
		}
	}
}

func checkBadEntry(b *bench) {
	before := b.Write("Written before the bad entry.")
	b.Corrupt()
	after := b.Write("Written after the bad entry.")
	call := b.Webhook()
	d := b.decode(call)
	for _, id := range []string{before, after} {
		if find(d.Events, channel.MessageReceived, id) == nil {
			b.Errorf("a bad entry in the same call cost message %s", id)
		}
	}
	bad := b.checkBad(d.Bad)
	if again, err := b.receiver().Decode(channel.Call{Method: http.MethodPost, Body: bad.Raw}); err == nil && (len(again.Events) > 0 || len(again.Bad) != 1) {
		b.Errorf("decoded again from Bad.Raw, the bad entry gives %d events and %d Bad, want 0 and 1", len(again.Events), len(again.Bad))
	}
}

// checkBad sees that one bad entry was told, with what somebody needs to mend it, and returns it.
func (b *bench) checkBad(all []channel.Bad) channel.Bad {
	b.Helper()
	if len(all) != 1 {
		b.Fatalf("one bad entry gives %d Bad", len(all))
	}
	bad := all[0]
	if bad.Reason == "" || bad.Where == "" || len(bad.Raw) == 0 {
		b.Errorf("the bad entry is kept without a reason, a place or its bytes: %q, %q, %d bytes", bad.Reason, bad.Where, len(bad.Raw))
	}
	return bad
}

// checkGarbage sees that no body makes Decode panic or invent events.
func checkGarbage(b *bench) {
	call := b.authentic()
	for _, body := range []string{"", "null", "0", "[]", "{}", `""`, "<html>", "\x00\xff", strings.Repeat("[", 20_000), string(call.Body[:len(call.Body)/2])} {
		garbage := clone(call)
		garbage.Body = []byte(body)
		d, err := b.receiver().Decode(garbage)
		if err == nil && len(d.Events) > 0 {
			b.Errorf("the body %.40q gives %d events", body, len(d.Events))
		}
	}
}

func checkChallenge(b *bench) {
	if b.Challenge == nil {
		return
	}
	call, want := b.Challenge()
	response, err := b.receiver().Verify(call)
	switch {
	case err != nil:
		b.Errorf("the challenge is refused: %v", err)
	case response == nil:
		b.Errorf("the challenge is not answered")
	case response.Status != 0 && response.Status != http.StatusOK || string(response.Body) != want:
		b.Errorf("the challenge is answered with status %d and %q, want 200 and %q", response.Status, response.Body, want)
	}
}
