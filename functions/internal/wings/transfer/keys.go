package transfer

import "gitlab.com/eshopbox-team/return-sync/functions/internal/ini"

// Key is a key of the INI file, which is a flag as well.
type Key struct {
	Name    string
	Default string
	Help    string
}

// form is the form of the service's INI file.
var form = ini.Form{Section: "sosync", Comments: "#;/", Fold: true, Help: "returnsync transfers serve --help lists the keys"}

// Keys lists the keys of the INI file.
func Keys() []Key {
	return []Key{
		{"active", "true", "false: the service says so and ends"},
		{"instance", "", "name of the installation, in the log and beside the lease"},
		{"port", "", "port to listen on"},
		{"listen", "", "addresses to listen on, such as 127.0.0.1:5050, 10.0.0.4:5050; all: every IPv4 address at port; empty: loopback at port"},
		{"token", "", "token that callers send as Authorization: Bearer TOKEN"},
		{"open_local", "false", "true: callers on this machine need no token; for loopback addresses alone"},
		{"db_driver", "postgres", "database of the jobs: postgres or mysql"},
		{"db_host", "", "host of the database"},
		{"db_port", "", "its port; 5432, or 3306 for mysql"},
		{"db_name", "", "name of the database"},
		{"db_user", "", "user, who may create tables in one schema"},
		{"db_user_pw", "", "password of the user"},
		{"log_file", "", "file of the log, beside standard error; empty: none"},
		{"log_level", "Information", "None, Trace, Debug, Information, Warning, Error or Critical"},
		{"throttle_ms", "0", "least time that a job occupies its thread, in ms; 0: off"},
		{"protocol", "true", "copies finished jobs to the online side"},
		{"protocol_throttle_ms", "0", "least time of 100 copies, in ms; 0: off"},
		{"max_time_drift_ms", "50", "largest difference of clocks, in ms; 0 or less: 50"},
		{"ntp_servers", "0.pool.ntp.org, 1.pool.ntp.org, 2.pool.ntp.org, 3.pool.ntp.org", "servers of time, of which the first answer counts; none: clocks are not compared"},
		{"max_threads", "1", "jobs at once, 1 to 30"},
		{"job_package_size", "20", "roots of a package, 1 to 200"},
		{"model_lock_timeout", "10000", "how long a job waits for another one of its record, in ms"},
		{"debounce_ms", "5000", "how old a job is before it runs, in ms"},
		{"lease_ms", "20000", "how long a process that died keeps others from working, in ms"},
		{"run_limit", "5", "runs of a job whose failures may pass"},
		{"retry_after_ms", "10000", "time before the second run, in ms; it doubles up to an hour"},
		{"flows_file", "", "YAML file of flows in place of those of the program"},
		{"flows_dir", "", "folder of YAML files of flows that are added to those of the program; a file with the name of one of them takes its place"},
		{"sides", "", "systems: a SQL Server and an Odoo, which the keys below name; rehearsal: both sides are tables in the database of the jobs"},
		{"studio_mssql_host", "", "SQL Server of the studio: a host, host:port or host\\instance"},
		{"studio_mssql_db", "", "its database"},
		{"studio_mssql_encrypt", "", "true: everything is encrypted and the certificate checked; strict: so from the first byte; empty: the login alone is encrypted, and no certificate is checked"},
		{"studio_mssql_certificate", "", ".pem or .der file with the authority that signed the server's certificate; empty: the system's"},
		{"studio_models_file", "", "YAML file of the studio's models in place of those of the program"},
		{"studio_sosync_user", "", "user of the studio's database"},
		{"studio_sosync_pw", "", "password of that user"},
		{"online_host", "", "address of the Odoo, such as https://online.example; without a scheme https"},
		{"online_db", "", "its database"},
		{"online_sosync_user", "", "user of the Odoo"},
		{"online_sosync_pw", "", "password of that user"},
		{"token_batch_size", "0", "new tokens that go into Odoo's own database at once, every minute; 0: each by its job"},
		{"online_db_host", "", "host of Odoo's own PostgreSQL database, for batches of tokens"},
		{"online_db_port", "", "its port; 5432"},
		{"online_db_name", "", "its name; that of online_db"},
		{"online_db_user", "", "its user, who may read res_partner and res_users, and read and insert res_partner_fstoken"},
		{"online_db_user_pw", "", "password of that user"},
	}
}

// names returns the names of the keys.
func names() []string {
	var list []string
	for _, k := range Keys() {
		list = append(list, k.Name)
	}
	return list
}
