package exchange

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	function "gitlab.com/eshopbox-team/return-sync/functions/exchange"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	wing "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// commands returns returnsync exchange.
func commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{cli.Group(&cobra.Command{
		Use: "exchange", Short: "Exchange slices of data with other companies' servers",
		Example: "  returnsync exchange sync --sub acme-rotors --noupdate\n  returnsync exchange list",
	}, syncCommand(a), listCommand(a), addCommand(a), pullCommand(a), subscriptionsCommand(a), companiesCommand(a), keysCommand(a), switchCommand(a))}
}

// open opens the wing's server over our own tables.
func open(ctx context.Context, s *cli.Session) (function.Parts, *wing.Partners, error) {
	var settings function.Settings
	db, err := s.Tables(ctx, &settings)
	if err != nil {
		return function.Parts{}, nil, err
	}
	return wing.Open(db.Pool(), settings, s.Env.Log, s.Now, nil)
}

// acts are the changes that leave a row of the audit.
func acts(p function.Parts) function.Acts { return function.Acts{Store: p.Store, Audit: p.Audit} }

// tables opens the wing's tables alone.
func tables(ctx context.Context, s *cli.Session) (*store.Store, error) {
	db, err := s.Tables(ctx)
	if err != nil {
		return nil, err
	}
	return store.New(db.Pool()), nil
}

// syncCommand is returnsync exchange sync.
func syncCommand(a *cli.App) *cobra.Command {
	var sub string
	var dry, asJSON bool
	cmd := &cobra.Command{
		Use: "sync", Short: "Bring the copies of partners' slices in line", Args: cli.Args, Annotations: cli.Attention("a subscription or a partner failed"),
		Long: `sync brings the copies of all active subscriptions in line with their primaries. It runs
on a secondary (EXCHANGE_ROLE). --sub chooses one company by its id or name, or one
subscription by its name. With --noupdate nothing is changed, and the list is that of
the sync that would follow.`,
		Example: "  returnsync exchange sync\n  returnsync exchange sync --sub acme-rotors --noupdate",
	}
	cmd.Flags().StringVar(&sub, "sub", "", "a company's id, or the name of a subscription or a company")
	cmd.Flags().BoolVar(&dry, "noupdate", false, "change nothing and list what a sync would do")
	cli.JSONFlag(cmd.Flags(), &asJSON)
	cmd.RunE = a.Run(func(ctx context.Context, s *cli.Session, _ []string) error {
		parts, partners, err := open(ctx, s)
		if err != nil {
			return err
		}
		show, end := follow(s)
		partners.Progress = show
		var reports []exchange.Report
		err = acts(parts).Started(ctx, s.Actor(), cmp.Or(sub, "all"), dry, func() (err error) {
			reports, err = syncs(ctx, parts.Store, partners, sub, dry)
			return err
		})
		end()
		if err != nil {
			return err
		}
		if asJSON {
			err = cli.JSON(s.Out, reports)
		} else {
			printReports(s, reports)
		}
		for _, r := range reports {
			if !r.OK() && err == nil {
				err = cli.ErrAttention
			}
		}
		return err
	})
	return cmd
}

// follow returns what shows the grains that come, and what ends the display.
func follow(s *cli.Session) (show func(exchange.Progress), end func()) {
	bar, began := progress.New(s.Err, s.Terminal, "exchange", s.Now), s.Now()
	var mu sync.Mutex // partners are synced at once
	grains, size := map[string]int{}, map[string]int64{}
	show = func(p exchange.Progress) {
		mu.Lock()
		defer mu.Unlock()
		name := p.Partner.Name + ", " + p.Slice
		grains[name], size[name] = p.Grains, p.Bytes
		all, bytes := 0, int64(0)
		for one, n := range grains {
			all, bytes = all+n, bytes+size[one]
		}
		seconds := max(s.Now().Sub(began).Seconds(), 0.001)
		bar.Set(all, all+1, fmt.Sprintf("%s: %d grains, %.1f MB in all, %.0f grains/s", name, all, float64(bytes)/1e6, float64(all)/seconds))
	}
	return show, bar.End
}

// syncs syncs what --sub means, or everything.
func syncs(ctx context.Context, tables *store.Store, partners *wing.Partners, sub string, dry bool) ([]exchange.Report, error) {
	if sub == "" {
		return partners.SyncAll(ctx, dry)
	}
	companies, err := tables.Companies.List(ctx)
	if err != nil {
		return nil, err
	}
	subs, err := tables.Subscriptions.List(ctx, nil)
	if err != nil {
		return nil, err
	}
	choice, err := exchange.Choose(sub, companies, subs)
	if err != nil {
		return nil, err
	}
	company, err := tables.Companies.Company(ctx, choice.Company)
	if err != nil {
		return nil, err
	}
	r, err := partners.Sync(ctx, company, choice.Sub, dry)
	return []exchange.Report{r}, err
}

// printReports prints a line a subscription and the sums of each partner.
func printReports(s *cli.Session, reports []exchange.Report) {
	good, bad := 0, 0
	for _, r := range reports {
		_, _ = fmt.Fprintf(s.Out, "syncing %s...\n", r.Partner.Name)
		grains, size := 0, int64(0)
		for _, one := range r.Results {
			grains, size = grains+one.Added, size+one.Bytes
			_, _ = fmt.Fprintf(s.Out, "  %-12s %s: %d added, %d removed, %d grains %s\n", one.Outcome, one.Name, one.Added, one.Removed, one.Count, cli.OneLine(one.Error))
		}
		if r.Error != "" {
			_, _ = fmt.Fprintf(s.Out, "  %s\n", cli.OneLine(r.Error))
		}
		_, _ = fmt.Fprintf(s.Out, "  %d grains, %d bytes in %s, %.0f grains/s\n", grains, size, r.Duration.Round(time.Millisecond), float64(grains)/max(r.Duration.Seconds(), 0.001))
		if r.OK() {
			good++
		} else {
			bad++
		}
	}
	_, _ = fmt.Fprintf(s.Out, "Successful: %d, Errors: %d\n", good, bad)
}

// listCommand is returnsync exchange list.
func listCommand(a *cli.App) *cobra.Command {
	return cli.List[exchange.Slice]{
		Command: cobra.Command{Short: "List the slices", Example: "  returnsync exchange list\n  returnsync exchange list -o csv"},
		Read: func(ctx context.Context, s *cli.Session, _ cli.ListFlags) ([]exchange.Slice, error) {
			t, err := tables(ctx, s)
			if err != nil {
				return nil, err
			}
			return t.Slices.List(ctx)
		},
		Empty: "there are no slices", Head: "SLICE\tTYPE\tGRAINS\tAS OF\tALLOWED\tSTATUS\tID",
		Row: func(x exchange.Slice) []any {
			return []any{x.Name, x.Type, x.Count, moment(x.Date), x.AllowSync, x.Status, x.ID}
		},
	}.Build(a)
}

// moment prints a time, and a dash for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return cli.Moment(nil)
	}
	return cli.Moment(&t)
}

// subscriptionsCommand is returnsync exchange subscriptions.
func subscriptionsCommand(a *cli.App) *cobra.Command {
	return cli.List[exchange.Subscription]{
		Command: cobra.Command{Use: "subscriptions", Short: "List the subscriptions", Example: "  returnsync exchange subscriptions\n  returnsync exchange subscriptions --json"},
		Read: func(ctx context.Context, s *cli.Session, _ cli.ListFlags) ([]exchange.Subscription, error) {
			t, err := tables(ctx, s)
			if err != nil {
				return nil, err
			}
			return t.Subscriptions.List(ctx, nil)
		},
		Empty: "there are no subscriptions", Head: "SUBSCRIPTION\tCOMPANY\tSLICE\tACTIVE\tVANISHED\tGRAINS\tID",
		Row: func(x exchange.Subscription) []any {
			return []any{x.Name, x.CompanyID, x.Slice.Name, x.Active, x.Vanished, x.Slice.Count, x.ID}
		},
	}.Build(a)
}

// companiesCommand is returnsync exchange companies.
func companiesCommand(a *cli.App) *cobra.Command {
	return cli.List[exchange.Company]{
		Command: cobra.Command{Use: "companies", Short: "List the companies", Example: "  returnsync exchange companies\n  returnsync exchange companies --json"},
		Read: func(ctx context.Context, s *cli.Session, _ cli.ListFlags) ([]exchange.Company, error) {
			t, err := tables(ctx, s)
			if err != nil {
				return nil, err
			}
			return t.Companies.List(ctx)
		},
		Empty: "there are no companies", Head: "COMPANY\tACTIVE\tADDRESS\tKEY\tID",
		Row: func(x exchange.Company) []any { return []any{x.Name, x.Active, cli.OrDash(x.SyncAddr), x.HasKey, x.ID} },
	}.Build(a)
}

// keysCommand is returnsync exchange keys.
func keysCommand(a *cli.App) *cobra.Command {
	return cli.List[store.Key]{
		Command: cobra.Command{Use: "keys", Short: "List the keys with which partners' servers log in here", Example: "  returnsync exchange keys\n  returnsync exchange keys --json"},
		Read: func(ctx context.Context, s *cli.Session, _ cli.ListFlags) ([]store.Key, error) {
			t, err := tables(ctx, s)
			if err != nil {
				return nil, err
			}
			return t.Keys.List(ctx, nil)
		},
		Empty: "there are no keys", Head: "KEY\tCOMPANY\tCREATED\tEXPIRES\tREVOKED\tLAST USED",
		Row: func(x store.Key) []any {
			return []any{x.ID, x.CompanyID, moment(x.CreatedAt), moment(x.ExpiresAt), moment(x.RevokedAt), moment(x.LastUsed)}
		},
	}.Build(a)
}

// sliceOf returns the slice that a flag names, by id or name.
func sliceOf(ctx context.Context, t *store.Store, text string) (exchange.Slice, error) {
	if id, err := exchange.ParseID(text); err == nil {
		return t.Slices.Slice(ctx, id)
	}
	return t.Slices.SliceNamed(ctx, strings.ToLower(text))
}

// addCommand is returnsync exchange add.
func addCommand(a *cli.App) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "add FILE", Short: "Make a file the content of a slice", Args: cli.Args,
		Long: `add makes a file the one grain of a slice (grain_key level-1), in place of the grain
that was there. Partners get the new file with their next sync.`,
		Example: "  returnsync exchange add --slice acme-rotors rotors.xml",
	}
	cmd.Flags().StringVar(&name, "slice", "", "the slice, by id or name (required)")
	_ = cmd.MarkFlagRequired("slice")
	cmd.RunE = a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
		parts, _, err := open(ctx, s)
		if err != nil {
			return err
		}
		if parts.Settings.Role != "primary" {
			return fault.New(fault.Forbidden, "wrong-server-role", "files are added on a primary alone")
		}
		slice, err := sliceOf(ctx, parts.Store, name)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		g, err := exchange.FileGrain(slice.ID, filepath.Base(args[0]), content)
		if err != nil {
			return err
		}
		if err := acts(parts).AddFile(ctx, s.Actor(), slice, g); err != nil {
			return err
		}
		after, err := parts.Store.Slices.Refresh(ctx, slice.ID)
		if err == nil {
			_, _ = fmt.Fprintf(s.Out, "%s: %d bytes in grain %s, hash %s\n", slice.Name, len(content), g.ID, after.Hash)
		}
		return err
	})
	return cmd
}

// pullCommand is returnsync exchange pull.
func pullCommand(a *cli.App) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "pull DIR", Short: "Write a slice's grains as files", Args: cli.Args,
		Long:    "pull writes each grain of a slice, decoded, into DIR/SLICE, named by its source, or by its id where files would have one name.",
		Example: "  returnsync exchange pull --slice acme-rotors ./received",
	}
	cmd.Flags().StringVar(&name, "slice", "", "the slice, by id or name (required)")
	_ = cmd.MarkFlagRequired("slice")
	cmd.RunE = a.Run(func(ctx context.Context, s *cli.Session, args []string) error {
		t, err := tables(ctx, s)
		if err != nil {
			return err
		}
		slice, err := sliceOf(ctx, t, name)
		if err != nil {
			return err
		}
		n, err := pull(ctx, t, slice, filepath.Join(args[0], fileName(slice.Name, slice.ID)))
		_, _ = fmt.Fprintf(s.Out, "%s: %d files\n", slice.Name, n)
		return err
	})
	return cmd
}

// fileName returns a name that stays in its folder; names come from partners.
func fileName(name string, id exchange.ID) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, filepath.Base(name))
	if strings.Trim(name, ". ") == "" {
		return id.String()
	}
	return name
}

// pull writes a slice's grains into a folder and returns how many it wrote.
func pull(ctx context.Context, t *store.Store, slice exchange.Slice, dir string) (n int, err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return 0, err
	}
	const page = 100
	var ids []exchange.ID
	write := func() error {
		err := t.Grains.Read(ctx, slice.ID, ids, func(g exchange.Grain) error {
			n++
			return writeGrain(&g, dir)
		})
		ids = ids[:0]
		return err
	}
	for id, err := range t.Grains.IDs(ctx, slice.ID, exchange.Whole) {
		if err != nil {
			return n, err
		}
		if ids = append(ids, id); len(ids) == page {
			if err := write(); err != nil {
				return n, err
			}
		}
	}
	return n, write()
}

// writeGrain writes one grain. A file that is there is not overwritten: the grain then
// has its id for a name.
func writeGrain(g *exchange.Grain, dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, fileName(g.Source, g.ID)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if os.IsExist(err) {
		f, err = os.Create(filepath.Join(dir, g.ID.String()))
	}
	if err != nil {
		return err
	}
	if _, err := g.WriteTo(f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
