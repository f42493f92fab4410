package claim

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
	before, after := now.Add(-time.Second), now.Add(time.Second)
	cases := map[string]struct {
		row  Row
		key  string
		want Decision
	}{
		"free":                          {Row{Status: Free}, "t1", Take},
		"free, another tick ran":        {Row{Status: Free, Occurrence: "t0"}, "t1", Take},
		"free, this tick ran":           {Row{Status: Free, Occurrence: "t1"}, "t1", Duplicate},
		"free, no key on either":        {Row{Status: Free}, "", Take},
		"claimed, alive":                {Row{Status: Claimed, LeaseUntil: &after}, "t1", Resend},
		"claimed, alive, same tick":     {Row{Status: Claimed, LeaseUntil: &after, Occurrence: "t1"}, "t1", Resend},
		"claimed, expired":              {Row{Status: Claimed, LeaseUntil: &before}, "t1", TakeOver},
		"processing, alive":             {Row{Status: Processing, LeaseUntil: &after}, "t1", Busy},
		"processing, expired this very": {Row{Status: Processing, LeaseUntil: &now}, "t1", TakeOver},
		"processing, never had a lease": {Row{Status: Processing}, "t1", TakeOver},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.row.Now = now
			if got := Decide(c.row, c.key); got != c.want {
				t.Errorf("Decide = %v, want %v", got, c.want)
			}
		})
	}
}

func TestTaskRoundTrip(t *testing.T) {
	mark := time.Date(2026, 11, 21, 4, 15, 0, 123, time.FixedZone("IST", 19800))
	row := Row{ID: 7, JobType: "RETURN_JOB", Status: Free, Watermark: &mark, Token: "abc", CreatedAt: mark}
	body, err := json.Marshal(TaskOf(row))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseTasks(body)
	if err != nil {
		t.Fatal(err)
	}
	want := Task{ID: 7, JobType: "RETURN_JOB", Status: Claimed, EndDate: "2026-11-20 22:45:00", CreatedAt: "2026-11-20 22:45:00", Token: "abc"}
	if diff := cmp.Diff([]Task{want}, got); diff != "" {
		t.Error(diff)
	}
	other := want
	other.ID, other.Token = 8, "def"
	body, err = Body([]Task{want, other})
	if err != nil {
		t.Fatal(err)
	}
	got, err = ParseTasks(body)
	if diff := cmp.Diff([]Task{want, other}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestParseTasksRefuses(t *testing.T) {
	for body, want := range map[string]string{
		`hello`:                       "not the JSON",
		`{"id":"x"}`:                  "not the JSON",
		`{"jobType":"RETURN_JOB"}`:    "no id",
		`{"id":1,"token":"a"}`:        "no jobType",
		`{"id":1,"jobType":"RETURN"}`: "no token",
		`[]`:                          "lists 0",
		`[{"id":1,"jobType":"RETURN","token":"a"},{"id":2,"jobType":"STOCK"}]`:                                              "no token",
		`[[{"id":1,"jobType":"RETURN","token":"a"}]]`:                                                                       "not the JSON",
		"[" + strings.Repeat(`{"id":1,"jobType":"RETURN","token":"a"},`, Most) + `{"id":1,"jobType":"RETURN","token":"a"}]`: "lists 51",
	} {
		_, err := ParseTasks([]byte(body))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestNewTokenIsFresh(t *testing.T) {
	a, b := NewToken(), NewToken()
	if a == b || len(a) != 32 {
		t.Errorf("%q %q", a, b)
	}
}

func FuzzParseTasks(f *testing.F) {
	f.Add([]byte(`{"id":1,"jobType":"RETURN_JOB","token":"t","startDate":"2021-10-25 22:52:00"}`))
	f.Add([]byte(`[{"id":1,"jobType":"RETURN_JOB","token":"t"},{"id":2,"jobType":"STOCK_JOB","token":"u"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		tasks, err := ParseTasks(body)
		if err != nil {
			if fault.Retryable(err) {
				t.Errorf("a bad body must not be retried: %v", err)
			}
			return
		}
		if len(tasks) == 0 || len(tasks) > Most {
			t.Errorf("accepted %d tasks", len(tasks))
		}
		for _, task := range tasks {
			if task.ID <= 0 || task.JobType == "" || task.Token == "" {
				t.Errorf("accepted %+v", task)
			}
		}
		again, err := Body(tasks)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := ParseTasks(again); err != nil || cmp.Diff(tasks, same) != "" {
			t.Errorf("%s became %+v, %v", again, same, err)
		}
	})
}
