package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/tokens"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/tokens/postgres"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// TestMain starts the tests' database server.
func TestMain(m *testing.M) { os.Exit(pgtest.Around(m.Run)) }

// studio is a studio in memory.
type studio struct{ *transfertest.Memory }

// Unlinked implements tokens.Studio.
func (s studio) Unlinked(ctx context.Context, model string, after int64, n int) (list []transfer.Record, err error) {
	all, err := s.Search(ctx, model, transfer.Query{After: after, Most: 1 << 20})
	for _, r := range all {
		if r.ForeignID == 0 && len(list) < n {
			list = append(list, r)
		}
	}
	return list, err
}

// jobs keeps the jobs that were stored.
type jobs []string

// Open implements tokens.Jobs.
func (j *jobs) Open(_ context.Context, system transfer.Side, model string, id int64) (bool, error) {
	return slices.Contains(*j, fmt.Sprintf("%s %s %d", system, model, id)), nil
}

// Create implements tokens.Jobs.
func (j *jobs) Create(_ context.Context, list []transfer.Draft) ([]int64, error) {
	for _, d := range list {
		*j = append(*j, d.String())
	}
	return make([]int64, len(list)), nil
}

// world is a studio and the tables of an Odoo.
type world struct {
	*tokens.Batches
	t      *testing.T
	studio studio
	jobs   jobs
	odoo   *sql.DB
	held   map[int64]bool // by a job
	now    time.Time
}

// newWorld returns one without tokens.
func newWorld(t *testing.T) *world {
	t.Helper()
	a := pgtest.New(t)
	db, err := store.OpenPostgreSQL(store.Address{Host: a.Host, Port: a.Port, Name: a.Name, User: a.User, Password: a.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	text, err := os.ReadFile("testdata/odoo.sql")
	if err == nil {
		_, err = db.ExecContext(t.Context(), string(text))
	}
	flows, also := transfer.Shipped()
	if err := errors.Join(err, also); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, odoo: db, studio: studio{transfertest.NewMemory(0, time.Now)}, held: map[int64]bool{}, now: time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)}
	flow, _ := flows.Named("res.partner.fstoken")
	person, _ := flows.Named("res.partner")
	w.Batches = &tokens.Batches{
		Studio: w.studio, Table: postgres.New(db, "sosync"), Jobs: &w.jobs, Flow: flow, Person: person, Size: 100, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler),
		Hold: func(_ transfer.Side, _ string, id int64) (func(), bool) { return func() {}, !w.held[id] },
	}
	return w
}

// person puts a person into studio, and its partner into Odoo if asked.
func (w *world) person(partner bool) int64 {
	w.t.Helper()
	id := w.studio.Put("dbo.Person", transfer.Record{Fields: map[string]any{"Name": "Müller"}})
	if partner {
		w.exec("INSERT INTO res_partner (name, sosync_fs_id) VALUES ('Müller', $1)", id)
	}
	return id
}

// token puts a token into studio.
func (w *world) token(person int64, name string) int64 {
	return w.studio.Put("dbo.AktionOnlineToken", transfer.Record{Fields: map[string]any{
		"PersonID": person, "Name": name, "Ablaufdatum": time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), "ErsteBenutzungAmUm": time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC),
		"LetzteBenutzungAmUm": nil, "AnzahlÜberprüfungen": int64(3),
	}})
}

// exec runs a statement on Odoo's database.
func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.odoo.ExecContext(w.t.Context(), query, args...); err != nil {
		w.t.Fatal(err)
	}
}

// count counts rows of Odoo.
func (w *world) count(where string) (n int) {
	w.t.Helper()
	if err := w.odoo.QueryRowContext(w.t.Context(), "SELECT COUNT(*) FROM res_partner_fstoken t LEFT JOIN res_partner p ON p.id = t.partner_id WHERE "+where).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// run runs all batches and demands what they did.
func (w *world) run(linked, made int) {
	w.t.Helper()
	done, err := w.Run(w.t.Context())
	if err != nil || done.Linked != linked || done.Jobs != made {
		w.t.Errorf("%+v, %v; want %d linked, %d jobs: %v", done, err, linked, made, w.jobs)
	}
}

// foreign is the id that studio has of a token's pair.
func (w *world) foreign(id int64) int64 {
	w.t.Helper()
	r, err := w.studio.Read(w.t.Context(), "dbo.AktionOnlineToken", id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.ForeignID
}

func TestTokensGoOverByBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.person(true)
	var ids []int64
	for i := range 250 {
		ids = append(ids, w.token(person, fmt.Sprintf("Tö%d", i)))
	}
	w.run(250, 0)
	if n := w.count("t.sosync_fs_id IS NOT NULL AND p.sosync_fs_id = " + fmt.Sprint(person) + " AND t.name LIKE 'Tö%' AND t.expiration_date = '2026-12-31'" +
		" AND t.first_datetime_of_use = '2026-07-01 10:00:00' AND t.last_datetime_of_use IS NULL AND t.number_of_checks = 3 AND t.create_uid = 2 AND t.sosync_synced_version = t.sosync_write_date"); n != 250 {
		t.Errorf("%d rows", n)
	}
	for _, id := range ids {
		r, err := w.studio.Read(t.Context(), "dbo.AktionOnlineToken", id)
		if err != nil || r.ForeignID == 0 || r.SyncedVersion == nil || !r.SyncedVersion.Equal(r.Effective()) || w.count(fmt.Sprintf("t.id = %d AND t.sosync_fs_id = %d AND t.sosync_write_date = '%s'", r.ForeignID, id, r.Effective().Format("2006-01-02T15:04:05.000000Z"))) != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	w.run(0, 0)
	if w.studio.Writes[transfer.Mark] != 250 || len(w.studio.Writes) != 1 {
		t.Errorf("%v", w.studio.Writes)
	}
}

// TestWhatABatchCannotBringOver gets a job: the person without a partner, the token whose
// name is taken or whose person is missing.
func TestWhatABatchCannotBringOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alone, twin, person := w.person(false), w.person(true), w.person(true)
	w.exec("INSERT INTO res_partner (name, sosync_fs_id) VALUES ('twin', $1)", twin)
	w.exec("INSERT INTO res_partner_fstoken (name) VALUES ('taken')")
	waits, good := w.token(alone, "waits"), w.token(person, "good")
	taken, none, double, held := w.token(person, "taken"), w.token(0, "nobody"), w.token(person, "good"), w.token(person, "held")
	w.token(twin, "twin")
	w.held[held] = true
	w.run(1, 5)
	want := []string{fmt.Sprintf("fs dbo.Person %d", alone), fmt.Sprintf("fs dbo.Person %d", twin)}
	for _, id := range []int64{taken, none, double} {
		want = append(want, fmt.Sprintf("fs dbo.AktionOnlineToken %d", id))
	}
	slices.Sort(want)
	slices.Sort(w.jobs)
	if !slices.Equal(w.jobs, want) || w.foreign(good) == 0 || w.count("true") != 2 {
		t.Errorf("%q, want %q", w.jobs, want)
	}
	// No second job, be the first one open or just ended.
	w.run(0, 0)
	w.jobs = nil
	w.run(0, 0)
	// The person's job ends; the token follows. An hour later the rest is asked for again.
	w.exec("INSERT INTO res_partner (sosync_fs_id) VALUES ($1)", alone)
	w.run(1, 0)
	w.held[held] = false
	w.run(1, 0)
	w.now = w.now.Add(2 * time.Hour)
	w.run(0, 4)
	if w.foreign(waits) == 0 || w.foreign(held) == 0 {
		t.Error("a token stayed behind")
	}
}

// TestInterruptedBatchIsTakenUpAgain loses the answer after Odoo has the rows: none is
// stored twice.
func TestInterruptedBatchIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.person(true)
	var ids []int64
	for i := range 20 {
		ids = append(ids, w.token(person, fmt.Sprint(i)))
	}
	left := 7
	w.studio.Fail = func(call, _ string) error {
		if call == "mark" {
			if left--; left < 0 {
				return fault.New(fault.Retry, "lost", "the studio does not answer")
			}
		}
		return nil
	}
	if done, err := w.Run(t.Context()); err == nil || done.Linked != 7 {
		t.Errorf("%+v, %v", done, err)
	}
	w.studio.Fail = nil
	// Studio changes a token meanwhile: the date that both sides had stays known.
	r, err := w.studio.Read(t.Context(), "dbo.AktionOnlineToken", ids[19])
	if err != nil {
		t.Fatal(err)
	}
	later := transfer.Micro(time.Now().Add(time.Minute))
	r.WriteDate = &later
	w.studio.Put("dbo.AktionOnlineToken", r)
	w.run(13, 0)
	r, err = w.studio.Read(t.Context(), "dbo.AktionOnlineToken", ids[19])
	if err != nil || w.count("true") != 20 || !r.Effective().Equal(later) || r.SyncedVersion == nil || r.SyncedVersion.Equal(later) {
		t.Errorf("%d rows, %+v, %v", w.count("true"), r, err)
	}
}

// TestCheckSaysWhatIsMissing and leaves nothing behind.
func TestCheckSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := postgres.New(w.odoo, "sosync")
	if err := table.Check(t.Context()); err != nil || w.count("true") != 0 {
		t.Error(err)
	}
	w.exec("ALTER TABLE res_partner_fstoken DROP COLUMN number_of_checks")
	if err := table.Check(t.Context()); fault.KindOf(err) != fault.Misconfigured || !strings.Contains(err.Error(), "number_of_checks") {
		t.Error(err)
	}
	w.token(w.person(true), "x")
	if _, err := w.Run(t.Context()); err == nil {
		t.Error("a batch ran without a column")
	}
	if _, err := table.Insert(t.Context(), []tokens.Token{{ID: 1, Fields: map[string]any{"colour": "red"}}}); fault.KindOf(err) != fault.Misconfigured {
		t.Error(err)
	}
	for name, v := range map[string]any{"expiration_date": "tomorrow", "number_of_checks": "many"} {
		if _, err := table.Insert(t.Context(), []tokens.Token{{ID: 1, Fields: map[string]any{name: v}}}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
