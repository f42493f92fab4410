package transfer_test

import (
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	service "gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/pgtest"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store/storetest"
)

// TestServiceBringsTokensOverByBatches between an emulated SQL Server, an emulated Odoo and
// a database with Odoo's tables: at the start the tokens go over, and the person without a
// partner gets one by a job.
func TestServiceBringsTokensOverByBatches(t *testing.T) {
	t.Parallel()
	studio, err := mssql.New(mssql.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = studio.Serve(l) }() // it ends with Close
	online := odoo.New(odoo.Options{FirstID: 5000})
	server := httptest.NewServer(online)
	t.Cleanup(func() { _, _ = studio.Close(), online.Close(); server.Close() })
	own := pgtest.New(t)
	db, err := store.OpenPostgreSQL(store.Address{Host: own.Host, Port: own.Port, Name: own.Name, User: own.User, Password: own.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	text, err := os.ReadFile("../../../../shared/transfer/tokens/postgres/testdata/odoo.sql")
	if err == nil {
		_, err = db.ExecContext(t.Context(), string(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	edit := func(table string, f map[string]any) int64 {
		t.Helper()
		id, err := studio.Edit(t.Context(), table, 0, f)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	known, alone := edit("dbo.Person", map[string]any{"Name": "a"}), edit("dbo.Person", map[string]any{"Name": "b"})
	if _, err := db.ExecContext(t.Context(), "INSERT INTO res_partner (sosync_fs_id) VALUES ($1)", known); err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		edit("dbo.AktionOnlineToken", map[string]any{"PersonID": known, "Name": fmt.Sprintf("T%d", i), "AnzahlÜberprüfungen": i})
	}
	edit("dbo.AktionOnlineToken", map[string]any{"PersonID": alone, "Name": "lonely"})
	jobs := storetest.PostgreSQL(t)
	path := conf(t, jobs, strings.Join([]string{
		"token_batch_size = 3", "studio_mssql_host = " + l.Addr().String(), "studio_mssql_db = studio", "studio_sosync_user = sosync", "studio_sosync_pw = Local-1433",
		"online_host = " + server.URL, "online_db = odoo", "online_sosync_user = sosync", "online_sosync_pw = sosync",
		"online_db_host = " + own.Host, fmt.Sprintf("online_db_port = %d", own.Port), "online_db_name = " + own.Name, "online_db_user = " + own.User, "online_db_user_pw = " + own.Password, "",
	}, "\n"))
	file, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Replace(string(file), "sides = rehearsal", "sides = systems", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, path, nil)
	linked := func() (n int) {
		for _, row := range studio.Rows("dbo.AktionOnlineToken") {
			if row["sosync_fso_id"] != nil {
				n++
			}
		}
		return n
	}
	for until := time.Now().Add(2 * time.Minute); linked() < 7 || studio.Rows("dbo.Person")[alone]["sosync_fso_id"] == nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d tokens are linked: %s", linked(), r.log.String())
		}
	}
	var rows int
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM res_partner_fstoken t JOIN res_partner p ON p.id = t.partner_id AND p.sosync_fs_id = $1 JOIN res_users u ON u.id = t.create_uid AND u.login = 'sosync'", known).Scan(&rows); err != nil || rows != 7 || linked() != 7 {
		t.Errorf("%d rows, %d linked, %v", rows, linked(), err)
	}
	if counts, err := jobs.Count(t.Context(), transfer.Studio); err != nil || len(counts) == 0 || len(online.Rows("res.partner")) != 1 {
		t.Errorf("%v, %v, %v", counts, online.Rows("res.partner"), err)
	}
	r.stop()
	c, err := service.ReadSides(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	list, err := service.Check(t.Context(), c, false)
	if err != nil || list[len(list)-1].What != "Odoo's database, batches of tokens" || list[len(list)-1].Differs {
		t.Errorf("%+v, %v", list[len(list)-1], err)
	}
}

func TestTokenBatchesAreNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ini")
	write := func(more string) {
		if err := os.WriteFile(path, []byte("[sosync]\nport = 5050\ntoken = 0123456789abcdef\ndb_host = h\ndb_name = n\ndb_user = u\n"+more), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const both = "sides = systems\nstudio_mssql_host = s\nstudio_mssql_db = d\nstudio_sosync_user = u\nstudio_sosync_pw = p\nonline_host = o\nonline_db = d\nonline_sosync_user = u\nonline_sosync_pw = p\n"
	for more, want := range map[string][]string{
		"sides = rehearsal\ntoken_batch_size = 5\nonline_db = d":                                                 {"wants sides = systems", "online_db_host: is missing", "online_db_user: is missing"},
		both + "token_batch_size = 5\nonline_db_user_pw = topsecret\nonline_db_host = h\nonline_db_port = 70000": {"online_db_user: is missing", "online_db_port"},
		both + "token_batch_size = many":                                                                         {"token_batch_size"},
	} {
		write(more)
		_, err := service.Read(path, nil)
		for _, one := range want {
			if err == nil || !strings.Contains(err.Error(), one) || strings.Contains(err.Error(), "topsecret") {
				t.Errorf("%s: %v", one, err)
			}
		}
	}
	write(both + "token_batch_size = 5\nonline_db_host = h\nonline_db_user = u\n")
	if c, err := service.Read(path, nil); err != nil || c.Tokens.Size != 5 || c.Tokens.Database.Name != "d" || c.Tokens.Database.Port != 5432 || len(c.Unused) != 0 {
		t.Errorf("%+v, %v", c.Tokens, err)
	}
	write("sides = rehearsal\nonline_db_host = h\n")
	if c, err := service.Read(path, nil); err != nil || len(c.Unused) != 1 {
		t.Errorf("%v, %v", c.Unused, err)
	}
}
