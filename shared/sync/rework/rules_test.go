package rework

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// year is a range of time.
var year = window.Window{From: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}

func TestStatesFollowTheDiagram(t *testing.T) {
	want := map[State][]State{
		Running: {Paused}, Paused: {Running}, Done: {Running}, Failed: {Running}, Cancelled: {Paused, Running},
	}
	for to, from := range want {
		if diff := cmp.Diff(from, Sources(to)); diff != "" {
			t.Errorf("to %s (-want +got):\n%s", to, diff)
		}
		if final := to == Done || to == Failed || to == Cancelled; to.Final() != final {
			t.Errorf("%s final: %v", to, to.Final())
		}
	}
}

// TestChunksCoverTheWindow walks through windows whose roots lie anyhow, as a job
// does, and demands that the chunks meet without a gap and come to the end.
func TestChunksCoverTheWindow(t *testing.T) {
	for name, density := range map[string]func(window.Window) int64{
		"nothing": func(window.Window) int64 { return 0 },
		"even":    func(w window.Window) int64 { return int64(w.Length() / time.Minute) },
		"all in the last hour": func(w window.Window) int64 {
			return overlap(w, window.Window{From: year.To.Add(-time.Hour), To: year.To}) * 300
		},
		"all in one second": func(w window.Window) int64 {
			return overlap(w, window.Window{From: year.From, To: year.From.Add(time.Second)}) * 5_000_000
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := Job{Kind: run.Backfill, Window: year, Chunk: FirstChunk(year, density(year))}
			var done *time.Time
			for chunks := 0; ; chunks++ {
				w, ok := j.Next(done)
				if !ok {
					break
				}
				if done != nil && !w.From.Equal(*done) || done == nil && !w.From.Equal(year.From) || w.To.After(year.To) || w.Empty() {
					t.Fatalf("chunk %v after %v", w, done)
				}
				n := density(w)
				if j.Chunk, ok = Fit(w.Length(), n); ok {
					if n > 2*ChunkRoots && w.Length() > minChunk {
						t.Fatalf("chunk %v has %d roots", w, n)
					}
					done = &w.To
				}
				if chunks > 3000 {
					t.Fatalf("still at %v", w)
				}
			}
			if done == nil || !done.Equal(year.To) {
				t.Errorf("the chunks end at %v", done)
			}
		})
	}
}

// overlap returns how many seconds two windows share.
func overlap(a, b window.Window) int64 {
	from, to := a.From, a.To
	if b.From.After(from) {
		from = b.From
	}
	if b.To.Before(to) {
		to = b.To
	}
	return int64(window.Window{From: from, To: to}.Length() / time.Second)
}

func TestParseHistoric(t *testing.T) {
	want := Historic{JobType: "RETURN_JOB", Window: window.Window{
		From: time.Date(2021, 10, 25, 22, 52, 0, 0, time.UTC), To: time.Date(2021, 10, 26, 0, 0, 0, 0, time.UTC),
	}}
	for _, body := range []string{
		`{"data":"{\"id\":254909,\"startDate\":\"2021-10-25 22:52:00\",\"endDate\":\"2021-10-26 00:00:00\",\"isHistoricSync\":\"1\",\"orderSyncIdentifier\":\"010101\"}"}`,
		`{"startDate":"2021-10-25 22:52:00","endDate":"2021-10-26 00:00:00","isHistoricSync":1}`,
		`{"startDate":"2021-10-25 22:52:00","endDate":"2021-10-26 00:00:00","isHistoricSync":true,"jobType":"RETURN_JOB"}`,
	} {
		if got, err := ParseHistoric([]byte(body)); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	for body, part := range map[string]string{
		`{"data":"nothing"}`:     "data holds no JSON",
		`{"data":"{}"}`:          "isHistoricSync",
		`{"isHistoricSync":"0"}`: "isHistoricSync is 0",
		`{"isHistoricSync":"1"}`: "startDate",
		`{"isHistoricSync":"1","startDate":"2021-10-25T00:00:00","endDate":"x"}`:                         "startDate",
		`{"isHistoricSync":"1","startDate":"2021-10-25 00:00:00","endDate":"26.10.2021"}`:                "endDate",
		`{"isHistoricSync":"1","startDate":"2021-10-25 00:00:00","endDate":"2021-10-25 00:00:00"}`:       "not after",
		`{"isHistoricSync":"1","startDate":{"a":1},"endDate":"2021-10-25 00:00:00","jobType":"RETURNS"}`: "no JSON object with texts",
	} {
		_, err := ParseHistoric([]byte(body))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), `"isHistoricSync\":\"1\"`) && !strings.Contains(err.Error(), `isHistoricSync\":`) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzParseHistoric(f *testing.F) {
	f.Add([]byte(`{"data":"{\"startDate\":\"2021-10-25 22:52:00\",\"endDate\":\"2021-10-26 00:00:00\",\"isHistoricSync\":\"1\"}"}`))
	f.Add([]byte(`{"isHistoricSync":[1]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := ParseHistoric(body)
		if err == nil && (h.Window.Empty() || h.JobType == "") {
			t.Errorf("%q: %+v", body, h)
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func TestParseTask(t *testing.T) {
	if got, err := ParseTask([]byte(`{"jobId":7,"turn":3,"resend":true}`)); err != nil || got != (Task{JobID: 7, Turn: 3, Resend: true}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, body := range []string{``, `[]`, `{"jobId":0}`, `{"jobId":1,"turn":-1}`, `{"jobId":"7"}`} {
		if _, err := ParseTask([]byte(body)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestLane(t *testing.T) {
	if lane := (Job{ID: 12}).Lane("RETURN_JOB"); lane != "RETURN_JOB#12" {
		t.Errorf("lane %q", lane)
	}
}
