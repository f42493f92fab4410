package sqldb

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"slices"
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
	}
	if err := (sessions{}).prepare(t.Context(), stubborn{word: "no such word"}); err != nil {
		t.Error(err)
	}
}

// TestWhatIsNotAnsweredIsNoRefusal has servers and connections that fail in passing, at each
// of a session's statements in turn.
func TestWhatIsNotAnsweredIsNoRefusal(t *testing.T) {
	denied := &driver.MySQLError{Number: 1227, Message: "Access denied"}
	statements := [][]error{{}, {nil}} // what is answered before: to all variables, to the isolation level
	for i := range session {
		statements = append(statements, append([]error{denied}, make([]error, i)...)) // to each variable alone
	}
	for _, passing := range []error{
		context.DeadlineExceeded, context.Canceled, sqldriver.ErrBadConn, driver.ErrInvalidConn, io.ErrUnexpectedEOF,
		&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded},
		&driver.MySQLError{Number: 1053, Message: "Server shutdown in progress"},
		&driver.MySQLError{Number: 1203, SQLState: [5]byte{'4', '2', '0', '0', '0'}, Message: "too many connections"},
		&driver.MySQLError{Number: 1290, Message: "read-only"},
	} {
		for _, before := range statements {
			for _, foreign := range []bool{false, true} {
				c := sessions{settings: Settings{Variable: "SOURCE_DSN", Foreign: foreign}}
				answers := append(slices.Clone(before), passing)
				err := c.prepare(t.Context(), &scripted{answers: answers})
				if !errors.Is(err, passing) || fault.CodeOf(err) == "session-refused" || fault.KindOf(Source(err)) != fault.Retry {
					t.Errorf("%v after %v: %v", passing, before, err)
				}
			}
		}
	}
}

// scripted is a connection whose statements have given answers, one after the other.
type scripted struct {
	sqldriver.Conn
	answers []error
}

// ExecContext implements driver.ExecerContext.
func (s *scripted) ExecContext(context.Context, string, []sqldriver.NamedValue) (sqldriver.Result, error) {
	err := s.answers[0]
	s.answers = s.answers[1:]
	return sqldriver.ResultNoRows, err
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
