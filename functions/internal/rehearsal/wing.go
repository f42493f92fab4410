package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/cloudscheduler"
)

// Wing is how a wing beside sync plays in a stack. Name is that of its wire.Wing.
type Wing struct {
	Name string
	Help string // of cmd/local's flag
	// Soaks says that the wing can take part in a soak: its Play has Churn and Settle.
	Soaks bool
	// On says that the wing plays in cmd/local unless its flag says no.
	On bool
	// Binlog says that the wing wants a database with a row binlog.
	Binlog bool
	// Open opens the wing's emulators. Our tables are there; the functions are not yet. No
	// play and no error say that the wing takes no part here; Open has said why.
	Open func(ctx context.Context, s *Stack) (*Play, error)
}

// Play is a wing in a stack. Begin, Run and Check are demanded; the others may be nil.
type Play struct {
	// Env is environment for all functions, NAME=value: the wing's settings.
	Env []string
	// Begin loads the wing's sample when all functions serve.
	Begin func(ctx context.Context) error
	// Run does the sample's work to its end, shows how far it is on log and demands that
	// nothing is left to do.
	Run func(ctx context.Context, log io.Writer) error
	// Check reads both sides again and compares them. The numbers are a struct or map of
	// the summary's figures; each problem is a check that did not hold.
	Check func(ctx context.Context) (numbers any, problems []string, err error)
	// Misbehave switches the faults of the wing's emulators on or off.
	Misbehave func(ctx context.Context, on bool) error
	// Churn changes the sides until ctx ends.
	Churn func(ctx context.Context) error
	// Settle waits, after the faults, until no work is open.
	Settle func(ctx context.Context) error
	// Welcome is what a person may open or call, a line each.
	Welcome func() []string
	// Close ends the emulators.
	Close func() error
}

// known returns the deployed wings that play, by their names.
func (s *Stack) known() ([]wire.Wing, error) {
	var list []wire.Wing
	for _, one := range s.Options.Wings {
		i := slices.IndexFunc(wings.All(), func(w wire.Wing) bool { return w.Name == one.Name })
		if i < 0 {
			return nil, fmt.Errorf("package wings has no wing %q", one.Name)
		}
		list = append(list, wings.All()[i])
	}
	return list, nil
}

// openWings opens the wings that play, after our tables and before the functions.
func (s *Stack) openWings(ctx context.Context) (err error) {
	known := s.wings
	s.wings = nil
	for i, one := range s.Options.Wings {
		play, err := one.Open(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
		if play == nil {
			continue
		}
		s.wings = append(s.wings, known[i])
		if play.Close != nil {
			s.closing(play.Close)
		}
		s.plays = append(s.plays, play)
	}
	return nil
}

// functions returns the functions that run: sync's and those of the wings that play.
func (s *Stack) functions() []wire.Function { return server.Of(s.wings) }

// wingsEnv is the environment of the wings that play.
func (s *Stack) wingsEnv() []string {
	var names, env []string
	for i, p := range s.plays {
		names, env = append(names, s.wings[i].Name), append(env, p.Env...)
	}
	return append(env, "WINGS="+strings.Join(names, ","))
}

// queues returns the queues of sync and of the wings that play, with the most tasks
// that each delivers at once.
func (s *Stack) queues() map[string]int {
	all := map[string]int{wire.QueueSync: 2, wire.QueueProcessing: s.Options.Workers, wire.QueueBackfill: 1}
	for _, w := range s.wings {
		for _, q := range w.Queues {
			all[q.Name] = max(q.AtOnce, 1)
		}
	}
	return all
}

// beginWingTicks registers the scheduler's jobs of the wings that play.
func (s *Stack) beginWingTicks(ctx context.Context, client *cloudscheduler.Client) error {
	for _, w := range s.wings {
		for _, t := range w.Ticks {
			url := s.front.url(t.Function)
			if t.Query != "" {
				url += "?" + t.Query
			}
			if err := client.Ensure(ctx, schedule.Job{Name: t.Job, Cron: t.Cron, URL: url, TimeZone: "Etc/UTC", ServiceAccount: schedulerAccount}); err != nil {
				return err
			}
		}
	}
	return nil
}

// BeginWings loads the samples of the wings that play.
func (s *Stack) BeginWings(ctx context.Context) error {
	return s.eachPlay(func(p *Play) error { return p.Begin(ctx) })
}

// eachPlay does something with every wing that plays; nothing ends the others.
func (s *Stack) eachPlay(do func(*Play) error) error {
	var problems []error
	for i, p := range s.plays {
		if err := do(p); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", s.wings[i].Name, err))
		}
	}
	return errors.Join(problems...)
}

// Plays returns the wings that play, by their names in order.
func (s *Stack) Plays() (names []string, plays []*Play) {
	for i := range s.plays {
		names = append(names, s.wings[i].Name)
	}
	return names, s.plays
}

// CheckWings compares both sides of every wing that plays. The answer is a part of a
// summary: a JSON object a wing, with ok and problems beside the wing's numbers.
func (s *Stack) CheckWings(ctx context.Context) (map[string]map[string]any, error) {
	all := map[string]map[string]any{}
	for i, p := range s.plays {
		numbers, problems, err := p.Check(ctx)
		if err != nil {
			problems = append(problems, err.Error())
		}
		text, err := json.Marshal(numbers)
		fields := map[string]any{}
		if err == nil {
			err = json.Unmarshal(text, &fields)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: the numbers are no JSON object: %w", s.wings[i].Name, err)
		}
		if fields == nil {
			fields = map[string]any{}
		}
		fields["ok"], fields["problems"] = len(problems) == 0, append([]string{}, problems...)
		all[s.wings[i].Name] = fields
	}
	return all, nil
}

// WithWings returns a summary, which is a JSON object, with the wings' parts at its end.
func WithWings(summary []byte, parts map[string]map[string]any) ([]byte, error) {
	if len(parts) == 0 {
		return summary, nil
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return nil, err
	}
	return slices.Concat(summary[:len(summary)-1], []byte(","), text[1:]), nil
}

// WingProblems lists the problems of all wings, each with its wing's name.
func WingProblems(parts map[string]map[string]any) []string {
	var list []string
	for name, fields := range parts {
		problems, _ := fields["problems"].([]string)
		for _, p := range problems {
			list = append(list, name+": "+p)
		}
	}
	slices.Sort(list)
	return list
}
