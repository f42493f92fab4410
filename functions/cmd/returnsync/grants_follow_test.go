package main

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tools/follow"
	function "gitlab.com/eshopbox-team/return-sync/functions/follow"
	"gitlab.com/eshopbox-team/return-sync/shared/grants"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// TestFollowUnderDocumentedGrants follows as the user that terraform/README.md makes, and
// takes each right away.
func TestFollowUnderDocumentedGrants(t *testing.T) {
	p := underGrants(t, users{iam: true}, follow.Tool().Play)
	_, err := sample.Generate(t.Context(), p.DB, sample.GenerateOptions{Rows: 30, Seed: 3, Now: time.Now().Add(-3 * time.Hour)})
	p.must(err)
	synced(t, p.Stack)
	p.followed("from the start")

	p.admin("INSERT INTO order_return_item (order_return_id, line_no, sku, quantity) SELECT order_return_id, 77, 'followed', 1 FROM order_return_item LIMIT 1")
	p.admin("UPDATE order_return SET customer_name = 'followed', updated_at = updated_at WHERE id = 3")
	p.admin("DELETE FROM order_return_item WHERE order_return_id = 5")
	p.admin("UPDATE order_return_item SET order_return_id = 7, line_no = 78, updated_at = updated_at WHERE order_return_id = 8 LIMIT 1")
	p.followed("insert, update, delete and a moved child")

	for _, c := range []struct {
		right, on     string
		named, doctor string // in following's problem, and by doctor
	}{
		{"REPLICATION SLAVE", "*.*", "REPLICATION SLAVE", "it lacks REPLICATION SLAVE"},
		{"REPLICATION CLIENT", "*.*", "REPLICATION CLIENT", "it lacks REPLICATION CLIENT"},
		{"SELECT", "warehouse.order_return_item", "the table order_return_item is not there, or the account may not read it", "order_return_item"},
		{"INSERT", "warehouse.sync_recheck", "INSERT command denied", "INSERT on sync_recheck"},
	} {
		const user = "'return-sync-follow'@'%'"
		p.admin("REVOKE " + c.right + " ON " + c.on + " FROM " + user)
		p.restart()
		p.admin("UPDATE order_return SET customer_name = CONCAT(customer_name, '!'), updated_at = updated_at WHERE id = 9")
		p.until(c.right+" on "+c.on+" is named", func() bool {
			state, err := p.Store.Follow.State(t.Context())
			p.must(err)
			return strings.Contains(state.Problem, c.named)
		})
		environment := p.Environment()
		environment["SOURCE_DSN"] = p.dsn(grants.Follow)
		environment["STATE_DSN"] = environment["SOURCE_DSN"]
		if r := call(t, surroundings(t, environment), "doctor"); !strings.Contains(r.out, c.doctor) {
			t.Errorf("without %s on %s doctor says\n%s%s", c.right, c.on, r.out, r.log)
		}
		p.admin("GRANT " + c.right + " ON " + c.on + " TO " + user)
		p.restart()
		p.followed("with " + c.right + " on " + c.on + " again")
	}
}

// restart starts the function that follows again: rights count for new connections.
func (p *place) restart() {
	p.t.Helper()
	p.must(p.Kill(function.Name))
	p.must(p.Revive(p.t.Context(), function.Name))
}

// until waits until something holds.
func (p *place) until(what string, holds func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			state, err := p.Store.Follow.State(p.t.Context())
			p.t.Fatalf("not in 3 minutes: %s; following is %+v, %v", what, state, err)
		}
	}
}

// followed waits until all that was changed is in the index.
func (p *place) followed(when string) {
	p.t.Helper()
	d, err := p.Entity("returns")
	p.must(err)
	p.until(when+": the index equals the database", func() bool {
		state, err := p.Store.Follow.State(p.t.Context())
		p.must(err)
		if state == nil || !state.Held || state.Problem != "" || len(state.Gaps) > 0 {
			return false
		}
		r, err := p.Compare(p.t.Context(), d)
		p.must(err)
		return r.Differences() == 0
	})
}
