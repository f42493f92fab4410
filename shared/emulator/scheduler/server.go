package scheduler

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/grpc"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/chaos"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/oidc"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/push"
)

// Server emulates Cloud Scheduler in memory. Make it with [New]; safe for
// concurrent use.
type Server struct {
	schedulerpb.UnimplementedCloudSchedulerServer

	options Options
	sender  push.Sender
	signer  *oidc.Signer
	dice    chaos.Dice
	grpc    *grpc.Server

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup // the clock's loop and attempts
	wake chan struct{}  // holds one token: look at the jobs again

	mu     sync.Mutex // guards everything below and all jobs
	jobs   map[string]*job
	faults Faults
	stats  Stats
	serial int // jobs created so far
}

// New returns a server without jobs whose clock is running. Its Faults must
// pass their own check: New panics otherwise, as a programming error;
// [Server.SetFaults] returns it.
func New(options Options) *Server {
	options = options.withDefaults()
	signer := oidc.NewSigner(options.OIDCIssuer, options.OIDCKey, options.Now)
	s := &Server{
		options: options,
		sender:  push.Sender{Client: push.NewClient(options.HTTPClient), Token: signer.Token, Now: options.Now},
		signer:  signer,
		dice:    chaos.Dice{Seed: options.Seed},
		grpc:    grpc.NewServer(),
		wake:    make(chan struct{}, 1),
		jobs:    map[string]*job{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if err := s.SetFaults(options.Faults); err != nil {
		panic(fmt.Sprintf("scheduler.New: %v", err))
	}
	s.Register(s.grpc)
	s.work.Add(1)
	go s.run()
	return s
}

// Register adds the service to a gRPC server of the caller's.
func (s *Server) Register(g *grpc.Server) { schedulerpb.RegisterCloudSchedulerServer(g, s) }

// Serve answers gRPC on the listener until Close, then returns nil.
func (s *Server) Serve(lis net.Listener) error {
	if err := s.grpc.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("scheduler emulator: %w", err)
	}
	return nil
}

// Close stops the clock, cancels attempts in flight and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.stop() // under the lock, so that nothing is launched afterwards
	s.mu.Unlock()
	s.grpc.Stop()
	s.work.Wait()
	s.sender.Client.CloseIdleConnections()
	return nil
}

// Poke makes the server look at the clock again; needed only after moving an
// injected one.
func (s *Server) Poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
