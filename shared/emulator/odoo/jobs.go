package odoo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"
)

// post notes a transfer job of a record.
func (c *call) post(id int64, kind string, more map[string]any) {
	row := c.table.rows[id]
	job := map[string]any{
		"job_date": c.options.Now().UTC().Format(secondsForm), "job_source_system": "fso", "job_source_model": c.table.Name, "job_source_record_id": id,
		"job_source_sosync_write_date": row["sosync_write_date"],
	}
	if kind != "" {
		job["job_source_type"] = kind
		job["job_source_sosync_write_date"] = c.options.Now().UTC().Format(exactForm)
	}
	if fs, ok := row["sosync_fs_id"].(int64); ok && fs > 0 {
		job["job_source_target_record_id"] = fs
	}
	maps.Copy(job, more)
	c.jobs = append(c.jobs, job)
}

// Jobs takes the jobs that wait, in their order.
func (s *Server) Jobs() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.queue
	s.queue = nil
	return list
}

// Waiting returns how many jobs wait.
func (s *Server) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// deliver hands jobs over until the server is closed.
func (s *Server) deliver() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { <-s.done; cancel() }()
	pause := 10 * time.Millisecond
	for {
		s.mu.Lock()
		var job map[string]any
		if len(s.queue) > 0 {
			job = s.queue[0]
		}
		s.mu.Unlock()
		if job == nil {
			select {
			case <-s.done:
				return
			case <-s.posted:
			}
			continue
		}
		if err := s.options.Deliver(ctx, job); err != nil {
			select {
			case <-s.done:
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, time.Second)
			continue
		}
		pause = 10 * time.Millisecond
		s.mu.Lock()
		s.queue = s.queue[1:] // nobody else takes from a queue that is delivered
		s.mu.Unlock()
	}
}

// PostTo returns a Deliver that posts jobs to the route /job/create of a transfer service.
func PostTo(service, token string) func(context.Context, map[string]any) error {
	client := &http.Client{Timeout: 10 * time.Second}
	return func(ctx context.Context, job map[string]any) error {
		body, err := json.Marshal(job)
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, service+"/job/create", bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(io.LimitReader(answer.Body, 300)) // it only explains
			return fmt.Errorf("the service answered %d: %s", answer.StatusCode, text)
		}
		return nil
	}
}
