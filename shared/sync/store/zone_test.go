package store_test

import (
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
)

// TestZonesShiftNothing runs a window with DSNs whose sessions would be in
// India's zone or in one with daylight saving, and read times as local ones.
func TestZonesShiftNothing(t *testing.T) {
	for _, zone := range []string{"'+05:30'", "'-03:00'"} {
		t.Run(zone, func(t *testing.T) {
			b := newBench(t)
			cfg, err := driver.ParseDSN(b.dsn)
			if err != nil {
				t.Fatal(err)
			}
			if cfg.Params == nil {
				cfg.Params = map[string]string{}
			}
			cfg.Params["time_zone"] = zone
			if cfg.Loc, err = time.LoadLocation("Europe/Berlin"); err != nil {
				t.Fatal(err)
			}
			cfg.ParseTime = false
			dsn := cfg.FormatDSN()
			b.DB, b.src = openStore(t, dsn), openSource(t, dsn)
			b.addReturn(1, to.Add(-time.Microsecond))
			b.addReturn(2, to)
			b.addReturn(3, from)
			b.addReturn(4, from.Add(-time.Microsecond))
			r := b.begun()
			if !r.Window.From.Equal(from) || !r.Window.To.Equal(to) {
				t.Errorf("the window is stored as %v", r.Window)
			}
			if _, err := b.list(r); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]uint64{{1, 3}}, b.pages(r)); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			now, err := b.src.Now(t.Context())
			if off := time.Since(now).Abs(); err != nil || off > time.Minute {
				t.Errorf("the source's clock is off by %v, %v", off, err)
			}
			if off := r.CreatedAt.Sub(now).Abs(); off > time.Minute {
				t.Errorf("the state's clock is off by %v", off)
			}
		})
	}
}
