package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// faultDoor is where an emulator takes its faults.
type faultDoor struct {
	handler http.Handler
	path    string
	header  http.Header // authentication
}

// apply sets the faults of a --faults flag, a file or the JSON itself; an
// empty one sets none.
func (d faultDoor) apply(flag string) error {
	if flag == "" {
		return nil
	}
	body := []byte(flag)
	if !strings.HasPrefix(strings.TrimSpace(flag), "{") {
		read, err := os.ReadFile(flag)
		if err != nil {
			return fmt.Errorf("--faults: %w; give a file or JSON that begins with {", err)
		}
		body = read
	}
	request, err := http.NewRequest(http.MethodPut, d.path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("--faults: %w", err)
	}
	if d.header != nil {
		request.Header = d.header
	}
	request.Header.Set("Content-Type", "application/json")
	answer := &answer{header: http.Header{}, code: http.StatusOK}
	d.handler.ServeHTTP(answer, request)
	if answer.code != http.StatusOK {
		return fmt.Errorf("--faults was refused: %s", strings.TrimSpace(answer.body.String()))
	}
	return nil
}

// answer keeps the response of a handler that is called in-process.
type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// Header is part of http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader is part of http.ResponseWriter.
func (a *answer) WriteHeader(code int) { a.code = code }

// Write is part of http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
