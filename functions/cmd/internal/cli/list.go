package cli

import (
	"context"
	"fmt"
	"io"
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
	After                  func(context.Context, *Session, ListFlags, []T) error // may be nil; not after JSON unless it is the verdict
}

// Build returns the command.
func (l List[T]) Build(a *App) *cobra.Command {
	var o ListFlags
	cmd := &l.Command
	if cmd.Use == "" {
		cmd.Use = "list"
	}
	cmd.Args = cobra.NoArgs
	JSONFlag(cmd.Flags(), &o.JSON)
	if l.All != "" {
		cmd.Flags().BoolVar(&o.All, "all", false, l.All)
	}
	if l.Entity != "" {
		cmd.Flags().StringVar(&o.Entity, "entity", "", l.Entity)
	}
	if l.Limit > 0 {
		cmd.Flags().IntVar(&o.Limit, "limit", l.Limit, "show at most this many"+l.LimitUnit)
	}
	if l.Flags != nil {
		l.Flags(cmd.Flags())
	}
	cmd.RunE = a.Run(func(ctx context.Context, s *Session, _ []string) error {
		if l.Limit > 0 && o.Limit < 1 {
			return fmt.Errorf("--limit is %d; want 1 or more", o.Limit)
		}
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

// Table writes rows in columns below a head, whose names are apart by tabs. Times are
// shown in UTC, and a nil time as a dash.
func Table[T any](to io.Writer, head string, rows []T, row func(T) []any) error {
	w := Columns(to)
	_, _ = fmt.Fprintln(w, head)
	indent := head[:len(head)-len(strings.TrimLeft(head, " "))]
	for _, r := range rows {
		cells := row(r)
		texts := make([]string, len(cells))
		for i, c := range cells {
			texts[i] = Cell(c)
		}
		_, _ = fmt.Fprintln(w, indent+strings.Join(texts, "\t"))
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
