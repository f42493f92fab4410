package odoo_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

const password = "s3cret <&> \"pass\""

// open returns a side over an emulator.
func open(t testing.TB, fields map[string][]string) (*emulator.Server, *odoo.Side) {
	t.Helper()
	s := emulator.New(emulator.Options{Password: password})
	server := httptest.NewServer(s)
	t.Cleanup(func() { _ = s.Close(); server.Close() })
	side, err := odoo.Open(odoo.Config{URL: server.URL + "/", Database: "odoo", User: "sosync", Password: password, Fields: fields})
	if err != nil {
		t.Fatal(err)
	}
	return s, side
}

func TestOdooIsASide(t *testing.T) {
	transfertest.RunSystem(t, "res.partner", "lastname", func(t *testing.T) transfer.System {
		_, side := open(t, nil)
		return side
	})
}

// write writes and demands success.
func write(t *testing.T, s *odoo.Side, w transfer.Write) transfer.Written {
	t.Helper()
	done, err := s.Write(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestValuesOfEveryType are written and read in the forms of transfers.
func TestValuesOfEveryType(t *testing.T) {
	_, s := open(t, map[string][]string{"frst.persongruppe": {"partner_id", "gueltig_von", "bestaetigt_am_um", "bestaetigt_typ", "steuerung_bit"}, "res.partner": {"lastname", "getresponse_tag_ids", "comment"}, "res.partner.fstoken": {"name", "number_of_checks"}})
	create := func(model string, fields map[string]any) int64 {
		return write(t, s, transfer.Write{Verb: transfer.Create, Model: model, Fields: fields}).ID
	}
	tags := []int64{create("gr.tag", map[string]any{"name": "a"}), create("gr.tag", map[string]any{"name": "b"})}
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	partner := create("res.partner", map[string]any{"lastname": "Müller", "getresponse_tag_ids": tags, "comment": "a\x01b"})
	for model, c := range map[string]struct{ in, out map[string]any }{
		"frst.persongruppe": {
			map[string]any{"partner_id": partner, "gueltig_von": "2026-05-01", "bestaetigt_am_um": noon, "bestaetigt_typ": "workflow", "steuerung_bit": 1},
			map[string]any{"partner_id": partner, "gueltig_von": "2026-05-01", "bestaetigt_am_um": noon, "bestaetigt_typ": "workflow", "steuerung_bit": true},
		},
		"res.partner":         {map[string]any{"lastname": nil, "getresponse_tag_ids": tags[:1]}, map[string]any{"lastname": nil, "getresponse_tag_ids": tags[:1], "comment": nil}},
		"res.partner.fstoken": {map[string]any{"name": 12.0, "number_of_checks": nil}, map[string]any{"name": "12", "number_of_checks": int64(0)}},
	} {
		r, err := s.Read(t.Context(), model, create(model, c.in))
		if diff := cmp.Diff(c.out, r.Fields); err != nil || diff != "" {
			t.Errorf("%s: %v %s", model, err, diff)
		}
	}
	empty, err := s.Read(t.Context(), "frst.persongruppe", create("frst.persongruppe", map[string]any{"partner_id": nil, "gueltig_von": noon, "bestaetigt_am_um": "", "steuerung_bit": nil}))
	if diff := cmp.Diff(map[string]any{"partner_id": nil, "gueltig_von": "2026-05-01", "bestaetigt_am_um": nil, "bestaetigt_typ": nil, "steuerung_bit": false}, empty.Fields); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for field, v := range map[string]any{"gueltig_von": "tomorrow", "bestaetigt_am_um": 5, "partner_id": int64(999), "bestaetigt_typ": "x", "colour": "red"} {
		if _, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Create, Model: "frst.persongruppe", Fields: map[string]any{field: v}}); fault.Retryable(err) || err == nil {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestFaultsHaveTheKindThatHelps plays each way to fail at each call.
func TestFaultsHaveTheKindThatHelps(t *testing.T) {
	for name, c := range map[string]struct {
		kind emulator.FaultKind
		code string
		want fault.Kind
	}{
		"dead-lock": {"deadlock", "odoo-busy", fault.Retry}, "exception": {"exception", "odoo-exception", fault.Invalid}, "message": {"warning", "odoo-warning", fault.Invalid},
		"access denied": {"accessDenied", "odoo-access-denied", fault.Misconfigured}, "missing right": {"accessError", "odoo-access-error", fault.Misconfigured},
		"lost before": {"reset", "service-unanswered", fault.Retry}, "lost after commit": {"resetApplied", "service-unanswered", fault.Retry}, "time-out": {"timeout", "service-unanswered", fault.Retry},
		"a proxy's page": {"html", "odoo-answer", fault.Retry}, "outage": {"serverError", "service-refused", fault.Retry}, "throttled": {"rateLimit", "service-refused", fault.Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, s := open(t, nil)
			id := write(t, s, transfer.Write{Verb: transfer.Create, Model: "res.partner", ForeignID: 5, WriteDate: &time.Time{}, Fields: map[string]any{"lastname": "a"}}).ID
			if err := e.SetFaults(emulator.Fault{Kind: c.kind, Max: 1, Route: "write"}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if c.kind == "timeout" {
				ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
			}
			defer cancel()
			w := transfer.Write{Verb: transfer.Update, Model: "res.partner", ID: id, Fields: map[string]any{"lastname": "b"}}
			_, err := s.Write(ctx, w)
			if fault.KindOf(err) != c.want || fault.CodeOf(err) != c.code || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v (%s)", err, fault.CodeOf(err))
			}
			r, err := s.Read(t.Context(), "res.partner", id)
			if applied := c.kind == "resetApplied"; err != nil || (r.Fields["lastname"] == "b") != applied {
				t.Errorf("%+v, %v", r, err)
			}
			write(t, s, w)
		})
	}
}

// TestReadsAreRepeated while Odoo does not answer.
func TestReadsAreRepeated(t *testing.T) {
	e := emulator.New(emulator.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { _ = e.Close(); server.Close() })
	s, err := odoo.Open(odoo.Config{URL: server.URL, Database: "odoo", User: "sosync", Password: "sosync", Attempts: 3})
	if err == nil {
		err = e.SetFaults(emulator.Fault{Kind: "reset", Max: 2, Route: "search_read"})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context(), "res.partner", 1); !errors.Is(err, transfer.ErrNotFound) {
		t.Error(err)
	}
}

// TestLogin says what is wrong, once for all, and without the password.
func TestLogin(t *testing.T) {
	e := emulator.New(emulator.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { _ = e.Close(); server.Close() })
	for name, c := range map[string]odoo.Config{
		"password": {Database: "odoo", User: "sosync", Password: "wrong-s3cret"}, "user": {Database: "odoo", User: "x", Password: "sosync"}, "database": {Database: "x", User: "sosync", Password: "sosync"},
	} {
		c.URL = server.URL
		s, err := odoo.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Read(t.Context(), "res.partner", 1); fault.KindOf(err) != fault.Misconfigured || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := odoo.Open(odoo.Config{}); fault.KindOf(err) != fault.Misconfigured {
		t.Error(err)
	}
	s, err := odoo.Open(odoo.Config{URL: server.URL, Database: "odoo", User: "sosync", Password: "sosync", Fields: map[string][]string{"res.partner": {"lastname", "colour"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context(), "res.partner", 1); fault.KindOf(err) != fault.Misconfigured || !strings.Contains(err.Error(), "colour") {
		t.Error(err)
	}
}

// TestTextsOfAWrite are those of the wire, without the password, and no transfer job
// follows.
func TestTextsOfAWrite(t *testing.T) {
	e, s := open(t, nil)
	w := write(t, s, transfer.Write{Verb: transfer.Create, Model: "res.partner", ForeignID: 5, Fields: map[string]any{"lastname": "Müller"}})
	for _, want := range []string{"<methodName>execute_kw</methodName>", "Müller", "[hidden]", "create_sync_job", "sosync_fs_id"} {
		if !strings.Contains(w.Request, want) {
			t.Errorf("%s is not in %s", want, w.Request)
		}
	}
	if !strings.Contains(w.Answer, "<methodResponse>") || strings.Contains(w.Request+w.Answer, "s3cret") || len(e.Jobs()) != 0 {
		t.Errorf("%s\n%s", w.Request, w.Answer)
	}
	if err := e.SetFaults(emulator.Fault{Kind: "warning", Route: "write"}); err != nil {
		t.Fatal(err)
	}
	failed, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Update, Model: "res.partner", ID: w.ID, Fields: map[string]any{"lastname": "x"}})
	if err == nil || !strings.Contains(failed.Answer, "ung") || !strings.Contains(failed.Request, "[hidden]") {
		t.Errorf("%+v, %v", failed, err)
	}
	if _, err := s.Write(t.Context(), transfer.Write{Verb: transfer.Update, Model: "res.partner", ID: w.ID, Parts: []transfer.Part{{Model: "x"}}}); fault.KindOf(err) != fault.Misconfigured {
		t.Error(err)
	}
}

// TestCopiesOfJobs stand in a model without dates, by the number of the job.
func TestCopiesOfJobs(t *testing.T) {
	_, s := open(t, nil)
	w := write(t, s, transfer.Write{Verb: transfer.Create, Model: "sosync.job", ForeignID: 77, Fields: map[string]any{"job_state": "done", "job_date": "2026-05-01T10:00:00.5Z", "a_newer_column": 1.0}})
	r, err := s.Find(t.Context(), "sosync.job", 77)
	if err != nil || r.ID != w.ID || r.Fields["job_state"] != "done" || !transfer.Same(r.Fields["job_date"], time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", r, err)
	}
}
