package window

import "testing"

// TestKindOfBody finds the kind of a body by its words alone, so that a
// badly written one is refused in the words of its kind.
func TestKindOfBody(t *testing.T) {
	for body, want := range map[string][2]bool{
		`{"id":1,"jobType":"RETURN_JOB","token":"x"}`: {},
		`[]`:                               {},
		`"data"`:                           {},
		`no JSON`:                          {},
		`{"jobId":7,"turn":2}`:             {false, true},
		`{"jobId":"seven"}`:                {false, true},
		`{"data":"{}"}`:                    {true, false},
		`{"isHistoricSync":1}`:             {true, false},
		`{"isHistoricSync":null}`:          {true, false},
		`{"isHistoricSync":"1","jobId":7}`: {true, true},
	} {
		historic, turn := kindOf([]byte(body))
		if got := [2]bool{historic, turn}; got != want {
			t.Errorf("%s: historic %v, turn %v; want %v", body, historic, turn, want)
		}
	}
}
