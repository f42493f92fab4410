package scheduler

import (
	"crypto/rsa"
	"log/slog"
	"net/http"
	"time"
)

// Options configure a Server. The zero value is a faithful, fault-free one on
// the real clock.
type Options struct {
	// Now is the clock of ticks, backoffs and tokens; default time.Now.
	// After moving an injected clock call [Server.Poke].
	Now func() time.Time
	// HTTPClient gives transport and timeout of the pushed requests; its
	// redirect policy is replaced, because redirects are not followed.
	HTTPClient *http.Client
	// Logger takes one line an attempt that failed; default discards.
	Logger *slog.Logger
	// Seed decides faults and the ids of unnamed jobs.
	Seed int64
	// Faults are on from the start; the zero value has none.
	Faults Faults
	// OIDCIssuer is the issuer in tokens; default https://accounts.google.com.
	OIDCIssuer string
	// OIDCKey signs the tokens, so that two emulators can have one issuer; without
	// one the emulator makes its own.
	OIDCKey *rsa.PrivateKey
	// Every, if positive, replaces the schedule of every job: ticks come at
	// multiples of it since the Unix epoch. An extension of the emulator
	// for rehearsals: crontab cannot tick faster than once a minute.
	Every time.Duration
}
