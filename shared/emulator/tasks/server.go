package tasks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/chaos"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/oidc"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/push"
)

// Server emulates Cloud Tasks in memory. Make it with [New]; safe for
// concurrent use.
type Server struct {
	cloudtaskspb.UnimplementedCloudTasksServer

	options Options
	sender  push.Sender
	signer  *oidc.Signer
	dice    chaos.Dice
	grpc    *grpc.Server

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup // queue loops and deliveries

	mu     sync.Mutex // guards everything below and all queues and tasks
	queues map[string]*queue
	taken  takenNames
	faults Faults
	stats  Stats
	serial int           // tasks created so far
	busy   int           // tasks alive plus duplicate deliveries under way
	idle   chan struct{} // closed while busy is 0
}

// New returns a server without queues. Its Faults must pass their own check:
// New panics otherwise, as a programming error; [Server.SetFaults] returns it.
func New(options Options) *Server {
	options = options.withDefaults()
	signer := oidc.NewSigner(options.OIDCIssuer, options.OIDCKey, options.Now)
	s := &Server{
		options: options,
		sender:  push.Sender{Client: push.NewClient(options.HTTPClient), Token: signer.Token, Now: options.Now},
		signer:  signer,
		dice:    chaos.Dice{Seed: options.Seed},
		grpc:    grpc.NewServer(),
		queues:  map[string]*queue{},
		taken:   takenNames{keep: options.DedupeFor, until: map[string]int64{}},
		idle:    make(chan struct{}),
	}
	close(s.idle)
	s.ctx, s.stop = context.WithCancel(context.Background())
	if err := s.SetFaults(options.Faults); err != nil {
		panic(fmt.Sprintf("tasks.New: %v", err))
	}
	s.Register(s.grpc)
	return s
}

// Register adds the service to a gRPC server of the caller's.
func (s *Server) Register(g *grpc.Server) { cloudtaskspb.RegisterCloudTasksServer(g, s) }

// Serve answers gRPC on the listener until Close, then returns nil.
func (s *Server) Serve(lis net.Listener) error {
	if err := s.grpc.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("tasks emulator: %w", err)
	}
	return nil
}

// Close stops dispatching, cancels what is in flight and waits for it.
func (s *Server) Close() error {
	s.mu.Lock()
	s.stop() // under the lock, so that nothing is launched afterwards
	s.mu.Unlock()
	s.grpc.Stop()
	s.work.Wait()
	s.sender.Client.CloseIdleConnections()
	return nil
}

// Poke makes every queue look at the clock again; needed only after moving an
// injected one.
func (s *Server) Poke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		q.poke()
	}
}

// Wait returns nil when no task is waiting or running, or the context's error.
// Tasks of paused queues and tasks scheduled for later count as waiting.
func (s *Server) Wait(ctx context.Context) error {
	for {
		s.mu.Lock()
		idle, busy := s.idle, s.busy
		s.mu.Unlock()
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
