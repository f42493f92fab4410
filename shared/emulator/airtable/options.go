package airtable

import "time"

// Base is a base that exists from the start, without tables.
type Base struct {
	ID   string // app and 14 letters or digits
	Name string
}

// Options set up a Server. The zero value works.
type Options struct {
	Token   string        // personal access token; default "patLocal"
	Bases   []Base        // default one: DefaultBase
	Rate    int           // requests of a base in any second; default 5, negative: no limit
	Penalty time.Duration // after one too many; default 30 s, negative: none
	Now     func() time.Time
	Seed    int64 // of faults
}

// DefaultBase is the base that exists where Options names none.
var DefaultBase = Base{ID: "appLocalSYNCbase1", Name: "SYNC"}

// withDefaults fills what was left out.
func (o Options) withDefaults() Options {
	if o.Token == "" {
		o.Token = "patLocal"
	}
	if len(o.Bases) == 0 {
		o.Bases = []Base{DefaultBase}
	}
	if o.Rate == 0 {
		o.Rate = 5
	}
	if o.Penalty == 0 {
		o.Penalty = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
