package ticket

import "time"

// Task is something to do later: a deadline to watch, a post to send, a CRM to sync, a source to poll.
type Task struct {
	// ID names the task. Scheduling an ID again replaces due time and payload and clears Attempts; while it is claimed, it becomes due again after it is finished.
	// It keeps its place among the tasks of its key; a dead letter, and a task whose Queue or Key changes, goes to the end.
	ID string `json:"id"`
	// Kind says what to do; the Desk's dispatcher reads it.
	Kind string `json:"kind"`
	// Queue groups tasks that can be paused together, for example "send/facebook/1234".
	Queue string `json:"queue"`
	// Key orders: of the tasks of one queue and one key only the one scheduled first can be claimed. Empty: no order.
	Key string `json:"key,omitempty"`
	// Due is the earliest time at which to do it.
	Due time.Time `json:"due"`
	// Payload is for whoever does it.
	Payload []byte `json:"payload,omitempty"`
	// Attempts counts how often it was claimed and put back with a reason; LastError is the latest one. These and Dead are the Store's: Schedule clears them.
	Attempts  int    `json:"attempts,omitempty"`
	LastError string `json:"last_error,omitempty"`
	// Dead is set on a dead letter: it is kept, listed, no longer done, and no longer blocks its key.
	Dead bool `json:"dead,omitempty"`
}

// Serves reports whether a task that waits, neither claimed nor a dead letter, is as good as another one of its ID: Tx.Ensure leaves it as it is then.
func (t *Task) Serves(other *Task) bool {
	return !t.Dead && t.Queue == other.Queue && t.Key == other.Key && !t.Due.After(other.Due)
}

// Lease is a claimed task. Until it is finished, put back, or Until has passed by the Store's clock, nobody else can claim the task or a later one of its key.
type Lease struct {
	Task
	// Token grows with each claim of the task; a lease with an older token is stale.
	Token int64
	// Until is when the lease ends by the Store's clock.
	Until time.Time
}

// ClaimQuery says which tasks to claim.
type ClaimQuery struct {
	// Now decides what is due: tasks with Due at or before it.
	Now time.Time
	// Queues limits the claim to these queues; empty: all.
	Queues []string
	// Limit is how many at most; 0 means 1.
	Limit int
	// Lease is how long the claimer may take; 0 means a minute.
	Lease time.Duration
}

// TaskQuery says which tasks to list.
type TaskQuery struct {
	Queue string // empty: all queues
	Dead  bool   // dead letters, else those still to do, claimed ones included
	Page
}

// QueuePause says that nothing of a queue can be claimed.
type QueuePause struct {
	Queue string `json:"queue"`
	// Until is when it ends by itself, compared with ClaimQuery.Now; zero: only by ResumeQueue.
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
}
