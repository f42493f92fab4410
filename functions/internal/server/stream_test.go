package server_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
)

// TestAnOpenPageHoldsNothingUp ends the program behind a console's stream: the
// stream ends at once and the program in order, long before its time is up.
func TestAnOpenPageHoldsNothingUp(t *testing.T) {
	vars := complete(localdbtest.New(t), "http://127.0.0.1:1")
	vars["FUNCTION_TARGET"], vars["DRAIN_SECONDS"] = console.Function.Name, "60"
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- server.Run(ctx, environment(vars), func(a net.Addr) { ready <- a }) }()
	var address string
	select {
	case a := <-ready:
		address = a.String()
	case err := <-ended:
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", token(t, "acme", time.Now().Add(time.Hour)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "event: ") {
	}
	began := time.Now()
	stop()
	for lines.Scan() {
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the end took %v", took)
	}
}
