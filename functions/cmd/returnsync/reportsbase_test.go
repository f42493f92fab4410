package main

import (
	"net/http/httptest"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/airtable"
)

// TestReportsBase makes the SYNC base in an emulator of Airtable and examines it.
func TestReportsBase(t *testing.T) {
	dsn, _ := database(t, 3)
	server := airtable.New(airtable.Options{Rate: -1})
	web := httptest.NewServer(server)
	defer web.Close()
	defer server.Close()
	settings := env{"SOURCE_DSN": dsn, "WINGS": "reports", "AIRTABLE_URL": web.URL, "AIRTABLE_TOKEN": "patLocal"}
	d := inProcess(t, settings)
	call(t, d, "migrate").expect(t, exitOK, nil, nil)
	call(t, d, "reports", "base", "check").expect(t, exitError, nil, []string{"AIRTABLE_SYNC_BASE is not set"})
	settings["AIRTABLE_SYNC_BASE"] = airtable.DefaultBase.ID
	call(t, d, "reports", "base", "check").expect(t, exitAttention, []string{"the base has no table Overview: returnsync reports base init makes it"}, nil)
	call(t, d, "reports", "base", "init").expect(t, exitOK, []string{
		"made table Overview", "made table Automations", "Reports -> Failed Reports, where AND({Fail}, NOT({Real-time})), grouped by Type, sorted by Date descending",
	}, nil)
	call(t, d, "reports", "base", "init").expect(t, exitOK, []string{"The base has all tables and fields."}, nil)
	call(t, d, "reports", "base", "check").expect(t, exitOK, []string{"The base has all tables and fields."}, nil)
	settings["AIRTABLE_TOKEN"] = "patWrongSecret"
	r := call(t, d, "reports", "base", "check")
	r.expect(t, exitError, nil, []string{"Airtable refuses the token"})
}
