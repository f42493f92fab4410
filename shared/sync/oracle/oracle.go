// Package oracle compares an index with the database.
//
// Package oracle shares no code with the pipeline: it reads rows through database/sql
// into maps, encodes them with encoding/json, and reads the index by browsing. Of a
// definition it uses only the SQL text and the words of entity.yaml. It is slow and
// meant for checks, not for production.
package oracle

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// Browser calls each with every record of an index, decoded from JSON.
type Browser func(ctx context.Context, each func(doc map[string]any) error) error

// Report is the result of a comparison. The lists are sorted and complete.
type Report struct {
	Records   int      `json:"records"` // in the database's view
	Missing   []string `json:"missing"`
	Different []string `json:"different"`
	Orphaned  []string `json:"orphaned"`
}

// Differences counts the records that differ.
func (r Report) Differences() int { return len(r.Missing) + len(r.Different) + len(r.Orphaned) }

// String summarizes the differences in a line; at most ten ids of each kind.
func (r Report) String() string {
	return fmt.Sprintf("%d records; missing %s; different %s; orphaned %s", r.Records, few(r.Missing), few(r.Different), few(r.Orphaned))
}

// few prints a list's length and its beginning.
func few(ids []string) string {
	if len(ids) == 0 {
		return "0"
	}
	return fmt.Sprintf("%d %v", len(ids), ids[:min(len(ids), 10)])
}

// Compare compares the index with the present rows of the definition's queries. db must
// read times (parseTime) in UTC. Records in except are not compared: they are parked, so
// the index may differ there.
func Compare(ctx context.Context, db *sql.DB, d entity.Definition, browse Browser, except map[string]bool) (Report, error) {
	var want, have map[string][32]byte
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) { want, err = expected(ctx, db, d); return err })
	both.Go(func() (err error) { have, err = indexed(ctx, d, browse); return err })
	if err := both.Wait(); err != nil {
		return Report{}, err
	}
	r := Report{Records: len(want)}
	for id, sum := range want {
		there, ok := have[id]
		switch {
		case except[id] || ok && there == sum:
		case !ok:
			r.Missing = append(r.Missing, id)
		default:
			r.Different = append(r.Different, id)
		}
	}
	for id := range have {
		if _, ok := want[id]; !ok && !except[id] {
			r.Orphaned = append(r.Orphaned, id)
		}
	}
	for _, list := range [][]string{r.Missing, r.Different, r.Orphaned} {
		sort.Strings(list)
	}
	return r, nil
}

// indexed returns a digest of every record that the index holds.
func indexed(ctx context.Context, d entity.Definition, browse Browser) (map[string][32]byte, error) {
	have := map[string][32]byte{}
	err := browse(ctx, func(doc map[string]any) error {
		id := fmt.Sprint(doc[record.IDField])
		delete(doc, d.Stamp)
		sum, err := digest(doc)
		have[id] = sum
		return err
	})
	return have, err
}

// digest returns a hash of a document that is the same for equal content.
func digest(doc map[string]any) ([32]byte, error) {
	text, err := json.Marshal(doc) // sorts keys
	return sha256.Sum256(text), err
}

// expected returns a digest of every record that the index should hold.
func expected(ctx context.Context, db *sql.DB, d entity.Definition) (map[string][32]byte, error) {
	roots, err := allRoots(ctx, db, d)
	if err != nil {
		return nil, err
	}
	want := map[string][32]byte{}
	rooted := map[string]int{} // the batch that gave an id: two spellings of a key stand in two
	atOnce := 500
	if d.Keyed() {
		atOnce = 1
	}
	for start := 0; start < len(roots); start += atOnce {
		text, args := d.Rows.Bind(map[string][]any{"ids": roots[start:min(start+atOnce, len(roots))]})
		if err := eachDocument(ctx, db, d, query{text, args}, func(doc map[string]any) error {
			id := fmt.Sprint(doc[record.IDField])
			if at, twice := rooted[id]; twice && (!d.Keyed() || at == start) {
				return fmt.Errorf("%s/rows.sql gives objectID %s twice", d.Source, id)
			}
			rooted[id] = start
			want[id], err = digest(doc)
			return err
		}); err != nil && (!d.Keyed() || !foreignLetter(err)) {
			return nil, err
		}
	}
	return want, nil
}

// foreignLetter reports that a column cannot be compared with a key, because its charset
// lacks one of the key's letters: no row has the key.
func foreignLetter(err error) bool {
	var refused *mysql.MySQLError
	return errors.As(err, &refused) && slices.Contains([]uint16{1267, 1271, 3988}, refused.Number)
}

// allRoots returns every root id of the definition.
func allRoots(ctx context.Context, db *sql.DB, d entity.Definition) ([]any, error) {
	var now string
	if err := db.QueryRowContext(ctx, "SELECT CAST(NOW(6) + INTERVAL 1 DAY AS CHAR)").Scan(&now); err != nil {
		return nil, err
	}
	text, args := d.Changed.Bind(map[string][]any{"from": {"1970-01-01"}, "to": {now}})
	if d.Keyed() {
		return allKeys(ctx, db, d, query{text, args})
	}
	rows, err := db.QueryContext(ctx, "SELECT DISTINCT _root FROM ("+text+") AS changed WHERE _root >= 0", args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var roots []any
	for rows.Next() {
		var id uint64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		roots = append(roots, id)
	}
	return roots, rows.Err()
}

// allKeys returns every root of a definition whose roots are keys.
func allKeys(ctx context.Context, db *sql.DB, d entity.Definition, q query) ([]any, error) {
	rows, err := db.QueryContext(ctx, q.text, q.args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var roots []any
	seen := map[string]bool{}
	for rows.Next() {
		values := make([]any, len(d.Key))
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		null := false
		for i, v := range values {
			if b, ok := v.([]byte); ok && d.Key[i] == entity.Text {
				values[i] = string(b)
			}
			null = null || v == nil
		}
		if text := fmt.Sprintf("%q", values); !null && !seen[text] {
			seen[text] = true
			if len(values) == 1 {
				roots = append(roots, values[0])
			} else {
				roots = append(roots, values)
			}
		}
	}
	return roots, rows.Err()
}

// query is a statement with its arguments.
type query struct {
	text string
	args []any
}

// eachDocument runs a rows query and calls fn with each row as a document.
func eachDocument(ctx context.Context, db *sql.DB, d entity.Definition, q query, fn func(map[string]any) error) error {
	rows, err := db.QueryContext(ctx, q.text, q.args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	values := make([]any, len(types))
	into := make([]any, len(types))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		doc := map[string]any{}
		for i, t := range types {
			if strings.HasPrefix(t.Name(), "_") || values[i] == nil || isZeroDate(values[i]) {
				continue
			}
			kind := d.Types[t.Name()]
			if t.Name() == d.Account && d.Account != "" {
				kind = record.String
			}
			v, err := value(values[i], t.DatabaseTypeName(), kind)
			if err != nil {
				return fmt.Errorf("%s: %w", t.Name(), err)
			}
			put(doc, strings.Split(t.Name(), "."), v)
			if t.Name() == d.Account && d.Format.AccountKey {
				doc["accountKey"] = fmt.Sprintf("a%x", textOf(values[i]))
			}
		}
		if len(d.Format.IDs) > 0 {
			doc[record.IDField] = secretID(d.Format.IDs, fmt.Sprint(doc[record.IDField]))
		}
		if err := fn(doc); err != nil {
			return err
		}
	}
	return rows.Err()
}

// secretID returns the id of a record whose ids carry the proof of a secret.
func secretID(secret []byte, id string) string {
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(id)) // never fails
	return id + "-" + strings.ToLower(strings.TrimRight(base32.StdEncoding.EncodeToString(mac.Sum(nil)[:16]), "="))
}

// isZeroDate reports MySQL's 0000-00-00, which old tables use for "unknown" and the
// driver gives as Go's zero time: the record has no such field.
func isZeroDate(v any) bool {
	t, ok := v.(time.Time)
	return ok && t.IsZero()
}

// put sets a value at a dotted path.
func put(doc map[string]any, path []string, v any) {
	for _, name := range path[:len(path)-1] {
		inner, ok := doc[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			doc[name] = inner
		}
		doc = inner
	}
	doc[path[len(path)-1]] = v
}

// value returns a column's value in the form that decoded JSON has.
func value(v any, databaseType string, kind record.Kind) (any, error) {
	if t, ok := v.(time.Time); ok {
		return float64(t.UnixMilli()), nil // microseconds would not fit a float64 from the year 2255 on
	}
	text := textOf(v)
	switch {
	case databaseType == "BIT" && kind != record.String:
		n := 0.0
		for _, b := range []byte(text) {
			n = n*256 + float64(b)
		}
		if kind == record.Bool {
			return n != 0, nil
		}
		return n, nil
	case kind == record.Bool:
		return isTrue(text)
	case kind == record.JSON || databaseType == "JSON" && kind == record.Auto:
		var decoded any
		err := json.Unmarshal([]byte(text), &decoded)
		return decoded, err
	case kind == record.String || isText(databaseType) && kind == record.Auto:
		return text, nil
	default:
		return strconv.ParseFloat(strings.TrimSpace(text), 64)
	}
}

// isTrue reads true and false as tables write them.
func isTrue(text string) (bool, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n != 0, nil
	}
	switch text {
	case "y", "yes", "t", "true", "on":
		return true, nil
	case "", "n", "no", "f", "false", "off":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", text)
}

// isText reports a column type whose values are text.
func isText(databaseType string) bool {
	return strings.Contains(databaseType, "CHAR") || strings.Contains(databaseType, "TEXT") || databaseType == "ENUM" || databaseType == "SET" || databaseType == "TIME"
}

// textOf formats the driver's value.
func textOf(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}
