package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	service "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// maxRecord bounds the record that try reads.
const maxRecord = 1 << 20

// flows is the group of commands that look at the definitions.
func flows(a *cli.App) *cobra.Command {
	return cli.Group(&cobra.Command{
		Use: "flows", Short: "Check, show and try the definitions of flows",
		Long:    "flows looks at the definitions of flows: those of the program, with those of a folder (TRANSFERS_DIR), or those of a file in their place.",
		Example: "  returnsync transfers flows check --dir flows\n  returnsync transfers flows show dbo.PersonEmail",
	}, checkFlows(a), showFlow(a), tryFlow(a))
}

// defined adds the flags that name definitions.
func defined(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("dir", "", "folder of YAML files that are added to the program's flows (TRANSFERS_DIR)")
	cmd.Flags().String("file", "", "YAML file of flows in place of the program's (TRANSFER_FLOWS)")
	return cmd
}

// loaded returns a RunE that reads the definitions.
func loaded(a *cli.App, do func(cmd *cobra.Command, flows transfer.Flows, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		dir, _ := cmd.Flags().GetString("dir") // both are strings
		file, _ := cmd.Flags().GetString("file")
		if dir == "" && file == "" && a.Environment != nil {
			dir, _ = a.Environment.Lookup("TRANSFERS_DIR")
			file, _ = a.Environment.Lookup("TRANSFER_FLOWS")
		}
		flows, err := service.ReadFlows(file, dir)
		if err != nil {
			return err
		}
		return do(cmd, flows, args)
	}
}

// checkFlows lists the flows if nothing is wrong with them.
func checkFlows(a *cli.App) *cobra.Command {
	return defined(&cobra.Command{
		Use: "check", Args: cli.Args, Short: "Check all flows, and list them",
		Long:    "check reads all definitions. It names every mistake with file, line and field, and lists the flows if there is none. It reaches no system.",
		Example: "  returnsync transfers flows check\n  returnsync transfers flows check --dir /etc/sosync/flows",
		RunE: loaded(a, func(_ *cobra.Command, flows transfer.Flows, _ []string) error {
			w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "STUDIO\tONLINE\tDIRECTION\tWINNER\tPRIORITY\tFIELDS\tPARENTS")
			for _, f := range flows {
				var parents []string
				for _, p := range f.Parents {
					parents = append(parents, p.Model)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", f.Studio, f.Online, f.Direction, f.Winner.Word(), f.Priority, len(f.Fields), strings.Join(parents, ", "))
			}
			return w.Flush()
		}),
	})
}

// flowOf returns the flow of a model.
func flowOf(flows transfer.Flows, model string) (transfer.Flow, error) {
	f, ok := flows.Named(model)
	if !ok {
		return f, fmt.Errorf("no flow carries the model %s; returnsync transfers flows check lists them", model)
	}
	return f, nil
}

// showFlow shows one flow field by field.
func showFlow(a *cli.App) *cobra.Command {
	return defined(&cobra.Command{
		Use: "show MODEL", Args: cli.Args, Short: "Show a flow field by field",
		Long:    "show prints the flow of a model, of either side: where its records go, what comes first, and how each field is converted.",
		Example: "  returnsync transfers flows show dbo.PersonEmail\n  returnsync transfers flows show sale.order",
		RunE: loaded(a, func(_ *cobra.Command, flows transfer.Flows, args []string) error {
			f, err := flowOf(flows, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "%s and %s: %s, %s wins a conflict, priority %d\n", f.Studio, f.Online, f.Direction, f.Winner.Word(), f.Priority)
			w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
			for _, p := range f.Parents {
				fmt.Fprintf(w, "%s\t%s\t%s\tthe record of %s, which comes first\n", p.Studio, "<->", p.Online, p.Model)
			}
			for _, one := range f.Followers {
				other, _ := flows.Named(one.Model) // the flows were checked
				p, _ := other.Refers(f)
				fmt.Fprintf(w, "%s\t\t%s\trecords of %s that refer to it come after it\n", p.Studio, p.Online, one.Model)
			}
			for _, t := range f.Tables {
				fmt.Fprintf(w, "%s\t\t\ta row of %s whose %s is the record\n", t.Name+".*", t.Model, t.Link)
			}
			for _, p := range f.Fields {
				studio, how := described(p)
				arrow := map[transfer.Side]string{"": "<->", transfer.Online: "->", transfer.Studio: "<-"}[p.Only]
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", studio, arrow, p.Online, how)
			}
			if len(f.Match) > 0 {
				fmt.Fprintf(w, "linked by\t\t%s\tof a record without a link that has the same\n", strings.Join(f.Match, ", "))
			}
			return w.Flush()
		}),
	})
}

// described says how a pair is converted.
func described(p transfer.Pair) (studio, how string) {
	place := func(l *transfer.Place) string {
		if l == nil {
			return "the value"
		}
		return l.Model + "." + l.Field
	}
	switch {
	case p.Joined != nil:
		return strings.Join(p.Joined, " "+p.By+" "), "joined"
	case p.Many != nil:
		return p.Many.Model + "." + p.Many.Field, "ids of " + p.Many.Of
	case p.Values != nil:
		return p.Studio, fmt.Sprintf("%d values, others are %v", len(p.Values), p.Otherwise)
	case p.Lookup != nil:
		return p.Studio, "by " + place(p.Lookup.Studio) + " and " + place(p.Lookup.Online)
	}
	return p.Studio, string(p.As)
}

// tryFlow converts a record that somebody writes down.
func tryFlow(a *cli.App) *cobra.Command {
	cmd := defined(&cobra.Command{
		Use: "try MODEL [FILE]", Args: cli.Args, Short: "Convert a record for the other side",
		Long: `try reads a record of a model as a JSON object of its fields, from a file or from standard
input, and prints the fields that the other side would get. It reaches no system: what has
to be looked up is said instead, and ids of parents are not converted.`,
		Example: "  echo '{\"EmailVor\":\"a\",\"EmailNach\":\"b.at\"}' | returnsync transfers flows try dbo.PersonEmail\n  returnsync transfers flows try res.partner partner.json",
		RunE: loaded(a, func(cmd *cobra.Command, flows transfer.Flows, args []string) error {
			f, err := flowOf(flows, args[0])
			if err != nil {
				return err
			}
			in := cmd.InOrStdin()
			if len(args) > 1 {
				file, err := os.Open(args[1])
				if err != nil {
					return err
				}
				defer func() { _ = file.Close() }()
				in = file
			}
			r := transfer.Record{ID: 1}
			d := json.NewDecoder(io.LimitReader(in, maxRecord))
			d.UseNumber()
			if err := d.Decode(&r.Fields); err != nil {
				return fmt.Errorf("the record is no JSON object: %w", err)
			}
			to := transfer.Studio
			if strings.EqualFold(f.Studio, args[0]) {
				to = transfer.Online
			}
			return convert(cmd.Context(), a, f, r, to)
		}),
	})
	return cmd
}

// convert converts field by field, so that one that cannot be converted hides no other.
func convert(ctx context.Context, a *cli.App, f transfer.Flow, r transfer.Record, to transfer.Side) error {
	out, problems := map[string]any{}, []error{}
	for _, p := range f.Fields {
		one := f
		one.Fields = []transfer.Pair{p}
		m, err := one.Map(ctx, nowhere{}, r, nil, to)
		var look lookup
		switch {
		case errors.As(err, &look):
			out[p.Online] = string(look)
		case err != nil:
			problems = append(problems, err)
		}
		maps.Copy(out, m.Fields)
		for _, part := range m.Parts {
			for name, v := range part.Fields {
				out[part.Model+"."+name] = v
			}
		}
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(out)) {
		text, err := json.Marshal(out[name])
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\n", name, text)
	}
	return errors.Join(append(problems, w.Flush())...)
}

// lookup says what would be looked up.
type lookup string

// Error returns what would be looked up.
func (l lookup) Error() string { return string(l) }

// nowhere is no system.
type nowhere struct{}

// Look implements transfer.Looker.
func (nowhere) Look(_ context.Context, side transfer.Side, model string, id int64) (transfer.Record, error) {
	return transfer.Record{}, lookup(fmt.Sprintf("looked up: %s %s %d", side.Word(), model, id))
}

// LookFor implements transfer.Looker.
func (nowhere) LookFor(_ context.Context, side transfer.Side, model string, q transfer.Query) ([]transfer.Record, error) {
	return nil, lookup(fmt.Sprintf("looked up: %s %s with %v", side.Word(), model, q.Equal))
}
