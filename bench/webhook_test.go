package bench

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel/channeltest"
)

// BenchmarkWebhook takes in signed webhook calls over HTTP, one event each, from 64 senders that keep their connections, on PostgreSQL; each is answered 200 once it is
// stored. Between them pgbench commits transactions on the same server. "share" is messages a second by pgbench's transactions a second, "p99-ratio" is how
// many times as long as pgbench's the slowest hundredth takes at least.
func BenchmarkWebhook(b *testing.B) {
	const senders, messages = 64, 8000
	server := startServer(b)
	shop := openShop(b, openStore(b, connect(b, server.DSN, 16, nil), nil), "")
	host := httptest.NewServer(shop.Webhooks())
	b.Cleanup(host.Close)
	call := func(first, last int) (took []time.Duration, all time.Duration) {
		calls := make([][]byte, 0, last-first) // made beforehand: that the platform signs is no part of it
		for n := first; n < last; n++ {
			calls = append(calls, wire(b, host, shop, n, first+(n-first)%(messages/5))) // five messages to a conversation
		}
		return send(b, host.Listener.Addr().String(), senders, calls)
	}
	call(0, 1000)
	pgbench(b, server.DSN, time.Second)
	var desks, bare, desk time.Duration
	var took, tookBare []time.Duration
	next := 1000
	for b.Loop() {
		begun := time.Now()
		tookBare = append(tookBare, pgbench(b, server.DSN, 4*time.Second)...)
		bare += min(time.Since(begun), 4*time.Second)
		var some []time.Duration
		some, desk = call(next, next+messages)
		took, desks, next = append(took, some...), desks+desk, next+messages
	}
	speed, bareSpeed := float64(len(took))/desks.Seconds(), float64(len(tookBare))/bare.Seconds()
	b.ReportMetric(speed, "messages/s")
	b.ReportMetric(bareSpeed, "pgbench/s")
	b.ReportMetric(speed/bareSpeed, "share")
	b.ReportMetric(p99(took).Seconds()*1000, "p99-ms")
	b.ReportMetric(p99(tookBare).Seconds()*1000, "pgbench-p99-ms")
	b.ReportMetric(p99(took).Seconds()/p99(tookBare).Seconds(), "p99-ratio")
}

// wire is a webhook call of one message as it goes over the connection.
func wire(b testing.TB, host *httptest.Server, s *shop, n, conversation int) []byte {
	var call bytes.Buffer
	if err := channeltest.NewRequest(host.URL, s.platform.CallFor(s.message(n, conversation))).Write(&call); err != nil {
		b.Fatal(err)
	}
	return call.Bytes()
}

// send makes the calls, each sender one after the other on a connection of its own, and returns how long each and all together took.
func send(b testing.TB, address string, senders int, calls [][]byte) (took []time.Duration, all time.Duration) {
	b.Helper()
	took = make([]time.Duration, len(calls))
	conns := make([]net.Conn, senders)
	for i := range conns {
		var err error
		if conns[i], err = net.Dial("tcp", address); err != nil {
			b.Fatal(err)
		}
		defer conns[i].Close()
	}
	begun := time.Now()
	var running sync.WaitGroup
	for sender, conn := range conns {
		running.Go(func() {
			answers := bufio.NewReader(conn)
			for i := sender; i < len(calls); i += senders {
				sent := time.Now()
				if _, err := conn.Write(calls[i]); err != nil {
					b.Error(err)
					return
				}
				answer, err := http.ReadResponse(answers, nil)
				if err != nil || answer.StatusCode != http.StatusOK {
					b.Error(answer, err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				took[i] = time.Since(sent)
			}
		})
	}
	running.Wait()
	return took, time.Since(begun)
}
