package worker

import (
	"context"
	"log/slog"
	"sync"
)

// Status is where a background part of a process stands, with the numbers that callers
// of old know.
type Status int

// The states of a background part.
const (
	Idle     Status = iota
	Running         // a run is under way
	Again           // a run is under way, and another one follows
	Stopping        // the process ends
	Broken          // the last run ended with an error; the next start tries again
)

// String returns the status for people.
func (s Status) String() string {
	return [...]string{"Idle", "Running", "RunningRestartRequested", "Stopping", "Error"}[s]
}

// Background runs one thing at a time. Starts that come during a run make one more run
// of all of them.
type Background struct {
	name string
	run  func(ctx context.Context, stop <-chan struct{}) error
	log  *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	stop   chan struct{}
	wait   sync.WaitGroup

	mu     sync.Mutex
	status Status
	text   string // of the last error
}

// NewBackground returns a background part that is idle.
func NewBackground(name string, log *slog.Logger, run func(ctx context.Context, stop <-chan struct{}) error) *Background {
	ctx, cancel := context.WithCancel(context.Background())
	return &Background{name: name, run: run, log: log, ctx: ctx, cancel: cancel, stop: make(chan struct{})}
}

// Start asks for a run.
func (b *Background) Start() {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.status {
	case Idle, Broken:
		b.status = Running
		b.wait.Go(b.runs)
	case Running:
		b.status = Again
	}
}

// runs runs until no start is left.
func (b *Background) runs() {
	for {
		err := b.run(b.ctx, b.stop)
		b.mu.Lock()
		b.text = ""
		if err != nil {
			b.text = err.Error()
			b.log.Error("a background run failed", "part", b.name, "error", err)
		}
		again := b.status == Again
		switch {
		case again:
			b.status = Running
		case b.status == Stopping:
		case err != nil:
			b.status = Broken
		default:
			b.status = Idle
		}
		b.mu.Unlock()
		if !again {
			return
		}
	}
}

// Status returns the status with its text, and the last error, empty after a good run.
func (b *Background) Status() (status Status, problem string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status, b.text
}

// Stop forgets starts that wait and lets what has begun end, until ctx ends: then it is
// broken off.
func (b *Background) Stop(ctx context.Context) {
	b.mu.Lock()
	if b.status != Stopping {
		b.status = Stopping
		close(b.stop)
	}
	b.mu.Unlock()
	done := make(chan struct{})
	go func() { b.wait.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		b.cancel()
		<-done
	}
	b.cancel()
}
