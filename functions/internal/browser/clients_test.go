package browser

import (
	"net/http/httptest"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// clientCalls is how many checks of the two JavaScript clients there are.
const clientCalls = 85

// TestJavaScriptClients makes every documented call of the search API with versions 4 and
// 5 of the JavaScript client. Left out: dictionaries, clusters, vaults and personalisation,
// which the emulator does not have, and copies to another application, whose host the
// client chooses.
func TestJavaScriptClients(t *testing.T) {
	server := algolia.New(algolia.Options{PublishDelay: -1})
	defer func() { _ = server.Close() }()
	listener := httptest.NewServer(server)
	defer listener.Close()
	passed, failed := Script(t, clients, "calls.js", map[string]any{"host": strings.TrimPrefix(listener.URL, "http://")})
	t.Logf("%d of %d calls pass", passed, passed+len(failed))
	for _, line := range failed {
		t.Error(line)
	}
	if passed+len(failed) != clientCalls {
		t.Errorf("%d calls ran, want %d", passed+len(failed), clientCalls)
	}
}
