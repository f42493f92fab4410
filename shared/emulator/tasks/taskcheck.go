package tasks

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/proto"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/push"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/resource"
)

// Limits of a task.
const (
	maxTaskBytes    = 100 << 10
	maxAhead        = 30 * 24 * time.Hour
	retention       = 31 * 24 * time.Hour
	defaultDeadline = 10 * time.Minute
)

var taskKind = resource.Kind{
	Collection: "tasks",
	ID:         regexp.MustCompile(`^[A-Za-z0-9_-]{1,500}$`),
	IDRule:     "1 to 500 letters, digits, hyphens, underscores",
}

// checkTask refuses tasks that Cloud Tasks would refuse, and targets that this
// emulator does not have.
func checkTask(parent string, message *cloudtaskspb.Task, now time.Time) error {
	if message == nil {
		return errors.New("task is required")
	}
	if name := message.GetName(); name != "" {
		if err := resource.Check("task.name", name, queueKind, taskKind); err != nil {
			return err
		}
		if resource.Parent(name) != parent {
			return fmt.Errorf("task.name %q is not in queue %q", name, parent)
		}
	}
	if at := message.GetScheduleTime(); at != nil {
		if err := at.CheckValid(); err != nil {
			return fmt.Errorf("task.schedule_time: %w", err)
		}
		if ahead := at.AsTime().Sub(now); ahead > maxAhead {
			return fmt.Errorf("task.schedule_time is %v ahead, at most %v are allowed", ahead.Round(time.Second), maxAhead)
		}
	}
	if deadline := message.GetDispatchDeadline(); deadline != nil {
		if err := push.CheckDeadline("task.dispatch_deadline", deadline.AsDuration()); err != nil {
			return err
		}
	}
	if err := checkRequest(message.GetHttpRequest()); err != nil {
		return err
	}
	if size := proto.Size(message); size > maxTaskBytes {
		return fmt.Errorf("task size too large: %d bytes, at most %d are allowed", size, maxTaskBytes)
	}
	return nil
}

func checkRequest(request *cloudtaskspb.HttpRequest) error {
	if request == nil {
		return errors.New("task.http_request is required: this emulator has HTTP targets only")
	}
	if err := push.CheckURL("task.http_request.url", request.GetUrl()); err != nil {
		return err
	}
	if err := push.CheckHeaders(request.GetHeaders()); err != nil {
		return fmt.Errorf("task.http_request.headers: %w", err)
	}
	if err := push.CheckBody(method(request), request.GetBody()); err != nil {
		return fmt.Errorf("task.http_request.body: %w", err)
	}
	if request.GetOauthToken() != nil {
		return errors.New("task.http_request.oauth_token: this emulator signs OIDC tokens only")
	}
	if token := request.GetOidcToken(); token != nil && token.GetServiceAccountEmail() == "" {
		return errors.New("task.http_request.oidc_token.service_account_email is required")
	}
	return nil
}

// method is the HTTP method of a request, POST where none is set.
func method(request *cloudtaskspb.HttpRequest) string {
	if request.GetHttpMethod() == cloudtaskspb.HttpMethod_HTTP_METHOD_UNSPECIFIED {
		return "POST"
	}
	return request.GetHttpMethod().String()
}
