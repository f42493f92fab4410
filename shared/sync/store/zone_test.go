package store_test

import (
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
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
			b.DB = openStore(t, dsn)
			b.addReturn(1, to.Add(-time.Microsecond))
			b.addReturn(2, to)
			b.addReturn(3, from)
			b.addReturn(4, from.Add(-time.Microsecond))
			r := b.begun()
			if !r.Window.From.Equal(from) || !r.Window.To.Equal(to) {
				t.Errorf("the window is stored as %v", r.Window)
			}
			if _, err := b.Changes.List(t.Context(), r, b.def, nil); err != nil {
				t.Fatal(err)
			}
			if got := b.text("SELECT GROUP_CONCAT(root_id ORDER BY root_id) FROM sync_change"); got != "1,3" {
				t.Errorf("changed: %s, want 1,3", got)
			}
			src, err := mysql.Open(dsn, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = src.Close() }()
			now, err := src.Now(t.Context())
			if off := time.Since(now).Abs(); err != nil || off > time.Minute {
				t.Errorf("the source's clock is off by %v, %v", off, err)
			}
			if off := r.CreatedAt.Sub(now).Abs(); off > time.Minute {
				t.Errorf("the state's clock is off by %v", off)
			}
		})
	}
}
