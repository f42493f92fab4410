package input_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/input"
)

// usual is the priority of every model in the tests.
func usual(string) int { return transfer.DefaultPriority }

func TestDate(t *testing.T) {
	want := time.Date(2026, 11, 28, 10, 31, 7, 0, time.UTC)
	for text, c := range map[string]struct {
		strict bool
		want   time.Time
	}{
		"2026-11-28T10:31:07Z": {false, want}, "2026-11-28 10:31:07": {false, want}, "2026-11-28T12:31:07+02:00": {false, want}, "11/28/2026 10:31:07": {false, want},
		" 2026-11-28T10:31:07.1234567Z ": {false, want.Add(123456 * time.Microsecond)}, "2026-11-28 10:31:07.1234567": {true, want.Add(123456 * time.Microsecond)},
		"2026-11-28": {false, want.Truncate(24 * time.Hour)}, "Sat, 28 Nov 2026 10:31:07 UTC": {false, want},
		"2026-11-28T12:31:07+02:00 ": {true, time.Time{}}, "28.11.2026": {false, time.Time{}}, "": {false, time.Time{}}, "1899-01-01": {false, time.Time{}}, "2026-02-30": {false, time.Time{}},
	} {
		got, ok := input.Date(text, c.strict)
		if ok == c.want.IsZero() || ok && !got.Equal(c.want) {
			t.Errorf("%q: %v, %v; want %v", text, got, ok, c.want)
		}
	}
}

func TestDepthAndNumberAreBounded(t *testing.T) {
	deep := strings.Repeat(`{"job_date":"2026-05-01T10:00:00Z","job_source_system":"fs","job_source_model":"m","job_source_record_id":1,"children":[`, 25) + strings.Repeat("]}", 25)
	list, err := input.JSONList([]byte("[" + deep + "]"))
	if err != nil {
		t.Fatal(err)
	}
	if _, wrong := input.Trees(list, input.Rules{}, usual); wrong == nil || !strings.Contains(wrong.Problems.Lines(), "nested more than 20 deep") {
		t.Errorf("%v", wrong)
	}
	if _, err := input.JSONList([]byte("[" + strings.TrimSuffix(strings.Repeat("{},", input.MaxJobs+1), ",") + "]")); err == nil {
		t.Error("too many jobs were taken")
	}
	if _, err := input.XML([]byte(strings.Repeat("<a>", 500) + strings.Repeat("</a>", 500))); err == nil {
		t.Error("XML that is nested too deeply was taken")
	}
	if _, err := input.XML([]byte("<j><job_date>a</job_date><job_date>b</job_date></j>")); err == nil {
		t.Error("a field that stands twice was taken")
	}
}

// TestForcedJobsComeFromCallers: the type's info says so, of a job that replicates alone.
func TestForcedJobsComeFromCallers(t *testing.T) {
	for more, want := range map[string]bool{
		"": false, `,"job_source_type_info":"forced"`: true, `,"job_source_type_info":"Forced"`: false, `,"job_source_type":"delete","job_source_type_info":"forced"`: false,
	} {
		o, err := input.JSON([]byte(`{"job_date":"2026-05-01T10:00:00Z","job_source_system":"fs","job_source_model":"m","job_source_record_id":1` + more + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if d, wrong := input.Draft(o, input.Rules{}, usual); wrong != nil || d.Forced() != want {
			t.Errorf("%s: %v, %v", more, d.Forced(), wrong)
		}
	}
}

// FuzzInput demands that every text becomes a job that can be stored, or a refusal that
// names something.
func FuzzInput(f *testing.F) {
	f.Add([]byte(`{"job_date":"2026-05-01","job_source_system":"fs","job_source_model":"m","job_source_record_id":1,"job_source_fields":{"a":1}}`))
	f.Add([]byte(`<j><job_date>2026-05-01</job_date><job_source_system>fso</job_source_system><job_source_model>m</job_source_model><job_source_record_id>1</job_source_record_id></j>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		objects := []input.Object{}
		if o, err := input.JSON(body); err == nil {
			objects = append(objects, o)
		}
		if o, err := input.XML(body); err == nil {
			objects = append(objects, o)
		}
		for _, list := range []func([]byte) ([]input.Object, error){input.JSONList, input.XMLList} {
			if l, err := list(body); err == nil {
				if drafts, wrong := input.Trees(l, input.Rules{Loose: true}, usual); wrong == nil && len(drafts) != len(l) {
					t.Error("a job got lost")
				}
			}
		}
		for _, o := range objects {
			d, wrong := input.Draft(o, input.Rules{Loose: true}, usual)
			if wrong != nil {
				if len(wrong.Problems) == 0 || wrong.Code == input.None {
					t.Errorf("refused without a reason: %v", wrong)
				}
				continue
			}
			if d.Date.IsZero() || d.RecordID < 1 || d.Model == "" || d.System != transfer.Studio && d.System != transfer.Online || d.Fields != "" && !json.Valid([]byte(d.Fields)) || strings.ContainsRune(d.Model+string(d.Fields+d.KindInfo), 0) {
				t.Errorf("%+v", d)
			}
		}
	})
}
