package sqldb

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The letters of every session. Without them a server turns the letters that a session's
// charset lacks into question marks, on both sides of a comparison.
const (
	charset   = "utf8mb4"
	collation = "utf8mb4_general_ci" // MySQL and MariaDB both have it
)

// variable is a variable of a session with the value that statements rely on.
type variable struct{ name, value string }

// session lists the variables of every session.
var session = []variable{
	{"time_zone", "'+00:00'"},
	// Without it a statement outside of a transaction begins one that nobody ends.
	{"autocommit", "1"},
	// Text and quotes have one meaning, and a value that does not fit is an error.
	// Rules about zero dates and GROUP BY are left out: they refuse what definitions
	// over old tables need.
	{"sql_mode", "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"},
	// Far more than a record may have: what is cut is too large, and is parked as that.
	{"group_concat_max_len", "8388608"},
	// What expressions of a definition mean and how many digits they have.
	{"div_precision_increment", "4"},
	{"default_week_format", "0"},
	{"lc_time_names", "'en_US'"},
	{"sql_auto_is_null", "0"},
	{"sql_notes", "1"}, // warnings of a definition's statements are read
	{"sql_select_limit", "18446744073709551615"},
	{"sql_safe_updates", "0"},
	{"sql_big_selects", "1"},
}

// isolation has transactions read committed data, and spares each of them a statement
// that says so. It is no variable: the name differs between MySQL and MariaDB.
const isolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"

// ours reports whether a parameter of a DSN sets what the session sets.
func ours(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	name = strings.TrimPrefix(name, "@@")
	for _, scope := range []string{"session.", "local."} {
		name = strings.TrimPrefix(name, scope)
	}
	name = strings.Trim(name, "`")
	switch {
	// MySQL lets few users set max_error_count, so that the DSN does not either is all.
	case slices.Contains([]string{"tx_isolation", "transaction_isolation", "names", "max_error_count"}, name), strings.HasPrefix(name, "character_set_"), strings.HasPrefix(name, "collation_"):
		return true
	}
	return slices.ContainsFunc(session, func(v variable) bool { return v.name == name })
}

// sessions opens connections whose sessions are ours.
type sessions struct {
	sqldriver.Connector
	settings Settings
}

// Connect implements driver.Connector.
func (c sessions) Connect(ctx context.Context) (sqldriver.Conn, error) {
	var t *tap
	conn, err := c.Connector.Connect(context.WithValue(ctx, tapKey{}, &t))
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if conn, ok := conn.(driverConn); ok && t != nil {
		return tapped{conn, t}, nil
	}
	return conn, nil
}

// prepare sets a session's variables, with two statements.
func (c sessions) prepare(ctx context.Context, conn sqldriver.Conn) error {
	x, ok := conn.(sqldriver.ExecerContext)
	if !ok {
		return fmt.Errorf("%s: the driver's connections execute nothing", c.settings.Variable)
	}
	parts := make([]string, len(session))
	for i, v := range session {
		parts[i] = v.set()
	}
	if _, err := x.ExecContext(ctx, "SET "+strings.Join(parts, ", "), nil); err != nil {
		return c.refused(ctx, x, err)
	}
	if _, err := x.ExecContext(ctx, isolation, nil); err != nil {
		return c.refusal("the isolation level READ COMMITTED", err)
	}
	return nil
}

// set returns the part of a SET statement.
func (v variable) set() string { return "SESSION " + v.name + " = " + v.value }

// refused finds the variable that a server refuses to set.
func (c sessions) refused(ctx context.Context, x sqldriver.ExecerContext, all error) error {
	if CauseOf(all) == Transient {
		return all
	}
	for _, v := range session {
		if _, err := x.ExecContext(ctx, "SET "+v.set(), nil); err != nil {
			return c.refusal(v.name+" = "+v.value, err)
		}
	}
	return all
}

// refusal is the error of a session that cannot be ours. A statement that a server did not
// answer is no refusal.
func (c sessions) refusal(what string, err error) error {
	if CauseOf(err) == Transient {
		return err
	}
	kind := fault.Retry // where our tables cannot be used, the queue keeps the task
	if c.settings.Foreign {
		kind = fault.Misconfigured
	}
	return fault.Wrap(err, kind, "session-refused", "the server of "+c.settings.Variable+" refuses the session variable "+what+", on which every statement relies: let its user set it")
}
