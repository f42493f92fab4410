package browser

import (
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
)

// clientCalls is how many checks of the two JavaScript clients there are.
const clientCalls = 155

// TestJavaScriptClients makes every documented call of the search API with versions 4 and
// 5 of the JavaScript client. Left out: dictionaries, clusters, vaults and personalisation,
// which the emulator does not have, and copies to another application, whose host the
// client chooses.
func TestJavaScriptClients(t *testing.T) {
	server := algolia.New(algolia.Options{PublishDelay: -1})
	defer func() { _ = server.Close() }()
	listener := httptest.NewServer(server)
	defer listener.Close()
	all(t, "calls.js", map[string]any{"host": strings.TrimPrefix(listener.URL, "http://")}, clientCalls)
}

// googleCalls is how many checks of Google's two clients for node there are.
const googleCalls = 33

// TestGoogleClients makes every documented call with Google's clients for node. Left out:
// rights and locations, which the emulators do not have.
func TestGoogleClients(t *testing.T) {
	queues, jobs := tasks.New(tasks.Options{}), scheduler.New(scheduler.Options{})
	addresses := map[string]any{}
	for name, server := range map[string]interface {
		Serve(net.Listener) error
		Close() error
	}{"tasks": queues, "scheduler": jobs} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = server.Serve(listener) }()
		defer func() { _ = server.Close() }()
		addresses[name] = listener.Addr().String()
	}
	all(t, "google.cjs", addresses, googleCalls)
}

// all runs a script of the clients and demands that all its checks ran and passed.
func all(t *testing.T, script string, config map[string]any, want int) {
	t.Helper()
	passed, failed := Script(t, clients, script, config)
	t.Logf("%s: %d of %d checks pass", script, passed, passed+len(failed))
	for _, line := range failed {
		t.Error(line)
	}
	if passed+len(failed) != want {
		t.Errorf("%d checks ran, want %d", passed+len(failed), want)
	}
}
