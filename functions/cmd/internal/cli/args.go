package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Args demands the words that a command's Use names after its own name, such as show JOB:
// a word in brackets may be left out, one with dots may stand more than once.
func Args(cmd *cobra.Command, args []string) error {
	names := strings.Fields(cmd.Use)[1:]
	least, most := 0, 0
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "-"):
			continue // a flag that the command demands
		case !strings.HasPrefix(name, "["):
			least++
		}
		if most++; strings.HasSuffix(name, "...") {
			most = len(args) + least
		}
	}
	usage := strings.TrimSpace(cmd.CommandPath() + " " + strings.Join(names, " "))
	if like := example(cmd); len(names) > 0 && like != "" {
		usage += ", such as: " + like
	}
	switch {
	case len(args) < least:
		return fmt.Errorf("%s is missing; write: %s", strings.TrimSuffix(names[len(args)], "..."), usage)
	case len(args) > most:
		return fmt.Errorf("%q is one word too many; write: %s", args[most], usage)
	}
	return nil
}

// example is the first example of a command.
func example(cmd *cobra.Command) string {
	for line := range strings.Lines(cmd.Example) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "   ") // what the example does stands behind
		if strings.HasPrefix(line, cmd.CommandPath()+" ") {
			return line
		}
	}
	return ""
}
