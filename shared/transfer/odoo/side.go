// Package odoo is the online side of transfers: an Odoo that is called by XML-RPC.
//
//	POST /xmlrpc/2/common  login(database, user, password) -> the user's id, false if refused
//	POST /xmlrpc/2/object  execute_kw(database, id, password, model, method, args, kwargs)
//
// Odoo's manners: an empty field is false, a record is [id, name] where a field refers to
// one, several records are written as [[6, false, ids]], and times are texts in UTC.
// Every write has create_sync_job = false in its context, so that Odoo posts no transfer
// job for it.
//
// Odoo has no write under a condition. The side reads the record's dates and then writes:
// an edit between these two calls is overwritten. The edit's own transfer job then finds
// both sides with one date. The window is one round trip, and nothing in Odoo's API closes
// it.
package odoo

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// The fields of the synchronisation.
const (
	foreignField    = "sosync_fs_id"
	dateField       = "sosync_write_date"
	versionField    = "sosync_synced_version"
	changedField    = "write_date"
	protocolModel   = "sosync.job" // copies of transfer jobs, without dates of their own
	protocolForeign = "job_id"
)

// Config says where an Odoo is and what is read of it.
type Config struct {
	URL      string // such as https://online.example
	Database string
	User     string
	Password string
	Language string // of the context; empty is de_DE
	// Fields are those of each model that are read. Of a model without an entry all are
	// read, except for files and lists of records that refer to it.
	Fields map[string][]string
	// Attempts is how often a read is tried while Odoo does not answer; 0 is 1.
	Attempts int
	HTTP     *http.Client
	Now      func() time.Time // by which a Retry-After that is a date is read; nil ignores it
	Most     int64            // bytes of an answer; 0 is 16 MiB
}

// Side is an Odoo. It is safe for concurrent use.
type Side struct {
	config        Config
	reads, writes httpcall.Client

	mu    sync.Mutex
	user  int64 // 0: nobody has logged in
	kinds map[string]map[string]string
}

var _ transfer.System = (*Side)(nil)

// Open returns a side. It calls nobody yet.
func Open(c Config) (*Side, error) {
	c.URL = strings.TrimSuffix(c.URL, "/")
	if c.URL == "" || c.Database == "" || c.User == "" || c.Password == "" {
		return nil, fault.New(fault.Misconfigured, "odoo-settings", "Odoo needs an address, a database, a user and a password")
	}
	if c.Language == "" {
		c.Language = "de_DE"
	}
	if c.Most == 0 {
		c.Most = 16 << 20
	}
	once := httpcall.Client{HTTP: c.HTTP, Most: c.Most, Service: "Odoo", Secrets: []string{c.Password}, Policy: httpcall.Policy{Clock: httpcall.Clock{Now: c.Now}}}
	s := &Side{config: c, reads: once, writes: once, kinds: map[string]map[string]string{}}
	s.reads.Policy.Attempts, s.reads.Policy.First, s.reads.Policy.Most = c.Attempts, 100*time.Millisecond, 2*time.Second
	return s, nil
}

// Read implements transfer.System.
func (s *Side) Read(ctx context.Context, model string, id int64) (transfer.Record, error) {
	return s.one(ctx, model, "id", id)
}

// Find implements transfer.System.
func (s *Side) Find(ctx context.Context, model string, foreign int64) (transfer.Record, error) {
	if foreign == 0 {
		return transfer.Record{}, transfer.ErrNotFound
	}
	return s.one(ctx, model, back(model), foreign)
}

// one reads the record whose field has a value.
func (s *Side) one(ctx context.Context, model, field string, v int64) (transfer.Record, error) {
	list, err := s.search(ctx, model, []any{condition(field, "=", v)}, 1)
	if err != nil {
		return transfer.Record{}, err
	}
	if len(list) == 0 {
		return transfer.Record{}, transfer.ErrNotFound
	}
	return list[0], nil
}

// Search implements transfer.System.
func (s *Side) Search(ctx context.Context, model string, q transfer.Query) ([]transfer.Record, error) {
	kinds, err := s.kindsOf(ctx, model)
	if err != nil {
		return nil, err
	}
	domain := []any{condition("id", ">", q.After)}
	for name, v := range q.Equal {
		v, err := outward(kinds[name], v)
		if err != nil {
			return nil, wrong(name, err)
		}
		domain = append(domain, condition(name, "=", v))
	}
	return s.search(ctx, model, domain, q.Most)
}

// condition is a part of a domain.
func condition(field, operator string, v any) any { return []any{field, operator, v} }

// search reads records, archived ones too.
func (s *Side) search(ctx context.Context, model string, domain []any, most int) ([]transfer.Record, error) {
	kinds, err := s.kindsOf(ctx, model)
	if err != nil {
		return nil, err
	}
	v, _, err := s.execute(ctx, &s.reads, model, "search_read", []any{domain}, map[string]any{
		"fields": s.wanted(model, kinds), "limit": most, "order": "id", "context": map[string]any{"lang": s.config.Language, "active_test": false},
	})
	if err != nil {
		return nil, err
	}
	rows, ok := v.([]any)
	if !ok {
		return nil, odd("search_read answered with a %T", v)
	}
	var list []transfer.Record
	for _, row := range rows {
		r, err := record(model, kinds, row)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// odd is the error of an answer in a form that Odoo does not have: a proxy's, or that of
// another version. Whether a write was made is unknown.
func odd(format string, args ...any) error {
	return fault.New(fault.Retry, "odoo-answer", format, args...)
}

// wrong is the error of a value that a field cannot hold.
func wrong(field string, err error) error {
	return fault.Wrap(err, fault.Invalid, "odoo-value", "the field "+field)
}
