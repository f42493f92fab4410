package doctor

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/grants"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// bench is a database with sample returns and our own tables.
type bench struct {
	t      *testing.T
	dsn    string
	admin  *sql.DB // what others write
	source *mysql.Source
	store  *store.DB
	d      entity.Definition
}

// newBench returns a bench in which all is right.
func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dsn: localdbtest.New(t)}
	var err error
	if b.store, err = store.Open(b.dsn, 2, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if b.source, err = mysql.Open(b.dsn, 4); err != nil {
		t.Fatal(err)
	}
	b.admin = b.store.SQL()
	t.Cleanup(func() { _ = errors.Join(b.store.Close(), b.source.Close()) })
	if _, err := b.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sample.Migrate(t.Context(), b.admin); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.Generate(t.Context(), b.admin, sample.GenerateOptions{Rows: 60, Seed: 1, Now: time.Now().Add(-time.Minute)}); err != nil {
		t.Fatal(err)
	}
	list, err := entity.Load("")
	if err != nil {
		t.Fatal(err)
	}
	b.d = list[0]
	return b
}

// exec runs a statement.
func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.admin.ExecContext(context.WithoutCancel(b.t.Context()), query, args...); err != nil {
		b.t.Fatal(err)
	}
}

// database returns the source as the checks take it.
func (b *bench) database() Database {
	return Database{Name: "source", Setting: "SOURCE_DSN", SQL: b.source.SQL()}
}

// as returns the same database by another account with the grants; %s stands for
// the database.
func (b *bench) as(name string, list ...string) Database {
	b.t.Helper()
	cfg, err := driver.ParseDSN(b.dsn)
	if err != nil {
		b.t.Fatal(err)
	}
	name = cfg.DBName[len(cfg.DBName)-8:] + "-" + name
	b.exec("CREATE USER '" + name + "'@'%' IDENTIFIED BY 'p'")
	b.t.Cleanup(func() { b.exec("DROP USER '" + name + "'@'%'") })
	for _, g := range list {
		b.exec("GRANT " + strings.ReplaceAll(g, "DB", "`"+cfg.DBName+"`") + " TO '" + name + "'@'%'")
	}
	cfg.User, cfg.Passwd = name, "p"
	s, err := mysql.Open(cfg.FormatDSN(), 2)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = s.Close() })
	return Database{Name: name, Setting: "STATE_DSN", SQL: s.SQL()}
}

// now is the source database's clock.
func (b *bench) now() time.Time {
	b.t.Helper()
	now, err := b.source.Now(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return now
}

func TestAllIsRight(t *testing.T) {
	b := newBench(t)
	ctx, db := t.Context(), b.database()
	expect(t, Reach(ctx, db), OK, "database rs_test_")
	expect(t, Clock(ctx, db, time.Now), OK)
	expect(t, Zone(ctx, db), OK)
	expect(t, Replica(ctx, db, true), OK)
	expect(t, Schema(ctx, b.store), OK)
	expect(t, Fits(ctx, b.d, b.source.Check), OK)
	expect(t, Plans(ctx, db.SQL, b.d, b.now()), OK)
	expect(t, Stamps(ctx, db.SQL, b.d, b.now()), OK)
	expect(t, Records(ctx, b.source, b.d, b.now()), OK)
	expect(t, Transactions(ctx, db, b.d.Overlap), OK)
}

func TestADatabaseThatIsAway(t *testing.T) {
	s, err := mysql.Open("u:s3cret@tcp(127.0.0.1:1)/d", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	d := Database{Name: "source", Setting: "SOURCE_DSN", SQL: s.SQL()}
	expect(t, Reach(t.Context(), d), Fail, "refused", "SOURCE_DSN")
	d.Refused = func(error) error { return errors.New("in other words") }
	expect(t, Reach(t.Context(), d), Fail, "in other words")
	for name, f := range map[string][]Finding{
		"clock": Clock(t.Context(), d, time.Now), "zone": Zone(t.Context(), d), "replica": Replica(t.Context(), d, false),
		"transactions": Transactions(t.Context(), d, time.Hour), "privileges": Privileges(t.Context(), Account{Database: d}),
	} {
		t.Run(name, func(t *testing.T) { expect(t, f, Warn, "cannot read") })
	}
}

func TestClocksApart(t *testing.T) {
	b := newBench(t)
	for off, want := range map[time.Duration]Severity{time.Minute: Warn, -time.Minute: Warn, time.Hour: Fail, -time.Hour: Fail} {
		expect(t, Clock(t.Context(), b.database(), func() time.Time { return time.Now().Add(off) }), want, "NTP")
	}
}

func TestServerInAnotherZone(t *testing.T) {
	b := newBench(t)
	var before string
	if err := b.admin.QueryRowContext(t.Context(), "SELECT @@global.time_zone").Scan(&before); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.exec("SET GLOBAL time_zone = ?", before) })
	b.exec("SET GLOBAL time_zone = '+05:30'")
	expect(t, Zone(t.Context(), b.database()), Warn, "5h30m0s", "+05:30")
	for range 8 { // whichever connection it was, its zone is UTC again
		var zone string
		if err := b.source.SQL().QueryRowContext(t.Context(), "SELECT @@session.time_zone").Scan(&zone); err != nil || zone != "+00:00" {
			t.Errorf("the session's zone is %q, %v", zone, err)
		}
	}
}

func TestReadOnlyServer(t *testing.T) {
	b := newBench(t)
	t.Cleanup(func() { b.exec("SET GLOBAL read_only = 0") })
	b.exec("SET GLOBAL read_only = 1")
	expect(t, Replica(t.Context(), b.database(), true), Fail, "read only")
	expect(t, Replica(t.Context(), b.database(), false), OK)
}

func TestReplicaThatDoesNotFollow(t *testing.T) {
	b := newBench(t)
	var version string
	if err := b.admin.QueryRowContext(t.Context(), "SELECT VERSION()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	follow, forget := "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 1, SOURCE_USER = 'x'", "RESET REPLICA ALL"
	if strings.Contains(version, "Maria") {
		follow = "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'x'"
	}
	b.exec(follow)
	t.Cleanup(func() { b.exec(forget) })
	expect(t, Replica(t.Context(), b.database(), false), Fail, "does not follow")
}

func TestLongTransaction(t *testing.T) {
	b := newBench(t)
	tx, err := b.admin.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "UPDATE order_return SET remarks = 'x' WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	// The server refreshes what it shows every tenth of a second at most.
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		f := Transactions(t.Context(), b.database(), time.Second)
		if gravest(f) == Fail {
			expect(t, f, Fail, "its changes will be missed", "PROCESSLIST")
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the transaction is not seen: %v", f)
		}
	}
	f := Transactions(t.Context(), b.database(), time.Hour)
	expect(t, f, OK)
	if strings.Contains(f[0].Message, "0s old") {
		t.Errorf("its age is not seen: %v", f)
	}
	expect(t, Transactions(t.Context(), b.as("blind", "SELECT ON DB.*"), time.Hour), Info, "PROCESS")
}

func TestMissingIndex(t *testing.T) {
	b := newBench(t)
	b.exec("ALTER TABLE order_return_item DROP INDEX ix_item_changed")
	expect(t, Plans(t.Context(), b.source.SQL(), b.d, b.now()), Warn, "changed.sql", "order_return_item", "no index fits")
}

func TestQueriesThatDoNotFit(t *testing.T) {
	b := newBench(t)
	b.exec("ALTER TABLE order_return DROP COLUMN courier_name")
	expect(t, Fits(t.Context(), b.d, b.source.Check), Fail, "rows.sql", "courier_name")
}

func TestStampsThatNoWindowSees(t *testing.T) {
	b := newBench(t)
	look := func() []Finding { return Stamps(t.Context(), b.source.SQL(), b.d, b.now()) }
	b.exec("UPDATE order_return SET updated_at = UTC_TIMESTAMP(6) + INTERVAL 330 MINUTE WHERE id <= 3")
	expect(t, look(), Warn, "3 roots", "5h30m0s", "India's local time")
	b.exec("UPDATE order_return_item SET updated_at = UTC_TIMESTAMP(6) + INTERVAL 2 HOUR WHERE id = 20")
	b.exec("UPDATE order_return SET updated_at = UTC_TIMESTAMP(6)")
	expect(t, look(), Warn, "1 roots", "2h0m0s", "local time")
	b.exec("UPDATE order_return_item SET updated_at = UTC_TIMESTAMP(6) + INTERVAL 1 YEAR WHERE id = 20")
	expect(t, look(), Warn, "wrong year")
	b.exec("UPDATE order_return_item SET updated_at = UTC_TIMESTAMP(6)")
	expect(t, look(), OK)
	b.exec("ALTER TABLE order_return MODIFY updated_at DATETIME(6) NULL")
	expect(t, look(), Info, "not kept by the database")
	b.exec("UPDATE order_return SET updated_at = NULL WHERE id IN (4, 5)")
	expect(t, look(), Fail, "2 rows of order_return have no updated_at")
}

func TestRecordsNearTheLimit(t *testing.T) {
	b := newBench(t)
	b.d.RecordLimit = 600
	expect(t, Records(t.Context(), b.source, b.d, b.now()), Warn, "larger than the limit of 600")
}

func TestTablesNotMigrated(t *testing.T) {
	s, err := store.Open(localdbtest.New(t), 1, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	expect(t, Schema(t.Context(), s), Fail, "returnsync migrate")
}

func TestTablesOfAnotherVersion(t *testing.T) {
	b := newBench(t)
	b.exec("INSERT INTO sync_schema (version_id, is_applied) VALUES (90000, 1)")
	expect(t, Schema(t.Context(), b.store), Fail, "newer returnsync")
	b.exec("DELETE FROM sync_schema WHERE version_id > 3")
	expect(t, Schema(t.Context(), b.store), Fail, "version 3", "returnsync migrate")
}

func TestAccounts(t *testing.T) {
	b := newBench(t)
	const writing = "SELECT, INSERT, UPDATE, DELETE ON DB.*"
	for name, c := range map[string]struct {
		grants []string
		writes bool
		want   Severity
		words  []string
	}{
		"exact":     {[]string{writing}, true, OK, nil},
		"reads":     {[]string{"SELECT ON DB.*"}, true, Fail, []string{"lacks", "INSERT on order_return_algolia_sync", "terraform/README.md"}},
		"reader":    {[]string{"SELECT ON DB.*"}, false, OK, nil},
		"scribbler": {[]string{writing}, false, Warn, []string{"INSERT, UPDATE, DELETE"}},
		"all":       {[]string{"ALL PRIVILEGES ON DB.*"}, true, Warn, []string{"more than it needs"}},
		"dropper":   {[]string{writing, "DROP ON DB.*", "FILE ON *.*"}, true, Warn, []string{"DROP", "FILE"}},
		"sees":      {[]string{writing, "PROCESS ON *.*"}, true, OK, nil},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, Privileges(t.Context(), Account{Database: b.as(name, c.grants...), Writes: c.writes}), c.want, c.words...)
		})
	}
	expect(t, Privileges(t.Context(), Account{Database: b.database(), Writes: true}), Warn)
}

// TestAccountsOfEveryRole gives an account of each role what package grants says:
// exactly that is right, anything less is seen, and anything more.
func TestAccountsOfEveryRole(t *testing.T) {
	b := newBench(t)
	for _, table := range grants.Tables() {
		b.exec("CREATE TABLE IF NOT EXISTS " + table + " (id INT)") // those of the wings beside sync: a server grants on what is there
	}
	for _, role := range grants.Roles() {
		t.Run(role, func(t *testing.T) {
			exact := []string{"SELECT ON DB.order_return"}
			for _, table := range grants.Tables() {
				privileges := grants.On(table, role)
				if role == grants.Operator {
					privileges = append(privileges, grants.Migrating...)
				}
				if privileges != nil {
					exact = append(exact, strings.Join(privileges, ", ")+" ON DB."+table)
				}
			}
			d := b.as(role, exact...)
			look := func() []Finding { return Privileges(t.Context(), Account{Database: d, Writes: true}) }
			expect(t, look(), OK, role+" needs")
			to := " TO '" + d.Name + "'@'%'"
			var schema string
			if err := b.admin.QueryRowContext(t.Context(), "SELECT DATABASE()").Scan(&schema); err != nil {
				t.Fatal(err)
			}
			for _, table := range []string{"order_return_algolia_sync", "sync_ledger", "sync_target"} {
				on := " ON `" + schema + "`." + table
				held := grants.On(table, role)
				if role == grants.Operator {
					held = append(held, grants.Migrating...)
				}
				for _, p := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
					needed := slices.Contains(grants.On(table, role), p)
					switch {
					case needed:
						b.exec("REVOKE " + p + on + strings.Replace(to, " TO ", " FROM ", 1))
						expect(t, look(), Fail, "lacks 1 privileges", p+" on "+table)
						b.exec("GRANT " + p + on + to)
					case !slices.Contains(held, p):
						b.exec("GRANT " + p + on + to)
						expect(t, look(), Warn, "does not need", p+" on "+table)
						b.exec("REVOKE " + p + on + strings.Replace(to, " TO ", " FROM ", 1))
					}
				}
			}
			expect(t, look(), OK, role+" needs")
		})
	}
}

// TestRightsByARole gives an account its rights by a role alone.
func TestRightsByARole(t *testing.T) {
	b := newBench(t)
	cfg, _ := driver.ParseDSN(b.dsn)
	role := "role_" + cfg.DBName[len(cfg.DBName)-8:]
	b.exec("CREATE ROLE '" + role + "'")
	t.Cleanup(func() { b.exec("DROP ROLE '" + role + "'") })
	b.exec("GRANT SELECT, INSERT, UPDATE, DELETE ON `" + cfg.DBName + "`.* TO '" + role + "'")
	d := b.as("player", "SELECT ON DB.*", "'"+role+"'")
	d.SQL.SetMaxOpenConns(1)
	expect(t, Privileges(t.Context(), Account{Database: d, Writes: true}), Fail)
	if _, err := d.SQL.ExecContext(t.Context(), "SET ROLE '"+role+"'"); err != nil {
		t.Fatal(err)
	}
	expect(t, Privileges(t.Context(), Account{Database: d, Writes: true}), OK)
}
