package replay_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/replay"
)

// conversations makes messages of customers in threads, a quarter of them answered.
func conversations(messages int) []replay.Step {
	random := rand.New(rand.NewPCG(1, 2))
	var steps []replay.Step
	for i := range messages {
		minute := i / 4
		id, author, parent := fmt.Sprintf("m%d", i), fmt.Sprintf("customer-%d", random.IntN(messages/2)), ""
		if i > 0 && random.IntN(3) == 0 {
			before := steps[random.IntN(len(steps))].Event
			if before.Kind == channel.MessageReceived {
				author, parent = before.Message.Author.ID, before.Message.Thread
			}
		}
		steps = append(steps, step(channel.MessageReceived, id, author, parent, minute))
		if random.IntN(4) == 0 {
			steps = append(steps, step(channel.MessageEchoed, "e"+id, "acme", id, minute+random.IntN(200)))
		}
	}
	return steps
}

func BenchmarkReplay(b *testing.B) {
	const messages = 10_000
	steps := conversations(messages)
	for _, c := range []struct {
		name    string
		options replay.Options
	}{
		{"as it was", replay.Options{}},
		{"redelivered", replay.Options{Redeliver: 1}},
		{"40 agents", replay.Options{Agents: 40}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := replay.Run(context.Background(), steps, c.options); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(messages*b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
