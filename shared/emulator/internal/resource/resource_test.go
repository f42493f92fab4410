package resource

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var queues = Kind{"queues", regexp.MustCompile(`^[a-z]+$`), "small letters"}

func TestCheck(t *testing.T) {
	tests := []struct {
		name string
		want string // in the error; empty for none
	}{
		{"projects/p/locations/asia-south1/queues/q", ""},
		{"projects/example.com:p-1/locations/us-central1/queues/q", ""},
		{"projects/p/locations/asia-south1", "expected the form projects/PROJECT_ID/locations/LOCATION_ID/queues/QUEUE_ID"},
		{"projects/p/locations/asia-south1/queue/q", "expected the form"},
		{"projects//locations/asia-south1/queues/q", `"" is not allowed in projects`},
		{"projects/p/locations/Asia/queues/q", `"Asia" is not allowed in locations`},
		{"projects/p/locations/asia-south1/queues/Q", `"Q" is not allowed in queues (small letters)`},
		{"", "expected the form"},
	}
	for _, test := range tests {
		err := Check("name", test.name, queues)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.name, err, test.want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("projects/p/locations/asia-south1/queues/q")
	f.Add("////")
	f.Fuzz(func(t *testing.T, name string) {
		if Check("name", name, queues) == nil && Parent(name)+"/queues/"+ID(name) != name {
			t.Errorf("%q does not come together again", name)
		}
	})
}

func TestParentAndID(t *testing.T) {
	for name, want := range map[string][2]string{"a/b/c/d": {"a/b", "d"}, "a": {"", "a"}, "": {"", ""}} {
		if got := [2]string{Parent(name), ID(name)}; got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestPaginate(t *testing.T) {
	all := make([]string, 0, 7)
	for i := range 7 {
		all = append(all, fmt.Sprint("n", i))
	}
	for size := range 9 {
		var got []string
		token := ""
		for {
			shuffled := slices.Clone(all)
			slices.Reverse(shuffled)
			page, err := Paginate(shuffled, token, size, 5)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page.Names...)
			if token = page.Next; token == "" {
				break
			}
		}
		if diff := cmp.Diff(all, got); diff != "" {
			t.Errorf("size %d (-want +got):\n%s", size, diff)
		}
	}
	last, err := Paginate(slices.Clone(all), "", 3, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"?", "x", "bogus", "bjE", "AAAAAAAAAAA", last.Next + "A", last.Next[1:], strings.ToUpper(last.Next), " " + last.Next} {
		if _, err := Paginate(all, token, 1, 5); err == nil {
			t.Errorf("the token %q was taken", token)
		}
	}
	if _, err := Paginate([]string{"a/queues/1", "a/queues/2"}, tokenOf("b/queues/1"), 1, 5); err == nil {
		t.Error("a token of another list was taken")
	}
	if _, err := Paginate(all, "", -1, 5); err == nil {
		t.Error("a negative size was taken")
	}
}
