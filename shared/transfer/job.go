package transfer

import (
	"database/sql/driver"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"time"
)

// Text is a text of a row. An empty text is NULL in the table and null in JSON.
type Text string

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// Value implements driver.Valuer.
func (t Text) Value() (driver.Value, error) {
	if t == "" {
		return nil, nil
	}
	return string(t), nil
}

// Scan implements sql.Scanner.
func (t *Text) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*t = ""
	case string:
		*t = Text(v)
	case []byte:
		*t = Text(v)
	default:
		return fmt.Errorf("a text column holds a %T", v)
	}
	return nil
}

// Job is a row of transfer_job, with the columns' names in JSON and XML. Times are UTC,
// in microseconds; durations are milliseconds.
type Job struct {
	XMLName xml.Name `json:"-" xml:"sosync_job"`

	ID         int64     `json:"job_id" xml:"job_id"`
	ParentID   *int64    `json:"parent_job_id" xml:"parent_job_id,omitempty"`
	RootID     *int64    `json:"-" xml:"-"` // nil for a root
	ParentPath string    `json:"parent_path" xml:"parent_path"`
	Date       time.Time `json:"job_date" xml:"job_date"`
	Priority   int       `json:"job_priority" xml:"job_priority"`
	Fetched    time.Time `json:"job_fetched" xml:"job_fetched"`
	CreatedAt  time.Time `json:"create_date" xml:"create_date"`
	ChangedAt  time.Time `json:"job_last_change" xml:"job_last_change"`

	System            Side       `json:"job_source_system" xml:"job_source_system"`
	Model             string     `json:"job_source_model" xml:"job_source_model"`
	RecordID          int64      `json:"job_source_record_id" xml:"job_source_record_id"`
	Kind              Kind       `json:"job_source_type" xml:"job_source_type,omitempty"`
	KindInfo          Text       `json:"job_source_type_info" xml:"job_source_type_info,omitempty"`
	Fields            Text       `json:"job_source_fields" xml:"job_source_fields,omitempty"`
	WriteDate         *time.Time `json:"job_source_sosync_write_date" xml:"job_source_sosync_write_date,omitempty"`
	TargetID          *int64     `json:"job_source_target_record_id" xml:"job_source_target_record_id,omitempty"`
	MergeIntoID       *int64     `json:"job_source_merge_into_record_id" xml:"job_source_merge_into_record_id,omitempty"`
	TargetMergeIntoID *int64     `json:"job_source_target_merge_into_record_id" xml:"job_source_target_merge_into_record_id,omitempty"`

	State     State      `json:"job_state" xml:"job_state"`
	Start     *time.Time `json:"job_start" xml:"job_start,omitempty"`
	End       *time.Time `json:"job_end" xml:"job_end,omitempty"`
	Runs      int        `json:"job_run_count" xml:"job_run_count"`
	RetryAt   *time.Time `json:"job_retry_at" xml:"job_retry_at,omitempty"`
	ErrorCode Code       `json:"job_error_code" xml:"job_error_code,omitempty"`
	ErrorText Text       `json:"job_error_text" xml:"job_error_text,omitempty"`
	Log       Text       `json:"job_log" xml:"job_log,omitempty"`
	ClosedBy  *int64     `json:"job_closed_by_job_id" xml:"job_closed_by_job_id,omitempty"`
	Duration  *int64     `json:"job_duration" xml:"job_duration,omitempty"`

	ChildStart    *time.Time `json:"child_job_start" xml:"child_job_start,omitempty"`
	ChildEnd      *time.Time `json:"child_job_end" xml:"child_job_end,omitempty"`
	ChildDuration *int64     `json:"child_job_duration" xml:"child_job_duration,omitempty"`

	Trace

	StudioJobID  *int64     `json:"job_fs_id" xml:"job_fs_id,omitempty"`
	OnlineJobID  *int64     `json:"job_fso_id" xml:"job_fso_id,omitempty"`
	ToProtocol   bool       `json:"job_to_fso_can_sync" xml:"job_to_fso_can_sync"`
	ProtocolDate *time.Time `json:"job_to_fso_sync_date" xml:"job_to_fso_sync_date,omitempty"`
	ProtocolSeen *time.Time `json:"job_to_fso_sync_version" xml:"job_to_fso_sync_version,omitempty"`
}

// Trace is what a job saw and sent: the sync columns.
type Trace struct {
	SourceSystem      Text       `json:"sync_source_system" xml:"sync_source_system,omitempty"`
	SourceModel       Text       `json:"sync_source_model" xml:"sync_source_model,omitempty"`
	SourceID          *int64     `json:"sync_source_record_id" xml:"sync_source_record_id,omitempty"`
	SourceMergeIntoID *int64     `json:"sync_source_merge_into_record_id" xml:"sync_source_merge_into_record_id,omitempty"`
	TargetSystem      Text       `json:"sync_target_system" xml:"sync_target_system,omitempty"`
	TargetModel       Text       `json:"sync_target_model" xml:"sync_target_model,omitempty"`
	SyncTargetID      *int64     `json:"sync_target_record_id" xml:"sync_target_record_id,omitempty"`
	SyncMergeIntoID   *int64     `json:"sync_target_merge_into_record_id" xml:"sync_target_merge_into_record_id,omitempty"`
	SourceData        Text       `json:"sync_source_data" xml:"sync_source_data,omitempty"`
	TargetBefore      Text       `json:"sync_target_data_before" xml:"sync_target_data_before,omitempty"`
	TargetAfter       Text       `json:"sync_target_data_after" xml:"sync_target_data_after,omitempty"`
	Request           Text       `json:"sync_target_request" xml:"sync_target_request,omitempty"`
	Answer            Text       `json:"sync_target_answer" xml:"sync_target_answer,omitempty"`
	SyncStart         *time.Time `json:"sync_start" xml:"sync_start,omitempty"`
	SyncEnd           *time.Time `json:"sync_end" xml:"sync_end,omitempty"`
	SyncDuration      *int64     `json:"sync_duration" xml:"sync_duration,omitempty"`
}

// Draft is a job that is not stored yet, with the jobs of records that it refers to.
type Draft struct {
	Job
	Children []Draft
}

// Forced is the job_source_type_info of a job whose direction is forced.
const Forced Text = "forced"

// Forced reports whether the job brings its record to the other side whatever the dates
// are.
func (j Job) Forced() bool { return j.Kind == Replicate && j.KindInfo == Forced }

// String names the job's record for people.
func (j Job) String() string {
	return string(j.System) + " " + j.Model + " " + strconv.FormatInt(j.RecordID, 10)
}

// Log lines and error texts are appended; textLimit bounds each in bytes, so that a row
// stays small whatever happens to it.
const textLimit = 60000

// AddLog appends a line to the job's log.
func (j *Job) AddLog(format string, args ...any) {
	j.Log = appended(j.Log, fmt.Sprintf(format, args...), "\n")
}

// AddError sets the code and appends the text, a blank line before it.
func (j *Job) AddError(code Code, text string) {
	j.ErrorCode, j.ErrorText = code, appended(j.ErrorText, text, "\n\n")
}

// appended joins two texts. Of a text that grows too long the beginning and the newest
// part stay.
func appended(old Text, text, between string) Text {
	if old == "" {
		return Text(cut(text))
	}
	if len(old)+len(between)+len(text) <= textLimit {
		return old + Text(between+text)
	}
	return Text(cut(string(old[:min(len(old), textLimit/4)]))) + Text(between+"...") + Text(between) + Text(cut(text))
}

// cut bounds one text to half the limit, on whole characters.
func cut(text string) string {
	const most = textLimit / 2
	if len(text) <= most {
		return text
	}
	n := most
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}

// Micro returns a time as rows hold it: UTC, in whole microseconds.
func Micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
