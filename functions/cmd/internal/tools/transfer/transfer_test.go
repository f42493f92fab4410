package transfer

import (
	"bytes"
	"fmt"
	"io"
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
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// TestMain starts the tests' database servers; as a child that will be killed it works.
func TestMain(m *testing.M) {
	if is, err := victim(); is {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(pgtest.Around(func() int { return localdbtest.Run(m) }))
}

// TestListShowAndRetry looks at a job that failed, and tries it again.
func TestListShowAndRetry(t *testing.T) {
	db := storetest.PostgreSQL(t)
	path := filepath.Join(t.TempDir(), "x.ini")
	a := db.Address
	// What concerns the service alone may be wrong or missing here.
	text := fmt.Sprintf("[sosync]\ndb_host = %s\ndb_port = %d\ndb_name = %s\ndb_user = %s\ndb_user_pw = %s\n", a.Host, a.Port, a.Name, a.User, a.Password)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ids := fail(t, db.Store)
	verbs(t, ids, func(line string) (string, error) {
		return call(t, &cli.App{}, line+" --conf "+path)
	})
}

// TestOnTheProductsTables does the same without an INI file; the retry is audited.
func TestOnTheProductsTables(t *testing.T) {
	product := wiretest.Open(t, map[string]string{
		"WINGS": service.Name, "TRANSFER_URL": "http://127.0.0.1:1/t", "CLOUD_TASKS_EMULATOR_HOST": wiretest.Queues(t, "transfer"),
	}, service.Wing())
	ids := fail(t, store.New(product.DB.Pool().DB, sqldb.MySQL, slog.New(slog.DiscardHandler)))
	verbs(t, ids, func(line string) (string, error) {
		return call(t, &cli.App{Deps: cli.Deps{Environment: product.Env.Lookup, Dir: t.TempDir(), Client: http.DefaultClient, Now: time.Now, User: "ann", Wings: []wire.Wing{service.Wing()}}}, line)
	})
	var acts string
	if err := product.DB.SQL().QueryRowContext(t.Context(), "SELECT GROUP_CONCAT(CONCAT(action, ' ', object, ' by ', who, ': ', outcome) ORDER BY id SEPARATOR '; ') FROM sync_audit WHERE via = 'cli'").Scan(&acts); err != nil ||
		!strings.HasPrefix(acts, fmt.Sprintf("retry-transfer transfer job %d of fs dbo.Person 5 by ann: done; retry-transfer", ids[0])) || !strings.Contains(acts, "failed") {
		t.Errorf("the audit: %s, %v", acts, err)
	}
}

// call runs a command and returns what it prints.
func call(t *testing.T, app *cli.App, line string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	app.Out, app.Err = &out, io.Discard
	cmd := commands(app)[0]
	cmd.SetArgs(strings.Fields(line))
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// fail stores two jobs of which the first fails.
func fail(t *testing.T, db *store.Store) []int64 {
	t.Helper()
	ids, err := db.Create(t.Context(), []transfer.Draft{transfertest.Draft(5, nil), transfertest.Draft(6, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := db.Hold(t.Context(), "t", "t", time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	j, err := db.Claim(t.Context(), "t", ids[0])
	j.State = transfer.Failed
	j.AddError(transfer.CodeSource, "gone")
	if err == nil {
		_, err = db.Finish(t.Context(), "t", j)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// verbs plays every verb, and what people mistype.
func verbs(t *testing.T, ids []int64, call func(line string) (string, error)) {
	t.Helper()
	for _, c := range []struct {
		args, want, not string
	}{
		{"list", "fs dbo.Person 5", ""}, {"list --state error", "sync_source", "dbo.Person 6"}, {"list --limit 1", "There are more than 1", "dbo.Person 5"},
		{fmt.Sprintf("show %d", ids[0]), `"job_error_text": "gone"`, ""}, {fmt.Sprintf("retry %d", ids[0]), "is tried again", ""}, {"list --state new", "fs dbo.Person 5", ""},
	} {
		got, err := call(c.args)
		if err != nil || !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("%s: %v\n%s", c.args, err, got)
		}
	}
	for args, want := range map[string]string{fmt.Sprintf("retry %d", ids[0]): "only a job in error", "show 99999": "there is no transfer job 99999", "show x": "not the number of a job", "list --state lost": "want one of"} {
		if _, err := call(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}
