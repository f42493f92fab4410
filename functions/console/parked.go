package console

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/runlog"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
)

// parkedAnswer is a page of parked records.
type parkedAnswer struct {
	Records []store.Parked `json:"records"`
	Next    string         `json:"next,omitempty"` // the id behind which the next page begins
}

// parked answers with parked records of an entity: those of one cause, of one account or
// since a time, or the one named.
func (f *function) parked(r *http.Request) (any, error) {
	q := r.URL.Query()
	if q.Get("entity") == "" {
		return nil, errNoEntity
	}
	d, err := f.live(r.Context(), q.Get("entity"))
	if err != nil {
		return nil, err
	}
	if named := q.Get("record"); named != "" {
		list, err := f.Store.Parked.Named(r.Context(), d.Name, []string{named})
		return parkedAnswer{Records: append([]store.Parked{}, list...)}, err
	}
	most, err := limit(q)
	if err != nil {
		return nil, err
	}
	return f.parkedPage(r.Context(), d, q, most)
}

// parkedPage reads on behind a record until a page of a cause is full.
func (f *function) parkedPage(ctx context.Context, d entity.Definition, q url.Values, most int) (parkedAnswer, error) {
	a := parkedAnswer{Records: []store.Parked{}}
	since, err := since(ctx, q, f.Store)
	if err != nil {
		return a, err
	}
	for after := q.Get("after"); ; {
		list, err := f.Store.Parked.After(ctx, d.Name, q.Get("reason"), after, sqldb.ChunkSize)
		if err != nil || len(list) == 0 {
			return a, err
		}
		after = list[len(list)-1].ObjectID
		list = slices.DeleteFunc(list, func(p store.Parked) bool {
			return q.Has("cause") && p.Cause() != q.Get("cause") || p.LastSeen.Before(since)
		})
		if list, err = f.ofAccount(ctx, d, q.Get("account"), list); err != nil {
			return a, err
		}
		for _, p := range list {
			if len(a.Records) == most {
				a.Next = a.Records[most-1].ObjectID
				return a, nil
			}
			a.Records = append(a.Records, p)
		}
	}
}

// ofAccount keeps the parked records whose roots belong to an account, by their rows as
// they are now; an empty account keeps all. Roots without rows belong to nobody.
func (f *function) ofAccount(ctx context.Context, d entity.Definition, account string, list []store.Parked) ([]store.Parked, error) {
	if account == "" || len(list) == 0 {
		return list, nil
	}
	var roots []uint64
	for _, p := range list {
		roots = append(roots, p.Root)
	}
	slices.Sort(roots)
	rows, err := f.Bench.Source.Rows(ctx, d, slices.Compact(roots))
	if err != nil {
		return nil, err
	}
	theirs := map[uint64]bool{}
	for _, r := range rows.Records {
		var fields map[string]any
		if json.Unmarshal(r.Body, &fields) == nil && fields[d.Account] == account {
			theirs[r.Root] = true
		}
	}
	return slices.DeleteFunc(list, func(p store.Parked) bool { return !theirs[p.Root] }), nil
}

// since reads ?since=, a duration back from now such as 24h; the zero time for none.
func since(ctx context.Context, q url.Values, db *store.DB) (time.Time, error) {
	text := q.Get("since")
	if text == "" {
		return time.Time{}, nil
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago <= 0 {
		return time.Time{}, fault.New(fault.Invalid, "bad-since", "since is %q: write a duration such as 24h", text).WithParam("since")
	}
	now, err := db.Now(ctx)
	return now.Add(-ago), err
}

// log answers with entries of the run log, newest first: ?entity=, ?severity=, ?since=,
// ?before=, ?limit=.
func (f *function) log(r *http.Request) (any, error) {
	q := r.URL.Query()
	filter := runlog.Filter{Subject: q.Get("entity")}
	var err error
	if text := q.Get("severity"); text != "" {
		if filter.Least, err = runlog.ParseSeverity(text); err != nil {
			return nil, fault.New(fault.Invalid, "bad-severity", "severity is %q: write info, warning or error", text).WithParam("severity")
		}
	}
	if filter.Limit, err = limit(q); err != nil {
		return nil, err
	}
	if filter.Before, err = whole(q, "before", 0, 1<<62); err != nil {
		return nil, err
	}
	if filter.Since, err = since(r.Context(), q, f.Store); err != nil {
		return nil, err
	}
	list, err := f.Tables.RunLog.ReadLog(r.Context(), filter)
	slices.Reverse(list)
	return append([]runlog.Entry{}, list...), err
}
