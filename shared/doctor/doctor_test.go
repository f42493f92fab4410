package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source"
)

func TestMain(m *testing.M) { localdbtest.Main(m) }

// gravest returns the gravest severity of findings.
func gravest(list []Finding) Severity {
	s := OK
	for _, f := range list {
		s = worse(s, f.Severity)
	}
	return s
}

// expect demands a severity, words among the messages, and advice with what has
// to be corrected.
func expect(t *testing.T, list []Finding, s Severity, words ...string) {
	t.Helper()
	var all strings.Builder
	for _, f := range list {
		all.WriteString(string(f.Severity) + " " + f.Message + " -> " + f.Do + "\n")
		if (f.Severity == Warn || f.Severity == Fail) && f.Do == "" && !strings.HasPrefix(f.Message, "cannot read") {
			t.Errorf("%q does not say what to do", f.Message)
		}
	}
	if got := gravest(list); got != s || len(list) == 0 {
		t.Errorf("%s, want %s:\n%s", got, s, all.String())
	}
	for _, word := range words {
		if !strings.Contains(all.String(), word) {
			t.Errorf("nothing says %q:\n%s", word, all.String())
		}
	}
}

func TestExamine(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	says := func(s Severity) func(context.Context) []Finding {
		return func(context.Context) []Finding { return one(s, "m", "") }
	}
	var printed []string
	began := time.Now()
	r := Examine(t.Context(), []Check{
		{Name: "a", Run: says(Fail)},
		{Name: "b", Needs: "a", Run: says(OK)},
		{Name: "c", Needs: "b", Run: says(Warn)},
		{Name: "hangs", Run: func(context.Context) []Finding { <-release; return nil }},
		{Name: "heeds", Run: func(ctx context.Context) []Finding { <-ctx.Done(); return one(Warn, "was asked to end", "") }},
		{Name: "breaks", Run: func(context.Context) []Finding { panic("oh") }},
		{Name: "lacks", Missing: []string{"A", "B"}},
		{Name: "forward", Needs: "last", Run: says(OK)},
		{Name: "last", Run: says(OK)},
	}, 200*time.Millisecond, func(list []Finding) {
		for _, f := range list {
			printed = append(printed, f.Check+" "+string(f.Severity)+" "+f.Message)
		}
	})
	want := []string{
		"a fail m", "b info not examined, because of a", "c info not examined, because of a", "hangs warn did not end within 200ms", "heeds warn was asked to end",
		"breaks fail the check itself crashed: oh", "lacks info not examined: A, B not set", "forward ok m", "last ok m",
	}
	if diff := cmp.Diff(want, printed); diff != "" {
		t.Error(diff)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if r.Severity != Fail || r.Count(Warn) != 2 || r.Count(OK) != 2 || len(r.Findings) != len(want) {
		t.Errorf("%s, %d findings", r.Severity, len(r.Findings))
	}
	if r := Examine(t.Context(), nil, time.Second, nil); r.Severity != OK || r.Findings == nil {
		t.Errorf("nothing to examine: %+v", r)
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]Severity{
		"10.11.6-MariaDB-0+deb12u1": OK, "11.4.2-MariaDB": OK, "10.6.18-MariaDB": Warn, "8.0.37-google": Info, "8.4.4-google": OK,
		"9.7.4-2": OK, "5.7.44-log": Fail, "": Warn, "MariaDB": Warn, "x1.2": Warn, "99999999999999999999.1": Warn,
	} {
		s, message, do := judgeVersion(version)
		if s != want || (s == OK) != (message == "") || (s == OK) != (do == "") {
			t.Errorf("%q: %s %q %q, want %s", version, s, message, do, want)
		}
	}
}

func TestReplicas(t *testing.T) {
	for name, c := range map[string]struct {
		row  map[string]string
		want Severity
		word string
	}{
		"in step":      {map[string]string{"Seconds_Behind_Source": "0"}, OK, "0s behind"},
		"old name":     {map[string]string{"Seconds_Behind_Master": "3"}, OK, "3s behind"},
		"late":         {map[string]string{"Seconds_Behind_Source": "90"}, Warn, "1m30s"},
		"far too late": {map[string]string{"Seconds_Behind_Source": "3600"}, Fail, "1h0m0s"},
		"stopped":      {map[string]string{"Last_IO_Error": "no route"}, Fail, "no route"},
	} {
		t.Run(name, func(t *testing.T) { expect(t, judgeReplica(c.row), c.want, c.word) })
	}
}

func TestScans(t *testing.T) {
	for name, c := range map[string]struct {
		table, how, keys, rows string
		want                   Severity
	}{
		"by range":            {"order_return", "range", "ix_changed", "20", OK},
		"derived":             {"<derived2>", "ALL", "", "200000", OK},
		"no table":            {"", "", "", "", OK},
		"small, indexed":      {"o", "ALL", "PRIMARY", "40", OK},
		"small, no index":     {"o", "ALL", "", "40", Warn},
		"large, no index":     {"o", "ALL", "", "100000", Fail},
		"large, index unused": {"o", "index", "ix", "20000", Warn},
		"huge, index unused":  {"o", "ALL", "ix", "2e6", Fail},
	} {
		t.Run(name, func(t *testing.T) {
			f, bad := judgeStep("d/changed.sql", map[string]string{"table": c.table, "type": c.how, "possible_keys": c.keys, "rows": c.rows})
			if bad != (c.want != OK) || bad && (f.Severity != c.want || f.Do == "" || !strings.Contains(f.Message, "d/changed.sql")) {
				t.Errorf("%v %+v", bad, f)
			}
		})
	}
}

func TestRecordSizes(t *testing.T) {
	d := entity.Definition{Name: "returns", RecordLimit: 100}
	body := func(n int) source.Record { return source.Record{ID: "R1-1", Body: make([]byte, n)} }
	for name, c := range map[string]struct {
		records []source.Record
		limit   int
		stamp   string
		want    Severity
		words   []string
	}{
		"small":     {[]source.Record{body(90)}, 100, "", OK, []string{"has 90 of 100"}},
		"near":      {[]source.Record{body(91), body(10)}, 100, "", Warn, []string{"1 of 2", "tenth", "R1-1 with 91"}},
		"over":      {[]source.Record{body(101)}, 100, "", Warn, []string{"larger", "kept out"}},
		"by stamp":  {[]source.Record{body(80)}, 100, "at", Warn, []string{"R1-1 with 99"}},
		"broken":    {[]source.Record{{ID: "R2-2", Problem: "no UTF-8"}}, 100, "", Warn, []string{"R2-2: no UTF-8"}},
		"none":      {nil, 100, "", Info, []string{"no row"}},
		"high plan": {[]source.Record{body(1)}, 100_000, "", Info, []string{"plan"}},
	} {
		t.Run(name, func(t *testing.T) {
			d.RecordLimit, d.Stamp = c.limit, c.stamp
			var s sizes
			for _, r := range c.records {
				s.add(r, d)
			}
			expect(t, s.judge(d, len(c.records)), c.want, c.words...)
		})
	}
}

func TestKeys(t *testing.T) {
	for name, c := range map[string]struct {
		make  func(string, func(context.Context) (Rights, error)) Key
		acl   []string
		on    []string
		err   error
		want  Severity
		words []string
	}{
		"right write key":   {WriteKey, []string{"addObject", "deleteObject"}, []string{"es_prod"}, nil, OK, nil},
		"any index":         {WriteKey, []string{"addObject", "deleteObject"}, nil, nil, Info, []string{"every index", "es_prod"}},
		"cannot delete":     {WriteKey, []string{"addObject"}, []string{"es_prod"}, nil, Fail, []string{"lacks deleteObject"}},
		"admin as write":    {WriteKey, []string{"addObject", "deleteObject", "deleteIndex", "editSettings", "logs"}, nil, nil, Warn, []string{"deleteIndex, editSettings, logs"}},
		"right search key":  {SearchKey, []string{"search"}, []string{"es_prod*"}, nil, OK, nil},
		"search that sees":  {SearchKey, []string{"search", "settings", "browse"}, []string{"x"}, nil, Warn, []string{"browse, settings"}},
		"search that write": {SearchKey, []string{"search", "addObject"}, []string{"x"}, nil, Fail, []string{"addObject"}},
		"refused":           {SearchKey, nil, nil, errors.New("Invalid Application-ID or API key"), Fail, []string{"KEY is refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := c.make("KEY", func(context.Context) (Rights, error) { return Rights{c.acl, c.on}, c.err })
			k.Indexes = []string{"es_prod"}
			expect(t, Keys(t.Context(), k), c.want, c.words...)
		})
	}
}

func TestQueues(t *testing.T) {
	good := Queue{Running: true, State: "RUNNING", PerSecond: 500, Concurrent: 4, MaxAttempts: 100, MaxBackoff: time.Minute}
	pace := Pace{PageAttempts: 8, PageLease: 2 * time.Minute, RunLease: 20 * time.Minute, Deadline: 10 * time.Minute}
	for name, c := range map[string]struct {
		change func(*Queue, *Pace)
		want   Severity
		word   string
	}{
		"right":      {func(*Queue, *Pace) {}, OK, "500 a second, 4 at once, 100 attempts"},
		"unlimited":  {func(q *Queue, _ *Pace) { q.MaxAttempts = -1 }, OK, "unlimited"},
		"paused":     {func(q *Queue, _ *Pace) { q.Running, q.State = false, "PAUSED" }, Fail, "PAUSED"},
		"no rate":    {func(q *Queue, _ *Pace) { q.PerSecond = 0 }, Fail, "0 a second"},
		"gives up":   {func(q *Queue, _ *Pace) { q.MaxAttempts = 8 }, Fail, "PAGE_ATTEMPTS (8)"},
		"waits long": {func(q *Queue, _ *Pace) { q.MaxBackoff = time.Hour }, Warn, "1h0m0s"},
		"cuts pages": {func(_ *Queue, p *Pace) { p.Deadline = time.Minute }, Warn, "TASKS_DEADLINE"},
	} {
		t.Run(name, func(t *testing.T) {
			q, p := good, pace
			c.change(&q, &p)
			expect(t, Queues(t.Context(), "returnSync", p, func(context.Context, string) (*Queue, error) { return &q, nil }), c.want, c.word)
		})
	}
	expect(t, Queues(t.Context(), "q", pace, func(context.Context, string) (*Queue, error) { return nil, nil }), Fail, "does not exist")
	expect(t, Queues(t.Context(), "q", pace, func(context.Context, string) (*Queue, error) { return nil, errors.New("no right") }), Warn, "no right")
}

func TestSchedule(t *testing.T) {
	good := Job{Enabled: true, State: "ENABLED", Schedule: "*/15 * * * *", TimeZone: "Etc/UTC", URL: "https://cron.example.com/", Identified: true}
	for name, c := range map[string]struct {
		change func(*Job)
		want   Severity
		word   string
	}{
		"right":        {func(*Job) {}, OK, "*/15"},
		"paused":       {func(j *Job) { j.Enabled, j.State = false, "PAUSED" }, Fail, "PAUSED"},
		"elsewhere":    {func(j *Job) { j.URL = "https://old.example.com" }, Warn, "old.example.com"},
		"anonymous":    {func(j *Job) { j.Identified = false }, Fail, "identity"},
		"failed":       {func(j *Job) { j.LastFailed = "UNAVAILABLE" }, Warn, "UNAVAILABLE"},
		"english":      {func(j *Job) { j.Schedule = "every 15 minutes" }, Warn, "five fields"},
		"too seldom":   {func(j *Job) { j.Schedule = "0 * * * *" }, Warn, "1h0m0s"},
		"not at night": {func(j *Job) { j.Schedule = "*/15 6-22 * * *" }, Warn, "7h15m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			j := good
			c.change(&j)
			e := Expected{Name: "returnsUpdateCron", URL: "https://cron.example.com", Fresh: 30 * time.Minute, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
			expect(t, Schedule(t.Context(), e, func(context.Context, string) (*Job, error) { return &j, nil }), c.want, c.word)
		})
	}
	expect(t, Schedule(t.Context(), Expected{Name: "x", Effect: "nothing starts syncs"}, func(context.Context, string) (*Job, error) { return nil, nil }), Fail, "nothing starts syncs")
}

func TestSettingsAndIndex(t *testing.T) {
	drifted := func(list ...Drift) func(context.Context) ([]Drift, error) {
		return func(context.Context) ([]Drift, error) { return list, nil }
	}
	expect(t, Settings(t.Context(), "returns", drifted()), OK)
	expect(t, Settings(t.Context(), "returns", drifted(Drift{Index: "i", Settings: []string{"ranking"}}, Drift{Index: "j", Missing: true})), Warn, "ranking", "j does not exist", "settings push")
	count := func(n int, exists bool, err error) func(context.Context, string) (int, bool, error) {
		return func(context.Context, string) (int, bool, error) { return n, exists, err }
	}
	expect(t, Index(t.Context(), "i", count(5, true, nil)), OK, "5 records")
	expect(t, Index(t.Context(), "i", count(0, true, nil)), Info, "empty")
	expect(t, Index(t.Context(), "i", count(0, false, nil)), Warn, "does not exist")
	expect(t, Index(t.Context(), "i", count(0, false, errors.New("gone"))), Fail, "gone")
}

func TestGrants(t *testing.T) {
	for line, want := range map[string]*grant{
		"GRANT SELECT, INSERT ON `db`.* TO `u`@`%`":                           {[]string{"SELECT", "INSERT"}, "db", "*"},
		"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION": {[]string{"ALL PRIVILEGES", "GRANT OPTION"}, "*", "*"},
		"GRANT SELECT (`a`, `b`), UPDATE ON `d``b`.`t.x` TO `u`@`%`":          {[]string{"UPDATE"}, "d`b", "t.x"},
		"GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*0'":           {[]string{"USAGE"}, "*", "*"},
		"GRANT `role`@`%` TO `u`@`%`":                                         nil,
		"GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION":       nil,
		"GRANT EXECUTE ON PROCEDURE `db`.`p` TO `u`@`%`":                      nil,
		"GRANT SYSTEM_USER,CONNECTION_ADMIN ON *.* TO `u`@`%`":                {[]string{"SYSTEM_USER", "CONNECTION_ADMIN"}, "*", "*"},
	} {
		g, ok := parseGrant(line)
		if ok != (want != nil) {
			t.Errorf("%s: %v", line, ok)
			continue
		}
		if want != nil && cmp.Diff(*want, g, cmp.AllowUnexported(grant{})) != "" {
			t.Errorf("%s: %+v", line, g)
		}
	}
	for pattern, names := range map[string][2]string{`es\_box`: {"es_box", "esxbox"}, "es_box": {"esxbox", "esbox"}, "es%": {"es", "fs"}, "a.c": {"a.c", "abc"}} {
		if !like(pattern, names[0]) || like(pattern, names[1]) {
			t.Errorf("%s: %v", pattern, names)
		}
	}
}

// FuzzGrant checks that no line breaks the parser, and that what it takes can be
// asked about.
func FuzzGrant(f *testing.F) {
	f.Add("GRANT SELECT, INSERT ON `db`.* TO `u`@`%`", "db")
	f.Add("GRANT SELECT (`a`, `b`), UPDATE ON `d``b`.`t.x` TO `u`@`%` WITH GRANT OPTION", "x")
	f.Add("GRANT ALL ON `\\_%`.* TO x", "\\")
	f.Fuzz(func(t *testing.T, line, name string) {
		g, ok := parseGrant(line)
		if !ok {
			return
		}
		if g.schema == "" || g.table == "" || slices.Contains(g.privileges, "") {
			t.Errorf("%q became %+v", line, g)
		}
		_ = g.may("SELECT", name, name)
	})
}
