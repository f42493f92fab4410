package main

import (
	"errors"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// databases is what the settings say about the databases. Unlike for a function,
// one of the two is enough: most commands need our own tables alone.
type databases struct {
	Source         string `env:"SOURCE_DSN"`
	State          string `env:"STATE_DSN"`
	MaxConnections int    `env:"DB_MAX_CONNECTIONS, default=8"`
}

// wired returns the databases as package wire takes them.
func (d databases) wired() wire.Databases {
	return wire.Databases{SourceDSN: d.Source, StateDSN: d.State, MaxConnections: d.MaxConnections}
}

// stateName names the setting that says where our own tables are.
func (d databases) stateName() string {
	if d.State != "" {
		return "STATE_DSN"
	}
	return "SOURCE_DSN"
}

const dsnForm = "user:password@tcp(host:port)/database"

// problems lists what is wrong with the DSNs. The driver's own words may hold a
// part of the password and are left out.
func (d databases) problems(needSource bool) error {
	var list []error
	if d.Source == "" && (needSource || d.State == "") {
		list = append(list, errors.New("  SOURCE_DSN is missing: the database of the returns, as "+dsnForm))
	}
	list = append(list, dsnProblem("SOURCE_DSN", d.Source), dsnProblem("STATE_DSN", d.State))
	return errors.Join(list...)
}

// dsnProblem says what is wrong with a DSN; an empty one is not judged.
func dsnProblem(name, dsn string) error {
	if dsn == "" {
		return nil
	}
	cfg, err := driver.ParseDSN(dsn)
	switch {
	case err != nil:
		return errors.New("  " + name + " cannot be read: want " + dsnForm)
	case cfg.DBName == "":
		return errors.New("  " + name + " names no database: want " + dsnForm)
	}
	return nil
}
