// Package control is the plain HTTP control page of the task and scheduler emulators:
// faults are read and set, counters read, keys fetched.
package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

const maxBody = 1 << 20

// Door is the content of an emulator's control page. F is its set of faults.
type Door[F any] struct {
	Faults    func() F
	SetFaults func(F) error
	Stats     func() any
	Keys      http.Handler
}

// Handler serves GET and PUT /faults, GET /stats and GET /tokens/jwks. A PUT
// replaces all faults: those that the body leaves out are off.
func (d Door[F]) Handler() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { Write(w, d.Faults()) })
	mux.HandleFunc("PUT /faults", d.putFaults)
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { Write(w, d.Stats()) })
	mux.Handle("GET /tokens/jwks", d.Keys)
	return mux
}

func (d Door[F]) putFaults(w http.ResponseWriter, r *http.Request) {
	var faults F
	err := Decode(http.MaxBytesReader(w, r.Body, maxBody), &faults)
	if err == nil {
		err = d.SetFaults(faults)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	Write(w, d.Faults())
}

// Decode reads one JSON value and refuses unknown fields and anything after it.
func Decode(r io.Reader, into any) error {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("faults: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("faults: one JSON object is expected, more follows it")
	}
	return nil
}

// Write answers with a value as indented JSON.
func Write(w http.ResponseWriter, value any) {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, '\n'))
}
