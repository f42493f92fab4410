package mssql

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	driver "github.com/microsoft/go-mssqldb"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// TestCallThatIsOver judges whatever the driver says of a call that ran out of time or
// that nobody waits for: neither is final, and only the server's own numbers say more.
func TestCallThatIsOver(t *testing.T) {
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if own := judge(late, fault.Wrap(context.DeadlineExceeded, fault.Misconfigured, "studio-schema", "a row"), "read"); fault.CodeOf(own) != "timeout" {
		t.Errorf("a row that ended with its call: %v", own)
	}
	for name, c := range map[string]struct {
		err  error
		code string // while the call is not over
	}{
		"no confirmation":  {errors.New("Invalid TDS stream: did not get cancellation confirmation from the server"), "studio-lost"},
		"end of stream":    {io.ErrUnexpectedEOF, "studio-lost"},
		"bad connection":   {sqldriver.ErrBadConn, "studio-lost"},
		"closed":           {net.ErrClosed, "studio-lost"},
		"no number":        {driver.Error{Message: "cancelled"}, "studio-lost"},
		"unknown number":   {driver.Error{Number: 3617, Class: 11, Message: "cancelled"}, "studio-refused"},
		"the server's own": {driver.Error{Number: 596, Class: 21, Message: "the session is killed"}, "studio-trouble"},
		"dead-lock":        {driver.Error{Number: 1205, Class: 13, Message: "dead-lock"}, "studio-deadlock"},
	} {
		known := c.code == "studio-deadlock"
		for _, call := range []struct {
			ctx  context.Context
			code string
		}{{t.Context(), c.code}, {late, "timeout"}, {stopped, "studio-stopped"}} {
			if known {
				call.code = c.code
			}
			err := judge(call.ctx, c.err, "read")
			if fault.CodeOf(err) != call.code || !strings.Contains(err.Error(), c.err.Error()) || call.ctx.Err() != nil && !fault.Retryable(err) {
				t.Errorf("%s, %v: %v (%s), want %s", name, call.ctx.Err(), err, fault.CodeOf(err), call.code)
			}
		}
	}
}
