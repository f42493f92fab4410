package transfer

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// TestMain starts the tests' database servers.
func TestMain(m *testing.M) {
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
	call := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := commands(&cli.App{Deps: cli.Deps{Out: &out, Err: io.Discard}})[0]
		cmd.SetArgs(append(args, "--conf", path))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	for _, c := range []struct {
		args, want, not string
	}{
		{"list", "fs dbo.Person 5", ""}, {"list --state error", "sync_source", "dbo.Person 6"}, {"list --limit 1", "There are more than 1", "dbo.Person 6"},
		{fmt.Sprintf("show %d", ids[0]), `"job_error_text": "gone"`, ""}, {fmt.Sprintf("retry %d", ids[0]), "will be tried again", ""}, {"list --state new", "fs dbo.Person 5", ""},
	} {
		got, err := call(strings.Fields(c.args)...)
		if err != nil || !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("%s: %v\n%s", c.args, err, got)
		}
	}
	for args, want := range map[string]string{fmt.Sprintf("retry %d", ids[0]): "only a job in error", "show 99999": "Job not found", "show x": "not the number of a job"} {
		if _, err := call(strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}
