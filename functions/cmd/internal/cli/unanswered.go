package cli

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	driver "github.com/go-sql-driver/mysql"
)

// MySQL's error numbers for a connection that was refused by name.
const (
	noAccount    = 1045
	noRight      = 1044
	noDatabase   = 1049
	hostNotKnown = 1130
)

// Unanswered turns the error of a database's first answer into what to check. It
// names host, account and database, never the password. A nil err stays nil.
func Unanswered(name, dsn string, err error) error {
	if err == nil {
		return nil
	}
	cfg, problem := driver.ParseDSN(dsn)
	if problem != nil {
		return fmt.Errorf("%s cannot be read: want %s", name, DSNForm)
	}
	var my *driver.MySQLError
	if !errors.As(err, &my) {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %v", AnswerWithin)
		}
		var refused syscall.Errno
		if errors.As(err, &refused) {
			err = refused // without the words of Go's around it
		}
		return fmt.Errorf("the database at %s (%s) does not answer: %w: check that it runs, that host and port are right, and that this machine may reach it",
			cfg.Addr, name, err)
	}
	switch my.Number {
	case noAccount, hostNotKnown:
		return fmt.Errorf("the database at %s (%s) refuses the account %q: check user and password, and that the account may connect from here", cfg.Addr, name, cfg.User)
	case noDatabase:
		return fmt.Errorf("the server at %s (%s) has no database %q: create it, or correct the name", cfg.Addr, name, cfg.DBName)
	case noRight:
		return fmt.Errorf("the account %q may not use the database %q at %s (%s): grant it the right", cfg.User, cfg.DBName, cfg.Addr, name)
	}
	return fmt.Errorf("the database at %s (%s) refuses the connection: %w", cfg.Addr, name, my)
}
