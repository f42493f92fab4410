package binlog

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/google/uuid"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
)

// reader reads the log. It implements follow.Reader.
type reader struct {
	log     *Log
	start   place
	at      place         // behind the last transaction; Next's own
	set     mysql.GTIDSet // the transactions that were read, where the server has ids
	next    func()        // adds the id of the transaction under way to set
	inside  bool          // a transaction, in which a statement is no end
	columns map[string]*table
	refused string
	altered bool // columns may be outdated: rows behind cannot be read by them
	syncer  *replication.BinlogSyncer
	stream  *replication.BinlogStreamer
}

// Start implements follow.Reader.
func (r *reader) Start() follow.Position { return r.start.text() }

// Refused implements follow.Reader.
func (r *reader) Refused() string { return r.refused }

// Close implements follow.Reader.
func (r *reader) Close() { r.syncer.Close() }

// tableOf returns the followed table of rows, nil for another table.
func (r *reader) tableOf(of *replication.TableMapEvent) *table {
	return r.columns[strings.ToLower(string(of.Schema))+"."+strings.ToLower(string(of.Table))]
}

// decode decodes the rows of followed tables alone, and leaves of them what they say: rows
// wait in memory until they are read. Rows that cannot be read become a gap and not the
// stream's end; the library's error would quote them.
func (r *reader) decode(e *replication.RowsEvent, data []byte) error {
	at, err := e.DecodeHeader(data)
	if err != nil {
		return errors.New("an event of the log has no table")
	}
	t := r.tableOf(e.Table)
	if t == nil {
		return nil
	}
	if err := e.DecodeData(at, data); err != nil {
		e.Rows = nil
	}
	e.Rows, e.SkippedColumns = [][]any{{sayings(t, e)}}, nil
	return nil
}

// Next implements follow.Reader.
func (r *reader) Next(ctx context.Context) (follow.Event, error) {
	for {
		if r.altered && !r.inside {
			return follow.Event{}, follow.ErrAltered
		}
		e, err := r.stream.GetEvent(ctx)
		if err != nil {
			return follow.Event{}, lostOr(err)
		}
		if said, ok := r.read(e); ok {
			return said, nil
		}
	}
}

// read returns what an event says; false for nothing.
func (r *reader) read(e *replication.BinlogEvent) (follow.Event, bool) {
	switch body := e.Event.(type) {
	case *replication.RotateEvent:
		r.at.File = string(body.NextLogName)
	case *replication.GTIDEvent:
		r.begins(false, func() {
			if set, ok := r.set.(*mysql.MysqlGTIDSet); ok && len(body.SID) == len(uuid.UUID{}) && body.GNO > 0 {
				set.AddGTID(uuid.UUID(body.SID), body.GNO)
			}
		})
	case *replication.GtidTaggedLogEvent:
		r.begins(false, func() {}) // the set cannot hold the id; the transaction may be read twice
	case *replication.MariadbGTIDEvent:
		id := body.GTID
		r.begins(!body.IsStandalone(), func() {
			if set, ok := r.set.(*mysql.MariadbGTIDSet); ok {
				_ = set.AddSet(&id) // refuses a nil id alone
			}
		})
	case *replication.RowsEvent:
		return rows(body)
	case *replication.TransactionPayloadEvent:
		return r.payload(e, body)
	case *replication.XIDEvent:
		return r.ended(e, follow.Event{}), true
	case *replication.QueryEvent:
		return r.query(e, body)
	case *replication.ExecuteLoadQueryEvent:
		return r.gap("a LOAD DATA statement was logged without its rows", func(*table) bool { return true }), true
	}
	switch e.Header.EventType {
	case replication.HEARTBEAT_EVENT, replication.HEARTBEAT_LOG_EVENT_V2:
		return follow.Event{Idle: true}, true
	case replication.XA_PREPARE_LOG_EVENT:
		return r.ended(e, follow.Event{}), true
	case replication.INCIDENT_EVENT:
		return r.gap("the server says that events are missing in its log", func(*table) bool { return true }), true
	}
	return follow.Event{}, false
}

// begins notes that a transaction begins, and what adds its id to the set.
func (r *reader) begins(inside bool, add func()) { r.inside, r.next = inside, add }

// ended completes what an event says that ends a transaction.
func (r *reader) ended(e *replication.BinlogEvent, said follow.Event) follow.Event {
	if r.next != nil {
		r.next()
	}
	r.inside, r.next = false, nil
	if r.set != nil {
		r.at.GTID = r.set.String()
	} else if e.Header.LogPos > 0 {
		r.at.Offset = e.Header.LogPos
	}
	said.End = r.at.saved()
	return said
}

// saved returns a place as it is saved.
func (p place) saved() follow.Position {
	if p.ByGTID {
		p.File, p.Offset = "", 0
	}
	return p.text()
}

// gap returns a gap of some tables.
func (r *reader) gap(reason string, of func(*table) bool) follow.Event {
	said := follow.Event{Gaps: map[int]string{}}
	for _, t := range r.columns {
		if of(t) {
			for _, w := range t.watches {
				said.Gaps[w.number] = reason
			}
		}
	}
	return said
}

// rows returns what decode has left of an event's rows.
func rows(e *replication.RowsEvent) (follow.Event, bool) {
	if len(e.Rows) == 0 {
		return follow.Event{}, false
	}
	said, ok := e.Rows[0][0].(follow.Event)
	return said, ok
}

// sayings returns the roots of the images of a followed table's rows.
func sayings(t *table, e *replication.RowsEvent) follow.Event {
	said := follow.Event{Roots: map[int][]uint64{}, Gaps: map[int]string{}}
	for _, w := range t.watches {
		at, unsigned, err := t.locate(e.Table, w.column)
		switch {
		case err != nil:
			said.Gaps[w.number] = "rows of " + t.name + " cannot be read: " + err.Error()
			continue
		case len(e.Rows) == 0:
			said.Gaps[w.number] = "rows of " + t.name + " cannot be read"
			continue
		}
		roots, named := rootsOf(e, at, unsigned)
		if said.Roots[w.number] = append(said.Roots[w.number], roots...); !named {
			said.Gaps[w.number] = "rows of " + t.name + " came without the column " + w.column + ": binlog_row_image is not FULL"
		}
	}
	return said
}

// rootsOf returns the roots that the images of an event's rows have in a column. False
// says that the column is missing. The image after an update leaves a column out that did
// not change; the one before it then has the column.
func rootsOf(e *replication.RowsEvent, at int, unsigned bool) (roots []uint64, named bool) {
	images := 1
	if e.Type() == replication.EnumRowsEventTypeUpdate {
		images = 2
	}
	named = true
	for i, row := range e.Rows {
		if i < len(e.SkippedColumns) && slices.Contains(e.SkippedColumns[i], at) {
			named = named && i%images == 1
			continue
		}
		if root, ok := rootOf(e.Table.ColumnType[at], row[at], unsigned); ok {
			roots = append(roots, root)
		}
	}
	return roots, named
}

// payload returns what a compressed transaction says.
func (r *reader) payload(outer *replication.BinlogEvent, p *replication.TransactionPayloadEvent) (follow.Event, bool) {
	said := follow.Event{Roots: map[int][]uint64{}, Gaps: map[int]string{}}
	for _, e := range p.Events {
		e.Header.LogPos = outer.Header.LogPos                 // the place of all of them
		if rows, ok := e.Event.(*replication.RowsEvent); ok { // decoded by the library's own parser
			t := r.tableOf(rows.Table)
			if t == nil {
				continue
			}
			rows.Rows = [][]any{{sayings(t, rows)}}
		}
		one, ok := r.read(e)
		if !ok {
			continue
		}
		for w, ids := range one.Roots {
			said.Roots[w] = append(said.Roots[w], ids...)
		}
		for w, reason := range one.Gaps {
			said.Gaps[w] = reason
		}
		if one.End != "" {
			said.End = one.End
		}
	}
	return said, true
}

// Visible implements follow.Reader.
func (r *reader) Visible(ctx context.Context, end follow.Position) error {
	at, err := parsePlace(end)
	switch {
	case err != nil:
		return err
	case at.Maria:
		return r.log.visibleMaria(ctx)
	case !at.ByGTID:
		return clock.Sleep(ctx, time.Second)
	}
	var late int // 0: the transaction was executed in time
	err = r.log.pool.QueryRowContext(ctx, "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)", at.GTID, visibleWait.Seconds()).Scan(&late)
	if err == nil && late != 0 {
		err = errors.New("a transaction of the log is not visible to readers yet")
	}
	return sqldb.Outage(err, "wait until a transaction is visible")
}

// visibleWait is how long a transaction of the log may stay invisible. A server waits 10 s
// for replicas that must acknowledge, unless its settings say otherwise.
const visibleWait = time.Minute
