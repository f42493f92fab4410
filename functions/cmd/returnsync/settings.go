package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// setting is something that a flag, the environment or the file may say. Its
// name is the environment's and the file's.
type setting struct {
	name  string
	flag  string // empty: the environment and the file alone
	scope scope
	help  string
}

// scope says which commands have a setting's flag.
type scope uint8

const (
	nowhere scope = iota
	everywhere
	onStatus
	onSync
	onToken
)

// settings returns all settings. Those of the functions are here as well, so
// that one file serves both.
func settings() []setting {
	return []setting{
		{"SOURCE_DSN", "dsn", everywhere, "the database of the returns: user:password@tcp(host:port)/database"},
		{"STATE_DSN", "state-dsn", everywhere, "the database of our own tables, if they are elsewhere"},
		{"ENTITIES_DIR", "entities-dir", everywhere, "a folder with further entity definitions"},
		{"SECRET_IDS", "secret-ids", everywhere, "true: indices that are built from now on get ids that nobody can guess"},
		{"INDEX_PREFIX", "index-prefix", everywhere, "what stands before every index's name"},
		{"CLOUD_SQL_INSTANCE", "", nowhere, "project:region:instance of Cloud SQL, in place of the DSNs' addresses"},
		{"CLOUD_SQL_IP", "", nowhere, "the way to it: private, public or psc (default private)"},
		{"CLOUD_SQL_IAM_AUTH", "", nowhere, "log in to it as this account instead of with a password"},
		{"DB_MAX_CONNECTIONS", "", nowhere, "how many connections to a database at once"},
		{"LOG_LEVEL", "", nowhere, "what --verbose shows: DEBUG, INFO, WARN or ERROR"},
		{"SEARCH_STALE_AFTER", "stale-after", onStatus, "how far an index may be behind before that needs attention (default 30m)"},
		{"SEARCH_ENTITY", "", nowhere, "the entity that is searched (default returns)"},
		{"SEARCH_SORTS", "", nowhere, "orders for which its index has replicas, such as updatedAt_desc"},
		{"ALGOLIA_APP_ID", "", nowhere, "the application of the indices"},
		{"ALGOLIA_CHECK_KEY", "", nowhere, "a key with the rights search and settings, to ask indices about themselves"},
		{"WATCH_PERIOD", "", nowhere, "how often the scheduler ticks every entity (default 15m)"},
		{"WATCH_INDEX_AGE", "", nowhere, "how old the index's last answer may be (default 5m)"},
		{"WATCH_ABSENT_AFTER", "", nowhere, "how long nothing may have been synced (default 24h)"},
		{"WATCH_FAILED_RUNS", "", nowhere, "how many runs in a row have to fail (default 1)"},
		{"WATCH_BUDGET_PERCENT", "", nowhere, "from which share of the budget that needs attention (default 90)"},
		{"ALGOLIA_WRITE_KEY", "", nowhere, "the process function's key, for doctor to examine"},
		{"ALGOLIA_SEARCH_KEY", "", nowhere, "the search function's key, for doctor to examine"},
		{"ALGOLIA_ADMIN_KEY", "", nowhere, "the key to manage indices with; settings --help says with which rights"},
		{"ALGOLIA_BROWSE_KEY", "", nowhere, "a key with the rights browse, search and seeUnretrievableAttributes, to compare an index as a whole"},
		{"ALGOLIA_BROWSE_TIMEOUT", "", nowhere, "how long one request of a comparison may take"},
		{"ALGOLIA_ATTEMPTS", "", nowhere, "how often a request to the index is tried"},
		{"VERIFY_SHARES", "", nowhere, "how many calls of the verify function go over all roots"},
		{"VERIFY_TIME", "", nowhere, "after which time a call of the verify function begins no further step"},
		{"ALGOLIA_URL", "", nowhere, "one server instead of Algolia's hosts, such as an emulator"},
		{"CRON_URL", "cron-url", onSync, "the address of the cron function; without one the tick runs in this process"},
		{"CRON_TOKEN", "", nowhere, "the identity token to call the cron function with; sync --help shows how to get one"},
		{"TASKS_LOCATION", "tasks-location", onSync, "where the queues are: projects/P/locations/L"},
		{"INSTALLATION_PREFIX", "", nowhere, "what begins the names of the queues and of the scheduler's jobs, if a location holds several installations"},
		{"CLOUD_TASKS_EMULATOR_HOST", "tasks-emulator", onSync, "host:port of an emulator of Cloud Tasks"},
		{"SCHEDULER_LOCATION", "", nowhere, "where the scheduler's jobs are, if not where the queues are"},
		{"CLOUD_SCHEDULER_EMULATOR_HOST", "", nowhere, "host:port of an emulator of Cloud Scheduler"},
		{"SCHEDULES_URL", "", nowhere, "the address of the schedules function, which the jobs of schedules call"},
		{"SCHEDULER_SERVICE_ACCOUNT", "", nowhere, "the identity of these jobs' calls"},
		{"SCHEDULES_JOB_PREFIX", "", nowhere, "what begins the names of these jobs (default sync-schedule-)"},
		{"WINDOW_URL", "window-url", onSync, "the address of the window function"},
		{"PROCESS_URL", "", nowhere, "the address of the process function"},
		{"TASKS_SERVICE_ACCOUNT", "tasks-service-account", onSync, "who the tasks are sent as"},
		{"TASKS_DEADLINE", "", nowhere, "how long one delivery of a task may take"},
		{"RUN_LEASE", "", nowhere, "how long a run may be silent before it is taken over"},
		{"PAGE_LEASE", "", nowhere, "how long a page may take"},
		{"PAGE_ATTEMPTS", "", nowhere, "how often a page is tried before its run fails"},
		{"PAGE_SIZE", "", nowhere, "roots a page, instead of the definitions'"},
		{"OVERLAP", "", nowhere, "how far a window reaches back, instead of the definitions'"},
		{"ENQUEUE_SENDERS", "", nowhere, "how many page tasks are sent at once"},
		{"KEEP_DAYS", "", nowhere, "how long change lists of closed runs are kept"},
		{"OPERATOR_KEY", "key", onToken, "the file with the private key that operators' tokens are signed with"},
		{"OPERATOR_JWT_AUDIENCE", "", nowhere, "what operators' tokens are meant for (default return-sync-operators)"},
		{"OPERATOR_JWT_ISSUER", "", nowhere, "who issues operators' tokens, if the functions ask for that"},
		{"SCOPES_ROLE_CLAIM", "", nowhere, "the claim of a token that carries roles (default roles)"},
		{"SCOPES_OPERATOR", "", nowhere, "the role that may change things (default operator)"},
		{"JWT_CLAIM", "", nowhere, "the claim of a token that names accounts (default account)"},
		{"SEARCH_JWT_CLAIM", "", nowhere, "the old name of JWT_CLAIM"},
		{"SCOPES_START_LEASE", "", nowhere, "how long a start of a scope has to hand its syncs over"},
		{"SCOPES_KEEP_DAYS", "", nowhere, "how long sync statuses are kept"},
		{"JOB_PAUSE", "", nowhere, "how long a job waits before it looks whether its run has ended"},
		{"JOB_SILENCE", "", nowhere, "how long a job may be silent before a tick wakes it"},
		{"SLACK_WEBHOOK_URL", "", nowhere, "the incoming webhook of a Slack channel that alerts go to; a secret"},
		{"ALERT_WEBHOOK_URL", "", nowhere, "the address that alerts are posted to as JSON; a secret"},
		{"WATCH_DOCS_URL", "", nowhere, "the page that says what to do about each alert"},
		{"OPERATIONS_DAY", "", nowhere, "how many operations of the index may be used in 24 hours"},
		{"OPERATIONS_MONTH", "", nowhere, "how many operations of the index may be used in 30 days"},
		{"GOOGLE_CLOUD_PROJECT", "", nowhere, "the project, for links from logs to traces"},
	}
}

// addSettings adds the flags of a scope.
func addSettings(f *pflag.FlagSet, s scope) {
	for _, one := range settings() {
		if one.scope == s {
			f.String(one.flag, "", one.help+" ("+one.name+")")
		}
	}
}

// knownNames returns the keys that the file may hold.
func knownNames() []string {
	var names []string
	for _, s := range settings() {
		names = append(names, s.name)
	}
	return names
}

const configHelp = `A setting is looked for in three places, and the first that names it decides:

  1. the command's flag
  2. the environment variable
  3. the key of the same name in an INI file, under [return-sync]

An empty value means "not set" and hides the places below it. The file is the
first of: --config, RETURN_SYNC_CONFIG, ./return-sync.ini, and
~/.config/return-sync/config.ini. Example:

  [return-sync]
  SOURCE_DSN   = reader:secret@tcp(10.0.0.5:3306)/eshopbox
  ENTITIES_DIR = /etc/return-sync/entities

A password on the command line is seen by everybody who can list this machine's
processes: put it into the environment or into a file that only you can read.
Values are never printed. The settings are:

`

// configTopic is help on settings, without a command behind it.
func configTopic() *cobra.Command {
	var list strings.Builder
	for _, s := range settings() {
		flag := ""
		if s.flag != "" {
			flag = "--" + s.flag
		}
		_, _ = fmt.Fprintf(&list, "  %-26s %-24s %s\n", s.name, flag, s.help)
	}
	return &cobra.Command{
		Use:   "config",
		Short: "Where settings come from: flags, environment, INI file",
		Long:  configHelp + strings.TrimRight(list.String(), "\n"),
	}
}
