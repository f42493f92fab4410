package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	index "gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// indexBench is a command line before an emulator of the index.
type indexBench struct {
	deps
	t      *testing.T
	server *index.Server
	url    string
	client *wire.IndexSettings
}

// newIndexBench starts an emulator; more is further environment.
func newIndexBench(t *testing.T, more env) *indexBench {
	t.Helper()
	server := index.New(index.Options{AdminKey: "s3cret", PublishDelay: time.Millisecond})
	listener := httptest.NewServer(server)
	t.Cleanup(func() { _ = server.Close(); listener.Close() })
	e := env{"ALGOLIA_APP_ID": "APP", "ALGOLIA_ADMIN_KEY": "s3cret", "ALGOLIA_URL": listener.URL, "SEARCH_SORTS": "updatedAt_desc,createdAt_asc"}
	for name, v := range more {
		e[name] = v
	}
	d := surroundings(t, e)
	client, err := (&wire.Env{Lookup: d.env}).IndexSettings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &indexBench{deps: d, t: t, server: server, url: listener.URL, client: client}
}

// hand changes settings past the command line.
func (b *indexBench) hand(name, settings string) {
	b.t.Helper()
	if err := b.client.Index.ApplySettings(b.t.Context(), name, []byte(settings)); err != nil {
		b.t.Fatal(err)
	}
}

// writes counts the calls that changed settings.
func (b *indexBench) writes() int {
	n := 0
	for _, count := range b.server.Stats().Requests["PUT /1/indexes/{index}/settings"] {
		n += count
	}
	return n
}

// value returns a setting as the index reports it.
func (b *indexBench) value(name, setting string) string {
	b.t.Helper()
	raw, err := b.client.Index.Settings(b.t.Context(), name)
	var m map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return string(m[setting])
}

// key makes a key of a description and returns it.
func (b *indexBench) key(description string) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/1/keys", strings.NewReader(description))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("X-Algolia-Application-Id", "APP")
	req.Header.Set("X-Algolia-API-Key", "s3cret")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var made struct{ Key string }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.Key == "" {
		b.t.Fatalf("%d %v", res.StatusCode, err)
	}
	return made.Key
}

// run calls the command line.
func (b *indexBench) run(code int, line string, out ...string) result {
	b.t.Helper()
	r := call(b.t, b.deps, strings.Fields(line)...)
	r.expect(b.t, code, out, nil)
	return r
}

func TestSettingsFromNothing(t *testing.T) {
	b := newIndexBench(t, nil)
	b.run(exitAttention, "settings diff", "es_prod: missing", "es_prod_updatedAt_desc: missing", "DRIFT in 3 indices", "returnsync settings push")
	b.run(exitOK, "settings push --dry-run", "Nothing was changed", "would change 3 indices")
	if b.writes() != 0 {
		t.Fatalf("--dry-run wrote %d times", b.writes())
	}
	b.run(exitOK, "settings push", "was missing, made", "everything is in step now")
	b.run(exitOK, "settings diff", "es_prod: in step", "Everything is in step.")
	n := b.writes()
	b.run(exitOK, "settings push", "Everything is in step.")
	if b.writes() != n {
		t.Errorf("pushing twice wrote %d times more", b.writes()-n)
	}
	if got := b.value("es_prod", "replicas"); got != `["es_prod_updatedAt_desc","es_prod_createdAt_asc"]` {
		t.Error(got)
	}
	if got := b.value("es_prod_createdAt_asc", "ranking"); !strings.HasPrefix(got, `["asc(createdAt)","typo"`) {
		t.Error(got)
	}
}

func TestSettingsAfterAHandEdit(t *testing.T) {
	b := newIndexBench(t, nil)
	b.run(exitOK, "settings push")
	b.hand("es_prod", `{"customRanking":["asc(updatedAt)"],"allowTyposOnNumericTokens":true,"hitsPerPage":50,"replicas":["es_prod_createdAt_asc","elsewhere"]}`)
	r := b.run(exitAttention, "settings diff --entity returns")
	golden(t, "settings-drift.golden", r.out)
	b.run(exitOK, "settings push --dry-run", "3 of 9 settings differ")
	b.run(exitOK, "settings push", "3 of 9 settings pushed", "Pushed to 1 index")
	r = b.run(exitOK, "settings diff", "left alone", "hitsPerPage")
	if b.value("es_prod", "hitsPerPage") != "50" || b.value("es_prod", "replicas") != `["es_prod_updatedAt_desc","es_prod_createdAt_asc","elsewhere"]` {
		t.Errorf("%s\n%s", b.value("es_prod", "replicas"), r.out)
	}
}

func TestSettingsJSON(t *testing.T) {
	b := newIndexBench(t, nil)
	b.run(exitOK, "settings push")
	b.hand("es_prod_updatedAt_desc", `{"ranking":["asc(updatedAt)"]}`)
	r := b.run(exitAttention, "settings diff --json")
	var reports []struct {
		Entity  string
		InStep  bool
		Pushed  bool
		Indices []struct {
			Index       string
			Differences []struct {
				Setting    string
				Have, Want []string
			}
		}
	}
	if err := json.Unmarshal([]byte(r.out), &reports); err != nil || len(reports) != 1 || len(reports[0].Indices) != 3 {
		t.Fatalf("%v %s", err, r.out)
	}
	d := reports[0].Indices[1].Differences
	if reports[0].InStep || len(d) != 1 || d[0].Setting != "ranking" || d[0].Have[0] != "asc(updatedAt)" || d[0].Want[0] != "desc(updatedAt)" {
		t.Errorf("%+v", reports)
	}
	r = b.run(exitOK, "settings push --json")
	if err := json.Unmarshal([]byte(r.out), &reports); err != nil || !reports[0].InStep || !reports[0].Pushed {
		t.Errorf("%v %s", err, r.out)
	}
}

// TestSettingsOfEveryEntity gives replicas to the entity that is searched alone.
func TestSettingsOfEveryEntity(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "stock"), os.DirFS("../../../testdata/entities/stock")); err != nil {
		t.Fatal(err)
	}
	b := newIndexBench(t, env{"ENTITIES_DIR": dir, "INDEX_PREFIX": "staging_"})
	b.run(exitOK, "settings push", "returns: staging_es_prod_updatedAt_desc", "stock: staging_stock: was missing")
	if got := b.value("staging_stock", "replicas"); got != "" && got != "null" && got != "[]" {
		t.Errorf("stock has replicas: %s", got)
	}
	if err := os.Remove(filepath.Join(dir, "stock", "settings.json")); err != nil {
		t.Fatal(err)
	}
	b.run(exitOK, "settings diff --entity stock", "no settings.json")
}

func TestSettingsRefuse(t *testing.T) {
	cases := map[string]struct {
		env  env
		line string
		want []string
	}{
		"nothing configured": {env{"ALGOLIA_APP_ID": "", "ALGOLIA_ADMIN_KEY": ""}, "settings diff", []string{"ALGOLIA_APP_ID is missing", "ALGOLIA_ADMIN_KEY is missing"}},
		"wrong key":          {env{"ALGOLIA_ADMIN_KEY": "nobody"}, "settings diff", []string{"returns: ", "check ALGOLIA_APP_ID and ALGOLIA_ADMIN_KEY"}},
		"search key":         {env{"ALGOLIA_ADMIN_KEY": "search"}, "settings push", []string{"lacks the right (ACL) settings on index es_prod"}},
		"no server":          {env{"ALGOLIA_URL": "http://127.0.0.1:1"}, "settings push --timeout 1s", []string{"the index does not answer", "ALGOLIA_URL"}},
		"bad sort":           {env{"SEARCH_SORTS": "updatedAt"}, "settings diff", []string{"SEARCH_SORTS", `"updatedAt" is not a sort`}},
		"sort twice":         {env{"SEARCH_SORTS": "a_asc,a_asc"}, "settings diff", []string{"SEARCH_SORTS", "stands twice"}},
		"unknown entity":     {nil, "settings diff --entity nothing", []string{"nothing"}},
		"no time":            {nil, "settings push --timeout 0s", []string{"--timeout is 0s"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := httptest.NewServer(index.New(index.Options{AdminKey: "s3cret"}))
			t.Cleanup(listener.Close)
			e := env{"ALGOLIA_APP_ID": "APP", "ALGOLIA_ADMIN_KEY": "s3cret", "ALGOLIA_URL": listener.URL}
			for key, v := range c.env {
				e[key] = v
			}
			call(t, surroundings(t, e), strings.Fields(c.line)...).expect(t, exitError, nil, c.want)
		})
	}
}

// TestSettingsPushInPart makes the key lose its rights over a replica: what was
// pushed before is reported too.
func TestSettingsPushInPart(t *testing.T) {
	b := newIndexBench(t, nil)
	key := b.key(`{"acl":["settings","editSettings","addObject"],"indexes":["es_prod"]}`)
	d := surroundings(t, env{"ALGOLIA_APP_ID": "APP", "ALGOLIA_ADMIN_KEY": key, "ALGOLIA_URL": b.url, "SEARCH_SORTS": "updatedAt_desc"})
	r := call(t, d, "settings", "push")
	r.expect(t, exitError, []string{"es_prod: was missing, made"}, []string{"may not use index es_prod_updatedAt_desc"})
	if strings.Contains(r.out, "in step now") {
		t.Error(r.out)
	}
	if diff := cmp.Diff(`["es_prod_updatedAt_desc"]`, b.value("es_prod", "replicas")); diff != "" {
		t.Error(diff)
	}
}
