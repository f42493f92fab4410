package sqldb_test

import (
	"strconv"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

func TestRebind(t *testing.T) {
	for query, want := range map[string]string{
		"":                            "",
		"SELECT 1":                    "SELECT 1",
		"a = ? AND b = ?":             "a = $1 AND b = $2",
		"'?' = ?":                     "'?' = $1",
		"'it''s ?' = ?":               "'it''s ?' = $1",
		`"a?""?" = ?`:                 `"a?""?" = $1`,
		"`a?` = ? AND ARRAY[?] = b":   "`a?` = $1 AND ARRAY[$2] = b",
		"? -- why?\n, ?":              "$1 -- why?\n, $2",
		"? /* why? */, ? /* no end ?": "$1 /* why? */, $2 /* no end ?",
		"? - -? / * ?":                "$1 - -$2 / * $3",
		`'\' = ?`:                     `'\' = $1`,
		"x = 'no end ?":               "x = 'no end ?",
		"?,?,?,?,?,?,?,?,?,?,?":       "$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11",
		"name = 'Zoë?' AND city = ?":  "name = 'Zoë?' AND city = $1",
	} {
		if got := sqldb.Rebind(sqldb.PostgreSQL, query); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
		if got := sqldb.Rebind(sqldb.MySQL, query); got != query {
			t.Errorf("MySQL: %s became %s", query, got)
		}
	}
	if got := sqldb.Rebind(sqldb.SQLServer, "[a?]]?] = ? AND b = ? AND [no end ?"); got != "[a?]]?] = @p1 AND b = @p2 AND [no end ?" {
		t.Error(got)
	}
}

// FuzzRebind builds a statement of pieces and demands that code is rebound and
// everything else is left alone.
func FuzzRebind(f *testing.F) {
	f.Add("a = ?", "it's ?", uint8(0))
	f.Add("?-?", "x?\n?", uint8(4))
	f.Add("/ ?", "?*?", uint8(5))
	f.Fuzz(func(t *testing.T, code, inner string, kind uint8) {
		code = strings.NewReplacer("'", "", `"`, "", "`", "", "[", "", "]", "", "-", "", "/", "").Replace(code)
		opaque := []string{
			"'" + strings.ReplaceAll(inner, "'", "''") + "'", `"` + strings.ReplaceAll(inner, `"`, `""`) + `"`,
			"`" + strings.ReplaceAll(inner, "`", "``") + "`", "[" + strings.ReplaceAll(inner, "]", "]]") + "]",
			"--" + strings.ReplaceAll(inner, "\n", "") + "\n", "/*" + strings.ReplaceAll(inner, "*", "") + "*/",
		}[kind%6]
		numbered := func(text string, from int) (string, int) {
			var b strings.Builder
			for i := range len(text) {
				if text[i] != '?' {
					b.WriteByte(text[i])
					continue
				}
				b.WriteString("@p" + strconv.Itoa(from))
				from++
			}
			return b.String(), from
		}
		first, next := numbered(code, 1)
		second, _ := numbered(code, next)
		if got, want := sqldb.Rebind(sqldb.SQLServer, code+opaque+code), first+opaque+second; got != want {
			t.Errorf("%q %q\n got %q\nwant %q", code, opaque, got, want)
		}
	})
}
