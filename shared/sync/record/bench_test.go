package record

import "testing"

// allocsARecord is the allowed number of allocations a record: none.
const allocsARecord = 0

// usual returns a plan and a row that are typical of a first sync.
func usual(tb testing.TB) (*Plan, [][]byte) {
	tb.Helper()
	plan, err := NewPlan(columns(), Format{})
	if err != nil {
		tb.Fatal(err)
	}
	return plan, row("7", "R7-9", "2026-03-29 01:30:00.123456", "brand-one", "1", "KRT-101-2", "12050", "NULL", "2026-03-29 01:30:00.123456", "-27.500")
}

// TestARecordAllocatesNothing bounds the allocations of the hot path.
func TestARecordAllocatesNothing(t *testing.T) {
	plan, r := usual(t)
	dst := make([]byte, 0, 4096)
	for name, step := range map[string]func(){
		"Append":  func() { dst, _ = plan.Append(dst[:0], r) },
		"Version": func() { _ = plan.Version(r) },
		"Root":    func() { _, _ = plan.Root(r) },
	} {
		if n := testing.AllocsPerRun(100, step); n > allocsARecord {
			t.Errorf("%s: %v allocations a record; want at most %d", name, n, allocsARecord)
		}
	}
	if len(dst) < 100 {
		t.Errorf("the record is %q", dst)
	}
}

func BenchmarkVersion(b *testing.B) {
	plan, r := usual(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = plan.Version(r)
	}
}

// TestPlainNumbers compares the short check of a number with the long one.
func TestPlainNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "-0", "12": "12", "-12.50": "-12.50", "0.5": "0.5", "007": "7", "1e3": "1e3", "-1.5e-3": "-1.5e-3", "00": "0", "0.0": "0.0",
		"": "", "-": "", ".5": "", "5.": "", "1.2.3": "", "1,5": "", "abc": "", "--1": "", "-.5": "", "-01": "", "+1": "", "{}": "", `"1"`: "",
	} {
		got, err := appendNumber(nil, []byte(text))
		if err != nil {
			got = nil
		}
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q, %v; want %q", text, got, err, want)
		}
	}
}
