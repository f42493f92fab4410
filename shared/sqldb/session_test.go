package sqldb

import (
	"context"
	sqldriver "database/sql/driver"
	"reflect"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// stubborn is a connection to a server that refuses statements with a word.
type stubborn struct {
	sqldriver.Conn
	word string
	err  error
}

// ExecContext implements driver.ExecerContext.
func (s stubborn) ExecContext(_ context.Context, text string, _ []sqldriver.NamedValue) (sqldriver.Result, error) {
	if strings.Contains(text, s.word) {
		return nil, s.err
	}
	return sqldriver.ResultNoRows, nil
}

// TestWhatCannotBeSetIsNamed has servers that refuse one variable each, as a server or a
// proxy without the right to it does, and servers that are away.
func TestWhatCannotBeSetIsNamed(t *testing.T) {
	denied := &driver.MySQLError{Number: 1227, Message: "Access denied; you need (at least one of) the SUPER privilege(s)"}
	names := []string{"ISOLATION LEVEL"}
	for _, v := range session {
		names = append(names, v.name)
	}
	for _, name := range names {
		for _, foreign := range []bool{false, true} {
			c := sessions{settings: Settings{Variable: "SOURCE_DSN", Foreign: foreign}}
			err := c.prepare(t.Context(), stubborn{word: name, err: denied})
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(strings.Fields(name)[0])) || !strings.Contains(err.Error(), "SOURCE_DSN") || (fault.KindOf(err) == fault.Misconfigured) != foreign {
				t.Errorf("%s, foreign %v: %v", name, foreign, err)
			}
		}
		if err := (sessions{}).prepare(t.Context(), stubborn{word: name, err: sqldriver.ErrBadConn}); err == nil || fault.KindOf(err) == fault.Misconfigured {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (sessions{}).prepare(t.Context(), stubborn{word: "no such word"}); err != nil {
		t.Error(err)
	}
}

// TestConnectionsHaveABoundedLife looks into the pool: after a fail-over a connection that
// only reads leaves the old server by its age alone.
func TestConnectionsHaveABoundedLife(t *testing.T) {
	for _, foreign := range []bool{false, true} {
		db, err := Open(Settings{DSN: "u:p@tcp(127.0.0.1:1)/d", Variable: "X", MaxConnections: 3, Foreign: foreign})
		if err != nil {
			t.Fatal(err)
		}
		if kept := time.Duration(reflect.ValueOf(db).Elem().FieldByName("maxLifetime").Int()); kept <= 0 || kept > 5*time.Minute {
			t.Errorf("a connection is used for %v", kept)
		}
		_ = db.Close()
	}
}
