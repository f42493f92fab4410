// Package mssql is the studio: a transfer.System on Microsoft SQL Server, by Microsoft's
// own driver. Its models are definitions (models.yaml); the statements are made of them
// or stand in them.
//
// No record is read and written by two requests: a change names the date that the record
// must have, in the statement's WHERE. A lost connection leaves the outcome unknown,
// which the caller sees as fault.Retry; the next run reads the record again.
package mssql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-sql/civil"
	driver "github.com/microsoft/go-mssqldb"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Settings say where the studio is.
type Settings struct {
	Host     string // with :port, or \instance
	Database string
	User     string
	Password string
	// Encrypt is the driver's setting. Empty is the driver's default: the login is
	// encrypted, and no certificate is checked. true encrypts everything and checks the
	// certificate; strict does so from the first byte.
	Encrypt     string
	Certificate string // .pem or .der file with the authority that signed the server's certificate; empty: the system's
	Connections int    // at most at once; 0: 10
	Models      []Model
}

// Side is the studio. It is safe for concurrent use.
type Side struct {
	db     *sql.DB
	models map[string]*Model
}

var _ transfer.System = (*Side)(nil)

// Open returns the studio. It does not connect.
func Open(s Settings) (*Side, error) {
	if s.Models == nil {
		models, err := Shipped()
		if err != nil {
			return nil, err
		}
		s.Models = models
	}
	connector, err := driver.NewConnector(s.dsn())
	if err != nil { // the text may hold the password
		return nil, fault.New(fault.Misconfigured, "studio-address", "the address of the studio cannot be read: want a host, host:port or host\\instance, encrypt true, strict, false or disable, and a certificate in a .pem or .der file")
	}
	side := &Side{db: sql.OpenDB(connector), models: map[string]*Model{}}
	most := s.Connections
	if most == 0 {
		most = 10
	}
	side.db.SetMaxOpenConns(most)
	side.db.SetMaxIdleConns(most)
	side.db.SetConnMaxLifetime(30 * time.Minute) // a load balancer's changes are followed
	for i := range s.Models {
		side.models[strings.ToLower(s.Models[i].Name)] = &s.Models[i]
	}
	return side, nil
}

// dsn is the address in the driver's form.
func (s Settings) dsn() string {
	host, instance, _ := strings.Cut(s.Host, `\`)
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = strings.Trim(host, "[]")
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
	}
	q := url.Values{"database": {s.Database}, "app name": {"Return-sync"}, "dial timeout": {"10"}}
	if s.Encrypt != "" {
		q.Set("encrypt", s.Encrypt)
	}
	if s.Certificate != "" {
		q.Set("certificate", s.Certificate)
	}
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword(s.User, s.Password), Host: host, Path: instance, RawQuery: q.Encode()}
	return u.String()
}

// Close closes the connections.
func (s *Side) Close() error { return s.db.Close() }

// Ping connects and logs in.
func (s *Side) Ping(ctx context.Context) error { return judge(ctx, s.db.PingContext(ctx), "log in") }

// model returns a model by its name, in any case of letters.
func (s *Side) model(name string) (*Model, error) {
	m := s.models[strings.ToLower(name)]
	if m == nil {
		return nil, fault.New(fault.Misconfigured, "studio-model", "the models of the studio do not hold %s", name)
	}
	return m, nil
}

// untouched is the error of a call that needs the columns of the synchronisation.
func (m *Model) untouched() error {
	return fault.New(fault.Misconfigured, "studio-model", "the model %s of the studio is plain: it has no columns of the synchronisation, and is read alone", m.Name)
}

// querier is what reads: the pool, or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// records reads the records that a statement answers with.
func (m *Model) records(ctx context.Context, q querier, text string, args ...any) (list []transfer.Record, err error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		r, err := m.scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// scan reads a record.
func (m *Model) scan(rows *sql.Rows) (r transfer.Record, err error) {
	var foreign sql.NullInt64
	var written, changed, version sql.NullTime
	values := make([]any, len(m.Columns))
	into := []any{&r.ID}
	if !m.Plain {
		into = append(into, &foreign, &written, &changed, &version)
	}
	for i := range values {
		into = append(into, &values[i])
	}
	if err := rows.Scan(into...); err != nil {
		return r, fault.Wrap(err, fault.Misconfigured, "studio-schema", "the studio's columns of "+m.Name+" are not those of the model")
	}
	r.ForeignID, r.ChangedAt, r.Fields = foreign.Int64, changed.Time, map[string]any{}
	if written.Valid {
		r.WriteDate = &written.Time
	}
	if version.Valid {
		at := transfer.Micro(version.Time)
		r.SyncedVersion = &at
	}
	for i, c := range m.Columns {
		if r.Fields[c.Name], err = c.field(values[i]); err != nil {
			return r, fault.Wrap(err, fault.Misconfigured, "studio-schema", "the studio's columns of "+m.Name+" are not those of the model")
		}
	}
	return r, nil
}

// one returns the only record of a list.
func one(list []transfer.Record, err error) (transfer.Record, error) {
	if err != nil {
		return transfer.Record{}, err
	}
	if len(list) == 0 {
		return transfer.Record{}, transfer.ErrNotFound
	}
	return list[0], nil
}

// Read implements transfer.System.
func (s *Side) Read(ctx context.Context, model string, id int64) (transfer.Record, error) {
	m, err := s.model(model)
	if err != nil {
		return transfer.Record{}, err
	}
	r, err := one(m.records(ctx, s.db, m.SQL.Read, sql.Named("id", id)))
	return r, judge(ctx, err, "read "+m.Name)
}

// Find implements transfer.System.
func (s *Side) Find(ctx context.Context, model string, foreign int64) (transfer.Record, error) {
	m, err := s.model(model)
	if err != nil {
		return transfer.Record{}, err
	}
	if m.Plain {
		return transfer.Record{}, m.untouched()
	}
	list, err := m.records(ctx, s.db, m.SQL.Find, sql.Named("foreign", foreign))
	if len(list) > 1 {
		return transfer.Record{}, fault.New(fault.Invalid, "studio-twins", "the studio has %d records of %s with the foreign id %d", len(list), m.Name, foreign)
	}
	r, err := one(list, err)
	return r, judge(ctx, err, "find "+m.Name)
}

// Search implements transfer.System. The collation of the server may find texts equal
// that are not; each record is compared again.
func (s *Side) Search(ctx context.Context, model string, q transfer.Query) ([]transfer.Record, error) {
	return s.search(ctx, s.db, model, q)
}

// search is Search within a transaction, or without one.
func (s *Side) search(ctx context.Context, from querier, model string, q transfer.Query) ([]transfer.Record, error) {
	m, err := s.model(model)
	if err != nil {
		return nil, err
	}
	var equal, empty []Column
	var args []any
	for _, c := range m.Columns {
		v, asked := q.Equal[c.Name]
		switch {
		case !asked:
		case transfer.Empty(v):
			empty = append(empty, c)
		default:
			arg, err := c.argument(v)
			if err != nil {
				return nil, fault.Wrap(err, fault.Invalid, "studio-data", "the search in "+m.Name+" asks for a wrong value")
			}
			equal, args = append(equal, c), append(args, sql.Named(c.Name, arg))
		}
	}
	if len(equal)+len(empty) != len(q.Equal) {
		return nil, fault.New(fault.Misconfigured, "studio-model", "a search in %s names a column that the model does not hold", m.Name)
	}
	text := m.search(equal, empty)
	var list []transfer.Record
	for len(list) < q.Most {
		part, err := m.records(ctx, from, text, append(slices.Clone(args), sql.Named("after", q.After), sql.Named("most", q.Most))...)
		if err != nil {
			return nil, judge(ctx, err, "search "+m.Name)
		}
		for _, r := range part {
			q.After = r.ID - 1 // Holds asks for larger ids
			if r.Holds(q) && len(list) < q.Most {
				list = append(list, r)
			}
			q.After = r.ID
		}
		if len(part) < q.Most {
			break
		}
	}
	return list, nil
}

// Unlinked returns at most n records without a foreign id and with a larger id than after,
// in the order of their ids.
func (s *Side) Unlinked(ctx context.Context, model string, after int64, n int) ([]transfer.Record, error) {
	m, err := s.model(model)
	if err != nil {
		return nil, err
	}
	if m.Plain {
		return nil, m.untouched()
	}
	list, err := m.records(ctx, s.db, m.SQL.Unlinked, sql.Named("after", after), sql.Named("most", n))
	return list, judge(ctx, err, "look for unlinked records of "+m.Name)
}

// date returns a date as an argument, NULL for none.
func date(t *time.Time) any {
	if t == nil {
		return driver.NullDateTime{}
	}
	return civil.DateTimeOf(transfer.Micro(*t))
}

// Write implements transfer.System.
func (s *Side) Write(ctx context.Context, w transfer.Write) (transfer.Written, error) {
	m, err := s.model(w.Model)
	if err != nil {
		return transfer.Written{}, err
	}
	var id int64
	var texts []string
	if len(w.Parts) == 0 {
		id, err = s.write(ctx, s.db, m, w, &texts)
	} else {
		id, err = s.whole(ctx, m, w, &texts)
	}
	if err != nil {
		return transfer.Written{}, judge(ctx, err, "write "+m.Name)
	}
	request, err := json.Marshal(struct {
		Plan       map[string]any `json:"plan"`
		Statements []string       `json:"statements"`
	}{w.Plan(), texts})
	return transfer.Written{ID: id, Request: string(request), Answer: fmt.Sprintf(`{"id":%d}`, id)}, err
}

// whole writes a record with its parts in one transaction.
func (s *Side) whole(ctx context.Context, m *Model, w transfer.Write, texts *[]string) (id int64, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }()
	if id, err = s.write(ctx, tx, m, w, texts); err != nil {
		return 0, err
	}
	for _, p := range w.Parts {
		model, err := s.model(p.Model)
		if err != nil {
			return 0, err
		}
		part := transfer.Write{Verb: transfer.Create, Model: p.Model, ID: p.ID, WriteDate: w.WriteDate, If: p.If, Fields: map[string]any{p.Link: id}}
		for name, v := range p.Fields {
			part.Fields[name] = v
		}
		if p.ID != 0 {
			part.Verb = transfer.Update
		} else if err := s.alone(ctx, tx, p, id); err != nil {
			return 0, err
		}
		_, err = s.write(ctx, tx, model, part, texts)
		if errors.Is(err, transfer.ErrNotFound) {
			err = transfer.ErrChanged
		}
		if err != nil {
			return 0, err
		}
	}
	return id, tx.Commit()
}

// alone refuses a new part if the record has one already. The record itself was written
// before: nobody can refer to it until the transaction ends.
func (s *Side) alone(ctx context.Context, tx *sql.Tx, p transfer.Part, id int64) error {
	if p.Equal == nil {
		return nil
	}
	q := transfer.Query{Equal: map[string]any{p.Link: id}, Most: 1}
	maps.Copy(q.Equal, p.Equal)
	list, err := s.search(ctx, tx, p.Model, q)
	if err == nil && len(list) > 0 {
		err = transfer.ErrChanged
	}
	return err
}
