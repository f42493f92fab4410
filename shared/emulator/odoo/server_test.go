package odoo_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
)

// serve starts an emulator and returns it with its address.
func serve(t *testing.T) (*odoo.Server, string) {
	t.Helper()
	return serveWith(t, odoo.Options{})
}

// serveWith starts an emulator with options.
func serveWith(t *testing.T, o odoo.Options) (*odoo.Server, string) {
	t.Helper()
	s := odoo.New(o)
	server := httptest.NewServer(s)
	t.Cleanup(func() { _ = s.Close(); server.Close() })
	return s, server.URL
}

// send sends a call of a model's method; params are XML of the values behind its name.
func send(t *testing.T, address, model, method, params string) (string, error) {
	t.Helper()
	text := func(s string) string { return "<param><value><string>" + s + "</string></value></param>" }
	body := "<methodCall><methodName>execute_kw</methodName><params>" + text("odoo") + "<param><value><int>7</int></value></param>" + text("sosync") + text(model) + text(method) + params + "</params></methodCall>"
	r := httptest.NewRequestWithContext(t.Context(), "POST", address+"/xmlrpc/2/object", strings.NewReader(body))
	r.RequestURI = ""
	return fetch(r)
}

// struct1 is a struct with one text.
func struct1(name, value string) string {
	return "<value><struct><member><name>" + name + "</name><value>" + value + "</value></member></struct></value>"
}

// param is a parameter: a list of values.
func param(values ...string) string {
	return "<param><value><array><data>" + strings.Join(values, "") + "</data></array></value></param>"
}

const quiet = "<param><value><struct><member><name>context</name><value><struct><member><name>create_sync_job</name><value><boolean>0</boolean></value></member></struct></value></member></struct></value></param>"

func TestEditsPostJobs(t *testing.T) {
	s, address := serve(t)
	must := func(model, method, params string) {
		t.Helper()
		if text, err := send(t, address, model, method, params); err != nil || strings.Contains(text, "<fault>") {
			t.Fatalf("%s, %v", text, err)
		}
	}
	ids := "<value><array><data><value><int>1</int></value></data></array></value>"
	must("res.partner", "create", param(struct1("lastname", "a")))                     // a job
	must("res.partner", "create", param(struct1("lastname", "b"))+quiet)               // none
	must("res.partner", "write", param(ids, struct1("lastname", "c")))                 // a job
	must("res.partner", "write", param(ids, struct1("sosync_fs_id", "<int>55</int>"))) // none: no field of a person's
	must("res.partner", "write", param(ids, struct1("lastname", "d"))+quiet)           // none
	must("res.country", "create", param(struct1("name", "x")))                         // none: no model of transfers
	must("res.partner", "unlink", param(ids))                                          // a job
	jobs := s.Jobs()
	var kinds []any
	for _, j := range jobs {
		kinds = append(kinds, j["job_source_type"])
		if j["job_source_model"] != "res.partner" || j["job_source_record_id"] != int64(1) || j["job_source_sosync_write_date"] == nil || len(j["job_date"].(string)) != 19 {
			t.Errorf("%v", j)
		}
	}
	if !slices.Equal(kinds, []any{nil, nil, "delete"}) || jobs[2]["job_source_target_record_id"] != int64(55) || s.Waiting() != 0 {
		t.Errorf("%v", jobs)
	}
}

// TestJobsAreDeliveredInOrder to a service that fails at times.
func TestJobsAreDeliveredInOrder(t *testing.T) {
	var mu sync.Mutex
	var got []any
	tries, all := 0, make(chan struct{})
	s, address := serveWith(t, odoo.Options{Deliver: func(_ context.Context, job map[string]any) error {
		mu.Lock()
		defer mu.Unlock()
		if tries++; tries%2 == 1 {
			return errors.New("down")
		}
		if got = append(got, job["job_source_record_id"]); len(got) == 3 {
			close(all)
		}
		return nil
	}})
	for range 3 {
		if text, err := send(t, address, "res.partner", "create", param(struct1("lastname", "a"))); err != nil || strings.Contains(text, "<fault>") {
			t.Fatalf("%s, %v", text, err)
		}
	}
	<-all
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(got, []any{int64(1), int64(2), int64(3)}) {
		t.Errorf("%v after %d tries, %d wait", got, tries, s.Waiting())
	}
}

func TestFaultsOnDemand(t *testing.T) {
	s, address := serve(t)
	for kind, want := range map[string]string{
		"deadlock": "TransactionRollbackError", "exception": "KeyError", "warning": "<int>2</int>", "accessDenied": "<int>3</int>", "accessError": "<int>4</int>", "html": "Bad Gateway", "serverError": "Service Unavailable", "resetApplied": "",
	} {
		if err := s.SetFaults(odoo.Fault{Kind: odoo.FaultKind(kind), Max: 1, Route: "create"}); err != nil {
			t.Fatal(err)
		}
		before := s.Counts()["create res.partner"]
		text, err := send(t, address, "res.partner", "create", param(struct1("lastname", "a")))
		if kind == "resetApplied" {
			if err == nil || s.Counts()["create res.partner"] != before+1 {
				t.Errorf("%s: %q, %v, %v", kind, text, err, s.Counts())
			}
		} else if err != nil || !strings.Contains(text, want) || s.Counts()["create res.partner"] != before {
			t.Errorf("%s: %q, %v, %v", kind, text, err, s.Counts())
		}
		if text, err := send(t, address, "res.partner", "create", param(struct1("lastname", "b"))); err != nil || strings.Contains(text, "<fault>") {
			t.Errorf("after %s: %q, %v", kind, text, err)
		}
	}
	if err := s.SetFaults(odoo.Fault{Kind: "unknown"}); err == nil {
		t.Error("an unknown kind was taken")
	}
}

func TestWhatIsNoCall(t *testing.T) {
	_, address := serve(t)
	for _, body := range []string{"", "<a/>", "<methodCall/>", "<methodCall><methodName>x</methodName><params><param/></params></methodCall>", "<methodCall><methodName>x</methodName><params><param><value><int>x</int></value></param></params></methodCall>"} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", address+"/xmlrpc/2/object", strings.NewReader(body))
		r.RequestURI = ""
		if text, err := fetch(r); err != nil || strings.Contains(text, "methodResponse") {
			t.Errorf("%q: %q, %v", body, text, err)
		}
	}
}

// FuzzCall sends anything: the emulator answers and does not panic.
func FuzzCall(f *testing.F) {
	s := odoo.New(odoo.Options{})
	f.Cleanup(func() { _ = s.Close() })
	head := "<methodCall><methodName>execute_kw</methodName><params><param><value>odoo</value></param><param><value><int>7</int></value></param><param><value>sosync</value></param><param><value>res.partner</value></param><param><value>"
	for _, method := range []string{"create", "write", "search", "read", "fso_merge"} {
		f.Add(head + method + "</value></param>" + param("<value><array><data><value><int>1</int></value></data></array></value>", struct1("lastname", "a")) + quiet + "</params></methodCall>")
	}
	f.Add(head + "search</value></param>" + param("<value><array><data><value><array><data><value>getresponse_tag_ids</value><value>=</value><value>x</value></data></array></value></data></array></value>") + "</params></methodCall>")
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/xmlrpc/2/object", strings.NewReader(body)))
		if w.Code >= 500 {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}
