package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// drain ends a server within limit: it stops accepting, and the requests under
// way have two thirds of the time to finish. Then endRequests ends their
// contexts, and in the last third work stops at a place of its own choosing: a
// page puts itself back and is delivered again, instead of waiting for its lease
// to run out.
func drain(srv *http.Server, endRequests context.CancelFunc, limit time.Duration) error {
	patience := time.AfterFunc(limit*2/3, endRequests)
	defer patience.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests did not finish in %v: %w", limit, err), srv.Close())
	}
	return nil
}
