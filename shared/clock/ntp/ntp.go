// Package ntp asks NTP servers for the time.
package ntp

import (
	"context"
	"fmt"
	"time"

	"github.com/beevik/ntp"
)

// Server is an NTP server.
type Server struct {
	Address string        // host or host:port
	Timeout time.Duration // of one question; 0 means 500 ms
}

// Offset implements clock.Source.
func (s Server) Offset(ctx context.Context) (time.Duration, error) {
	if s.Timeout == 0 {
		s.Timeout = 500 * time.Millisecond
	}
	type answer struct {
		offset time.Duration
		err    error
	}
	answered := make(chan answer, 1)
	go func() { // the library knows no context; its time-out ends it
		r, err := ntp.QueryWithOptions(s.Address, ntp.QueryOptions{Timeout: s.Timeout})
		if err == nil {
			err = r.Validate()
		}
		if err != nil {
			answered <- answer{err: fmt.Errorf("the NTP server %s: %w", s.Address, err)}
			return
		}
		answered <- answer{offset: r.ClockOffset}
	}()
	select {
	case a := <-answered:
		return a.offset, a.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
