package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ListFlags are the flags of a list.
type ListFlags struct {
	JSON, All bool
	Entity    string
	Limit     int
	// Output is table, json or csv; JSON is the same as json.
	Output string
}

// List is a command that lists rows of one kind, as a table or, with --json, as JSON. The
// flags --all, --entity and --limit exist only with a help text here.
type List[T any] struct {
	Command                cobra.Command // with Short, Long and Example; Use is list if it is empty
	All, Entity, LimitUnit string
	Limit                  int                  // the default of --limit
	Flags                  func(*pflag.FlagSet) // adds further flags; may be nil
	Read                   func(context.Context, *Session, ListFlags) ([]T, error)
	Empty, EmptyAll        string // without rows; EmptyAll with --all, if it differs
	Head                   string // the columns' names, apart by tabs
	Row                    func(T) []any
	Print                  func(*Session, []T) error                             // instead of a table; may be nil
	Flat                   func([]T) [][]any                                     // the rows below Head for CSV, if Print makes the table
	After                  func(context.Context, *Session, ListFlags, []T) error // may be nil; not after JSON unless it is the verdict
}

// Build returns the command.
func (l List[T]) Build(a *App) *cobra.Command {
	var o ListFlags
	cmd := &l.Command
	if cmd.Use == "" {
		cmd.Use = "list"
	}
	cmd.Args = Args
	JSONFlag(cmd.Flags(), &o.JSON)
	cmd.Flags().StringVarP(&o.Output, "output", "o", formTable, "the form: "+strings.Join(forms, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
	if l.All != "" {
		cmd.Flags().BoolVar(&o.All, "all", false, l.All)
	}
	if l.Entity != "" {
		cmd.Flags().StringVar(&o.Entity, "entity", "", l.Entity)
	}
	if l.Limit > 0 {
		Number(cmd.Flags(), &o.Limit, "limit", l.Limit, "show at most this many"+l.LimitUnit)
	}
	if l.Flags != nil {
		l.Flags(cmd.Flags())
	}
	a.names(cmd, l.ids)
	cmd.RunE = a.Run(func(ctx context.Context, s *Session, _ []string) error {
		if !slices.Contains(forms, o.Output) {
			return fmt.Errorf("--output is %q; want %s", o.Output, strings.Join(forms, ", "))
		}
		o.JSON = o.JSON || o.Output == formJSON
		rows, err := l.Read(ctx, s, o)
		if err != nil {
			return err
		}
		if err := l.print(s, o, rows); err != nil || l.After == nil {
			return err
		}
		return l.After(ctx, s, o, rows)
	})
	return cmd
}

// print writes the rows.
func (l List[T]) print(s *Session, o ListFlags, rows []T) error {
	switch {
	case o.JSON:
		return JSON(s.Out, append([]T{}, rows...))
	case o.Output == formCSV:
		return l.csv(s.Out, rows)
	case len(rows) == 0 && l.Empty != "":
		empty := l.Empty
		if o.All && l.EmptyAll != "" {
			empty = l.EmptyAll
		}
		_, err := fmt.Fprintln(s.Out, empty)
		return err
	case l.Print != nil:
		return l.Print(s, rows)
	}
	return Table(s.Out, l.Head, rows, l.Row)
}

// The forms of a list's output.
const (
	formTable = "table"
	formJSON  = "json"
	formCSV   = "csv"
)

var forms = []string{formTable, formJSON, formCSV}

// csv writes the rows as CSV: the table's columns, its head as the first line.
func (l List[T]) csv(to io.Writer, rows []T) error {
	w := csv.NewWriter(to)
	_ = w.Write(strings.Split(strings.TrimSpace(l.Head), "\t")) // Error below reports it
	for _, row := range l.cells(rows) {
		var cells []string
		for _, c := range row {
			cells = append(cells, Cell(c))
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return w.Error()
}

// cells returns the rows below Head.
func (l List[T]) cells(rows []T) (all [][]any) {
	if l.Flat != nil {
		return l.Flat(rows)
	}
	for _, r := range rows {
		all = append(all, l.Row(r))
	}
	return all
}

// Table writes rows in columns below a head, whose names are apart by tabs. Times are
// shown in UTC, and a nil time as a dash. On a screen the table fits its width.
func Table[T any](to io.Writer, head string, rows []T, row func(T) []any) error {
	g := grid{indent: head[:len(head)-len(strings.TrimLeft(head, " "))]}
	g.rows = append(g.rows, strings.Split(strings.TrimLeft(head, " "), "\t"))
	for _, r := range rows {
		cells := row(r)
		texts := make([]string, len(cells))
		for i, c := range cells {
			texts[i] = Cell(c)
		}
		g.rows = append(g.rows, texts)
	}
	switch to := to.(type) {
	case *Recorder:
		to.add(g)
		return nil
	case *Screen:
		return g.write(to)
	}
	w := Columns(to)
	for _, texts := range g.rows {
		_, _ = fmt.Fprintln(w, g.indent+strings.Join(texts, "\t"))
	}
	return w.Flush()
}

// Columns returns a writer that puts texts that are apart by tabs into columns; it needs
// a Flush.
func Columns(to io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(to, 0, 0, 2, ' ', 0) }

// Cell prints a value on one line.
func Cell(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(Clock)
	case *time.Time:
		return Moment(v)
	}
	return OneLine(fmt.Sprint(v))
}

// JSONFlag adds --json.
func JSONFlag(f *pflag.FlagSet, into *bool) {
	f.BoolVar(into, "json", false, "print JSON, for programs")
}
