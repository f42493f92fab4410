package transfer

import (
	"context"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/tokens"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/tokens/postgres"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/worker"
)

// The pace of batches of tokens.
const (
	tokensEvery = time.Minute
	tokensPause = time.Second
	mostTokens  = 10000
)

// The models of the flow of tokens.
const (
	tokenModel  = "res.partner.fstoken"
	personModel = "res.partner"
)

// tokenBatches says where Odoo's own database is. A Size of 0 is none.
type tokenBatches struct {
	Size     int
	Database store.Address
	Login    string // of the synchronisation's user of Odoo
}

// tokens reads the keys of batches of tokens.
func (r *reader) tokens(sides string) tokenBatches {
	t := tokenBatches{Size: r.number("token_batch_size", 0, mostTokens), Login: r.values["online_sosync_user"]}
	if t.Size == 0 {
		return t
	}
	if sides != systems {
		r.wrong("token_batch_size", "wants sides = systems")
	}
	for into, from := range map[string]string{"online_db_port": "5432", "online_db_name": r.values["online_db"]} {
		if r.values[into] == "" {
			r.values[into] = from
		}
	}
	t.Database = store.Address{
		Host: r.needed("online_db_host"), Port: uint16(r.number("online_db_port", 1, 65535)), Name: r.needed("online_db_name"),
		User: r.needed("online_db_user"), Password: r.values["online_db_user_pw"], Connections: 1,
	}
	return t
}

// open opens Odoo's own database. It does not connect.
func (t tokenBatches) open() (*postgres.Table, func() error, error) {
	db, err := store.OpenPostgreSQL(t.Database)
	if err != nil {
		return nil, nil, err
	}
	return postgres.New(db, t.Login), db.Close, nil
}

// openTokens joins the parts of the batches of tokens, if there are any.
func (s *Service) openTokens(w *worker.Worker, both sides, jobs *store.Store) error {
	t := s.config.Tokens
	if t.Size == 0 {
		return nil
	}
	flow, known := s.config.Flows.Named(tokenModel)
	person, also := s.config.Flows.Named(personModel)
	studio, reads := both.studio.(*mssql.Side)
	if !known || !also || !reads || !flow.Writes(transfer.Online) {
		return errors.New("token_batch_size: no flow brings " + tokenModel + " and " + personModel + " from a SQL Server to Odoo: set it to 0")
	}
	table, closing, err := t.open()
	if err != nil {
		return err
	}
	s.closeTokens = closing
	b := &tokens.Batches{Studio: studio, Table: table, Jobs: jobs, Flow: flow, Person: person, Size: t.Size, Pause: tokensPause, Hold: w.Hold, Now: time.Now, Log: s.log}
	s.tokens = worker.NewBackground("token batch", s.log, func(ctx context.Context, _ <-chan struct{}) error {
		ctx, cancel := context.WithTimeout(ctx, 10*tokensEvery)
		defer cancel()
		_, err := w.Under(ctx, func(ctx context.Context) error {
			done, err := b.Run(ctx)
			if done.Linked+done.Jobs > 0 {
				s.log.InfoContext(ctx, "batches of tokens ended", "linked", done.Linked, "jobs", done.Jobs)
			}
			if done.Jobs > 0 {
				s.jobs.Start()
			}
			return err
		})
		return err
	})
	return nil
}

// timeTokens starts the batches at once, and every minute.
func (s *Service) timeTokens(ctx context.Context) {
	if s.tokens == nil {
		return
	}
	tick := time.NewTicker(tokensEvery)
	defer tick.Stop()
	for {
		s.tokens.Start()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
