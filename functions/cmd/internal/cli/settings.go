package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// setting is a value from a flag, the environment or the file. Its name is that of the
// environment variable and of the key in the file.
type setting struct {
	name string
	flag string   // empty: the environment and the file alone
	on   Commands // that have the flag
	help string
}

// Commands are the commands that have a setting's flag.
type Commands uint8

// The commands that have flags of settings; every command has those of everywhere.
const (
	nowhere Commands = iota
	everywhere
	OnStatus
	OnSync // all that begin work of the functions
	OnToken
)

// own are the settings of the program itself, in the order of the help. Those of the
// functions are here as well, so that one file serves both.
var own = []setting{
	{"SOURCE_DSN", "dsn", everywhere, "the database of the returns: " + DSNForm},
	{"STATE_DSN", "state-dsn", everywhere, "the database of our own tables, if it is another one"},
	{"ENTITIES_DIR", "entities-dir", everywhere, "a folder with further entity definitions"},
	{"SECRET_IDS", "secret-ids", everywhere, "true: indices built from now on get unguessable record ids"},
	{"INDEX_PREFIX", "index-prefix", everywhere, "the prefix of every index's name"},
	{"CLOUD_SQL_INSTANCE", "", nowhere, "project:region:instance of Cloud SQL, in place of the DSNs' addresses"},
	{"CLOUD_SQL_IP", "", nowhere, "the kind of address to reach it by: private, public or psc (default private)"},
	{"CLOUD_SQL_IAM_AUTH", "", nowhere, "log in to it as this account, without a password"},
	{"DB_MAX_CONNECTIONS", "", nowhere, "the most connections to a database at once"},
	{"LOG_LEVEL", "", nowhere, "the least level that --verbose shows: DEBUG, INFO, WARN or ERROR"},
	{"SEARCH_STALE_AFTER", "stale-after", OnStatus, "how far an index may be behind before it needs attention (default 30m)"},
	{"SEARCH_ENTITIES", "", nowhere, "the entities that are searched, the default one first (default returns)"},
	{"SEARCH_SORTS", "", nowhere, "sort orders with a replica of its index, such as updatedAt_desc"},
	{"ALGOLIA_APP_ID", "", nowhere, "the Algolia application of the indices"},
	{"ALGOLIA_CHECK_KEY", "", nowhere, "a key with the rights search and settings, to check an index"},
	{"WATCH_PERIOD", "", nowhere, "how often the scheduler ticks every entity (default 15m)"},
	{"WATCH_INDEX_AGE", "", nowhere, "how old the last check of an index may be (default 5m)"},
	{"WATCH_OFFLINE_AFTER", "", nowhere, "the silence of the application that makes it offline (default 40m)"},
	{"WATCH_ABSENT_AFTER", "", nowhere, "how long no sync may succeed (default 24h)"},
	{"WATCH_FAILED_RUNS", "", nowhere, "how many failed runs in a row need attention (default 1)"},
	{"WATCH_BUDGET_PERCENT", "", nowhere, "the used share of the operations budget that needs attention (default 90)"},
	{"ALGOLIA_WRITE_KEY", "", nowhere, "the process function's key, for doctor to examine"},
	{"ALGOLIA_SEARCH_KEY", "", nowhere, "the search function's key, for doctor to examine"},
	{"ALGOLIA_ADMIN_KEY", "", nowhere, "the key to manage indices with; the help of settings push and rebuild lists its rights"},
	{"ALGOLIA_BROWSE_KEY", "", nowhere, "a key with the rights browse, search and seeUnretrievableAttributes, to compare a whole index"},
	{"ALGOLIA_BROWSE_TIMEOUT", "", nowhere, "the time limit of one request of a comparison"},
	{"ALGOLIA_ATTEMPTS", "", nowhere, "how often a request to the index is tried"},
	{"VERIFY_SHARES", "", nowhere, "how many calls of the verify function cover all roots"},
	{"VERIFY_TIME", "", nowhere, "the time after which a call of the verify function begins no further step"},
	{"ALGOLIA_URL", "", nowhere, "one server in place of Algolia's hosts, such as an emulator"},
	{"CRON_URL", "cron-url", OnSync, "the address of the cron function; without it the tick runs in this process"},
	{"CRON_TOKEN", "", nowhere, "the identity token for the cron function; sync --help shows how to get one"},
	{"TASKS_LOCATION", "tasks-location", OnSync, "the location of the queues: projects/P/locations/L"},
	{"INSTALLATION_PREFIX", "", nowhere, "the prefix of queues and scheduler jobs, if a location holds several installations"},
	{"CLOUD_TASKS_EMULATOR_HOST", "tasks-emulator", OnSync, "host:port of an emulator of Cloud Tasks"},
	{"SCHEDULER_LOCATION", "", nowhere, "the location of the scheduler's jobs, if it is not that of the queues"},
	{"CLOUD_SCHEDULER_EMULATOR_HOST", "", nowhere, "host:port of an emulator of Cloud Scheduler"},
	{"SCHEDULES_URL", "", nowhere, "the address of the schedules function, which the jobs of schedules call"},
	{"SCHEDULER_SERVICE_ACCOUNT", "", nowhere, "the service account that the jobs of schedules call with"},
	{"SCHEDULES_JOB_PREFIX", "", nowhere, "the prefix of these jobs' names (default sync-schedule-)"},
	{"WINDOW_URL", "window-url", OnSync, "the address of the window function"},
	{"PROCESS_URL", "", nowhere, "the address of the process function"},
	{"TASKS_SERVICE_ACCOUNT", "tasks-service-account", OnSync, "the service account that tasks are sent with"},
	{"TASKS_DEADLINE", "", nowhere, "the time limit of one delivery of a task"},
	{"RUN_LEASE", "", nowhere, "how long a run may be silent before another takes it over"},
	{"PAGE_LEASE", "", nowhere, "the time limit of a page"},
	{"PAGE_ATTEMPTS", "", nowhere, "how often a page is tried before its run fails"},
	{"PAGE_SIZE", "", nowhere, "roots a page, in place of the definitions' value"},
	{"OVERLAP", "", nowhere, "how far a window reaches back, in place of the definitions' value"},
	{"ENQUEUE_SENDERS", "", nowhere, "how many page tasks are sent at once"},
	{"KEEP_DAYS", "", nowhere, "how many days the change lists of closed runs are kept"},
	{"OPERATOR_KEY", "key", OnToken, "the file with the private key that signs operators' tokens"},
	{"OPERATOR_JWT_AUDIENCE", "", nowhere, "the audience of operators' tokens (default return-sync-operators)"},
	{"OPERATOR_JWT_ISSUER", "", nowhere, "the issuer of operators' tokens, if the functions demand one"},
	{"SCOPES_ROLE_CLAIM", "", nowhere, "the claim of a token with the roles (default roles)"},
	{"SCOPES_OPERATOR", "", nowhere, "the role that may change things (default operator)"},
	{"JWT_CLAIM", "", nowhere, "the claim of a token with the accounts (default account)"},
	{"SEARCH_JWT_CLAIM", "", nowhere, "the old name of JWT_CLAIM"},
	{"SCOPES_START_LEASE", "", nowhere, "the time limit for a start of a scope to hand over its syncs"},
	{"SCOPES_KEEP_DAYS", "", nowhere, "how many days sync statuses are kept"},
	{"JOB_PAUSE", "", nowhere, "how long a job waits before it checks whether its run has ended"},
	{"JOB_SILENCE", "", nowhere, "how long a job may be silent before a tick restarts it"},
	{"SLACK_WEBHOOK_URL", "", nowhere, "the incoming webhook of the Slack channel for alerts; a secret"},
	{"TEAMS_WEBHOOK_URL", "", nowhere, "the address of the workflow that posts alerts to a channel of Microsoft Teams; a secret"},
	{"PAGERDUTY_ROUTING_KEY", "", nowhere, "the integration key of the PagerDuty service for alerts; a secret"},
	{"PAGERDUTY_URL", "", nowhere, "the address of PagerDuty's Events API, if not that of the US"},
	{"ALERT_EMAIL_TO", "", nowhere, "the addresses that get alerts by e-mail, separated by commas"},
	{"ALERT_EMAIL_FROM", "", nowhere, "the sender of those e-mails"},
	{"ALERT_SMTP_SERVER", "", nowhere, "the mail server with STARTTLS, host or host:port (default port 587)"},
	{"ALERT_SMTP_USER", "", nowhere, "the user of the mail server"},
	{"ALERT_SMTP_PASSWORD", "", nowhere, "the password of that user; a secret"},
	{"ALERT_WEBHOOK_URL", "", nowhere, "the address that alerts are posted to as JSON; a secret"},
	{"WATCH_DOCS_URL", "", nowhere, "the page with the remedy for each alert"},
	{"OPERATIONS_DAY", "", nowhere, "the most operations of the index in 24 hours"},
	{"OPERATIONS_MONTH", "", nowhere, "the most operations of the index in 30 days"},
	{"GOOGLE_CLOUD_PROJECT", "", nowhere, "the project, for links from logs to traces"},
	{"WINGS", "", nowhere, "the wings beside sync that this installation uses"},
}

// settings returns all settings, those of wings included.
func settings(wings []wire.Wing) []setting {
	list := slices.Clone(own)
	for _, w := range wings {
		for _, s := range w.Settings {
			list = append(list, setting{s.Name, "", nowhere, s.Help})
		}
	}
	return list
}

// AddSettings adds the flags of settings for a kind of command.
func AddSettings(f *pflag.FlagSet, on Commands) {
	for _, s := range settings(nil) { // a wing's settings have no flags
		if s.on == on {
			f.String(s.flag, "", s.help+" ("+s.name+")")
		}
	}
}

// KnownNames returns the keys that the file may hold.
func KnownNames(wings []wire.Wing) []string {
	var names []string
	for _, s := range settings(wings) {
		names = append(names, s.name)
	}
	return names
}

const configHelp = `A setting has three places. The first one that names it decides:

  1. the command's flag
  2. the environment variable
  3. the key of the same name in an INI file, under [return-sync]

An empty value means "not set" and hides the places below it. The file is the
first of: --config, RETURN_SYNC_CONFIG, ./return-sync.ini, and
~/.config/return-sync/config.ini. Example:

  [return-sync]
  SOURCE_DSN   = reader:secret@tcp(10.0.0.5:3306)/eshopbox
  ENTITIES_DIR = /etc/return-sync/entities

Everybody who can list this machine's processes sees a password on the command
line: put passwords into the environment, or into a file that only you can read.
Values are never printed. The settings are:

`

// ConfigTopic is help on settings, without a command behind it.
func ConfigTopic(wings []wire.Wing) *cobra.Command {
	var list strings.Builder
	for _, s := range settings(wings) {
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
