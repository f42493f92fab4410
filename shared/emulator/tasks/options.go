package tasks

import (
	"crypto/rsa"
	"log/slog"
	"net/http"
	"time"
)

// Options configure a Server. The zero value is a faithful, fault-free one on
// the real clock.
type Options struct {
	// Now is the clock of schedule times, backoffs, rates, deduplication and
	// tokens; default time.Now. After moving an injected clock call
	// [Server.Poke].
	Now func() time.Time
	// HTTPClient gives transport and timeout of the pushed requests; its
	// redirect policy is replaced, because redirects are not followed.
	HTTPClient *http.Client
	// Logger takes one line an attempt that failed; default discards.
	Logger *slog.Logger
	// Seed decides faults and the ids of unnamed tasks.
	Seed int64
	// Faults are on from the start; the zero value has none.
	Faults Faults
	// OIDCIssuer is the issuer in tokens; default https://accounts.google.com.
	OIDCIssuer string
	// OIDCKey signs the tokens, so that two emulators can have one issuer; without
	// one the emulator makes its own.
	OIDCKey *rsa.PrivateKey
	// DedupeFor is how long the name of a task that is gone stays taken;
	// default one hour.
	DedupeFor time.Duration
}

func (o Options) withDefaults() Options {
	if o.DedupeFor == 0 {
		o.DedupeFor = time.Hour
	}
	return o
}
