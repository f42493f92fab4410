package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"
)

// profileEnv names the folder that a function's process writes its address into.
const profileEnv = "RETURN_SYNC_BENCH_PROFILE"

// addressFile holds the address at which a function's process gives profiles.
func addressFile(dir, target string) string { return filepath.Join(dir, target+".address") }

// profileChild lets a function's process be profiled, if a folder is given.
func profileChild(dir, target string) {
	if dir == "" || target == "" {
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		err = os.WriteFile(addressFile(dir, target), []byte(listener.Addr().String()), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "no profile of", target+":", err)
		return
	}
	var cpu bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("/begin", func(w http.ResponseWriter, _ *http.Request) {
		cpu.Reset()
		if err := pprof.StartCPUProfile(&cpu); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/cpu", func(w http.ResponseWriter, _ *http.Request) {
		pprof.StopCPUProfile()
		_, _ = w.Write(cpu.Bytes())
	})
	mux.HandleFunc("/allocs", func(w http.ResponseWriter, _ *http.Request) {
		runtime.GC()
		_ = pprof.Lookup("allocs").WriteTo(w, 0)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
}

// beginProfile begins a profile of a function's process. end writes the CPU profile,
// and a profile of all allocations since the process began.
func beginProfile(ctx context.Context, dir, target, subject string) (end func() error, err error) {
	address, err := os.ReadFile(addressFile(dir, target))
	if err != nil {
		return nil, err
	}
	get := func(what string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+string(address)+"/"+what, nil)
		if err != nil {
			return nil, err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s cannot be profiled: %s", target, text)
		}
		return text, errors.Join(err, res.Body.Close())
	}
	_, err = get("begin")
	return func() (err error) {
		for _, what := range []string{"cpu", "allocs"} {
			text, failed := get(what)
			if failed == nil {
				failed = os.WriteFile(filepath.Join(dir, target+"-"+subject+"."+what+".pprof"), text, 0o600)
			}
			err = errors.Join(err, failed)
		}
		return err
	}, err
}
