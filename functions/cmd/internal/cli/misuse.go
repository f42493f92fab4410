package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// FlagError words the error of a flag that was written wrongly: which flag, what it was
// given, and what it takes.
func FlagError(cmd *cobra.Command, err error) error {
	see := fmt.Sprintf("; see %s --help", cmd.CommandPath())
	var value *pflag.InvalidValueError
	var required *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	var form *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &value):
		given := value.GetValue()
		if _, err := strconv.Atoi(given); err != nil {
			given = strconv.Quote(given)
		}
		return fmt.Errorf("--%s is %s; want %s%s", value.GetFlag().Name, given, takes(value.GetFlag()), see)
	case errors.As(err, &required):
		return fmt.Errorf("--%s needs a value%s", required.GetFlag().Name, see)
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return fmt.Errorf("%q is no flag of %s%s", "-"+unknown.GetSpecifiedShortnames(), cmd.CommandPath(), see)
	case errors.As(err, &unknown):
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
			return fmt.Errorf("unknown flag: --%s; the nearest is --%s%s", unknown.GetSpecifiedName(), near, see)
		}
		return fmt.Errorf("unknown flag: --%s%s", unknown.GetSpecifiedName(), see)
	case errors.As(err, &form):
		return fmt.Errorf("%q is no flag%s", form.GetSpecifiedFlag(), see)
	}
	return fmt.Errorf("%w%s", err, see)
}

// FlagsTogether words what cobra would say about flags that a command demands, or that
// exclude each other, and refuses empty ones.
func FlagsTogether(cmd *cobra.Command, _ []string) error {
	see := fmt.Sprintf("; see %s --help", cmd.CommandPath())
	var missing []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if len(f.Annotations[cobra.BashCompOneRequiredFlag]) > 0 && !f.Changed {
			missing = append(missing, fmt.Sprintf("--%s is missing: %s", f.Name, strings.TrimSuffix(f.Usage, " (required)")))
		}
	})
	if len(missing) > 0 {
		return errors.New(strings.Join(missing, ", and ") + see)
	}
	err := cmd.ValidateFlagGroups()
	if err == nil {
		return refuseEmpty(cmd)
	}
	// cobra names the flags that were given at the end: "...; [a b] were all set".
	_, given, ok := strings.Cut(err.Error(), "; [")
	given, _, closed := strings.Cut(given, "] were all set")
	if !ok || !closed {
		return fmt.Errorf("%w%s", err, see)
	}
	return fmt.Errorf("--%s exclude each other: give one of them%s", strings.Join(strings.Fields(given), " and --"), see)
}

// takes says what a flag takes, by its type.
func takes(f *pflag.Flag) string {
	if n, ok := f.Value.(*number); ok {
		return n.takes()
	}
	return cmp.Or(wire.Takes(f.Value.Type()), "what its help says")
}

// nearest is the name that a mistyped word most likely meant; empty for none.
func nearest(word string, names []string) string {
	group := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, name := range names {
		group.AddCommand(&cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}})
	}
	near := group.SuggestionsFor(word)
	slices.SortStableFunc(near, func(a, b string) int { return alike(word, b) - alike(word, a) })
	return first(near)
}

// alike is how many letters at their beginning two words share.
func alike(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// first is the first of a list; empty for none.
func first(list []string) string { return strings.Join(list[:min(1, len(list))], "") }

// ChildNamed refuses the words behind a command that only holds others, and says which
// command was meant, or which there are.
func ChildNamed(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := first(cmd.SuggestionsFor(args[0])); near != "" {
		return fmt.Errorf("unknown command %q: did you mean %s %s?", args[0], cmd.CommandPath(), near)
	}
	var names []string
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			names = append(names, child.Name())
		}
	}
	slices.Sort(names)
	return fmt.Errorf("unknown command %q: %s has %s", args[0], cmd.CommandPath(), strings.Join(names, ", "))
}

// Standard gives cobra's own commands the manners of the others: help of a command that
// there is not is an error, and completion is a group.
func Standard(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Run, cmd.Example = nil, "  returnsync help jobs pause"
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				named, rest, err := root.Find(args)
				if err == nil {
					err = ChildNamed(named, rest)
				}
				if err != nil {
					return err
				}
				named.InitDefaultHelpFlag()
				return named.Help()
			}
		case "completion":
			for _, shell := range cmd.Commands() {
				shell.Args, shell.Example = Args, "  "+shell.CommandPath()
			}
			cmd.Example = "  returnsync completion bash"
			Group(cmd)
		}
	}
}

// Number adds a flag that takes a whole number from 1 on.
func Number(f *pflag.FlagSet, into *int, name string, value int, usage string) {
	*into = value
	f.Var((*number)(into), name, usage)
}

// number is the value of such a flag.
type number int

// Set implements pflag.Value.
func (n *number) Set(text string) error {
	got, err := strconv.Atoi(text)
	if err != nil || got < 1 {
		return errors.New("want " + n.takes())
	}
	*n = number(got)
	return nil
}

// String implements pflag.Value.
func (n *number) String() string { return strconv.Itoa(int(*n)) }

// Type implements pflag.Value.
func (n *number) Type() string { return "int" }

// takes says which numbers.
func (n *number) takes() string { return "1 or more" }
