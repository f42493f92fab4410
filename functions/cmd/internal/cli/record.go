package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Recorder keeps what a command says, for --json of commands that print sentences: the
// lines, and the rows of its tables by their columns' names.
type Recorder struct {
	bytes.Buffer
	rows  []map[string]string
	value any // of a command that prints JSON in any case
}

// said is the JSON of a command that prints sentences.
type said struct {
	OK   bool                `json:"ok"`
	Said []string            `json:"said"`
	Rows []map[string]string `json:"rows,omitempty"`
}

// add keeps rows of a table.
func (r *Recorder) add(g grid) {
	for _, row := range g.rows[1:] {
		one := map[string]string{}
		for i, cell := range row {
			one[strings.ToLower(strings.TrimSpace(g.rows[0][i]))] = cell
		}
		r.rows = append(r.rows, one)
	}
}

// RecordJSON gives --json to every command below cmd that has no such flag: it prints one
// object with what the command says. A command that serves, completes or explains has none.
func RecordJSON(a *App, cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		RecordJSON(a, child)
	}
	run := cmd.RunE
	if run == nil || IsGroup(cmd) || cmd.Annotations[endless] != "" {
		return
	}
	if cmd.Flags().Lookup("json") != nil {
		formFlag(cmd)
		return
	}
	var asJSON bool
	JSONFlag(cmd.Flags(), &asJSON)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !asJSON {
			return run(cmd, args)
		}
		out, r := a.Out, &Recorder{}
		a.Out = r
		err := run(cmd, args)
		a.Out = out
		if r.value != nil {
			return errors.Join(err, JSON(out, r.value))
		}
		s := said{OK: err == nil, Said: []string{}, Rows: r.rows}
		for line := range strings.Lines(r.String()) {
			if line = strings.TrimSpace(line); line != "" {
				s.Said = append(s.Said, line)
			}
		}
		return errors.Join(err, JSON(out, s))
	}
	formFlag(cmd)
}

// formFlag gives -o to a command that has --json and is no list: -o json is --json.
func formFlag(cmd *cobra.Command) {
	if cmd.Flags().Lookup("output") != nil || cmd.Flags().ShorthandLookup("o") != nil {
		return
	}
	var form string
	choices := forms[:2] // a command without rows has no CSV
	cmd.Flags().StringVarP(&form, "output", "o", formTable, "the form: "+strings.Join(choices, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch form {
		case formJSON:
			if err := cmd.Flags().Set("json", "true"); err != nil {
				return err
			}
		case formTable:
		default:
			return fmt.Errorf("--output is %q; want %s", form, strings.Join(choices, ", "))
		}
		return run(cmd, args)
	}
}

// endless is the annotation of a command that runs until it is stopped.
const endless = "endless"

// Endless documents that a command runs until it is stopped.
func Endless() map[string]string { return map[string]string{endless: "true"} }
