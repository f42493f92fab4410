package transfer

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/identity"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// Config is the configuration of the service.
type Config struct {
	Active   bool
	Instance string
	Listen   []string // addresses
	Token    string
	Dialect  sqldb.Dialect
	Database store.Address
	LogFile  string
	LogLevel slog.Level
	Worker   worker.Settings
	Drift    time.Duration
	NTP      []string
	Flows    transfer.Flows
	Sides    sideConfig
	Tokens   tokenBatches
	Unused   []string // keys that are set and have no effect
}

// Read reads the INI file; flags stand above its values. The error lists everything that
// is wrong, and quotes no value that may be a secret.
func Read(path string, flags map[string]string) (Config, error) {
	values, err := form.Read(path, names())
	if values == nil {
		return Config{}, err
	}
	r := &reader{values: map[string]string{}, problems: []error{err}}
	for _, k := range Keys() {
		r.values[k.Name] = k.Default
	}
	for _, set := range []map[string]string{values, flags} {
		for name, v := range set {
			r.values[name] = v
		}
	}
	c := r.config()
	return c, errors.Join(r.problems...)
}

// ReadDatabase reads the part of the INI file that names the database of the jobs.
func ReadDatabase(path string, flags map[string]string) (Config, error) {
	c, err := Read(path, flags)
	if c.Database.Name != "" && c.Database.Host != "" {
		return c, nil // what else is wrong concerns the service
	}
	return c, err
}

// ReadSides reads the part of the INI file that names both systems.
func ReadSides(path string, flags map[string]string) (Config, error) {
	c, err := Read(path, flags)
	if c.Sides.Kind == systems && c.Sides.check() == "" && c.Flows != nil {
		return c, nil // what else is wrong concerns the service
	}
	return c, err
}

// reader reads values and collects what is wrong.
type reader struct {
	values   map[string]string
	problems []error
}

// wrong notes a problem of a key.
func (r *reader) wrong(key, want string) {
	r.problems = append(r.problems, fmt.Errorf("%s: %s", key, want))
}

// number reads a whole number.
func (r *reader) number(key string, least, most int) int {
	n, err := strconv.Atoi(r.values[key])
	if err != nil || n < least || n > most {
		r.wrong(key, fmt.Sprintf("want a whole number from %d to %d", least, most))
		return least
	}
	return n
}

// millis reads a time in milliseconds; negative is 0.
func (r *reader) millis(key string) time.Duration {
	return time.Duration(max(0, r.number(key, -1<<31, 1<<31-1))) * time.Millisecond
}

// flag reads true or false.
func (r *reader) flag(key string) bool {
	switch strings.ToLower(r.values[key]) {
	case "true", "1", "yes":
		return true
	case "false", "0", "no":
		return false
	}
	r.wrong(key, "want true or false")
	return false
}

// needed reads a text that must be there.
func (r *reader) needed(key string) string {
	if r.values[key] == "" {
		r.wrong(key, "is missing")
	}
	return r.values[key]
}

// config reads everything.
func (r *reader) config() Config {
	c := Config{
		Active: r.flag("active"), Instance: r.values["instance"], Token: r.values["token"], LogFile: r.values["log_file"],
		LogLevel: r.level(), Worker: r.worker(), Drift: r.millis("max_time_drift_ms"), NTP: list(r.values["ntp_servers"]),
	}
	if c.Drift == 0 {
		c.Drift = 50 * time.Millisecond
	}
	if slices.Equal(c.NTP, []string{"none"}) {
		c.NTP = nil
	}
	c.Dialect, c.Database = r.database()
	c.Listen = r.listen(c.Token)
	c.Flows = r.flows()
	c.Sides = r.sides(&c)
	c.Tokens = r.tokens(c.Sides.Kind)
	return c
}

// levels are the names of log levels.
var levels = map[string]slog.Level{
	"trace": slog.LevelDebug - 4, "debug": slog.LevelDebug, "information": slog.LevelInfo, "warning": slog.LevelWarn,
	"error": slog.LevelError, "none": slog.LevelError, "critical": slog.LevelError + 4,
}

// level reads the log level.
func (r *reader) level() slog.Level {
	level, ok := levels[strings.ToLower(r.values["log_level"])]
	if !ok {
		r.wrong("log_level", "want None, Trace, Debug, Information, Warning, Error or Critical")
	}
	return level
}

// worker reads the settings of the worker.
func (r *reader) worker() worker.Settings {
	s := worker.Defaults()
	s.Threads = worker.Threads{Threads: r.number("max_threads", 1, worker.MaxThreads), Package: r.number("job_package_size", 1, worker.MaxPackage)}
	s.Throttle, s.ProtocolThrottle, s.Protocol = r.millis("throttle_ms"), r.millis("protocol_throttle_ms"), r.flag("protocol")
	s.LockTimeout, s.Debounce, s.RetryAfter = r.millis("model_lock_timeout"), r.millis("debounce_ms"), r.millis("retry_after_ms")
	s.Lease, s.RunLimit = time.Duration(r.number("lease_ms", 100, 3600000))*time.Millisecond, r.number("run_limit", 1, 1000)
	return s
}

// database reads where the jobs are.
func (r *reader) database() (sqldb.Dialect, store.Address) {
	a := store.Address{Host: r.needed("db_host"), Name: r.needed("db_name"), User: r.needed("db_user"), Password: r.values["db_user_pw"]}
	d, port := sqldb.PostgreSQL, "5432"
	switch strings.ToLower(r.values["db_driver"]) {
	case "postgres":
	case "mysql":
		d, port = sqldb.MySQL, "3306"
	default:
		r.wrong("db_driver", "want postgres or mysql")
	}
	if r.values["db_port"] == "" {
		r.values["db_port"] = port
	}
	a.Port = uint16(r.number("db_port", 1, 65535))
	return d, a
}

// listen reads the addresses, and refuses an API that is open to others.
func (r *reader) listen(token string) []string {
	open := r.flag("open_local")
	text := r.values["listen"]
	var addresses []string
	if text == "" || text == "all" || !strings.Contains(text, ":") {
		port := strconv.Itoa(r.number("port", 1, 65535))
		host := "127.0.0.1"
		if text == "all" {
			host = "0.0.0.0"
		}
		if text != "" && text != "all" {
			for _, one := range list(text) {
				addresses = append(addresses, net.JoinHostPort(one, port))
			}
		} else {
			addresses = []string{net.JoinHostPort(host, port)}
		}
	} else {
		addresses = list(text)
	}
	reachable := false
	for _, one := range addresses {
		host, port, err := net.SplitHostPort(one)
		if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
			r.wrong("listen", "want addresses with a port, such as 127.0.0.1:5050, 10.0.0.4:5050")
		}
		reachable = reachable || !identity.Loopback(host)
	}
	switch {
	case open && reachable:
		r.wrong("open_local", "is for addresses of this machine alone, and listen names others: leave it out and set token")
	case open && token != "":
		r.wrong("open_local", "contradicts token: leave one of them out")
	case !open && token == "":
		r.wrong("token", "is missing: set it, or open_local = true for callers on this machine without one")
	case token != "" && len(token) < 16:
		r.wrong("token", "want at least 16 characters")
	}
	return addresses
}

// list splits a text at commas and spaces.
func list(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
}

// flows reads the definitions.
func (r *reader) flows() transfer.Flows {
	file, folder := r.values["flows_file"], r.values["flows_dir"]
	flows, err := ReadFlows(file, folder)
	if err != nil {
		key := "flows_file"
		if folder != "" {
			key = "flows_dir"
		}
		r.problems = append(r.problems, fmt.Errorf("%s: %w", key, err))
	}
	return flows
}

// sides reads what stands on both sides.
func (r *reader) sides(c *Config) sideConfig {
	v := r.values
	s := sideConfig{
		Kind: v["sides"],
		studioConfig: studioConfig{
			Host: v["studio_mssql_host"], Database: v["studio_mssql_db"], User: v["studio_sosync_user"], Password: v["studio_sosync_pw"],
			Encrypt: v["studio_mssql_encrypt"], Certificate: v["studio_mssql_certificate"], Models: v["studio_models_file"],
		},
		onlineConfig: onlineConfig{URL: v["online_host"], Database: v["online_db"], User: v["online_sosync_user"], Password: v["online_sosync_pw"]},
	}
	for _, key := range names() {
		if key != "token_batch_size" && s.Kind != systems && (strings.HasPrefix(key, "studio_") || strings.HasPrefix(key, "online_")) && v[key] != "" {
			c.Unused = append(c.Unused, key)
		}
	}
	if problem := s.check(); problem != "" {
		r.wrong("sides", problem)
	}
	return s
}
