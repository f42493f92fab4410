package rehearsal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/grants"
)

// marker is the table by which a stack knows a schema as its own.
const marker = "return_sync_rehearsal"

// ownSchema makes a schema this stack's own: an empty one is marked, a marked one is
// taken over, and any other is refused, because the stack fills tables and changes rows.
//
// The emulated index begins empty with every start, so the state that described the last
// one goes: the first sync then fills the index again from the rows that stay.
func (s *Stack) ownSchema(ctx context.Context) error {
	if err := s.alone(ctx); err != nil {
		return err
	}
	tables, err := s.schemaTables(ctx)
	if err != nil {
		return err
	}
	if len(tables) > 0 && !tables[marker] {
		return fmt.Errorf("the schema %s holds tables that this program did not make, and it would write into them: name another database in --dsn, or an empty one", s.Options.Database)
	}
	if _, err := s.DB.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+marker+" (content VARCHAR(1024) NOT NULL)"); err != nil {
		return err
	}
	for _, table := range grants.Tables() {
		if !tables[table] {
			continue
		}
		if _, err := s.DB.ExecContext(ctx, "DROP TABLE "+table); err != nil {
			return err
		}
	}
	return nil
}

// lock is the name of the schema's lock, in SQL.
const lock = "CONCAT('return-sync ', MD5(DATABASE()))"

// leaving is how many seconds the server may take to notice that a process is gone.
const leaving = 5

// alone takes the schema's lock until the stack closes, or the server notices that this
// process is gone. A second stack would drop the state from under the first.
func (s *Stack) alone(ctx context.Context) error {
	conn, err := s.DB.Conn(ctx)
	if err != nil {
		return err
	}
	s.closing(func() error {
		// A server may be gone first, and the lock with it.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+lock+")")
		return conn.Close()
	})
	var got sql.NullInt64
	err = conn.QueryRowContext(ctx, "SELECT GET_LOCK("+lock+", ?)", leaving).Scan(&got)
	if err == nil && got.Int64 != 1 {
		err = fmt.Errorf("another run of this program uses the schema %s: end it, or name another database in --dsn", s.Options.Database)
	}
	return err
}

// SourceTables returns the tables and views of a stack's own schema that are neither ours
// nor the stack's.
func SourceTables(ctx context.Context, s *Stack) ([]string, error) {
	tables, err := s.schemaTables(ctx)
	delete(tables, marker)
	for _, table := range grants.Tables() {
		delete(tables, table)
	}
	return slices.Sorted(maps.Keys(tables)), err
}

// schemaTables returns the tables of the stack's schema.
func (s *Stack) schemaTables(ctx context.Context) (map[string]bool, error) {
	rows, err := s.DB.QueryContext(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	tables := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		tables[name] = true
	}
	return tables, rows.Err()
}

// Content returns what a stack's own schema was filled with, empty for nothing yet.
func (s *Stack) Content(ctx context.Context) (content string, err error) {
	err = s.DB.QueryRowContext(ctx, "SELECT content FROM "+marker+" LIMIT 1").Scan(&content)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return content, err
}

// SetContent notes what a stack's own schema was filled with.
func (s *Stack) SetContent(ctx context.Context, content string) error {
	_, err := s.DB.ExecContext(ctx, "INSERT INTO "+marker+" (content) VALUES (?)", content)
	return err
}
