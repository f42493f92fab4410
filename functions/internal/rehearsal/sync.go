package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/errs"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gitlab.com/eshopbox-team/return-sync/functions/cron"
	"gitlab.com/eshopbox-team/return-sync/functions/watch"
	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/oracle"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// Tick calls the cron function for one entity, as a person would.
func (s *Stack) Tick(ctx context.Context, entityName string) (flow.Started, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(cron.Function.Name)+"?entity="+entityName, nil)
	if err != nil {
		return flow.Started{}, err
	}
	res, err := s.Do(req)
	if err != nil {
		return flow.Started{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return flow.Started{}, err
	}
	var answer struct{ Started []flow.Started }
	if res.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil || len(answer.Started) != 1 {
		return flow.Started{}, fmt.Errorf("the cron function answered %d: %s", res.StatusCode, body)
	}
	return answer.Started[0], nil
}

// Watch plays a round of the watch function, as the scheduler's job does each
// minute: it asks the index, and opens and closes alerts.
func (s *Stack) Watch(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(watch.Function.Name), nil)
	if err != nil {
		return err
	}
	res, err := s.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the watch function answered %d: %s", res.StatusCode, body)
	}
	return err
}

// poll is how often Follow looks.
const poll = 20 * time.Millisecond

// Sync ticks an entity and follows its run to its end. each, if not nil, is
// called with the run as it goes on.
func (s *Stack) Sync(ctx context.Context, entityName string, each func(run.Run)) (run.Run, error) {
	before, err := s.newest(ctx, entityName)
	if err != nil {
		return run.Run{}, err
	}
	if _, err := s.Tick(ctx, entityName); err != nil {
		return run.Run{}, err
	}
	for {
		r, err := s.newest(ctx, entityName)
		if err != nil {
			return run.Run{}, err
		}
		if r.ID > before.ID {
			if each != nil {
				each(r)
			}
			if r.State.Final() {
				return r, nil
			}
		}
		select {
		case <-ctx.Done():
			return r, fmt.Errorf("the sync did not end: %w", ctx.Err())
		case <-time.After(poll):
		}
	}
}

// DeliverNow dispatches every waiting task of every queue, whatever time it was
// planned for and however many run already.
func (s *Stack) DeliverNow(ctx context.Context) error {
	for name := range s.queues() {
		request := &cloudtaskspb.ListTasksRequest{Parent: Location + "/queues/" + name}
		for {
			list, err := s.Tasks.ListTasks(ctx, request)
			if err != nil {
				return err
			}
			for _, task := range list.GetTasks() {
				// A task that has just ended is not there any more.
				_, err := s.Tasks.RunTask(ctx, &cloudtaskspb.RunTaskRequest{Name: task.GetName()})
				if err != nil && status.Code(err) != codes.NotFound {
					return err
				}
			}
			if request.PageToken = list.GetNextPageToken(); request.PageToken == "" {
				break
			}
		}
	}
	return nil
}

// Delivered waits until every delivery of a queue that had begun before the call
// has ended. Deliveries that begin later are not waited for.
func (s *Stack) Delivered(ctx context.Context) error {
	for s.Tasks.Stats().Running > 0 {
		hold(ctx, poll)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// newest returns an entity's newest run, the zero run before the first.
func (s *Stack) newest(ctx context.Context, entityName string) (run.Run, error) {
	list, err := s.Store.Runs.Newest(ctx, entityName, 1)
	if err != nil || len(list) == 0 {
		return run.Run{}, err
	}
	return list[0], nil
}

// Entity returns a definition by name.
func (s *Stack) Entity(name string) (entity.Definition, error) {
	return entity.List(s.Entities).Named(name)
}

// ForgetWatermark makes the next window begin with history again, so that it
// covers the ground of the last one.
func (s *Stack) ForgetWatermark(ctx context.Context, d entity.Definition) error {
	_, err := s.DB.ExecContext(ctx, "UPDATE order_return_algolia_sync SET date_range_end = NULL WHERE job_type = ?", d.JobType)
	return err
}

// Compare asks the oracle whether the index holds the records of the database.
// Parked records are left out.
func (s *Stack) Compare(ctx context.Context, d entity.Definition) (oracle.Report, error) {
	const many = 1_000_000
	parked, err := s.Store.Parked.Open(ctx, d.Name, many)
	if err != nil {
		return oracle.Report{}, err
	}
	except := make(map[string]bool, len(parked))
	for _, p := range parked {
		except[p.ObjectID] = true
	}
	return oracle.Compare(ctx, s.DB, d, s.browse(d.Index), except)
}

// browse reads an index through the v3 client; an index that is not there is
// empty.
func (s *Stack) browse(index string) oracle.Browser {
	return func(ctx context.Context, each func(map[string]any) error) error {
		conf, err := algolia.Configuration(AppID, AdminKey, s.algoliaURL)
		if err != nil {
			return err
		}
		objects, err := search.NewClientWithConfig(conf).InitIndex(index).BrowseObjects(ctx)
		for err == nil {
			var object map[string]any
			if object, err = nextObject(objects); err == nil {
				err = each(object)
			}
		}
		if _, missing := errs.IsAlgoliaErrWithCode(err, http.StatusNotFound); missing || errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
}

// nextObject returns the next object of an iterator, io.EOF after the last.
func nextObject(objects *search.ObjectIterator) (map[string]any, error) {
	var object map[string]any
	_, err := objects.Next(&object)
	return object, err
}
