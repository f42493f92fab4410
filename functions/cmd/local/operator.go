package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/grants"
)

// operated are the settings that the operator's command line wants.
var operated = []string{
	"SOURCE_DSN", "STATE_DSN", "ENTITIES_DIR", "OVERLAP", "TASKS_LOCATION", "CLOUD_TASKS_EMULATOR_HOST", "TASKS_SERVICE_ACCOUNT", "WINDOW_URL",
	"ALGOLIA_APP_ID", "ALGOLIA_URL", "ALGOLIA_ADMIN_KEY", "ALGOLIA_BROWSE_KEY", "ALGOLIA_WRITE_KEY", "ALGOLIA_SEARCH_KEY", "SEARCH_ENTITIES", "SEARCH_SORTS", "SCHEDULER_LOCATION", "CLOUD_SCHEDULER_EMULATOR_HOST",
	"SCHEDULES_URL", "SCHEDULER_SERVICE_ACCOUNT",
}

// writeConfig writes the settings with which the command line operates this stack into
// a file that only this user can read, and returns where it is. Its account and its keys
// have the rights that an installation should give them and no more, so that doctor finds
// nothing to correct.
func writeConfig(ctx context.Context, stack *rehearsal.Stack, o options) (string, error) {
	known := stack.Environment()
	known["ALGOLIA_ADMIN_KEY"] = rehearsal.AdminKey
	for name, rights := range map[string][]string{"ALGOLIA_WRITE_KEY": {"addObject", "deleteObject"}, "ALGOLIA_SEARCH_KEY": {"search"}} {
		key, err := makeKey(ctx, stack, rights)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		known[name] = key
	}
	if o.dsn == "" { // a server of the user's keeps its accounts
		dsn, err := makeAccount(ctx, stack)
		if err != nil {
			return "", err
		}
		known["SOURCE_DSN"], known["STATE_DSN"] = dsn, dsn
	}
	f, err := os.CreateTemp("", "return-sync-*.ini")
	if err != nil {
		return "", err
	}
	text := "[return-sync]\n"
	for _, name := range operated {
		if value := known[name]; value != "" {
			text += name + " = " + value + "\n"
		}
	}
	_, err = f.WriteString(text)
	return f.Name(), errors.Join(err, f.Close())
}

// makeKey makes a key for the entities' indices alone and returns it.
func makeKey(ctx context.Context, stack *rehearsal.Stack, rights []string) (string, error) {
	var indices []string
	for _, d := range stack.Entities {
		indices = append(indices, d.Index+"*")
	}
	body, err := json.Marshal(map[string]any{"acl": rights, "indexes": indices})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, stack.AlgoliaURL()+"/1/keys", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("X-Algolia-Application-Id", rehearsal.AppID)
	req.Header.Set("X-Algolia-API-Key", rehearsal.AdminKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	var made struct{ Key, Message string }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.Key == "" {
		return "", errors.Join(fmt.Errorf("the emulator made no key: %d %s", res.StatusCode, made.Message), err)
	}
	return made.Key, nil
}

// The operator's account of the private database.
const (
	operatorUser     = "local-" + grants.Operator
	operatorPassword = "local"
)

// makeAccount makes an account with the operator's rights and returns its DSN.
func makeAccount(ctx context.Context, stack *rehearsal.Stack) (string, error) {
	const account = "'" + operatorUser + "'@'127.0.0.1'"
	statements := []string{"DROP USER IF EXISTS " + account, "CREATE USER " + account + " IDENTIFIED BY '" + operatorPassword + "'"}
	for _, table := range grants.Tables() {
		rights := append(grants.On(table, grants.Operator), grants.Migrating...)
		slices.Sort(rights)
		statements = append(statements, "GRANT "+strings.Join(slices.Compact(rights), ", ")+" ON "+table+" TO "+account)
	}
	tables, err := rehearsal.SourceTables(ctx, stack)
	if err != nil {
		return "", err
	}
	for _, table := range tables {
		statements = append(statements, "GRANT SELECT ON `"+table+"` TO "+account)
	}
	for _, statement := range statements {
		if _, err := stack.DB.ExecContext(ctx, statement); err != nil {
			return "", fmt.Errorf("%.60s: %w", statement, err)
		}
	}
	return stack.DSNAs(operatorUser, operatorPassword)
}
