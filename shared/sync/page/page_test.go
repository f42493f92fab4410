package page

import (
	"encoding/json"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func TestParseTask(t *testing.T) {
	got, err := ParseTask([]byte(` {"runId":12,"page":3} `))
	if err != nil || got != (Task{RunID: 12, Page: 3}) {
		t.Errorf("%+v, %v", got, err)
	}
	newer, err := ParseTask([]byte(`{"runId":12,"page":3,"shard":{"of":[1]},"x":null}`))
	if err != nil || newer != got {
		t.Errorf("a newer version's task: %+v, %v", newer, err)
	}
	for body, want := range map[string]string{
		``:                        "is not",
		`nonsense`:                "is not",
		`[1,2]`:                   "is not",
		`{"runId":1}`:             "both must be at least 1",
		`{"runId":0,"page":1}`:    "both must be at least 1",
		`{"runId":1,"page":-1}`:   "both must be at least 1",
		`{"runId":1,"page":1} {}`: "has more after",
		`{"runId":1e99,"page":1}`: "is not",
	} {
		_, err := ParseTask([]byte(body))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func FuzzParseTask(f *testing.F) {
	f.Add([]byte(`{"runId":1,"page":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		task, err := ParseTask(body)
		if err != nil {
			if fault.Retryable(err) {
				t.Errorf("a bad body must not be retried: %v", err)
			}
			return
		}
		again, err := json.Marshal(task)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseTask(again); err != nil || back != task {
			t.Errorf("%+v became %+v, %v", task, back, err)
		}
	})
}
