package browser

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/search"
	"gitlab.com/eshopbox-team/return-sync/shared/localdb/localdbtest"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// The two largest accounts of the sample.
const own, rival = "amberlane", "nordhaus"

// sorted is the order that the tests sort by, and its replica.
const sorted, replica = "updatedAt_desc", "es_prod_updatedAt_desc"

// everything is the running product with a site of a front end beside it: one
// for all tests, because it takes seconds to start.
var everything struct {
	once sync.Once
	*world
	err error
	use sync.RWMutex // whole for a test that takes a part away
}

// world is the product and the site.
type world struct {
	*rehearsal.Stack
	site   net.Listener
	server *http.Server
	pages  *http.ServeMux // of the site
}

func TestMain(m *testing.M) {
	rehearsal.Child() // this program is also the functions'
	code := Run(func() int { return localdbtest.Run(m) })
	if w := everything.world; w != nil {
		if err := w.close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// enter returns the world, which the test shares with others that run beside it.
func enter(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	everything.use.RLock()
	t.Cleanup(everything.use.RUnlock)
	return theWorld(t)
}

// enterAlone returns the world while no other test uses it.
func enterAlone(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	everything.use.Lock()
	t.Cleanup(everything.use.Unlock)
	return theWorld(t)
}

// theWorld returns the world, started at the first call.
func theWorld(t *testing.T) *world {
	t.Helper()
	everything.once.Do(func() { everything.world, everything.err = open() })
	if everything.err != nil {
		t.Fatal(everything.err)
	}
	return everything.world
}

// open starts everything and syncs the sample.
func open() (*world, error) {
	w := &world{pages: http.NewServeMux()}
	var err error
	if w.site, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	w.server = &http.Server{Handler: w.pages, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = w.server.Serve(w.site) }()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	w.Stack, err = rehearsal.Start(ctx, rehearsal.Options{
		Every: time.Hour, Workers: 2, Log: os.Stderr, ChildLog: os.Stderr,
		Env: []string{"SEARCH_ORIGINS=http://" + w.site.Addr().String(), "SEARCH_RATE=1000", "SEARCH_BURST=5000", "SECRET_IDS=true"},
	})
	if err != nil {
		return nil, err
	}
	if err := w.load(ctx); err != nil {
		return nil, fmt.Errorf("%w; closing: %w", err, w.close())
	}
	return w, nil
}

// load fills the database and syncs.
func (w *world) load(ctx context.Context) error {
	if err := sample.Migrate(ctx, w.DB); err != nil {
		return err
	}
	if _, err := sample.Generate(ctx, w.DB, sample.GenerateOptions{Rows: 600, Seed: 7, Now: time.Now().UTC()}); err != nil {
		return err
	}
	r, err := w.Sync(ctx, "returns", nil)
	if err == nil && r.State != run.Synced {
		err = fmt.Errorf("the sync ended %s: %s", r.State, r.LastError)
	}
	return err
}

// close stops everything.
func (w *world) close() error {
	_ = w.server.Close()
	return w.Close()
}

// count counts an account's items by SQL of the tests' own.
func (w *world) count(t *testing.T, account, where string, args ...any) int {
	t.Helper()
	var n int
	err := w.DB.QueryRowContext(t.Context(), "SELECT COUNT(*)"+from+where, append([]any{account}, args...)...).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// from is where an account's items are.
const from = ` FROM order_return r JOIN order_return_item i ON i.order_return_id = r.id
	WHERE r.deleted_at IS NULL AND i.deleted_at IS NULL AND r.account_slug = ? AND `

// most returns the values of a column that some items of an account have most
// often.
func (w *world) most(t *testing.T, column, where string, args ...any) []string {
	t.Helper()
	return w.list(t, "SELECT "+column+from+where+" AND "+column+" IS NOT NULL GROUP BY 1 ORDER BY COUNT(*) DESC, 1 LIMIT 3", append([]any{own}, args...)...)
}

// newest returns the return numbers of the items in the order of the replica.
func (w *world) newest(t *testing.T, skip, n int) []string {
	t.Helper()
	return w.list(t, "SELECT r.customer_return_number"+from+"TRUE ORDER BY GREATEST(r.updated_at, i.updated_at) DESC LIMIT ? OFFSET ?", own, n, skip)
}

// list returns a column of texts.
func (w *world) list(t *testing.T, query string, args ...any) []string {
	t.Helper()
	rows, err := w.DB.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// token returns a token for an account.
func (w *world) token(t *testing.T, account string) string {
	t.Helper()
	token, err := w.Identity.Sign(account, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// key asks the search function for a key.
func (w *world) key(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL(search.Function.Name)+"/key", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token(t, own))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	var answer struct{ APIKey string }
	if err != nil || json.Unmarshal(body, &answer) != nil || answer.APIKey == "" {
		t.Fatalf("%d %s, %v", res.StatusCode, body, err)
	}
	return answer.APIKey
}

// frontEnd opens InstantSearch's page with a configuration.
func (w *world) frontEnd(t *testing.T, config map[string]any) *Page {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	path := "/" + rand.Text() + "/" // the test's own
	w.pages.Handle("GET "+path, http.StripPrefix(path, http.FileServer(http.Dir(Bundle(t, "../../../testdata/instantsearch")))))
	w.pages.HandleFunc("GET "+path+"config.json", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(text) })
	p := Open(t)
	p.Go("http://" + w.site.Addr().String() + path)
	return p
}

// straight configures the official client, with a key of the tenant.
func (w *world) straight(t *testing.T) map[string]any {
	return map[string]any{
		"host": strings.TrimPrefix(w.AlgoliaURL(), "http://"), "appId": rehearsal.AppID, "key": w.key(t),
		"index": "es_prod", "sorts": []string{replica},
	}
}
