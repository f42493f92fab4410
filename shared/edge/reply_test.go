package edge_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// parcel is a value with all forms.
type parcel struct {
	XMLName xml.Name `json:"-" xml:"parcel"`
	ID      int      `json:"id" xml:"id"`
}

// String implements fmt.Stringer.
func (p parcel) String() string { return "parcel 7" }

// asked plays a request with Accept headers before a handler.
func asked(h edge.Handler, accept ...string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil)
	r.Header["Accept"] = accept
	edge.HandleAny(slog.New(slog.DiscardHandler), h, http.MethodGet).ServeHTTP(w, r)
	return w
}

func TestAcceptChoosesTheForm(t *testing.T) {
	const inJSON, inXML, inText = "application/json; charset=utf-8", "application/xml; charset=utf-8", "text/plain; charset=utf-8"
	cases := []struct {
		accept []string
		want   string
	}{
		{nil, inJSON}, {[]string{""}, inJSON}, {[]string{"*/*"}, inJSON}, {[]string{"application/*"}, inJSON}, {[]string{"image/png"}, inJSON}, {[]string{"nonsense"}, inJSON},
		{[]string{"application/json"}, inJSON}, {[]string{"application/xml"}, inXML}, {[]string{"text/xml"}, inXML}, {[]string{"TEXT/PLAIN"}, inText},
		{[]string{"text/plain;q=0.5, application/xml;q=0.9"}, inXML}, {[]string{"text/plain;q=0.5, */*;q=0.8"}, inJSON}, {[]string{"application/json;q=0, text/plain"}, inText},
		{[]string{"text/csv, application/xml;q=0.1"}, inXML}, {[]string{"text/csv", "text/plain"}, inText}, {[]string{"application/xml;q=2"}, inJSON},
		{[]string{"application/xml; charset=utf-8"}, inJSON}, // no form has parameters
	}
	body := map[string]string{inJSON: "{\"id\":7}\n", inXML: xml.Header + "<parcel><id>7</id></parcel>\n", inText: "parcel 7\n"}
	for _, c := range cases {
		w := asked(func(*http.Request) (any, error) { return parcel{ID: 7}, nil }, c.accept...)
		if got := w.Header().Get("Content-Type"); got != c.want || w.Body.String() != body[c.want] || w.Header().Get("Vary") != "Accept" || w.Code != 200 {
			t.Errorf("%q: %d %s %q", c.accept, w.Code, got, w.Body)
		}
	}
}

func TestProblemsHaveEveryForm(t *testing.T) {
	problem := fault.New(fault.NotFound, "no-parcel", "there is no parcel 8").WithParam("id")
	for accept, want := range map[string]string{
		"":                `{"error":{"code":"no-parcel","message":"there is no parcel 8","param":"id"}}`,
		"application/xml": `<problem><error><code>no-parcel</code><message>there is no parcel 8</message><param>id</param></error></problem>`,
		"text/plain":      "no-parcel: there is no parcel 8",
	} {
		w := asked(func(*http.Request) (any, error) { return nil, problem }, accept)
		if w.Code != 404 || strings.TrimSpace(strings.TrimPrefix(w.Body.String(), xml.Header)) != want {
			t.Errorf("%q: %d %s", accept, w.Code, w.Body)
		}
	}
}

// TestAValueWithoutAFormIsJSON and one without a JSON form is an internal error.
func TestAValueWithoutAFormIsJSON(t *testing.T) {
	for accept, value := range map[string]any{"application/xml": map[string]int{"id": 7}, "text/plain": map[string]int{"id": 7}, "text/xml": edge.Ready{[]byte(`{"id":7}`)}} {
		w := asked(func(*http.Request) (any, error) { return value, nil }, accept)
		if !json.Valid(w.Body.Bytes()) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			t.Errorf("%s: %s", accept, w.Body)
		}
	}
	if w := asked(func(*http.Request) (any, error) { return make(chan int), nil }, "text/plain"); w.Code != 500 {
		t.Errorf("status %d", w.Code)
	}
}

func TestAResultHasItsStatus(t *testing.T) {
	if w := asked(func(*http.Request) (any, error) { return edge.Result{Status: 202, Value: "queued"}, nil }, "text/plain"); w.Code != 202 || w.Body.String() != "queued\n" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestAStreamIsItsHandlers: nothing is written beside the stream, and an error
// before it is an ordinary answer.
func TestAStreamIsItsHandlers(t *testing.T) {
	stream := edge.Stream(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
	})
	w := asked(func(*http.Request) (any, error) { return stream, nil }, "text/event-stream")
	if w.Header().Get("Content-Type") != "text/event-stream" || w.Body.String() != "data: 1\n\n" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if w := asked(func(*http.Request) (any, error) { return stream, errors.New("refused") }, "text/event-stream"); w.Code != 500 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestOthersAnswerJSON whatever the request accepts.
func TestOthersAnswerJSON(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil)
	r.Header.Set("Accept", "application/xml")
	edge.Handle(slog.New(slog.DiscardHandler), func(*http.Request) (any, error) { return parcel{ID: 7}, nil }, http.MethodGet).ServeHTTP(w, r)
	if w.Body.String() != "{\"id\":7}\n" || w.Header().Get("Vary") != "" {
		t.Errorf("%s", w.Body)
	}
}

// FuzzAccept answers every Accept in one of the forms.
func FuzzAccept(f *testing.F) {
	for _, accept := range []string{"", "*/*", "text/plain;q=0.001", "a/b;c=\"d,e\"", ";q=", "application/xml,,text/plain"} {
		f.Add(accept)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		w := asked(func(*http.Request) (any, error) { return parcel{ID: 7}, nil }, accept)
		if w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%q: %d %q", accept, w.Code, w.Body)
		}
	})
}
