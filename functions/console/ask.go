package console

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/operate"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// questions are the dry runs: each says what an action would do and cost, and changes
// nothing but the note of the newest comparison.
var questions = map[string]func(*deed, context.Context) (any, error){
	"compare": (*deed).askCompare, "backfill": (*deed).askBackfill, "settings": (*deed).askSettings, "schedule": (*deed).askSchedule,
}

// ask answers an operator's question.
func (f *function) ask(r *http.Request) (any, error) {
	d, name, err := f.deed(r, "question")
	if err != nil {
		return nil, err
	}
	do, ok := questions[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "no-question", "there is no such question; there are %q", slices.Sorted(maps.Keys(questions)))
	}
	if err := readJSON(r, &d.request); err != nil {
		return nil, err
	}
	return do(d, r.Context())
}

// The bounds of a comparison in the console: larger ones are for the command line.
const (
	differencesNamed = 100
	mostWrong        = 200_000 // records or roots that a repair gathers
)

// comparison is what a comparison found and what its repair costs.
type comparison struct {
	Report     verify.Report `json:"report"`
	Operations int64         `json:"operations"`
	Roots      int           `json:"rootsToSync"`
}

// compare compares an entity; with open it gathers the job that corrects the differences.
// One comparison runs at a time, because each reads everything.
func (d *deed) compare(ctx context.Context, opened *operate.Correction) (c comparison, err error) {
	select {
	case d.comparing <- struct{}{}:
		defer func() { <-d.comparing }()
	default:
		return c, fault.New(fault.Throttled, "comparing", "another comparison is under way: ask again when it has ended")
	}
	v := d.Bench.Ledger
	if d.Deep {
		if d.Bench.Deep == nil {
			return c, fault.New(fault.Invalid, "no-browse-key", "this console cannot read the index: it has no ALGOLIA_BROWSE_KEY").WithParam("deep")
		}
		v = *d.Bench.Deep
	}
	each := func(diff verify.Difference) error {
		if opened.Roots() > mostWrong || opened.Operations() > mostWrong {
			return fault.New(fault.TooLarge, "too-many", "more than %d records differ: use returnsync repair, or returnsync rebuild", mostWrong)
		}
		return opened.Add(ctx, diff)
	}
	c.Report, err = v.Run(ctx, opened.Def, verify.Options{Account: d.Account, Deep: d.Deep, List: differencesNamed, Each: each, Pending: each})
	if err != nil {
		return c, err
	}
	if err := opened.CountUnreadable(ctx, d.Bench.Source); err != nil {
		return c, err
	}
	c.Operations, c.Roots = opened.Operations(), opened.Roots()
	if c.Report.Differences == nil {
		c.Report.Differences = []verify.Difference{}
	}
	if d.Account != "" {
		return c, nil
	}
	return c, d.Store.Comparisons.NoteCompared(ctx, opened.Def.Name, verify.ShareOf(c.Report))
}

// askCompare compares, and says what a repair would do and cost.
func (d *deed) askCompare(ctx context.Context) (any, error) {
	def, err := d.definition(ctx)
	if err != nil {
		return nil, err
	}
	return d.compare(ctx, &operate.Correction{Def: def})
}

// repair compares again and starts the job that corrects the differences.
func (d *deed) repair(ctx context.Context) (string, error) {
	def, err := d.definition(ctx)
	if err != nil {
		return "", err
	}
	c := &operate.Correction{Def: def, Open: d.acts.OpenRepair(d.by.String())}
	if _, err := d.compare(ctx, c); err != nil {
		return "", err
	}
	if c.Roots() == 0 {
		return "Nothing differs any more.", nil
	}
	j, err := d.acts.Repair(ctx, d.by, c)
	return fmt.Sprintf("%v syncs the roots that differ: %d", j, c.Roots()), err
}

// definition returns the live definition of the request's entity.
func (d *deed) definition(ctx context.Context) (entity.Definition, error) {
	if d.Entity == "" {
		return entity.Definition{}, errNoEntity
	}
	return d.live(ctx, d.Entity)
}

// wanted reads the range and the rate of a backfill.
func (d *deed) wanted(ctx context.Context) (def entity.Definition, asked rework.Asked, err error) {
	if def, err = d.definition(ctx); err != nil {
		return def, asked, err
	}
	asked = rework.Asked{Window: window.Window{From: def.FirstFrom}, Rate: d.Rate, By: d.by.String()}
	if asked.Window.To, err = d.Bench.Source.Now(ctx); err != nil {
		return def, asked, err
	}
	if asked.Window, err = d.within(asked.Window); err == nil && d.Rate < 0 {
		err = fault.New(fault.Invalid, "bad-rate", "the rate is %d: 1 or more, or 0 for no limit", d.Rate).WithParam("rate")
	}
	return def, asked, err
}

// within returns the part of a range that the request names.
func (d *deed) within(w window.Window) (window.Window, error) {
	for _, end := range []struct {
		text string
		into *time.Time
	}{{d.From, &w.From}, {d.To, &w.To}} {
		if end.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, end.text)
		if err != nil {
			return w, fault.New(fault.Invalid, "bad-time", "%q is no time: write RFC 3339, such as 2026-01-31T14:00:00Z", end.text)
		}
		*end.into = at.UTC()
	}
	if w.Empty() {
		return w, fault.New(fault.Invalid, "bad-window", "the range %v is empty: its end must be after its beginning", w).WithParam("to")
	}
	return w, nil
}

// askBackfill estimates a backfill.
func (d *deed) askBackfill(ctx context.Context) (any, error) {
	def, asked, err := d.wanted(ctx)
	if err != nil {
		return nil, err
	}
	return d.acts.Estimate(ctx, d.Bench.Source, d.Flow, def, asked)
}

// backfill syncs a range of history again, by a job.
func (d *deed) backfill(ctx context.Context) (string, error) {
	said := ""
	j, err := d.acts.Backfill(ctx, d.by, d.Entity, func() (j rework.Job, err error) {
		def, asked, err := d.wanted(ctx)
		if err != nil {
			return j, err
		}
		const all = int64(1) << 60
		if asked.Roots, err = d.Bench.Source.CountChanged(ctx, def, asked.Window, all); err != nil {
			return j, err
		}
		j, again, err := rework.NewBackfill(ctx, d.Store.Jobs, def, asked)
		if said = " is open"; again {
			said = " of this range was open already"
		}
		if err != nil || again {
			return j, err
		}
		return j, d.Jobs.Wake(ctx, j.ID)
	})
	return j.String() + said, err
}

// errNoSettings is the answer of a console that may not change settings.
var errNoSettings = fault.New(fault.NotFound, "no-settings", "this console has no ALGOLIA_SETTINGS_KEY: use returnsync settings diff and returnsync settings push")

// askSettings compares the settings of an entity's index and its replicas with its
// definition.
func (d *deed) askSettings(ctx context.Context) (any, error) {
	def, err := d.definition(ctx)
	if err != nil {
		return nil, err
	}
	if d.Bench.Settings == nil {
		return nil, errNoSettings
	}
	drift, err := d.Bench.Settings.Diff(ctx, def, def.Index)
	return append([]wire.IndexDrift{}, drift...), err
}

// pushSettings gives an entity's index and its replicas the settings of its definition.
func (d *deed) pushSettings(ctx context.Context) (string, error) {
	said := "Everything was in step."
	err := d.acts.Settings(ctx, d.by, d.Entity, func() ([]string, error) {
		def, err := d.definition(ctx)
		if err != nil {
			return nil, err
		}
		if d.Bench.Settings == nil {
			return nil, errNoSettings
		}
		drift, err := d.Bench.Settings.Push(ctx, def, def.Index)
		var pushed []string
		for _, one := range drift {
			if one.Drifted() {
				pushed = append(pushed, one.Index)
			}
		}
		if len(pushed) > 0 {
			said = "Pushed to " + strings.Join(pushed, ", ") + "; compared again: in step."
		}
		return pushed, err
	})
	return said, err
}
