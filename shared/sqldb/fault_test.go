package sqldb_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// answer is an error of a server.
func answer(number uint16, state string) error {
	e := &mysql.MySQLError{Number: number, Message: "the server's words"}
	copy(e.SQLState[:], state)
	return e
}

// errorsOf lists errors of MySQL and MariaDB with their SQLSTATE, by what has to
// change before the statement can succeed.
var errorsOf = map[sqldb.Cause]map[uint16]string{
	sqldb.Text: {
		1046: "3D000", 1049: "42000", 1054: "42S22", 1055: "42000", 1056: "42000", 1059: "42000", 1060: "42S21",
		1064: "42000", 1065: "42000", 1066: "42000", 1104: "42000", 1109: "42S02", 1111: "HY000", 1115: "42000", 1116: "HY000",
		1128: "HY000", 1139: "42000", 1140: "42000", 1146: "42S02", 1149: "42000", 1166: "42000", 1176: "42000", 1191: "HY000",
		1193: "HY000", 1210: "HY000", 1221: "HY000", 1231: "42000", 1234: "42000", 1235: "42000",
		1247: "42S22", 1248: "42000", 1253: "42000", 1267: "HY000", 1270: "HY000", 1271: "HY000", 1273: "HY000", 1305: "42000",
		1318: "42000", 1327: "42000", 1356: "HY000", 1449: "HY000", 1463: "42000", 1525: "HY000", 1582: "42000",
		1583: "42000", 1584: "42000", 1630: "42000", 3143: "42000", 3579: "HY000", 3580: "HY000", 3593: "HY000", 3636: "HY000", 3685: "HY000", 4078: "HY000", 3995: "HY000",
	},
	sqldb.Data: {
		1048: "23000", 1052: "23000", 1062: "23000", 1222: "21000", 1241: "21000", 1242: "21000", 1264: "22003", 1292: "22007", 1300: "HY000", 1365: "22012", 1366: "HY000",
		1406: "22001", 1411: "HY000", 1690: "22003", 3141: "22032", 3156: "22018", 4037: "HY000", 4038: "HY000",
	},
	sqldb.Right: {1044: "42000", 1142: "42000", 1143: "42000", 1227: "42000", 1370: "42000"},
	sqldb.Transient: {
		1021: "HY000", 1037: "HY001", 1038: "HY001", 1040: "08004", 1041: "HY000", 1042: "08S01", 1043: "08S01", 1045: "28000", 1047: "08S01",
		1053: "08S01", 1114: "HY000", 1129: "HY000", 1130: "HY000", 1135: "HY000", 1152: "08S01", 1153: "08S01", 1158: "08S01", 1160: "08S01", 1184: "08S01",
		1194: "HY000", 1203: "42000", 1205: "HY000", 1206: "HY000", 1213: "40001", 1226: "42000", 1290: "HY000", 1317: "70100",
		1412: "HY000", 1467: "HY000", 1615: "HY000", 1637: "HY000", 1792: "25006", 1836: "HY000", 1927: "70100", 1969: "70100", 3024: "HY000",
		3032: "HY000", 3100: "HY000", 3572: "HY000", 4031: "HY000",
	},
}

// TestEveryErrorBeforeEveryStatement classifies each error as one of a statement
// of a definition, of ours on our tables, and of ours on the source.
func TestEveryErrorBeforeEveryStatement(t *testing.T) {
	for cause, list := range errorsOf {
		for number, state := range list {
			err := fmt.Errorf("outer: %w", answer(number, state))
			t.Run(fmt.Sprint(number), func(t *testing.T) {
				if got := sqldb.CauseOf(err); got != cause {
					t.Errorf("cause %d, want %d", got, cause)
				}
				want := fault.Misconfigured
				if cause == sqldb.Transient {
					want = fault.Retry
				}
				got := sqldb.Definition(err, "things/rows.sql")
				if fault.KindOf(got) != want || !strings.Contains(got.Error(), "the server's words") || !strings.Contains(got.Error(), "things/rows.sql") {
					t.Errorf("a definition's: kind %d: %v", fault.KindOf(got), got)
				}
				if got := sqldb.Outage(err, "read the run"); !fault.Retryable(got) || !strings.Contains(got.Error(), "read the run") {
					t.Errorf("ours: kind %d: %v", fault.KindOf(got), got)
				}
			})
		}
	}
}

// TestNoAnswerOfTheServer is trouble of the connection, whatever the statement was.
func TestNoAnswerOfTheServer(t *testing.T) {
	for _, err := range []error{
		io.EOF, io.ErrUnexpectedEOF, driver.ErrBadConn, mysql.ErrInvalidConn, context.Canceled, context.DeadlineExceeded, errors.New("dial tcp: refused"),
	} {
		for name, got := range map[string]error{
			"definition": sqldb.Definition(err, "f"), "ours": sqldb.Outage(err, "x"), "source": sqldb.Source(err),
		} {
			if fault.KindOf(got) != fault.Retry || !errors.Is(got, err) {
				t.Errorf("%s: %v: kind %d", name, err, fault.KindOf(got))
			}
		}
	}
}

// TestSourceSettings holds the errors of connecting with a DSN that is wrong apart
// from those that pass.
func TestSourceSettings(t *testing.T) {
	for number, want := range map[uint16]fault.Kind{1044: fault.Misconfigured, 1049: fault.Misconfigured, 1045: fault.Retry, 1040: fault.Retry, 1226: fault.Retry} {
		for _, list := range errorsOf {
			if state, ok := list[number]; ok && fault.KindOf(sqldb.Source(answer(number, state))) != want {
				t.Errorf("%d: kind %d, want %d", number, fault.KindOf(sqldb.Source(answer(number, state))), want)
			}
		}
	}
}

func TestKnownKindStays(t *testing.T) {
	known := fault.New(fault.Superseded, "superseded", "gone")
	for name, got := range map[string]error{"definition": sqldb.Definition(known, "f"), "ours": sqldb.Outage(known, "x")} {
		if fault.KindOf(got) != fault.Superseded {
			t.Errorf("%s: kind %d", name, fault.KindOf(got))
		}
	}
	if sqldb.Definition(nil, "f") != nil || sqldb.Outage(nil, "x") != nil {
		t.Error("nothing became an error")
	}
}

// TestAMissingTableIsNoWrongFile has a definition's table renamed, or another database named.
func TestAMissingTableIsNoWrongFile(t *testing.T) {
	got := sqldb.Definition(answer(1146, "42S02"), "things/rows.sql").Error()
	if !strings.Contains(got, "renamed or dropped") || strings.Contains(got, "is wrong") {
		t.Error(got)
	}
}

func TestOutageSaysWhatToDo(t *testing.T) {
	for number, want := range map[uint16]string{1146: "returnsync migrate", 1054: "returnsync migrate", 1142: "grant", 1213: "failed to read the run: "} {
		for _, list := range errorsOf {
			if state, ok := list[number]; ok {
				if got := sqldb.Outage(answer(number, state), "read the run").Error(); !strings.Contains(got, want) {
					t.Errorf("%d: %q does not say %q", number, got, want)
				}
			}
		}
	}
}

// stateError is an error of another driver.
type stateError string

func (e stateError) Error() string    { return "ERROR: " + string(e) }
func (e stateError) SQLState() string { return string(e) }

func TestCauseOfPostgreSQL(t *testing.T) {
	for state, want := range map[string]sqldb.Cause{
		"42P01": sqldb.Text, "42501": sqldb.Right, "23505": sqldb.Data, "22001": sqldb.Data, "40P01": sqldb.Transient, "57P01": sqldb.Transient, "": sqldb.Transient,
	} {
		if got := sqldb.CauseOf(fmt.Errorf("outer: %w", stateError(state))); got != want {
			t.Errorf("%q: cause %d, want %d", state, got, want)
		}
	}
}
