// Package binlog reads the binlog of MySQL and MariaDB for package follow, as a replica
// does, over go-mysql-org/go-mysql. The account needs REPLICATION SLAVE and REPLICATION
// CLIENT, and SELECT on the tables that are followed.
//
// # Places
//
// A place is a set of global transaction ids where the server has these (MariaDB always,
// MySQL with gtid_mode), so that another server of the same data can be read on; else a
// file of one server and an offset.
//
// # Columns
//
// Rows hold values in the order of the table's columns. Their names come with the rows
// (binlog_row_metadata=FULL), or from information_schema, which describes the table as it
// is now. Every statement that may alter a followed table is therefore a gap, behind which
// the log is opened again by the new columns, and so is a statement that changes rows without
// logging them (other formats than ROW, TRUNCATE).
//
// # When a change is visible
//
// Servers send rows when they are in the log, which is before readers see them, by
// microseconds or by the time that a replica takes to acknowledge. Visible waits until
// readers do: on MySQL until the transaction's id is executed; on MariaDB until a consistent
// snapshot is behind the log's end. MySQL without transaction ids has no such question;
// there Visible waits a second.
package binlog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
)

// Log is the binlog of one server. It implements follow.Source.
type Log struct {
	dsn  *driver.Config
	pool *sql.DB
	dial client.Dialer
}

// Open returns the log behind a DSN of the go-sql-driver, connecting by dial if one is
// given. It does not connect.
func Open(dsn string, dial ...sqldb.Dial) (*Log, error) {
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("SOURCE_DSN cannot be read: want user:password@tcp(host:port)/name")
	}
	s := sqldb.Settings{DSN: dsn, Variable: "SOURCE_DSN", MaxConnections: 2}
	open := (&net.Dialer{}).DialContext
	if len(dial) > 0 {
		s.Dial, open = dial[0], dial[0]
	}
	if !cfg.AllowCleartextPasswords {
		open = sealed(open)
	}
	l := &Log{dsn: cfg, dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return open(ctx, cfg.Net, cfg.Addr) }}
	if l.pool, err = sqldb.Open(s); err != nil {
		return nil, err
	}
	return l, nil
}

// Close closes the connections.
func (l *Log) Close() error { return l.pool.Close() }

// SQL returns the connections beside the stream, for doctors.
func (l *Log) SQL() *sql.DB { return l.pool }

// place is a follow.Position as it is stored.
type place struct {
	Maria  bool   `json:"maria,omitempty"`
	GTID   string `json:"gtid"` // a set; of MySQL with gtid_mode, and of MariaDB
	ByGTID bool   `json:"byGtid,omitempty"`
	File   string `json:"file,omitempty"`
	Offset uint32 `json:"offset,omitempty"`
	Server string `json:"server,omitempty"` // whose file it is
}

// text returns the place as package follow keeps it.
func (p place) text() follow.Position {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and numbers alone
	}
	return follow.Position(text)
}

// parsePlace reads a place.
func parsePlace(p follow.Position) (place, error) {
	var at place
	if err := json.Unmarshal([]byte(p), &at); err != nil {
		return at, errors.New("the saved position cannot be read")
	}
	if at.ByGTID {
		_, err := at.set()
		return at, err
	}
	if at.File == "" {
		return at, errors.New("the saved position names no file")
	}
	return at, nil
}

// flavor is the library's word for the kind of server.
func (p place) flavor() string {
	if p.Maria {
		return mysql.MariaDBFlavor
	}
	return mysql.MySQLFlavor
}

// set returns the transactions that were read.
func (p place) set() (mysql.GTIDSet, error) {
	set, err := mysql.ParseGTIDSet(p.flavor(), p.GTID)
	if err != nil {
		return nil, errors.New("the saved position has no readable set of transaction ids")
	}
	return set, nil
}

// server is what a server says about itself and its log.
type server struct {
	maria, gtid bool
	id          string
}

// ask asks the server.
func (l *Log) ask(ctx context.Context) (server, error) {
	var s server
	var version string
	if err := l.pool.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return s, sqldb.Outage(err, "ask the source for its version")
	}
	if s.maria = strings.Contains(version, "MariaDB"); s.maria {
		s.gtid = true
		return s, nil
	}
	var mode string
	err := l.pool.QueryRowContext(ctx, "SELECT @@GLOBAL.gtid_mode, @@GLOBAL.server_uuid").Scan(&mode, &s.id)
	s.gtid = mode == "ON"
	return s, sqldb.Outage(err, "ask the source for its transaction ids")
}

// end returns the place behind all that the log holds now.
func (l *Log) end(ctx context.Context, s server) (place, error) {
	p := place{Maria: s.maria, ByGTID: s.gtid}
	variable := "@@GLOBAL.gtid_executed"
	if s.maria {
		variable = "@@GLOBAL.gtid_binlog_pos"
	}
	if s.gtid {
		err := l.pool.QueryRowContext(ctx, "SELECT "+variable).Scan(&p.GTID)
		p.GTID = strings.Join(strings.Fields(p.GTID), "")
		if err != nil {
			return p, sqldb.Outage(err, "ask the source for the end of its log")
		}
		if _, err := p.set(); err != nil {
			return p, errors.New("the server's set of transaction ids cannot be read; ids with tags (MySQL 8.3 and later) cannot be followed")
		}
		return p, nil
	}
	var err error
	p.Server = s.id
	p.File, p.Offset, err = l.status(ctx)
	return p, err
}

// status returns the log's file and its length.
func (l *Log) status(ctx context.Context) (file string, offset uint32, err error) {
	rows, err := l.pool.QueryContext(ctx, "SHOW MASTER STATUS")
	var e *driver.MySQLError
	if errors.As(err, &e) && e.Number == 1064 { // the statement's name since MySQL 8.4
		rows, err = l.pool.QueryContext(ctx, "SHOW BINARY LOG STATUS")
	}
	if err != nil {
		return "", 0, sqldb.Outage(err, "ask the source for the end of its log; the account needs REPLICATION CLIENT")
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return "", 0, sqldb.Outage(err, "ask the source for the end of its log")
	}
	if !rows.Next() {
		return "", 0, errors.Join(rows.Err(), errors.New("the source writes no binlog: log_bin is OFF"))
	}
	into := make([]any, len(columns))
	for i := range into {
		into[i] = new(sql.RawBytes)
	}
	into[0], into[1] = &file, &offset
	return file, offset, sqldb.Outage(errors.Join(rows.Scan(into...), rows.Err()), "ask the source for the end of its log")
}

// The times of the stream: how often an idle server says that it lives, and the silence
// after which it is taken for dead.
const (
	heartbeat = 2 * time.Second
	silence   = 20 * time.Second
)

// Open implements follow.Source.
func (l *Log) Open(ctx context.Context, from follow.Position, watches []follow.Watch) (follow.Reader, error) {
	s, err := l.ask(ctx)
	if err != nil {
		return nil, err
	}
	var at place
	if from == "" {
		at, err = l.end(ctx, s)
	} else {
		at, err = parsePlace(from)
		if err == nil {
			err = at.fits(s)
		}
		if err != nil {
			return nil, &follow.Lost{Reason: err.Error()}
		}
	}
	if err != nil {
		return nil, err
	}
	cols, refused, err := l.columns(ctx, watches)
	if err != nil {
		return nil, err
	}
	r := &reader{log: l, start: at, at: at, columns: cols, refused: refused}
	if at.ByGTID {
		if r.set, err = at.set(); err != nil {
			return nil, err
		}
	}
	config := r.config()
	if l.dsn.AllowFallbackToPlaintext { // tls=preferred
		encrypted, err := l.encrypted(ctx)
		if err != nil {
			return nil, err
		}
		if !encrypted {
			config.TLSConfig = nil
		}
	}
	r.syncer = replication.NewBinlogSyncer(config)
	if r.stream, err = r.begin(at); err != nil {
		r.Close()
		return nil, lostOr(err)
	}
	return r, nil
}

// encrypted reports whether the server encrypts a connection of the pool.
func (l *Log) encrypted(ctx context.Context) (bool, error) {
	var name, cipher string
	err := l.pool.QueryRowContext(ctx, "SHOW SESSION STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher)
	return cipher != "", sqldb.Outage(err, "ask the source whether it encrypts connections")
}

// fits reports a place that is not this server's.
func (p place) fits(s server) error {
	switch {
	case p.Maria != s.maria || p.ByGTID != s.gtid:
		return errors.New("the saved position is of another kind of server, or the server's use of transaction ids was changed")
	case !p.ByGTID && p.Server != s.id:
		return errors.New("the saved position is of another server, and it has no transaction ids")
	}
	return nil
}

// config is the library's configuration. Its log is discarded: its errors come back, and its
// lines hold what is no matter of ours.
func (r *reader) config() replication.BinlogSyncerConfig {
	d := r.log.dsn
	return replication.BinlogSyncerConfig{
		// A random id: two replicas of one id end each other's streams.
		ServerID: rand.Uint32() | 1<<31, Flavor: r.at.flavor(), Host: d.Addr, User: d.User, Password: d.Passwd, TLSConfig: d.TLS,
		Localhost: "return-sync", DiscardGTIDSet: true, HeartbeatPeriod: heartbeat, ReadTimeout: silence, DisableRetrySync: true, EventCacheCount: 32,
		Dialer: r.log.dial, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), RowsEventDecodeFunc: r.decode,
	}
}

// begin begins the stream behind a place. The library's login panics where a server's
// answer is cut short, or is an error in the place of a key.
func (r *reader) begin(at place) (_ *replication.BinlogStreamer, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the server's answer to the login cannot be read: %v", v)
		}
	}()
	if !at.ByGTID {
		return r.syncer.StartSync(mysql.Position{Name: at.File, Pos: at.Offset})
	}
	set, err := at.set()
	if err != nil {
		return nil, err
	}
	return r.syncer.StartSyncGTID(set)
}

// The numbers of the errors with which a server refuses a place, and an account. The
// account's password is right where the stream is refused: the other connections have it too.
const (
	errFatalRead      = 1236
	errAccess         = 1045
	errSpecificAccess = 1227
)

// lostOr returns an error of the stream as package follow wants it.
func lostOr(err error) error {
	var e *mysql.MyError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case errFatalRead:
		return &follow.Lost{Reason: "the server answers: " + e.Message}
	case errAccess, errSpecificAccess:
		return fmt.Errorf("the account may not read the binlog; it needs REPLICATION SLAVE on *.*: %w", err)
	}
	return err
}
