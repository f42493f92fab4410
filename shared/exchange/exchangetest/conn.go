package exchangetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
)

// RunConn is the suite that every connection passes. open returns two connected ends
// and the function that ends the first in good order.
func RunConn(t *testing.T, open func(t *testing.T) (a, b exchange.Conn, end func())) {
	t.Run("frames arrive whole and in order, both ways", func(t *testing.T) {
		a, b, _ := open(t)
		var wait sync.WaitGroup
		for _, pair := range [][2]exchange.Conn{{a, b}, {b, a}} {
			from, to := pair[0], pair[1]
			wait.Go(func() {
				for i := range 50 {
					if err := from.Send(t.Context(), bytes.Repeat([]byte{'a' + byte(i%26)}, 1+i*2000)); err != nil {
						t.Error(err)
					}
				}
			})
			wait.Go(func() {
				for i := range 50 {
					got, err := to.Receive(t.Context())
					if err != nil || len(got) != 1+i*2000 || got[len(got)-1] != 'a'+byte(i%26) {
						t.Errorf("frame %d: %d bytes, %v", i, len(got), err)
						return
					}
				}
			})
		}
		wait.Wait()
	})
	t.Run("the largest frame arrives", func(t *testing.T) {
		a, b, _ := open(t)
		sent := make(chan error, 1)
		go func() { sent <- a.Send(t.Context(), bytes.Repeat([]byte{'x'}, exchange.MaxFrame)) }()
		got, err := b.Receive(t.Context())
		if err != nil || len(got) != exchange.MaxFrame || <-sent != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
	t.Run("an end in good order is EOF behind the last frame", func(t *testing.T) {
		a, b, end := open(t)
		if err := a.Send(t.Context(), []byte("last")); err != nil {
			t.Fatal(err)
		}
		go end()
		if got, err := b.Receive(t.Context()); string(got) != "last" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if _, err := b.Receive(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("%v, want EOF", err)
		}
	})
	t.Run("waiting ends with the context", func(t *testing.T) {
		a, _, _ := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := a.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}
