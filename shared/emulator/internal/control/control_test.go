package control

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/kit"
)

type faults struct {
	Late float64 `json:"late"`
}

func TestHandler(t *testing.T) {
	var current faults
	handler := Door[faults]{
		Faults: func() faults { return current },
		SetFaults: func(f faults) error {
			if f.Late > 1 {
				return errors.New("late: too much")
			}
			current = f
			return nil
		},
		Stats: func() any { return map[string]int{"seen": 1} },
		Keys:  http.NotFoundHandler(),
	}.Handler()
	tests := []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "/faults", "", 200, `"late": 0`},
		{"PUT", "/faults", `{"late":0.5}`, 200, `"late": 0.5`},
		{"PUT", "/faults", `{"late":5}`, 400, "too much"},
		{"PUT", "/faults", `{"later":1}`, 400, "later"},
		{"PUT", "/faults", `{"late":"` + strings.Repeat("x", maxBody) + `"}`, 400, "too large"},
		{"GET", "/faults", "", 200, `"late": 0.5`},
		{"GET", "/stats", "", 200, `"seen": 1`},
		{"GET", "/tokens/jwks", "", 404, ""},
		{"DELETE", "/faults", "", 405, ""},
		{"GET", "/", "", 404, ""},
	}
	for _, test := range tests {
		if code, text := kit.Call(t, handler, test.method, test.path, test.body); code != test.code || !strings.Contains(text, test.want) {
			t.Errorf("%s %s: %d %s", test.method, test.path, code, text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"late":0.5}`)
	f.Add(`{} x`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, text string) {
		var got faults
		if err := Decode(strings.NewReader(text), &got); err != nil && !strings.HasPrefix(err.Error(), "faults: ") {
			t.Errorf("%q: %v does not say what was read", text, err)
		}
	})
}
