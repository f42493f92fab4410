package sqldb

import (
	sqldriver "database/sql/driver"
	"errors"
	"slices"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Cause says what has to change before a statement can succeed. The judgment rests
// on the SQLSTATE class that the server sends with every error, with the exceptions
// that follow from MySQL's own use of the classes, never on a driver's text.
//
// Two owners of a statement are distinguished. A statement of a definition that
// cannot succeed is fault.Misconfigured: its run fails at once, because the run's row
// keeps the reason. A statement on our own tables stays fault.Retry whatever is wrong
// with it: where our tables cannot be used, no row can keep the reason, and the queue
// is the only memory of the task. Its code and sentence say what to do.
type Cause uint8

// The causes.
const (
	Transient Cause = iota // time: a connection, a lock, a limit, a read-only server
	Text                   // the statement or the tables that it names
	Data                   // the statement, because of the values that it meets
	Right                  // a right of the database user
)

// rights are errors about what a user may do. An error of logging in (1045) is
// not one of them: passwords and tokens are replaced while the system runs.
var rights = []uint16{
	1044, // the database is denied
	1142, // a command on a table is denied
	1143, // a command on a column is denied
	1227, // a privilege is missing
	1370, // a routine is denied
}

// outages are errors of a class of wrong statements that pass by themselves.
var outages = []uint16{
	1203, // too many connections of the user
	1226, // the user's resources are used up for now
}

// texts are wrong statements in MySQL's class of general errors, HY000.
var texts = []uint16{
	1111, 1116, 1128, 1191, 1193, 1210, 1221, 1267, 1270, 1271, 1273, 1356, 1449, 1525, 1630, 3636, 3995,
	3579, 3580, 3581, 3582, 3583, 3584, 3585, 3586, 3587, 3588, 3589, 3590, 3591, 3592, 3593, 3594, 3595, // MySQL: windows
	3685, 3686, 3687, 3688, 3689, 3690, 3691, 3692, 3693, 3694, 3695, 3696, 3697, // MySQL: regular expressions
	4078, 4079, // MariaDB: a function does not take this type
}

// values are values that a statement cannot take, in class HY000.
var values = []uint16{
	1366, 1411, 1300,
	4036, 4037, 4038, 4039, 4040, 4041, 4042, 4043, 4044, // MariaDB: JSON and JSON paths
}

// CauseOf returns the cause of an error, Transient for one that is not the server's
// answer about the statement. Besides MySQL's errors it reads those of drivers that
// give a SQLSTATE, as PostgreSQL's does.
func CauseOf(err error) Cause {
	var my *driver.MySQLError
	var other interface{ SQLState() string }
	var state string
	switch {
	case errors.As(err, &my):
		state = string(my.SQLState[:])
	case errors.As(err, &other):
		my, state = &driver.MySQLError{}, other.SQLState()
	default:
		return Transient
	}
	switch n := my.Number; {
	case slices.Contains(outages, n):
		return Transient
	case slices.Contains(rights, n), state == "42501": // PostgreSQL: insufficient privilege
		return Right
	case slices.Contains(values, n):
		return Data
	case slices.Contains(texts, n):
		return Text
	}
	switch state[:min(2, len(state))] {
	case "42", "3D", "0A": // wrong syntax or name; no database chosen; not supported
		return Text
	case "21", "22", "23": // more rows than one; a value that an expression or a column cannot take
		return Data
	}
	return Transient
}

// Definition classifies an error of a statement that a definition wrote; file is
// the definition's, such as returns/rows.sql. An error that has a kind keeps it.
func Definition(err error, file string) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	switch cause := CauseOf(err); {
	case IsNoTable(err):
		return fault.Wrap(err, fault.Misconfigured, "bad-definition", file+" reads a table that its database does not have: see whether the DSN (of an entity SOURCE_DSN) names the right database, and whether the table was renamed or dropped")
	case cause == Text, cause == Data:
		return Wrong(err, file)
	case cause == Right:
		return fault.Wrap(err, fault.Misconfigured, "source-rights", "the database user lacks a right that "+file+" needs: grant SELECT on its tables")
	}
	return fault.Wrap(err, fault.Retry, "source-query", "the query of "+file+" failed")
}

// Wrong returns err as the mistake of a definition's file.
func Wrong(err error, file string) error {
	return fault.Wrap(err, fault.Misconfigured, "bad-definition", file+" is wrong: correct it, then check it with returnsync entities check")
}

// Source classifies an error of a statement of ours on the source database.
func Source(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	if cause := CauseOf(err); cause == Right || cause == Text {
		return fault.Wrap(err, fault.Misconfigured, "source-settings", "the source database refuses the connection that SOURCE_DSN describes: correct its database or grant the user's rights")
	}
	return fault.Wrap(err, fault.Retry, "source-unreachable", "the source database does not answer")
}

// Outage classifies an error of a statement on our own tables; what says what the
// statement was to do. An error that has a kind keeps it.
func Outage(err error, what string) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	code, remedy := "state-unreachable", ""
	switch CauseOf(err) {
	case Right:
		code, remedy = "state-rights", "; the database user lacks a right: grant it as terraform/README.md says"
	case Text:
		code, remedy = "state-schema", "; tables are missing or old: run returnsync migrate, which makes those of every wing too"
	}
	if errors.Is(err, driver.ErrInvalidConn) || errors.Is(err, sqldriver.ErrBadConn) {
		remedy = "; the connection was lost, or its server is read-only, as after a fail-over"
	}
	return fault.Wrap(err, fault.Retry, code, "the state database failed to "+what+remedy)
}

// MySQL's error numbers that stores decide by.
const (
	duplicateKey = 1062
	noSuchTable  = 1146
)

// IsDuplicate reports whether a unique key refused a row.
func IsDuplicate(err error) bool { return numbered(err, duplicateKey) }

// IsNoTable reports whether a statement names a table that does not exist.
func IsNoTable(err error) bool { return numbered(err, noSuchTable) }

// numbered reports whether an error of the server has one of the numbers.
func numbered(err error, numbers ...uint16) bool {
	var my *driver.MySQLError
	return errors.As(err, &my) && slices.Contains(numbers, my.Number)
}
