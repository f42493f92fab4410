package tasks

import (
	"context"
	"fmt"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/life"
)

// Server emulates Cloud Tasks in memory. Make it with [New]; safe for
// concurrent use.
type Server struct {
	cloudtaskspb.UnimplementedCloudTasksServer

	*life.Life[Faults]
	options Options

	// Guarded by Life.Mu, as all queues and tasks.
	queues  map[string]*queue
	deleted map[string]bool // names of queues that were deleted and not created again
	taken   takenNames
	stats   Stats
	serial  int           // tasks created so far
	busy    int           // tasks alive plus duplicate deliveries under way
	idle    chan struct{} // closed while busy is 0
}

// New returns a server without queues. Its Faults must pass their own check:
// New panics otherwise, as on a programming error; SetFaults returns the error.
func New(options Options) *Server {
	options = options.withDefaults()
	s := &Server{
		Life: life.New(life.Config[Faults]{
			Name: "tasks", Now: options.Now, HTTPClient: options.HTTPClient, Logger: options.Logger, Seed: options.Seed,
			OIDCIssuer: options.OIDCIssuer, OIDCKey: options.OIDCKey, Faults: options.Faults, Check: Faults.check,
		}),
		options: options,
		queues:  map[string]*queue{},
		deleted: map[string]bool{},
		taken:   takenNames{keep: options.DedupeFor, until: map[string]int64{}},
		idle:    make(chan struct{}),
	}
	close(s.idle)
	s.Register(s.GRPC)
	return s
}

// Register adds the service to a gRPC server of the caller's.
func (s *Server) Register(g *grpc.Server) { cloudtaskspb.RegisterCloudTasksServer(g, s) }

// Poke makes every queue look at the clock again; needed only after moving an
// injected one.
func (s *Server) Poke() {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, q := range s.queues {
		q.poke()
	}
}

// Wait returns nil when no task is waiting or running, or the context's error.
// Tasks of paused queues and tasks scheduled for later count as waiting.
func (s *Server) Wait(ctx context.Context) error {
	for {
		s.Mu.Lock()
		idle, busy := s.idle, s.busy
		s.Mu.Unlock()
		if busy == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("tasks emulator: %d tasks are still waiting or running: %w", busy, ctx.Err())
		}
	}
}

// count adds to the number of things that Wait waits for. The lock is held.
func (s *Server) count(change int) {
	if s.busy == 0 && change > 0 {
		s.idle = make(chan struct{})
	}
	s.busy += change
	if s.busy == 0 && change < 0 {
		close(s.idle)
	}
}
