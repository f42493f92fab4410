package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// endpoint is one port of an emulator.
type endpoint struct {
	name   string // for people
	scheme string // before the address when it is printed
	flag   string // that chooses the port
	port   int
	serve  func(net.Listener) error
	stop   func() error
}

// listen opens the port on loopback.
func (e endpoint) listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(e.port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d for %s is in use: stop the program that has it, or choose another port with %s", e.port, e.name, e.flag)
	}
	if err != nil {
		return nil, fmt.Errorf("port %d for %s: %w; choose another with %s", e.port, e.name, err, e.flag)
	}
	return listener, nil
}

// serveWeb serves an emulator over HTTP on one port until the command's context ends.
func serveWeb(c *cobra.Command, name string, port int, handler http.Handler) error {
	web := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return serveAll(c, endpoint{
		name: name, scheme: "http://", flag: "--port", port: port,
		serve: func(l net.Listener) error { return web.Serve(l) }, stop: web.Close,
	})
}

// serveAll opens every endpoint, prints where they are, and serves until the
// command's context ends, which is not an error.
func serveAll(c *cobra.Command, endpoints ...endpoint) error {
	listeners := make([]net.Listener, 0, len(endpoints))
	for _, e := range endpoints {
		listener, err := e.listen()
		if err != nil {
			for _, opened := range listeners {
				opened.Close()
			}
			return err
		}
		listeners = append(listeners, listener)
	}
	group, ctx := errgroup.WithContext(c.Context())
	for i, e := range endpoints {
		fmt.Fprintf(c.OutOrStdout(), "%s: %s%s\n", e.name, e.scheme, listeners[i].Addr())
		group.Go(func() error {
			err := e.serve(listeners[i])
			if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
				return nil
			}
			return err
		})
		group.Go(func() error {
			<-ctx.Done()
			return e.stop()
		})
	}
	return group.Wait()
}
