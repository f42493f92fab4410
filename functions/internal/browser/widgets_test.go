package browser

import (
	"database/sql"
	"maps"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/functions/search"
)

// clients is the folder of the official clients and widgets.
const clients = "../../../testdata/clients"

// widgetChecks is how many checks of widgets there are over each of the two ways.
const widgetChecks = 80

// TestWidgets mounts the official widgets over the search function and over the index
// itself, in node: InstantSearch.js, React as a server renders it, Vue and Autocomplete.
// What they show is counted by hand from the database. Left out: widgets of maps, because
// records have no places, and of recommendations, which are another API.
func TestWidgets(t *testing.T) {
	w := enter(t)
	rows, few := w.rows(t)
	for _, c := range []map[string]any{
		{"name": "function", "through": w.URL(search.Function.Name), "token": w.token(t, own), "index": "returns", "sorts": []string{"returns_" + sorted}},
		w.straight(t),
	} {
		config := maps.Clone(c)
		config["rows"], config["few"] = rows, few
		if config["name"] == nil {
			config["name"] = "index"
		}
		t.Logf("over the %s", config["name"])
		all(t, "widgets.js", config, widgetChecks)
	}
}

// rows returns the account's items, and an id below which there are few returns.
func (w *world) rows(t *testing.T) (list []map[string]any, few int64) {
	t.Helper()
	rows, err := w.DB.QueryContext(t.Context(), `SELECT r.id, r.customer_return_number, r.courier_name, i.return_reason, NULLIF(r.external_channel_id, ''), r.return_type, r.is_cod,
		CAST(ROUND(r.refund_amount * 100) AS SIGNED), r.pickup_state, CAST(FLOOR(UNIX_TIMESTAMP(GREATEST(r.updated_at, i.updated_at)) * 1000) AS SIGNED)`+from+"TRUE ORDER BY r.id, i.id", own)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, updated int64
		var number, courier, reason, channel, kind, state sql.NullString
		var cod bool
		var amount sql.NullInt64
		if err := rows.Scan(&id, &number, &courier, &reason, &channel, &kind, &cod, &amount, &state, &updated); err != nil {
			t.Fatal(err)
		}
		row := map[string]any{"returnId": id, "cod": cod, "updatedAt": updated}
		for name, text := range map[string]sql.NullString{"number": number, "courier": courier, "reason": reason, "channel": channel, "returnType": kind, "state": state} {
			if text.Valid {
				row[name] = text.String
			}
		}
		if amount.Valid {
			row["amount"] = amount.Int64
		}
		if list = append(list, row); len(list) == 12 {
			few = id
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list, few
}
