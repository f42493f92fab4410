package main

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestFramework asks the framework's server for a function that is not configured.
func TestFramework(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	t.Setenv("HOST", host)
	t.Setenv("PORT", port)
	t.Setenv("FUNCTION_TARGET", "ReturnsCron")
	ended := make(chan error, 1)
	go func() { ended <- run(t.Context()) }()
	address := "http://" + net.JoinHostPort(host, port)
	for {
		answer, err := http.Get(address + "/api")
		if err == nil {
			text, _ := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if string(text) != "Hello world!" {
				t.Fatalf("/api says %q", text)
			}
			break
		}
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	answer, err := http.Post(address+"/", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusInternalServerError {
		t.Errorf("a function without a database answers %s", answer.Status)
	}
}
