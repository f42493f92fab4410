package cli

import (
	"cmp"
	"errors"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	ExitOK        = 0
	ExitError     = 1
	ExitAttention = 2
)

// ErrAttention ends a command that worked and found something that needs attention. The
// finding has been printed.
var ErrAttention = errors.New("something needs attention")

// ExitCode returns the exit code for a command's error.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, ErrAttention):
		return ExitAttention
	}
	return ExitError
}

// The annotations of commands that document more than success and failure.
const (
	attention = "attention"
	failure   = "failure"
)

// Attention documents in which case a command exits with 2.
func Attention(when string) map[string]string { return map[string]string{attention: when} }

// Failure adds to annotations in which further case a command exits with 1.
func Failure(annotations map[string]string, when string) map[string]string {
	annotations[failure] = when
	return annotations
}

// DocumentExits adds the exit codes to the help of a command and of all below it, in the
// same words everywhere.
func DocumentExits(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		DocumentExits(child)
	}
	if !cmd.Runnable() || IsGroup(cmd) {
		return
	}
	text := "\n\nExit codes:\n  0  well\n"
	if when := cmd.Annotations[failure]; when != "" {
		text += "  1  " + when + ", or the command failed: standard error says why and what to do"
	} else {
		text += "  1  the command failed: standard error says why and what to do"
	}
	if when := cmd.Annotations[attention]; when != "" {
		text += "\n  2  needs attention: " + when
	}
	cmd.Long = cmp.Or(cmd.Long, cmd.Short+".") + text
}
