package flow_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/claim"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/page"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
)

// TestTasksOfOtherVersions reads tasks with fields of a later version, which are left
// alone, and without those that an earlier one did not write.
func TestTasksOfOtherVersions(t *testing.T) {
	dice := rand.New(rand.NewPCG(17, 9))
	for _, kind := range []struct {
		task   any
		needed []string
		parse  func([]byte) (any, error)
	}{
		{page.Task{RunID: 3, Page: 4}, []string{"runId", "page"}, func(b []byte) (any, error) { return page.ParseTask(b) }},
		{claim.Task{ID: 7, JobType: "RETURN_JOB", Status: claim.Claimed, EndDate: "2026-11-20 22:45:00", CreatedAt: "2026-11-20 22:45:00", Token: "abc"}, []string{"id", "jobType", "token"}, func(b []byte) (any, error) {
			list, err := claim.ParseTasks(b)
			if err != nil {
				return nil, err
			}
			return list[0], nil
		}},
		{rework.Task{JobID: 5, Turn: 2, Resend: true}, []string{"jobId"}, func(b []byte) (any, error) { return rework.ParseTask(b) }},
	} {
		text, err := json.Marshal(kind.task)
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			fields := map[string]any{}
			if err := json.Unmarshal(text, &fields); err != nil {
				t.Fatal(err)
			}
			for range dice.IntN(4) {
				fields[fmt.Sprint("later", dice.IntN(9))] = []any{nil, 1.5, "text", []int{1}, map[string]any{"runId": "x"}, false}[dice.IntN(6)]
			}
			later, _ := json.Marshal(fields)
			if got, err := kind.parse(later); err != nil || !reflect.DeepEqual(got, kind.task) {
				t.Fatalf("%s is %+v, %v", later, got, err)
			}
			for name := range fields {
				if !slices.Contains(kind.needed, name) && dice.IntN(2) == 0 {
					delete(fields, name)
				}
			}
			earlier, _ := json.Marshal(fields)
			if _, err := kind.parse(earlier); err != nil {
				t.Fatalf("%s: %v", earlier, err)
			}
		}
	}
}
