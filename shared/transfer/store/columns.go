package store

import (
	"reflect"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// column is a column of transfer_job with the field that holds it.
type column struct {
	name string
	of   func(*transfer.Job) any // a pointer
}

// columns are those of both tables, in one order. claim_token is not among them: no
// reader needs it.
var columns = []column{
	{"job_id", func(j *transfer.Job) any { return &j.ID }},
	{"parent_job_id", func(j *transfer.Job) any { return &j.ParentID }},
	{"root_job_id", func(j *transfer.Job) any { return &j.RootID }},
	{"parent_path", func(j *transfer.Job) any { return &j.ParentPath }},
	{"job_date", func(j *transfer.Job) any { return &j.Date }},
	{"job_priority", func(j *transfer.Job) any { return &j.Priority }},
	{"job_fetched", func(j *transfer.Job) any { return &j.Fetched }},
	{"create_date", func(j *transfer.Job) any { return &j.CreatedAt }},
	{"job_last_change", func(j *transfer.Job) any { return &j.ChangedAt }},
	{"job_source_system", func(j *transfer.Job) any { return &j.System }},
	{"job_source_model", func(j *transfer.Job) any { return &j.Model }},
	{"job_source_record_id", func(j *transfer.Job) any { return &j.RecordID }},
	{"job_source_type", func(j *transfer.Job) any { return &j.Kind }},
	{"job_source_type_info", func(j *transfer.Job) any { return &j.KindInfo }},
	{"job_source_fields", func(j *transfer.Job) any { return &j.Fields }},
	{"job_source_sosync_write_date", func(j *transfer.Job) any { return &j.WriteDate }},
	{"job_source_target_record_id", func(j *transfer.Job) any { return &j.TargetID }},
	{"job_source_merge_into_record_id", func(j *transfer.Job) any { return &j.MergeIntoID }},
	{"job_source_target_merge_into_record_id", func(j *transfer.Job) any { return &j.TargetMergeIntoID }},
	{"job_state", func(j *transfer.Job) any { return &j.State }},
	{"job_start", func(j *transfer.Job) any { return &j.Start }},
	{"job_end", func(j *transfer.Job) any { return &j.End }},
	{"job_run_count", func(j *transfer.Job) any { return &j.Runs }},
	{"job_retry_at", func(j *transfer.Job) any { return &j.RetryAt }},
	{"job_error_code", func(j *transfer.Job) any { return &j.ErrorCode }},
	{"job_error_text", func(j *transfer.Job) any { return &j.ErrorText }},
	{"job_log", func(j *transfer.Job) any { return &j.Log }},
	{"job_closed_by_job_id", func(j *transfer.Job) any { return &j.ClosedBy }},
	{"job_duration", func(j *transfer.Job) any { return &j.Duration }},
	{"child_job_start", func(j *transfer.Job) any { return &j.ChildStart }},
	{"child_job_end", func(j *transfer.Job) any { return &j.ChildEnd }},
	{"child_job_duration", func(j *transfer.Job) any { return &j.ChildDuration }},
	{"sync_source_system", func(j *transfer.Job) any { return &j.SourceSystem }},
	{"sync_source_model", func(j *transfer.Job) any { return &j.SourceModel }},
	{"sync_source_record_id", func(j *transfer.Job) any { return &j.SourceID }},
	{"sync_source_merge_into_record_id", func(j *transfer.Job) any { return &j.SourceMergeIntoID }},
	{"sync_target_system", func(j *transfer.Job) any { return &j.TargetSystem }},
	{"sync_target_model", func(j *transfer.Job) any { return &j.TargetModel }},
	{"sync_target_record_id", func(j *transfer.Job) any { return &j.SyncTargetID }},
	{"sync_target_merge_into_record_id", func(j *transfer.Job) any { return &j.SyncMergeIntoID }},
	{"sync_source_data", func(j *transfer.Job) any { return &j.SourceData }},
	{"sync_target_data_before", func(j *transfer.Job) any { return &j.TargetBefore }},
	{"sync_target_data_after", func(j *transfer.Job) any { return &j.TargetAfter }},
	{"sync_target_request", func(j *transfer.Job) any { return &j.Request }},
	{"sync_target_answer", func(j *transfer.Job) any { return &j.Answer }},
	{"sync_start", func(j *transfer.Job) any { return &j.SyncStart }},
	{"sync_end", func(j *transfer.Job) any { return &j.SyncEnd }},
	{"sync_duration", func(j *transfer.Job) any { return &j.SyncDuration }},
	{"job_fs_id", func(j *transfer.Job) any { return &j.StudioJobID }},
	{"job_fso_id", func(j *transfer.Job) any { return &j.OnlineJobID }},
	{"job_to_fso_can_sync", func(j *transfer.Job) any { return &j.ToProtocol }},
	{"job_to_fso_sync_date", func(j *transfer.Job) any { return &j.ProtocolDate }},
	{"job_to_fso_sync_version", func(j *transfer.Job) any { return &j.ProtocolSeen }},
}

// given are the columns that a draft brings; traced those that a run writes.
var (
	given = subset("parent_job_id", "root_job_id", "parent_path", "job_date", "job_priority",
		"job_source_system", "job_source_model", "job_source_record_id", "job_source_type", "job_source_type_info", "job_source_fields",
		"job_source_sosync_write_date", "job_source_target_record_id", "job_source_merge_into_record_id", "job_source_target_merge_into_record_id", "job_state")
	traced = subset("job_error_code", "job_error_text", "job_log", "child_job_start", "child_job_end", "child_job_duration",
		"sync_source_system", "sync_source_model", "sync_source_record_id", "sync_source_merge_into_record_id",
		"sync_target_system", "sync_target_model", "sync_target_record_id", "sync_target_merge_into_record_id",
		"sync_source_data", "sync_target_data_before", "sync_target_data_after", "sync_target_request", "sync_target_answer", "sync_start", "sync_end", "sync_duration")
)

// subset returns columns by their names.
func subset(names ...string) (list []column) {
	for _, name := range names {
		for _, c := range columns {
			if c.name == name {
				list = append(list, c)
			}
		}
	}
	return list
}

// names returns "a, b, c".
func names(list []column) string {
	all := make([]string, len(list))
	for i, c := range list {
		all[i] = c.name
	}
	return strings.Join(all, ", ")
}

// all are the columns of a SELECT.
var all = names(columns)

// sets returns "a = ?, b = ?" with the values of a job.
func sets(list []column, j *transfer.Job) (string, []any) {
	parts, args := make([]string, len(list)), make([]any, len(list))
	for i, c := range list {
		parts[i], args[i] = c.name+" = ?", value(c.of(j))
	}
	return strings.Join(parts, ", "), args
}

// values returns the values of a job.
func values(list []column, j *transfer.Job) []any {
	args := make([]any, len(list))
	for i, c := range list {
		args[i] = value(c.of(j))
	}
	return args
}

// value returns what a pointer to a field points to, in a type that drivers know; nil
// for none and for an empty Text.
func value(p any) any {
	v := reflect.ValueOf(p).Elem()
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.String {
		if _, text := p.(*transfer.Text); text && v.Len() == 0 {
			return nil
		}
		return v.String()
	}
	return v.Interface()
}

// scanJob reads a row of all columns. The table holds the path of the parents; the job's
// own id ends the path of a Job.
func scanJob(row sqldb.Row) (j transfer.Job, err error) {
	dest := make([]any, len(columns))
	for i, c := range columns {
		dest[i] = c.of(&j)
	}
	err = row.Scan(dest...)
	j.ParentPath += strconv.FormatInt(j.ID, 10) + "/"
	return j, err
}
