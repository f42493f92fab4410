package wire

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/cloudsql"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow/binlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// Store opens our own tables.
func (e *Env) Store(d Databases) (*store.DB, error) {
	dsn, dial, err := e.route(d.State())
	if err != nil {
		return nil, err
	}
	db, err := store.Open(dsn, d.MaxConnections, e.Log, dial...)
	if err == nil {
		e.closing(db.Close)
	}
	return db, err
}

// Source opens the source's tables, with the map of keys that stands among our own.
func (e *Env) Source(d Databases) (*mysql.Source, error) {
	dsn, dial, err := e.route(d.SourceDSN)
	if err != nil {
		return nil, err
	}
	s, err := mysql.Open(dsn, d.MaxConnections, dial...)
	if err != nil {
		return nil, err
	}
	e.closing(s.Close)
	if dsn, dial, err = e.route(d.State()); err != nil {
		return nil, err
	}
	keys, end, err := store.OpenKeys(dsn, d.MaxConnections, e.Log, dial...)
	if err != nil {
		return nil, err
	}
	e.closing(end)
	return s.Numbered(keys), nil
}

// Binlog opens the source's binlog.
func Binlog(e *Env, d Databases) (*binlog.Log, error) {
	dsn, dial, err := e.route(d.SourceDSN)
	if err != nil {
		return nil, err
	}
	l, err := binlog.Open(dsn, dial...)
	if err == nil {
		e.closing(l.Close)
	}
	return l, err
}

// route returns the DSN to connect with, and Cloud SQL's dialer if the way leads
// through it.
func (e *Env) route(dsn string) (string, []sqldb.Dial, error) {
	dialer, err := e.dialer()
	if err != nil {
		return "", nil, err
	}
	dsn, through, err := dialer.Through(dsn)
	if err != nil || !through {
		return dsn, nil, err
	}
	return dsn, []sqldb.Dial{dialer.Dial}, nil
}

// dialer returns the dialer of Cloud SQL, which the first database opens.
func (e *Env) dialer() (*cloudsql.Dialer, error) {
	e.dialing.Lock()
	defer e.dialing.Unlock()
	if e.cloudSQL != nil {
		return e.cloudSQL, nil
	}
	var cfg cloudsql.Config
	if err := Configure(context.Background(), e.Lookup, &cfg); err != nil {
		return nil, err
	}
	d, err := cloudsql.New(cfg)
	if err != nil {
		return nil, err
	}
	e.cloudSQL = d
	e.closing(func() error {
		e.dialing.Lock()
		defer e.dialing.Unlock()
		e.cloudSQL = nil
		return d.Close()
	})
	return d, nil
}
