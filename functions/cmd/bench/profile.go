package main

import (
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

// profileEnv names the folder that a function's process writes profiles into.
const profileEnv = "RETURN_SYNC_BENCH_PROFILE"

// addressFile is where a function's process writes the address that begins and ends
// a profile.
func addressFile(dir, target string) string { return filepath.Join(dir, target+".address") }

// profileChild lets a function's process be profiled, if that is wanted.
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
	p := &profiler{dir: dir, target: target}
	mux := http.NewServeMux()
	mux.HandleFunc("/begin", p.answer(p.begin))
	mux.HandleFunc("/end", p.answer(p.end))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
}

// profiler writes profiles of its own process.
type profiler struct {
	dir, target string
	cpu         *os.File
}

// answer makes a handler of a step.
func (p *profiler) answer(step func(subject string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := step(filepath.Base(r.FormValue("subject"))); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// begin begins a CPU profile.
func (p *profiler) begin(subject string) (err error) {
	if p.cpu, err = os.Create(filepath.Join(p.dir, p.target+"-"+subject+".cpu.pprof")); err != nil {
		return err
	}
	return pprof.StartCPUProfile(p.cpu)
}

// end ends it and writes what was allocated since the process began.
func (p *profiler) end(subject string) error {
	pprof.StopCPUProfile()
	runtime.GC()
	allocs, err := os.Create(filepath.Join(p.dir, p.target+"-"+subject+".allocs.pprof"))
	if err != nil {
		return errors.Join(err, p.cpu.Close())
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(allocs, 0), allocs.Close(), p.cpu.Close())
}

// beginProfile begins a profile of a function's process; end ends it.
func beginProfile(ctx context.Context, dir, target, subject string) (end func() error, err error) {
	address, err := os.ReadFile(addressFile(dir, target))
	if err != nil {
		return nil, err
	}
	call := func(step string) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+string(address)+"/"+step+"?subject="+subject, nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s could not be profiled: %s", target, text)
		}
		return errors.Join(err, res.Body.Close())
	}
	return func() error { return call("end") }, call("begin")
}
