// Package life is the common life cycle of the emulators of Cloud Tasks and Cloud
// Scheduler: start, stop, pushed requests, faults, and the control page.
package life

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/chaos"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/control"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/oidc"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/push"
)

// Config are the options that the emulators have in common; the Options of each emulator
// document the fields.
type Config[F any] struct {
	Name       string // of the emulator, in errors
	Now        func() time.Time
	HTTPClient *http.Client
	Logger     *slog.Logger
	Seed       int64
	OIDCIssuer string
	OIDCKey    *rsa.PrivateKey
	Faults     F
	Check      func(F) error // refuses faults that cannot be drawn
}

// Life is the life of an emulator whose faults are an F. Make it with New.
type Life[F any] struct {
	Now    func() time.Time
	Logger *slog.Logger
	Dice   chaos.Dice
	GRPC   *grpc.Server
	Ctx    context.Context // ends with Close
	Work   sync.WaitGroup  // loops and deliveries, for which Close waits

	Mu     sync.Mutex // guards the fields below and all of the emulator's state
	Chosen F          // the faults that are on
	struck map[string]int

	name   string
	check  func(F) error
	sender push.Sender
	signer *oidc.Signer
	stop   context.CancelFunc
}

// New returns a life. It panics on faults that the check refuses, as on a programming
// error.
func New[F any](c Config[F]) *Life[F] {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	signer := oidc.NewSigner(c.OIDCIssuer, c.OIDCKey, c.Now)
	l := &Life[F]{
		Now: c.Now, Logger: c.Logger, Dice: chaos.Dice{Seed: c.Seed}, GRPC: grpc.NewServer(), struck: map[string]int{},
		name: c.Name, check: c.Check, signer: signer,
		sender: push.Sender{Client: push.NewClient(c.HTTPClient), Token: signer.Token, Now: c.Now},
	}
	l.Ctx, l.stop = context.WithCancel(context.Background())
	if err := l.SetFaults(c.Faults); err != nil {
		panic(fmt.Sprintf("%s.New: %v", c.Name, err))
	}
	return l
}

// Serve answers gRPC on the listener until Close, then returns nil.
func (l *Life[F]) Serve(lis net.Listener) error {
	if err := l.GRPC.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("%s emulator: %w", l.name, err)
	}
	return nil
}

// Close stops dispatching, cancels the requests in flight and waits for them.
func (l *Life[F]) Close() error {
	l.Mu.Lock()
	l.stop() // under the lock, so that nothing is launched afterwards
	l.Mu.Unlock()
	l.GRPC.Stop()
	l.Work.Wait()
	l.sender.Client.CloseIdleConnections()
	return nil
}

// Send pushes a request, which Close cancels.
func (l *Life[F]) Send(call push.Call) push.Outcome { return l.sender.Send(l.Ctx, call) }

// SendAgain pushes a copy of a request after a delay, ignores its answer, and calls
// ended, with the lock held. The lock is held by the caller, too.
func (l *Life[F]) SendAgain(call push.Call, delay time.Duration, ended func()) {
	call.Header = call.Header.Clone() // sending sets headers
	l.Work.Add(1)
	go func() {
		defer l.Work.Done()
		select {
		case <-time.After(delay):
			l.Send(call)
		case <-l.Ctx.Done():
		}
		l.Mu.Lock()
		defer l.Mu.Unlock()
		ended()
	}()
}

// Strike counts a fault that struck. The lock is held.
func (l *Life[F]) Strike(fault string) { l.struck[fault]++ }

// Struck returns how often each fault struck, nil before the first. The lock is held.
func (l *Life[F]) Struck() map[string]int {
	if len(l.struck) == 0 {
		return nil
	}
	return maps.Clone(l.struck)
}

// Faults returns the faults that are on.
func (l *Life[F]) Faults() F {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	return l.Chosen
}

// SetFaults replaces all faults; requests that are planned keep the old ones. A
// probability outside [0, 1] is an error that names its field.
func (l *Life[F]) SetFaults(faults F) error {
	if err := l.check(faults); err != nil {
		return err
	}
	l.Mu.Lock()
	defer l.Mu.Unlock()
	l.Chosen = faults
	return nil
}

// IdentityToken returns the token that a request as a service account would carry, for
// calls by hand.
func (l *Life[F]) IdentityToken(account, audience string) (string, error) {
	return l.signer.Token(account, audience)
}

// Page returns the control page.
func (l *Life[F]) Page(stats func() any) *http.ServeMux {
	return control.Door[F]{Faults: l.Faults, SetFaults: l.SetFaults, Stats: stats, Keys: l.signer}.Handler()
}
