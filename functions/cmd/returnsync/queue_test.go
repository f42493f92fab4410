package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
)

// TestSyncSendsToCloudTasks ticks with the parts that the program really has,
// against an emulator: the window task arrives where WINDOW_URL says.
func TestSyncSendsToCloudTasks(t *testing.T) {
	arrived := make(chan string, 1)
	window := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived <- r.URL.Path }))
	defer window.Close()
	host := emulator(t)
	dsn, _ := database(t, 0)
	d := surroundings(t, env{"SOURCE_DSN": dsn})
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "sync", "--tasks-emulator", host, "--tasks-location", "projects/p/locations/l", "--window-url", window.URL+"/window").
		expect(t, exitOK, []string{"returns: claimed"}, nil)
	select {
	case path := <-arrived:
		if path != "/window" {
			t.Error(path)
		}
	case <-time.After(20 * time.Second):
		t.Error("the window task did not arrive")
	}
}

// emulator starts an emulator of Cloud Tasks with the window's queue and returns
// its host:port.
func emulator(t *testing.T) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := tasks.New(tasks.Options{})
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(lis) }()
	sender, err := cloudtasks.Open(t.Context(), cloudtasks.Config{Parent: "projects/p/locations/l", Emulator: lis.Addr().String()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	if err := sender.EnsureQueue(t.Context(), wire.QueueSync, nil, nil); err != nil {
		t.Fatal(err)
	}
	return lis.Addr().String()
}
