package transfer

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	service "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire/wiretest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/sidetable"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// TestBothSidesByCommand tries a job, compares a model and stores jobs for what differs: on the tables of a Linux service and on the product's.
func TestBothSidesByCommand(t *testing.T) {
	t.Run("service", func(t *testing.T) {
		db := storetest.PostgreSQL(t)
		path, a := filepath.Join(t.TempDir(), "x.ini"), db.Address
		text := fmt.Sprintf("[sosync]\nport = 1\ntoken = %s\nsides = rehearsal\nntp_servers = none\ndb_host = %s\ndb_port = %d\ndb_name = %s\ndb_user = %s\ndb_user_pw = %s\n",
			strings.Repeat("t", 32), a.Host, a.Port, a.Name, a.User, a.Password)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		bothSides(t, db, func(line string) (string, error) { return call(t, &cli.App{}, line+" --conf "+path) })
	})
	t.Run("product", func(t *testing.T) {
		product := wiretest.Open(t, map[string]string{
			"WINGS": service.Name, "TRANSFER_URL": "http://127.0.0.1:1/t", "TRANSFER_SIDES": "rehearsal", "TRANSFER_NTP_SERVERS": "none", "CLOUD_TASKS_EMULATOR_HOST": wiretest.Queues(t, "transfer"),
		}, service.Wing())
		db := storetest.Of(product.DB.Pool().DB, sqldb.MySQL)
		bothSides(t, db, func(line string) (string, error) {
			return call(t, &cli.App{Deps: cli.Deps{Environment: product.Env.Lookup, Dir: t.TempDir(), Client: http.DefaultClient, Now: time.Now, User: "ann", Wings: []wire.Wing{service.Wing()}}}, line)
		})
		var acts string
		if err := db.Pool.QueryRow("SELECT GROUP_CONCAT(CONCAT(action, ' ', object, ': ', new_value) SEPARATOR '; ') FROM sync_audit").Scan(&acts); err != nil || acts != "create-transfers records of dbo.Person that differ: 2 jobs; create-transfers records of dbo.Person that differ: 1 jobs; create-transfers records of dbo.Person that differ: 2 jobs" {
			t.Errorf("the audit: %s, %v", acts, err)
		}
	})
}

// bothSides plays the commands.
func bothSides(t *testing.T, db storetest.DB, call func(line string) (string, error)) {
	t.Helper()
	ctx := t.Context()
	if err := sidetable.Migrate(ctx, db.Pool, db.Dialect, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	studio, online := sidetable.Open(db.Pool, db.Dialect, transfer.Studio, time.Now), sidetable.Open(db.Pool, db.Dialect, transfer.Online, time.Now)
	put := func(s *sidetable.Side, model string, r transfer.Record) int64 {
		t.Helper()
		id, err := s.Put(ctx, model, r)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	says := func(line string, attention bool, wants ...string) {
		t.Helper()
		got, err := call(line)
		if attention != errors.Is(err, cli.ErrAttention) || err != nil && !attention {
			t.Errorf("%s: %v\n%s", line, err, got)
		}
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is not in:\n%s", line, want, got)
			}
		}
	}
	fields := map[string]any{"Vorname": "a", "Name": "Müller", "Name2": "", "Titel": "", "Geburtsdatum": nil, "GeschlechttypID": 290}
	at, later := transfer.Micro(time.Now()), transfer.Micro(time.Now().Add(time.Second))
	lone := put(studio, "dbo.Person", transfer.Record{WriteDate: &at, Fields: fields})
	a := put(studio, "dbo.Person", transfer.Record{WriteDate: &at, Fields: fields})
	b := put(online, "res.partner", transfer.Record{ForeignID: a, WriteDate: &later, Fields: map[string]any{"lastname": "Maier", "firstname": "", "name_zwei": "", "title_web": "", "street": "", "street_number_web": "", "zip": "", "city": "", "birthdate_web": nil, "gender": "male", "country_id": nil, "phone": nil, "mobile": nil, "fax": nil}})
	put(studio, "dbo.Person", transfer.Record{ID: a, ForeignID: b, WriteDate: &at, Fields: fields})
	ids, err := db.Create(ctx, []transfer.Draft{transfertest.Draft(lone, func(j *transfer.Job) { j.Date = at })})
	if err != nil {
		t.Fatal(err)
	}
	says(fmt.Sprintf("try %d", ids[0]), false, "studio read dbo.Person", "would write online: create res.partner", "would be done, with 2 writes")
	says(fmt.Sprintf("try %d --json", ids[0]), false, `"job_state": "done"`, `"call": "create"`)
	if _, err := online.Find(ctx, "res.partner", lone); !errors.Is(err, transfer.ErrNotFound) {
		t.Errorf("a trial wrote: %v", err)
	}
	says("verify dbo.Person", true, "online 2", "1 are pending", "1 differ")
	if _, err := db.Pool.Exec("DELETE FROM transfer_job"); err != nil {
		t.Fatal(err)
	}
	says("verify res.partner --json --limit 1", true, `"differences": 2`, `"only-in-studio": 1`, `"dates": 1`)
	says("verify dbo.Person --repair", true, "only-in-studio", "2 differ", "2 jobs were stored")
	says("verify dbo.Person", false, "2 are pending, 0 differ")
	// Equal dates: nothing says which side is right until somebody names it.
	if _, err := db.Pool.Exec("DELETE FROM transfer_job"); err != nil {
		t.Fatal(err)
	}
	put(studio, "dbo.Person", transfer.Record{ID: a, ForeignID: b, WriteDate: &later, Fields: fields})
	says("verify dbo.Person --repair", true, "fields", "1 jobs were stored")
	if _, err := db.Pool.Exec("DELETE FROM transfer_job"); err != nil {
		t.Fatal(err)
	}
	says("verify dbo.Person --repair --from online", true, "2 jobs were stored")
	forced := 0
	if err := db.Each(ctx, func(j transfer.Job) error {
		if j.Forced() && j.System == transfer.Online && j.RecordID == b && j.Model == "res.partner" {
			forced++
		}
		return nil
	}); err != nil || forced != 1 {
		t.Errorf("%d forced jobs, %v", forced, err)
	}
	for line, want := range map[string]string{"verify dbo.Person --from x --repair": "want studio or online", "verify dbo.Person --from studio": "beside --repair", "try 99999": "there is no transfer job 99999", "verify dbo.Nothing": "the model of no flow", "try x": "not the number"} {
		if _, err := call(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
