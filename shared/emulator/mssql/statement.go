package mssql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// statement is a text that the emulator knows, and what it means.
type statement struct {
	name string // for faults and figures, such as "dbo.Person update"
	do   func(x *run) (set, error)
	// session is what a statement does that concerns the session alone.
	session func(c *session, a *tds.Answer) *tds.Error
}

// set is the answer of a statement.
type set struct {
	columns []tds.Column
	rows    [][]any
	count   int // rows changed, where no rows are answered
	quiet   bool
}

// run is a statement that runs.
type run struct {
	context.Context
	server *Server
	tx     *rows.Tx
	args   map[string]tds.Param // by their names in small letters
	now    time.Time
	jobs   []Job
	wrote  []Written
}

// canonical is the form in which texts are compared: each run of white space is one
// space, so that a client may break lines where it likes.
func canonical(text string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ";")
}

// add makes a text known.
func (s *Server) add(text string, st statement) error {
	key := canonical(text)
	if s.statements[key] != nil {
		return fmt.Errorf("the statement %q is known twice", key)
	}
	s.statements[key] = &st
	return nil
}

// refusal is the error of a text that is not known.
func refusal(text string) *tds.Error {
	return &tds.Error{Number: 50000, State: 1, Class: 16, Message: "The emulator refuses this request: " + text}
}

// resolve finds the statement of a call and its arguments.
func (s *Server) resolve(call tds.Call) (*statement, map[string]tds.Param, *tds.Error) {
	name := strings.ToLower(strings.NewReplacer("[", "", "]", "").Replace(call.Name))
	args := map[string]tds.Param{}
	if !strings.HasSuffix(name, "sp_executesql") {
		for _, p := range call.Params {
			args[strings.ToLower(p.Name)] = p
		}
		st := s.statements["EXEC "+name]
		if st == nil {
			s.options.Refused(call.Name)
			return nil, nil, &tds.Error{Number: 2812, State: 62, Class: 16, Message: "Could not find stored procedure '" + call.Name + "'."}
		}
		return st, args, nil
	}
	if len(call.Params) == 0 {
		return nil, nil, refusal("sp_executesql without a statement")
	}
	text, _ := call.Params[0].Value.(string)
	st := s.statements[canonical(text)]
	if st == nil {
		st = s.searching(canonical(text))
	}
	if st == nil {
		s.options.Refused(text)
		return nil, nil, refusal("it does not know the statement " + canonical(text))
	}
	if len(call.Params) == 1 {
		return st, args, nil
	}
	declared, _ := call.Params[1].Value.(string)
	names, types, err := declarations(declared)
	if err != nil {
		return nil, nil, &tds.Error{Number: 102, State: 1, Class: 15, Message: "Incorrect syntax near the declarations: " + err.Error()}
	}
	for i, p := range call.Params[2:] {
		at := i
		if p.Name != "" {
			at = indexOf(names, p.Name)
		}
		if at < 0 || at >= len(names) {
			return nil, nil, &tds.Error{Number: 8144, State: 2, Class: 16, Message: "Procedure or function sp_executesql has too many arguments specified."}
		}
		v, e := rows.Coerce(p.Value, p.Type, types[at])
		if e != nil {
			return nil, nil, e
		}
		args[strings.ToLower(names[at])] = tds.Param{Name: names[at], Type: types[at], Value: v}
	}
	for _, n := range names {
		if _, ok := args[strings.ToLower(n)]; !ok {
			return nil, nil, &tds.Error{Number: 8178, State: 1, Class: 16, Message: "The parameterized query expects the parameter '" + n + "', which was not supplied."}
		}
	}
	return st, args, nil
}

// indexOf returns the place of a name, in any case of letters.
func indexOf(names []string, name string) int {
	for i, n := range names {
		if strings.EqualFold(n, name) {
			return i
		}
	}
	return -1
}

// do does what a call asks for and appends the answer.
func (c *session) do(ctx context.Context, call tds.Call, within bool, a *tds.Answer) error {
	failed := func(e *tds.Error) error {
		a.Error(e)
		a.Done(tds.Outcome{Failed: true, Within: within})
		return nil
	}
	st, args, e := c.server.resolve(call)
	if e != nil {
		c.server.count("refused")
		return failed(e)
	}
	c.server.count(st.name)
	if st.session != nil {
		if e := st.session(c, a); e != nil {
			return failed(e)
		}
		a.Done(tds.Outcome{Count: -1, Within: within})
		return nil
	}
	fault := c.server.faults.Strikes(st.name, "", mishap.Slow, mishap.Timeout, mishap.TimeoutApplied, mishap.Reset, mishap.ResetApplied, deadlock, denied, missing, locked)
	if fault != nil {
		if e, err := c.before(ctx, fault, st, a); e != nil || err != nil {
			if e != nil {
				return failed(e)
			}
			return err
		}
	}
	result, err := c.run(ctx, st, args)
	var known *tds.Error
	switch {
	case errors.As(err, &known):
		if known.Number == 1205 && c.tx != nil {
			a.Transaction(tds.ChangeRollback, c.txID)
			c.rollback()
		}
		return failed(known)
	case err != nil:
		return err
	case fault != nil && (fault.Kind == mishap.TimeoutApplied || fault.Kind == mishap.ResetApplied):
		return c.unheard(ctx, fault.Kind == mishap.TimeoutApplied)
	}
	o := tds.Outcome{Set: result.columns != nil, Count: result.count, Within: within}
	if o.Set {
		o.Count = len(result.rows)
		a.Rows(result.columns, result.rows)
	}
	if result.quiet {
		o.Count = -1
	}
	a.Done(o)
	return nil
}

// run runs a statement in the session's transaction, or in one of its own.
func (c *session) run(ctx context.Context, st *statement, args map[string]tds.Param) (set, error) {
	x := &run{Context: ctx, server: c.server, tx: c.tx, args: args, now: c.server.options.Now().UTC()}
	if x.tx == nil {
		x.tx = c.server.db.Begin(int(c.spid))
	}
	mark := x.tx.Mark()
	result, err := st.do(x)
	switch {
	case c.tx != nil && err != nil:
		c.tx.Back(mark)
	case c.tx != nil:
		c.txJobs, c.txWrote = append(c.txJobs, x.jobs...), append(c.txWrote, x.wrote...)
	case err != nil:
		x.tx.Rollback()
	default:
		x.tx.Commit()
		c.server.publish(x.jobs, x.wrote)
	}
	return result, err
}
