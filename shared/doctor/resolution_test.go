package doctor

import (
	"maps"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// TestCoarseStamps names stamps that are coarser than what finds them, by column type.
func TestCoarseStamps(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		column  string
		overlap time.Duration
		trust   bool
		want    Severity
		words   string
	}{
		{"DATETIME(6)", time.Hour, true, OK, ""},
		{"DATETIME", time.Hour, true, Warn, "to the second"},
		{"DATETIME(3)", time.Hour, true, Warn, "3 digits of a second"},
		{"TIMESTAMP", time.Hour, false, Info, "to the second"},
		{"DATE", time.Hour, false, Fail, "is a DATE"},
		{"DATE", 23*time.Hour + 59*time.Minute, false, Fail, "is a DATE"},
		{"DATE", 25 * time.Hour, false, Info, "to the day"},
		{"DATE", 25 * time.Hour, true, Warn, "to the day"},
	} {
		d := b.d
		d.Overlap, d.TrustVersions = c.overlap, c.trust
		b.exec("ALTER TABLE order_return MODIFY updated_at " + c.column + " NOT NULL")
		text, _ := d.Changed.Bind(map[string][]any{"from": {1}, "to": {1}})
		stamps, err := readStamps(t.Context(), b.source.SQL(), text)
		if err != nil {
			t.Fatal(err)
		}
		var found []Finding
		for _, s := range stamps {
			if s.table == "order_return" {
				found = append(found, s.resolution(d)...)
			}
		}
		expect(t, orOK(found, "none"), c.want, c.words)
	}
}

// TestComparedColumns finds the column in conditions of many spellings.
func TestComparedColumns(t *testing.T) {
	for condition, want := range map[string]map[string]bool{
		"updated_at >= ? AND updated_at < ?": {"updated_at": true}, "t.`geändert am` > ?": {"geändert am": true}, "x.updated_at>=?": {"updated_at": true}, "updated_at BETWEEN ? AND ?": {"updated_at": true},
		"booked >= DATE(?) AND booked <= DATE(?)": {"booked": false}, "ts >= FLOOR( UNIX_TIMESTAMP(?) * 1000)": {"ts": false}, "ts BETWEEN UNIX_TIMESTAMP(?) AND UNIX_TIMESTAMP(?)": {"ts": false},
		"`booked` >= ? OR changed >= CAST(? AS DATETIME)": {"booked": true, "changed": false}, "UNIX_TIMESTAMP(t.updated_at) >= UNIX_TIMESTAMP(?)": {"updated_at": false}, "? <= updated_at AND updated_at < ?": {"updated_at": true},
		"DATE(?) <= t.`booked`": {"booked": false}, "day >= DATE(?) AND at >= ?": {"day": false, "at": true}, "id IN (SELECT id FROM b WHERE b.at >= ?)": {"at": true}, "a = 1 AND deleted >= 0": {},
	} {
		if got := comparedColumns(condition); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", condition, got, want)
		}
	}
	if got := comparedColumns("CAST(stamp AS DATETIME(6)) >= ?"); len(got) == 0 || !got["stamp"] {
		t.Errorf("a cast: %v", got)
	}
}

// TestLocalStamps has a server in another zone and a trigger that stamps.
func TestLocalStamps(t *testing.T) {
	b := newBench(t)
	b.exec("SET GLOBAL time_zone = '+05:30'")
	defer b.exec("SET GLOBAL time_zone = 'SYSTEM'")
	expect(t, Stamps(t.Context(), b.source.SQL(), b.d, b.now()), Warn, "+05:30", "a writer that sets no time zone")
	b.exec("CREATE TRIGGER stamp_it BEFORE UPDATE ON order_return FOR EACH ROW SET NEW.updated_at = NOW(6)")
	expect(t, Stamps(t.Context(), b.source.SQL(), b.d, b.now()), Warn, "the trigger stamp_it")
}

// TestDryRun builds records of rows that cannot all be built.
func TestDryRun(t *testing.T) {
	b := newBench(t)
	look := func(d entity.Definition) []Finding {
		return DryRun(t.Context(), b.source, d, b.now())
	}
	expect(t, look(b.d), OK, "have a JSON form")
	large := b.d
	large.RecordLimit = 600
	expect(t, look(large), Warn, "larger than 600 bytes")
	b.exec("UPDATE order_return SET account_slug = '', updated_at = UTC_TIMESTAMP(6) WHERE id = 1")
	expect(t, look(b.d), Warn, "would be parked", "account")
}
