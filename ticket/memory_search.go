package ticket

import (
	"context"
	"strings"
)

// Search implements Searcher. It reads the messages of one ticket after the other until the page is full. Words are found in any case and as parts of words.
func (m *Memory) Search(ctx context.Context, tenant, query string, page Page) (List[Ticket], error) {
	words := strings.Fields(strings.ToLower(query))
	var out List[Ticket]
	err := m.View(ctx, tenant, func(r Reader) error {
		q := TicketQuery{Newest: true, Page: Page{After: page.After, Limit: 1}}
		for len(words) > 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			tickets, err := r.ListTickets(q)
			if err != nil {
				return err
			}
			for _, t := range tickets.Items {
				found, err := says(r, t.ID, words)
				if err != nil {
					return err
				}
				if found && len(out.Items) == page.limit() {
					out.Next = q.After
					return nil
				}
				if found {
					out.Items = append(out.Items, t)
				}
			}
			if tickets.Next == "" {
				return nil
			}
			q.After = tickets.Next
		}
		return nil
	})
	if err != nil {
		return List[Ticket]{}, err
	}
	return out, nil
}

// says reports whether a message of the ticket has all the words.
func says(r Reader, id ID, words []string) (bool, error) {
	q := MessageQuery{Ticket: id}
	for {
		messages, err := r.ListMessages(q)
		if err != nil {
			return false, err
		}
		for i := range messages.Items {
			if containsAll(strings.ToLower(messages.Items[i].Content.Text), words) {
				return true, nil
			}
		}
		if messages.Next == "" {
			return false, nil
		}
		q.After = messages.Next
	}
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
