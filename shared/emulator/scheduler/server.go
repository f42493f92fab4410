package scheduler

import (
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/grpc"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/life"
)

// Server emulates Cloud Scheduler in memory. Make it with [New]; safe for
// concurrent use.
type Server struct {
	schedulerpb.UnimplementedCloudSchedulerServer

	*life.Life[Faults]
	options Options
	wake    chan struct{} // holds one token: look at the jobs again

	// Guarded by Life.Mu, as all jobs.
	jobs   map[string]*job
	stats  Stats
	serial int // jobs created so far
}

// New returns a server without jobs whose clock is running. Its Faults must
// pass their own check: New panics otherwise, as on a programming
// error; SetFaults returns the error.
func New(options Options) *Server {
	s := &Server{
		Life: life.New(life.Config[Faults]{
			Name: "scheduler", Now: options.Now, HTTPClient: options.HTTPClient, Logger: options.Logger, Seed: options.Seed,
			OIDCIssuer: options.OIDCIssuer, OIDCKey: options.OIDCKey, Faults: options.Faults, Check: Faults.check,
		}),
		options: options,
		wake:    make(chan struct{}, 1),
		jobs:    map[string]*job{},
	}
	s.Register(s.GRPC)
	s.Work.Add(1)
	go s.run()
	return s
}

// Register adds the service to a gRPC server of the caller's.
func (s *Server) Register(g *grpc.Server) { schedulerpb.RegisterCloudSchedulerServer(g, s) }

// Poke makes the server look at the clock again; needed only after moving an
// injected one.
func (s *Server) Poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
