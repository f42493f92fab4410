package odoo

import (
	"context"
	"time"
)

// Options are those of an emulator. The zero Options are one with the default models.
type Options struct {
	Database string // empty is "odoo"
	User     string // empty is "sosync"
	Password string // empty is "sosync"
	Models   []Model
	Seed     int64 // of the faults
	FirstID  int64 // ids begin behind it, so that those of two systems differ
	Now      func() time.Time
	// Deliver hands a transfer job over; it is tried until it returns nil. Nil keeps the
	// jobs for Jobs.
	Deliver func(ctx context.Context, job map[string]any) error
	// Wrote is called after each create or write of the synchronisation: one whose context
	// forbids transfer jobs. It must neither block nor call the server.
	Wrote func(Written)
}

// withDefaults fills in what is missing.
func (o Options) withDefaults() Options {
	for _, one := range []struct {
		into  *string
		value string
	}{{&o.Database, "odoo"}, {&o.User, "sosync"}, {&o.Password, "sosync"}} {
		if *one.into == "" {
			*one.into = one.value
		}
	}
	if o.Models == nil {
		o.Models = DefaultModels()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
