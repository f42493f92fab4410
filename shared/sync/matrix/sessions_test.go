package matrix_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// foreignSettings are parameters of a DSN that change what statements mean, in the
// spellings that a driver lets through.
var foreignSettings = []map[string]string{
	{}, {"charset": "utf8"}, {"charset": "latin1"}, {"charset": "ascii", "collation": "latin1_swedish_ci"}, {"collation": "latin1_swedish_ci"},
	{"autocommit": "0"}, {"@@session.autocommit": "0"}, {"AUTOCOMMIT": "OFF"},
	{"group_concat_max_len": "1024"}, {"SESSION.group_concat_max_len": "4"},
	{"sql_mode": "''"}, {"sql_mode": "'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'"}, {"sql_mode": "'PAD_CHAR_TO_FULL_LENGTH,IGNORE_SPACE,HIGH_NOT_PRECEDENCE'"},
	{"time_zone": "'%2B05:30'"}, {"time_zone": "'-11:00'"}, {"sql_select_limit": "1"}, {"sql_safe_updates": "1"},
	{"character_set_results": "latin1"}, {"character_set_client": "latin1", "character_set_connection": "latin1"},
	{"div_precision_increment": "0"}, {"default_week_format": "3"}, {"lc_time_names": "'de_DE'"}, {"sql_auto_is_null": "1"}, {"max_error_count": "0"}, {"sql_notes": "0"},
	{"columnsWithAlias": "true"}, {"parseTime": "true", "loc": "Asia%2FKolkata"}, {"parseTime": "false", "interpolateParams": "false"}, {"clientFoundRows": "true"},
}

// TestTheSessionIsOurs opens pools of both kinds with each set of parameters.
func TestTheSessionIsOurs(t *testing.T) {
	dsn := localdbtest.New(t)
	for _, params := range foreignSettings {
		for _, foreign := range []bool{false, true} {
			t.Run(fmt.Sprint(params, foreign), func(t *testing.T) {
				db, err := sqldb.Open(sqldb.Settings{DSN: withParams(t, dsn, params), Variable: "X", MaxConnections: 2, Foreign: foreign})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = db.Close() }()
				judgeSession(t, db)
			})
		}
	}
}

// TestMixturesOfSessionSettings opens pools with parameters of several sets at random.
func TestMixturesOfSessionSettings(t *testing.T) {
	dsn := localdbtest.New(t)
	dice := rand.New(rand.NewPCG(17, 4))
	for range 40 {
		params := map[string]string{}
		for range 2 + dice.IntN(5) {
			maps.Copy(params, foreignSettings[dice.IntN(len(foreignSettings))])
		}
		db, err := sqldb.Open(sqldb.Settings{DSN: withParams(t, dsn, params), Variable: "X", MaxConnections: 2, Foreign: dice.IntN(2) == 0})
		if err != nil {
			t.Fatalf("%v: %v", params, err)
		}
		judgeSession(t, db)
		if t.Failed() {
			t.Fatalf("with %v", params)
		}
		_ = db.Close()
	}
}

// judgeSession asks a session for what statements rely on.
func judgeSession(t *testing.T, db *sql.DB) {
	t.Helper()
	for query, want := range map[string]string{
		"SELECT @@time_zone":                                    "+00:00",
		"SELECT @@autocommit":                                   "1",
		"SELECT @@group_concat_max_len >= 1048576":              "1",
		"SELECT @@character_set_client":                         "utf8mb4",
		"SELECT @@character_set_results":                        "utf8mb4",
		"SELECT @@character_set_connection":                     "utf8mb4",
		"SELECT 'धन्यवाद 🚚 é'":                                  "धन्यवाद 🚚 é",
		"SELECT COALESCE(\"a\", '')":                            "a",
		"SELECT '1' || '0'":                                     "1",
		"SELECT '' IS NULL":                                     "0",
		"SELECT CHAR_LENGTH('a\\\\b')":                          "3",
		"SELECT COUNT(*) FROM (SELECT 1 UNION SELECT 2) AS two": "2",
		"SELECT @@sql_mode LIKE '%STRICT_TRANS_TABLES%'":        "1",
		"SELECT @@sql_select_limit > 1000000":                   "1",
		"SELECT 1 / 3":                                          "0.3333",
		"SELECT WEEK('2024-01-01')":                             "0",
		"SELECT DATE_FORMAT('2024-03-01', '%M')":                "March",
		"SELECT @@max_error_count >= 64":                        "1",
		"SELECT LENGTH(GROUP_CONCAT(REPEAT('x', 500000))) FROM (SELECT 1 UNION SELECT 2) AS two": "1000001",
	} {
		var got string
		if err := db.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q, %v", query, got, want, err)
		}
	}
	level := ""
	_ = db.QueryRow("SHOW VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')").Scan(new(string), &level)
	if level != "READ-COMMITTED" {
		t.Errorf("isolation %q", level)
	}
}

// TestARefusedSettingIsNamed gives the limits of a user that may not set a variable: the
// parameter of a DSN that no server knows is refused when the session begins.
func TestARefusedSettingIsNamed(t *testing.T) {
	db, err := sqldb.Open(sqldb.Settings{DSN: withParams(t, localdbtest.New(t), map[string]string{"no_such_variable": "1"}), Variable: "SOURCE_DSN", MaxConnections: 1, Foreign: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Ping(); err == nil || !strings.Contains(err.Error(), "no_such_variable") {
		t.Errorf("%v", err)
	}
}

// TestAUserWithoutRightsHasOurSession opens a session of a user that has no right at all.
func TestAUserWithoutRightsHasOurSession(t *testing.T) {
	dsn := localdbtest.New(t)
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin := open(t, dsn)
	user := "u" + cfg.DBName[max(0, len(cfg.DBName)-12):]
	if _, err := admin.Exec("CREATE USER '" + user + "'@'%' IDENTIFIED BY 'No-rights-1'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP USER '" + user + "'@'%'") })
	cfg.User, cfg.Passwd, cfg.DBName = user, "No-rights-1", ""
	db, err := sqldb.Open(sqldb.Settings{DSN: cfg.FormatDSN(), Variable: "SOURCE_DSN", MaxConnections: 1, Foreign: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	judgeSession(t, db)
}

// TestAReadOnlyServerIsLeft has connections that answer as a server does after a
// fail-over, with each of the three numbers: the next statement gets another connection.
func TestAReadOnlyServerIsLeft(t *testing.T) {
	for _, number := range []int{1290, 1792, 1836} {
		dsn := localdbtest.New(t)
		db, err := sqldb.Open(sqldb.Settings{DSN: dsn, Variable: "X", MaxConnections: 1})
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		for _, text := range []string{
			"CREATE TABLE old_server (id BIGINT UNSIGNED NOT NULL PRIMARY KEY)",
			"CREATE TABLE written (id INT NOT NULL PRIMARY KEY)",
			fmt.Sprintf(`CREATE TRIGGER read_only BEFORE INSERT ON written FOR EACH ROW BEGIN
				IF EXISTS (SELECT 1 FROM old_server WHERE id = CONNECTION_ID()) THEN
					SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = %d, MESSAGE_TEXT = 'the server is read-only';
				END IF; END`, number),
			"INSERT INTO old_server SELECT CONNECTION_ID()",
		} {
			if _, err := db.ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		var before, after uint64
		_ = db.QueryRow("SELECT CONNECTION_ID()").Scan(&before)
		_, err = db.ExecContext(ctx, "INSERT INTO written VALUES (1)")
		_ = db.QueryRow("SELECT CONNECTION_ID()").Scan(&after)
		if err != nil || before == after {
			t.Errorf("%d: %v, connection %d after %d", number, err, after, before)
		}
		tx := &sqldb.DB{DB: db, Log: silent}
		if _, err := db.Exec("INSERT INTO old_server SELECT CONNECTION_ID()"); err != nil {
			t.Fatal(err)
		}
		insert := func(tx *sql.Tx) error { _, err := tx.Exec("INSERT INTO written VALUES (2)"); return err }
		if err := tx.InTx(ctx, "write", insert); !fault.Retryable(err) {
			t.Errorf("%d: within a transaction: %v", number, err)
		}
		if err := tx.InTx(ctx, "write", insert); err != nil {
			t.Errorf("%d: the next transaction: %v", number, err)
		}
		_ = db.Close()
	}
}
