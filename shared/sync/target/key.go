package target

import (
	"strconv"
	"strings"
)

// Key names a target, or the lane of a job beside it. Its text stands in our
// tables, in tasks and in logs:
//
//	returns          the first target of the entity returns
//	returns~3        target 3 of the entity returns
//	RETURN_JOB~3     the same target by its job type
//	RETURN_JOB~3#12  the lane of job 12 on that target
type Key struct {
	Base string // an entity's name or a job type
	ID   int64  // of the target; 0 for the entity's first
	Job  int64  // whose lane it is; 0 for the target's own syncs
}

// The marks between the parts of a key. No entity's name and no job type has them.
const (
	idMark  = "~"
	jobMark = "#"
)

// Parse reads the text of a key. Every text is one: a part that is no number
// belongs to Base.
func Parse(text string) Key {
	base, job := cutNumber(text, jobMark)
	base, id := cutNumber(base, idMark)
	return Key{Base: base, ID: id, Job: job}
}

// cutNumber cuts a number and the mark before it off the end of a text; the number
// is 0 if there is none.
func cutNumber(text, mark string) (string, int64) {
	at := strings.LastIndex(text, mark)
	if at < 1 {
		return text, 0
	}
	n, err := strconv.ParseInt(text[at+len(mark):], 10, 64)
	if err != nil || n < 1 {
		return text, 0
	}
	return text[:at], n
}

// String returns the key's text.
func (k Key) String() string {
	text := k.Base
	if k.ID != 0 {
		text += idMark + strconv.FormatInt(k.ID, 10)
	}
	if k.Job != 0 {
		text += jobMark + strconv.FormatInt(k.Job, 10)
	}
	return text
}

// First reports whether the key names an entity's first target.
func (k Key) First() bool { return k.ID == 0 }

// FollowLane returns the job type of the claim of roots runs (package follow) beside this
// target.
func (k Key) FollowLane() string { return k.String() + jobMark + "follow" }

// Lane returns the key of the lane of a job beside this target.
func (k Key) Lane(job int64) Key {
	k.Job = job
	return k
}
