package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/health"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
)

// anew clears a terminal: to the first line, and away with what stands below.
const anew = "\x1b[H\x1b[2J"

// watchStatus prints the report again and again until ctx ends. A look that
// fails is shown in its place, and the next may do better.
func (s *session) watchStatus(ctx context.Context, look func(context.Context) (health.Report, error)) error {
	terminal := progress.IsTerminal(s.out)
	for {
		r, err := look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var frame bytes.Buffer
		if terminal {
			frame.WriteString(anew)
		}
		if err != nil {
			_, _ = fmt.Fprintf(&frame, "The status cannot be read: %v\nTrying again; Ctrl-C ends.\n", err)
		} else if err := printStatus(&frame, r); err != nil {
			return err
		}
		if !terminal {
			frame.WriteString("\n")
		}
		if _, err := s.out.Write(frame.Bytes()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.poll):
		}
	}
}
