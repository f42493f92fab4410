package cli

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
)

func TestUnanswered(t *testing.T) {
	const dsn = "u:s3cret@tcp(db.example:3306)/d"
	cases := map[string]struct {
		err  error
		want string
	}{
		"silence":   {context.DeadlineExceeded, "db.example:3306 (STATE_DSN) does not answer: no answer within 10s"},
		"no host":   {&net.DNSError{Err: "no such host", Name: "db.example"}, "no such host"},
		"no right":  {&driver.MySQLError{Number: noRight}, `the account "u" may not use the database "d"`},
		"this host": {&driver.MySQLError{Number: hostNotKnown}, "may connect from here"},
		"other":     {&driver.MySQLError{Number: 1040, Message: "Too many connections"}, "refuses the connection: Error 1040: Too many connections"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := Unanswered("STATE_DSN", dsn, errors.Join(c.err)).Error()
			if !strings.Contains(got, c.want) || strings.Contains(got, "s3cret") {
				t.Error(got)
			}
		})
	}
	if diff := cmp.Diff(nil, Unanswered("STATE_DSN", dsn, nil)); diff != "" {
		t.Error(diff)
	}
	if err := Unanswered("STATE_DSN", "u:s3cret", errors.New("x")); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
}
