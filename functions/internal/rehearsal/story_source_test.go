package rehearsal

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// returns adds returns 1 to N with one item each.
func (s *story) returns(rest string) error {
	count, when, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	at := time.Now().UTC()
	if when != "" {
		if at, err = s.at(when); err != nil {
			return err
		}
	}
	for id := 1; id <= n; id++ {
		_, err := s.stack.DB.ExecContext(s.t.Context(), `INSERT INTO order_return (id, account_slug, customer_return_number, customer_order_number, created_at, updated_at)
			VALUES (?, 'acme', ?, ?, ?, ?)`, id, fmt.Sprint("RN-", id), fmt.Sprint("O-", id), at, at)
		if err != nil {
			return err
		}
		_, err = s.stack.DB.ExecContext(s.t.Context(), `INSERT INTO order_return_item (id, order_return_id, line_no, sku, quantity, created_at, updated_at)
			VALUES (?, ?, 1, 'SKU', 1, ?, ?)`, id, id, at, at)
		if err != nil {
			return err
		}
	}
	return nil
}

// sql writes as the owner's application; every statement must touch a row, or
// the story would be about nothing.
func (s *story) sql(rest string) error {
	for statement := range strings.SplitSeq(rest, ";") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		res, err := s.stack.DB.ExecContext(s.t.Context(), statement)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("no row was touched, %v", err)
		}
	}
	return nil
}

// alter changes the owner's tables, as a release of the owner's application does.
func (s *story) alter(statement string) error {
	_, err := s.stack.DB.ExecContext(s.t.Context(), statement)
	return err
}

// openTx writes in a transaction that stays open.
func (s *story) openTx(rest string) (err error) {
	if s.open == nil {
		if s.open, err = s.stack.DB.BeginTx(context.Background(), nil); err != nil {
			return err
		}
	}
	_, err = s.open.ExecContext(s.t.Context(), rest)
	return err
}

// commit commits the open transaction.
func (s *story) commit(string) error {
	tx := s.open
	s.open = nil
	if tx == nil {
		return fmt.Errorf("there is no open transaction")
	}
	return tx.Commit()
}

// server sets a global variable and sets it back at the story's end.
func (s *story) server(rest string) error {
	name, value, _ := strings.Cut(rest, " ")
	var before string
	if err := s.stack.DB.QueryRowContext(s.t.Context(), "SELECT @@GLOBAL."+name).Scan(&before); err != nil {
		return err
	}
	s.t.Cleanup(func() {
		if _, err := s.stack.DB.ExecContext(context.Background(), "SET GLOBAL "+name+" = ?", before); err != nil {
			s.t.Error(err)
		}
	})
	_, err := s.stack.DB.ExecContext(s.t.Context(), "SET GLOBAL "+name+" = ?", value)
	return err
}

// cut cuts every connection to the story's database but its own.
func (s *story) cut(string) error {
	ctx := s.t.Context()
	conn, err := s.stack.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	rows, err := conn.QueryContext(ctx, "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return fmt.Errorf("there is no connection to cut, %v", err)
	}
	for _, id := range ids {
		// One that has ended by itself meanwhile is as good as cut.
		_, _ = conn.ExecContext(ctx, fmt.Sprint("KILL CONNECTION ", id))
	}
	return nil
}
