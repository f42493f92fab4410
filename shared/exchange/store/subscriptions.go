package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

const subColumns = "b.id, b.slice_id, b.company_id, b.name, b.description, b.active, b.vanished, b.created_at, b.updated_at"

// subFields returns the destinations of subColumns.
func subFields(b *exchange.Subscription) []any {
	return []any{&b.ID, &b.SliceID, &b.CompanyID, &b.Name, &b.Description, &b.Active, &b.Vanished, &b.CreatedAt, &b.UpdatedAt}
}

const subQuery = "SELECT " + subColumns + ", " + sliceColumns + " FROM exchange_subscription b JOIN exchange_slice s ON s.id = b.slice_id "

func scanSub(row sqldb.Row) (b exchange.Subscription, err error) {
	b.Slice = &exchange.Slice{}
	err = row.Scan(append(subFields(&b), sliceFields(b.Slice)...)...)
	return b, err
}

// List returns subscriptions with their slices by name: a company's, or all
// for a nil company.
func (s *Subscriptions) List(ctx context.Context, company *exchange.ID) ([]exchange.Subscription, error) {
	where, args := "", []any(nil)
	if company != nil {
		where, args = "WHERE b.company_id = ? ", []any{bin(*company)}
	}
	list, err := sqldb.Collect(ctx, s.db, scanSub, subQuery+where+"ORDER BY b.name", args...)
	return list, sqldb.Outage(err, "read the subscriptions")
}

// Subscription returns one subscription with its slice.
func (s *Subscriptions) Subscription(ctx context.Context, id exchange.ID) (exchange.Subscription, error) {
	b, err := scanSub(s.db.QueryRowContext(ctx, subQuery+"WHERE b.id = ?", bin(id)))
	return b, notThere(err, "subscription")
}

// SubscriptionNamed returns one subscription by its name.
func (s *Subscriptions) SubscriptionNamed(ctx context.Context, name string) (exchange.Subscription, error) {
	b, err := scanSub(s.db.QueryRowContext(ctx, subQuery+"WHERE b.name = ?", name))
	return b, notThere(err, "subscription")
}

// CreateSubscription gives a company a slice.
func (s *Subscriptions) CreateSubscription(ctx context.Context, b exchange.Subscription) error {
	return s.db.InTx(ctx, "add a subscription", func(tx *sql.Tx) error {
		var found int
		err := tx.QueryRowContext(ctx, "SELECT (SELECT COUNT(*) FROM exchange_slice WHERE id = ?) + (SELECT COUNT(*) FROM exchange_company WHERE id = ?)",
			bin(b.SliceID), bin(b.CompanyID)).Scan(&found)
		if err != nil {
			return err
		}
		if found != 2 {
			return fault.New(fault.NotFound, "not-found", "there is no such slice or company")
		}
		return insertSub(ctx, tx, b)
	})
}

// insertSub adds a subscription's row.
func insertSub(ctx context.Context, tx *sql.Tx, b exchange.Subscription) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO exchange_subscription (id, slice_id, company_id, name, description, active, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, NOW(6), NOW(6))`, bin(b.ID), bin(b.SliceID), bin(b.CompanyID), b.Name, sqldb.Cut(b.Description, 255), b.Active)
	return taken(err, "another subscription has this id or name, or gives the company this slice")
}

// UpdateSubscription writes a subscription's name, description and flag.
func (s *Subscriptions) UpdateSubscription(ctx context.Context, b exchange.Subscription) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "UPDATE exchange_subscription SET name = ?, description = ?, active = ?, updated_at = NOW(6) WHERE id = ?",
		b.Name, sqldb.Cut(b.Description, 255), b.Active, bin(b.ID))
	return notThere(taken(err, "another subscription has this name"), "subscription")
}

// DeleteSubscription removes a subscription. The slice stays.
func (s *Subscriptions) DeleteSubscription(ctx context.Context, id exchange.ID) error {
	return notThere(sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "DELETE FROM exchange_subscription WHERE id = ?", bin(id)), "subscription")
}

// Published implements exchange.Catalog. Slices whose content changed are hashed
// first.
func (s *Subscriptions) Published(ctx context.Context, company exchange.ID) ([]exchange.Subscription, error) {
	stale, err := sqldb.Collect(ctx, s.db, sqldb.Column[exchange.ID], `SELECT s.id FROM exchange_slice s
		JOIN exchange_subscription b ON b.slice_id = s.id WHERE b.company_id = ? AND s.version <> s.hashed`, bin(company))
	if err != nil {
		return nil, sqldb.Outage(err, "read the slices of a company")
	}
	for _, id := range stale {
		if _, err := (&Slices{s.db}).Refresh(ctx, id); err != nil {
			return nil, err
		}
	}
	return s.List(ctx, &company)
}

// Allowed implements exchange.Catalog.
func (s *Subscriptions) Allowed(ctx context.Context, company, slice exchange.ID) error {
	var found int
	err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM exchange_subscription b JOIN exchange_company c ON c.id = b.company_id
		WHERE b.company_id = ? AND b.slice_id = ? AND b.active = 1 AND c.active = 1`, bin(company), bin(slice)).Scan(&found)
	if err != nil {
		return sqldb.Outage(err, "read a subscription")
	}
	if found == 0 {
		return fault.New(fault.Forbidden, "no-access", "No Access to this slice")
	}
	return nil
}

// Subscribed implements exchange.Catalog.
func (s *Subscriptions) Subscribed(ctx context.Context, company, slice exchange.ID) (exchange.State, error) {
	if err := s.Allowed(ctx, company, slice); err != nil {
		return exchange.State{}, err
	}
	current, err := (&Slices{s.db}).Refresh(ctx, slice)
	return exchange.State{Proof: current.Proof(), AllowSync: current.AllowSync, Type: current.Type, Date: current.Date, Metadata: current.Metadata}, err
}

// Held implements exchange.Local.
func (c *Copies) Held(ctx context.Context, primary exchange.ID) ([]exchange.Subscription, exchange.Names, error) {
	names := exchange.Names{Subscriptions: map[string]exchange.ID{}, Slices: map[string]exchange.ID{}, Holders: map[exchange.ID]exchange.ID{}}
	var held []exchange.Subscription
	all, err := (&Subscriptions{c.db}).List(ctx, nil)
	if err != nil {
		return nil, names, err
	}
	err = sqldb.Each(ctx, c.db, func(row sqldb.Row) error {
		var id exchange.ID
		var name string
		var publisher *exchange.ID
		err := row.Scan(&id, &name, &publisher)
		names.Slices[name], names.Holders[id] = id, exchange.First
		if publisher != nil {
			names.Holders[id] = *publisher
		}
		return err
	}, "SELECT id, name, publisher FROM exchange_slice")
	for _, b := range all {
		names.Subscriptions[b.Name] = b.ID
		names.Holders[b.SliceID] = b.CompanyID
		if b.CompanyID == primary {
			held = append(held, b)
		}
	}
	return held, names, sqldb.Outage(err, "read the slices that are held")
}

// Apply implements exchange.Local. What is staged for a slice that is not synced any more
// is removed.
func (c *Copies) Apply(ctx context.Context, plan exchange.Plan) error {
	return c.write(ctx, "apply a primary's subscriptions", func(tx *sql.Tx) error {
		for _, r := range plan.Renew {
			if _, err := tx.ExecContext(ctx, "UPDATE exchange_subscription SET id = ?, vanished = 0, updated_at = NOW(6) WHERE id = ?", bin(r.New.ID), bin(r.Old)); err != nil {
				return err
			}
		}
		for _, b := range plan.Add {
			if err := addHeld(ctx, tx, b); err != nil {
				return err
			}
		}
		if err := mark(ctx, tx, plan.Deactivate, "active = 0", "deactivated by primary"); err != nil {
			return err
		}
		if err := mark(ctx, tx, plan.Vanish, "vanished = 1", "no longer listed by primary; its content is kept"); err != nil {
			return err
		}
		for _, b := range plan.Return {
			if _, err := tx.ExecContext(ctx, "UPDATE exchange_subscription SET vanished = 0, updated_at = NOW(6) WHERE id = ?", bin(b.ID)); err != nil {
				return err
			}
		}
		var unsynced []exchange.ID
		for _, b := range slices.Concat(plan.Deactivate, plan.Vanish, plan.Idle) {
			unsynced = append(unsynced, b.SliceID)
		}
		return discard(ctx, tx, unsynced...)
	})
}

// addHeld adds a subscription that is new on a secondary, with its slice, which may be
// left from a subscription of before.
func addHeld(ctx context.Context, tx *sql.Tx, b exchange.Subscription) error {
	var publisher *exchange.ID
	err := tx.QueryRowContext(ctx, "SELECT publisher FROM exchange_slice WHERE id = ? FOR UPDATE", bin(b.SliceID)).Scan(&publisher)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if err = insertSlice(ctx, tx, *b.Slice); err == nil {
			_, err = tx.ExecContext(ctx, "UPDATE exchange_slice SET publisher = ? WHERE id = ?", bin(b.CompanyID), bin(b.SliceID))
		}
	case err == nil && (publisher == nil || *publisher != b.CompanyID):
		return fault.New(fault.Superseded, "taken", "another partner's subscription has brought this slice meanwhile")
	}
	if err != nil {
		return err
	}
	return insertSub(ctx, tx, b)
}

// mark changes subscriptions and keeps an activity for each.
func mark(ctx context.Context, tx *sql.Tx, list []exchange.Subscription, set, message string) error {
	for _, b := range list {
		if _, err := tx.ExecContext(ctx, "UPDATE exchange_subscription SET "+set+", updated_at = NOW(6) WHERE id = ?", bin(b.ID)); err != nil {
			return err
		}
		if err := record(ctx, tx, exchange.Activity{CompanyID: b.CompanyID, SubID: b.ID, Message: message}); err != nil {
			return err
		}
	}
	return nil
}
