package doctor

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/grants"
)

// keptLeast is how long a server should keep its binlog: a deployment that goes wrong on a
// Friday is corrected on Monday.
const keptLeast = 3 * 24 * time.Hour

// Binlog checks what the source's server lacks to be followed (package follow): the log,
// its format, its retention and, where it is the account that follows, the rights.
func Binlog(ctx context.Context, d Database) []Finding {
	found, err := BinlogSettings(ctx, d.SQL)
	if err != nil {
		return blind("the server's variables", err, "")
	}
	lacking, err := replicaRights(ctx, d.SQL)
	if err != nil {
		return append(found, blind("the account's privileges", err, "")...)
	}
	if lacking != nil {
		found = append(found, Finding{Severity: Fail, Message: "the account may not read the binlog; it lacks " + strings.Join(lacking, " and "), Do: "GRANT " + strings.Join(lacking, ", ") + " ON *.* TO the account of the function follow"})
	}
	return orOK(found, "the server writes rows into its binlog, with all their columns, and keeps it long enough")
}

// BinlogSettings are the findings about the server's settings alone.
func BinlogSettings(ctx context.Context, db *sql.DB) ([]Finding, error) {
	set, err := variables(ctx, db, "log_bin", "binlog_format", "binlog_row_image", "binlog_row_value_options", "gtid_mode",
		"binlog_expire_logs_seconds", "expire_logs_days", "log_slave_updates", "log_replica_updates", "version")
	if err != nil {
		return nil, err
	}
	if set["log_bin"] != "ON" && set["log_bin"] != "1" {
		return one(Fail, "the server writes no binlog (log_bin is OFF), so changes cannot be followed", "set log_bin and binlog_format=ROW (in Cloud SQL: enable point-in-time recovery), and start the server again"), nil
	}
	return judgeBinlog(set), nil
}

// variables reads some of the server's global variables; one that it does not know is
// left out.
func variables(ctx context.Context, db *sql.DB, names ...string) (map[string]string, error) {
	args := make([]any, len(names))
	for i, name := range names {
		args[i] = name
	}
	rows, err := db.QueryContext(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN (?"+strings.Repeat(", ?", len(names)-1)+")", args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	set := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		set[strings.ToLower(name)] = value
	}
	return set, rows.Err()
}

// judgeBinlog judges the variables of a server that writes a binlog.
func judgeBinlog(set map[string]string) []Finding {
	var found []Finding
	add := func(severity Severity, message, do string) {
		found = append(found, Finding{Severity: severity, Message: message, Do: do})
	}
	if set["binlog_format"] != "ROW" && set["binlog_format"] != "" { // MySQL without the variable knows rows alone
		add(Fail, "binlog_format is "+set["binlog_format"]+": statements are logged without their rows, and each is a gap that a comparison has to fill", "SET GLOBAL binlog_format = 'ROW'; sessions that are open keep the old one")
	}
	if image := set["binlog_row_image"]; image != "FULL" && image != "" && image != "FULL_NODUP" {
		add(Fail, "binlog_row_image is "+image+": rows come without the columns that did not change, and each row without the root's id is a gap", "SET GLOBAL binlog_row_image = 'FULL'")
	}
	maria := strings.Contains(set["version"], "MariaDB")
	if mode := set["gtid_mode"]; !maria && mode != "ON" {
		add(Warn, "gtid_mode is "+mode+": changes show one second later, and a fail-over to another server is a gap", "set gtid_mode and enforce_gtid_consistency to ON")
	}
	if age := keptFor(set); age > 0 && age < keptLeast {
		add(Warn, fmt.Sprintf("the server keeps its binlog for %v; following that stands still for longer has a gap", age), "SET GLOBAL binlog_expire_logs_seconds = 604800")
	}
	for _, name := range []string{"log_slave_updates", "log_replica_updates"} {
		if set[name] == "OFF" {
			add(Info, name+" is OFF: if the server is a replica, its binlog lacks what it copies", "")
			break
		}
	}
	return found
}

// keptFor returns how long a server keeps its binlog, 0 for ever.
func keptFor(set map[string]string) time.Duration {
	if seconds, err := strconv.ParseFloat(set["binlog_expire_logs_seconds"], 64); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	days, _ := strconv.ParseFloat(set["expire_logs_days"], 64) // absent in newer servers
	return time.Duration(days * 24 * float64(time.Hour))
}

// replicaRights returns the privileges that the account lacks to read the binlog. An
// account of another role is not asked: it does not follow.
func replicaRights(ctx context.Context, db *sql.DB) ([]string, error) {
	list, err := readGrants(ctx, db)
	if err != nil {
		return nil, err
	}
	var user string
	if err := db.QueryRowContext(ctx, "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)").Scan(&user); err != nil {
		return nil, err
	}
	if roles := grants.RolesOf(user); roles != nil && !slices.Contains(roles, grants.Follow) {
		return nil, nil
	}
	var lacking []string
	for _, p := range grants.Replica {
		if !slices.ContainsFunc(p.Names, func(name string) bool { return list.held(name, "*", "*") }) {
			lacking = append(lacking, p.Names[0])
		}
	}
	return lacking, nil
}
