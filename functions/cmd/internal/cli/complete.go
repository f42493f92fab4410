package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// Complete lets the shell complete --entity, by the definitions, --severity, and the ids
// that a command takes, by the list of its group; in a command and in all below it.
func Complete(a *App, cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		Complete(a, child)
		if named := a.listed[child]; named != nil {
			for _, sibling := range cmd.Commands() {
				a.completeID(sibling, named)
			}
		}
	}
	if f := cmd.Flags().Lookup("entity"); f != nil {
		_ = cmd.RegisterFlagCompletionFunc(f.Name, entityNames)
	}
	if f := cmd.Flags().Lookup("severity"); f != nil {
		_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions([]string{"info", "warning", "error"}, cobra.ShellCompDirectiveNoFileComp))
	}
}

// entityNames lists the definitions of --entities-dir and the embedded ones.
func entityNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	dir, _ := cmd.Flags().GetString("entities-dir")
	list, err := wire.Definitions{Dir: dir}.Load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, d := range list {
		names = append(names, d.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// ids returns the values of a list's column, each with the rest of its row.
type ids func(ctx context.Context, s *Session, column string) ([]string, error)

// The bounds of a completion: people wait for it, and read it.
const (
	completeWithin = 3 * time.Second
	completeMost   = 50
)

// completeID completes the first word that a command's Use names, such as show JOB, by
// the list of its group.
func (a *App) completeID(cmd *cobra.Command, named ids) {
	words := strings.Fields(cmd.Use)[1:]
	if len(words) == 0 || cmd.ValidArgsFunction != nil || a.listed[cmd] != nil {
		return
	}
	column := strings.Trim(words[0], "[].")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) (found []string, how cobra.ShellCompDirective) {
		how = cobra.ShellCompDirectiveNoFileComp
		if len(args) > 0 && !strings.HasSuffix(words[0], "...") {
			return nil, how
		}
		err := a.Run(func(ctx context.Context, s *Session, _ []string) (err error) {
			ctx, cancel := context.WithTimeout(ctx, completeWithin)
			defer cancel()
			found, err = named(ctx, s, column)
			return err
		})(cmd, args)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return found, how
	}
}

// ids reads the list and returns the column with a command's word as its name, or the one
// with records, or the first one.
func (l List[T]) ids(ctx context.Context, s *Session, column string) ([]string, error) {
	rows, err := l.Read(ctx, s, ListFlags{All: l.All != "", Limit: min(max(l.Limit, 1), completeMost)})
	if err != nil {
		return nil, err
	}
	head := strings.Split(strings.TrimSpace(l.Head), "\t")
	at := max(slices.Index(head, strings.ToUpper(column)), slices.Index(head, "RECORD"), 0)
	var found []string
	for _, cells := range l.cells(rows) {
		var about []string
		for i, c := range cells {
			if i != at && len(about) < 3 {
				about = append(about, Cell(c))
			}
		}
		found = append(found, Cell(cells[at])+"\t"+strings.Join(about, ", "))
	}
	return found[:min(len(found), completeMost)], nil
}
