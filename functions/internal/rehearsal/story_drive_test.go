package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/search"
	"gitlab.com/eshopbox-team/return-sync/functions/window"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/scheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/tasks"
	"gitlab.com/eshopbox-team/return-sync/shared/queue/cloudtasks"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule"
	"gitlab.com/eshopbox-team/return-sync/shared/schedule/cloudscheduler"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// noAnswer is the decision of a tick that was not answered with one.
const noAnswer = "unanswered"

// tick calls the cron function, several times at once if asked to.
func (s *story) tick(rest string) error {
	times, header, behind := 1, http.Header{}, false
	for _, word := range strings.Fields(rest) {
		if word == "&" {
			behind = true
			continue
		}
		if n, ok := strings.CutPrefix(word, "x"); ok {
			times, _ = strconv.Atoi(n)
			continue
		}
		at, err := s.at(word)
		if err != nil {
			return err
		}
		header.Set("X-CloudScheduler-ScheduleTime", at.Format(time.RFC3339Nano))
	}
	if err := s.up(); err != nil {
		return err
	}
	if behind {
		s.ticks.Go(func() { s.decide(header); s.behind.Add(1) })
		return nil
	}
	s.decided = make([]string, times)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() { s.decided[i] = s.decide(header) })
	}
	all.Wait()
	slices.Sort(s.decided)
	return nil
}

// decide calls the cron function once and returns what it decided.
func (s *story) decide(header http.Header) string {
	got, err := s.request(http.MethodPost, s.stack.URL(cron.Function.Name)+"?entity=returns", "", header)
	var answer struct{ Started []flow.Started }
	if err != nil || json.Unmarshal([]byte(got.body), &answer) != nil || len(answer.Started) != 1 {
		return noAnswer
	}
	return strings.ReplaceAll(answer.Started[0].Decision, " ", "-")
}

// request makes a request to a function.
func (s *story) request(method, address, body string, header http.Header) (response, error) {
	req, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	if req.Header = header.Clone(); header == nil {
		req.Header = http.Header{}
	}
	if req.Header.Get("Authorization") == "" {
		token, err := s.stack.HandToken()
		if err != nil {
			return response{}, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client().Do(req)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return response{res.StatusCode, string(text)}, err
}

// schedule lets the scheduler emulator deliver a tick.
func (s *story) schedule(rest string) error {
	at, err := s.at(rest)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if !s.job {
		c, err := cloudscheduler.Open(ctx, Location, cloudtasks.EmulatorOptions(s.stack.SchedulerAddress())...)
		if err != nil {
			return err
		}
		s.t.Cleanup(func() { _ = c.Close() })
		// A day that does not come while a story is played.
		j := schedule.Job{Name: JobName, Cron: "0 0 29 2 *", TimeZone: "Etc/UTC", ServiceAccount: schedulerAccount, URL: s.stack.URL(cron.Function.Name)}
		if err := c.Ensure(ctx, j); err != nil {
			return err
		}
		s.job = true
	}
	return s.stack.Scheduler.Tick(ctx, Location+"/jobs/"+JobName, at)
}

// sync ticks and waits until the run that begins has ended, several times if
// asked to; each synced run must move the watermark.
func (s *story) sync(rest string) error {
	times := 1
	if n, ok := strings.CutPrefix(rest, "x"); ok {
		times, _ = strconv.Atoi(n)
	}
	for range times {
		if err := s.syncOnce(); err != nil {
			return err
		}
	}
	return nil
}

// syncOnce ticks and waits until the run that begins has ended.
func (s *story) syncOnce() error {
	before, err := s.newest()
	if err != nil {
		return err
	}
	asOf, err := s.stack.Store.Claims.AsOf(s.t.Context(), s.def.JobType)
	if err != nil {
		return err
	}
	if err := s.tick(""); err != nil {
		return err
	}
	if d := s.decided[0]; d != claim.Take.String() {
		return fmt.Errorf("the tick decided %q and began no sync", d)
	}
	var r run.Run
	err = s.until("the end of the run", func() (bool, error) {
		if r, err = s.newest(); err != nil || r.ID <= before.ID || !r.State.Final() {
			return false, err
		}
		// The run of an idle tick ends a statement before its claim does.
		row, err := s.stack.Store.Claims.Newest(s.t.Context(), s.def.JobType)
		return row.Status == claim.Free, err
	})
	now, asOfErr := s.stack.Store.Claims.AsOf(s.t.Context(), s.def.JobType)
	if err == nil && asOfErr == nil && r.State == run.Synced && asOf != nil && now.Equal(*asOf) {
		err = errors.New("the run is synced and the watermark has not moved")
	}
	return errors.Join(err, asOfErr)
}

// heal ticks until a run that began later than this is synced.
func (s *story) heal(string) error {
	before, err := s.newest()
	if err != nil {
		return err
	}
	return s.until("a synced run", func() (bool, error) {
		if err := s.tick(""); err != nil {
			return false, err
		}
		time.Sleep(10 * poll)
		r, err := s.newest()
		return r.ID > before.ID && r.State == run.Synced, err
	})
}

// settle waits until the scheduler has nothing in flight and the queues are empty.
func (s *story) settle(string) error {
	if err := s.until("the end of the scheduler's calls", func() (bool, error) { return s.stack.Scheduler.Stats().Running == 0, nil }); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	return s.stack.Tasks.Wait(ctx)
}

// await waits until something is so.
func (s *story) await(rest string) error {
	words := strings.Fields(rest)
	return s.until(rest, func() (bool, error) {
		switch {
		case words[0] == "claim" && len(words) == 2:
			row, err := s.stack.Store.Claims.Newest(s.t.Context(), s.def.JobType)
			return strconv.Itoa(int(row.Status)) == words[1], err
		case words[0] == "index":
			err := s.expectIndex(words[1:])
			return err == nil, err
		case words[0] == "passed" && len(words) == 3:
			n, err := strconv.Atoi(words[2])
			return minus(s.stack.Passed(), s.since.passed)[words[1]] >= n, err
		case words[0] == "held" && len(words) == 2:
			return s.stack.HeldAt(words[1]) != "", nil
		case words[0] == "lapsed":
			var live int
			err := s.stack.DB.QueryRowContext(s.t.Context(), "SELECT COUNT(*) FROM order_return_algolia_sync WHERE status <> 0 AND lease_until > NOW(6)").Scan(&live)
			return live == 0, err
		case words[0] == "answered" && len(words) == 2:
			n, err := strconv.Atoi(words[1])
			return s.behind.Load() >= int64(n), err
		case words[0] == "retried" && len(words) == 2:
			n, err := strconv.Atoi(words[1])
			return s.stack.Tasks.Stats().Retried-s.since.retried >= n, err
		default:
			r, err := s.newest()
			return string(r.State) == words[0], err
		}
	})
}

// lapse ends the leases of the entity's claim and of its pages. That is right only
// where their holder is dead: a live one uses its own clock, and stops pushing
// before its lease ends.
func (s *story) lapse(string) error {
	for _, statement := range []string{
		"UPDATE order_return_algolia_sync SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE lease_until IS NOT NULL",
		"UPDATE sync_page SET lease_until = NOW(6) - INTERVAL 1 SECOND WHERE lease_until IS NOT NULL",
	} {
		if _, err := s.stack.DB.ExecContext(s.t.Context(), statement); err != nil {
			return err
		}
	}
	return nil
}

// deliver dispatches every waiting task now.
func (s *story) deliver(string) error { return s.stack.DeliverNow(s.t.Context()) }

// post delivers a task by hand.
func (s *story) post(rest string) (err error) {
	name, body, _ := strings.Cut(rest, " ")
	target := map[string]string{"window": window.Function.Name, "process": process.Function.Name}[name]
	if target == "" {
		return fmt.Errorf("unknown function %q: want window or process", name)
	}
	if err := s.up(); err != nil {
		return err
	}
	s.answer, err = s.request(http.MethodPost, s.stack.URL(target), body, http.Header{"X-Cloudtasks-Queuename": {"by-hand"}})
	return err
}

// search asks the search function as an account.
func (s *story) search(rest string) error {
	account, text, _ := strings.Cut(rest, " ")
	token, err := s.stack.Identity.Sign(account, time.Now().Add(time.Hour))
	if err != nil {
		return err
	}
	s.answer, err = s.request(http.MethodGet, s.stack.URL(search.Function.Name)+"?query="+url.QueryEscape(text), "",
		http.Header{"Authorization": {"Bearer " + token}})
	return err
}

// kill kills a process at a step, or now.
func (s *story) kill(rest string) error {
	words := strings.Fields(rest)
	switch {
	case words[0] == "at":
		return s.strike(words[1:], false)
	case words[0] == "held" && len(words) == 3: // kill held at STEP
		if err := s.await("held " + words[2]); err != nil {
			return err
		}
		s.stack.strikeDown(s.stack.HeldAt(words[2]))
		return s.up()
	}
	for name, target := range map[string]string{"cron": cron.Function.Name, "window": window.Function.Name, "process": process.Function.Name, "search": search.Function.Name} {
		if words[0] == name {
			s.stack.strikeDown(target)
			return s.up()
		}
	}
	return fmt.Errorf("unknown function %q", words[0])
}

// hold holds a process at a step until it is released or killed.
func (s *story) hold(rest string) error {
	words := strings.Fields(rest)
	if len(words) < 2 || words[0] != "at" {
		return errors.New("want hold at STEP [NTH]")
	}
	return s.strike(words[1:], true)
}

// release lets a process go on, as soon as one is held at the step.
func (s *story) release(step string) error {
	return s.until("a process that is held at "+step, func() (bool, error) { return s.stack.Release(step), nil })
}

// strike arranges a blow; words are its step and perhaps its number.
func (s *story) strike(words []string, held bool) (err error) {
	b := Blow{Step: words[0], Hold: held}
	if len(words) > 1 {
		b.Nth, err = strconv.Atoi(words[1])
	}
	s.stack.Strike(b)
	return err
}

// tasks sets the queues' faults.
func (s *story) tasks(rest string) error {
	var f tasks.Faults
	return errors.Join(json.Unmarshal([]byte(rest), &f), s.stack.Tasks.SetFaults(f))
}

// scheduler sets the scheduler's faults.
func (s *story) scheduler(rest string) error {
	var f scheduler.Faults
	return errors.Join(json.Unmarshal([]byte(rest), &f), s.stack.Scheduler.SetFaults(f))
}

// index sets the index's faults.
func (s *story) index(rest string) error {
	var rules []algolia.Fault
	return errors.Join(json.Unmarshal([]byte(rest), &rules), s.stack.AlgoliaFaults(s.t.Context(), algolia.Faults{Rules: rules}))
}

// calm ends all faults.
func (s *story) calm(string) error {
	return errors.Join(s.tasks("{}"), s.scheduler("{}"), s.index("[]"))
}
