package transfers

import (
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
)

// route is an address of the API.
type route struct {
	path    string
	methods []string
	handle  edge.Handler
	text    bool // answers are texts
}

// The methods of reading, and of routes that change something: callers of old use GET.
var (
	reading  = []string{http.MethodGet, http.MethodHead}
	changing = []string{http.MethodGet, http.MethodPost}
	posting  = []string{http.MethodPost}
)

// routes lists the API.
func (a *API) routes() []route {
	return []route{
		{"/service/status", reading, a.status, false},
		{"/service/version", reading, a.version, true},
		{"/service/drift", reading, a.drift, false},
		{"/service/forcedriftcheck", changing, a.forceDriftCheck, true},
		{"/service/processjobs", changing, a.start(a.Worker), true},
		{"/service/processprotocol", changing, a.start(a.Protocol), true},
		{"/service/quick-check", reading, a.quickCheck, false},
		{"/service/threads", []string{http.MethodGet, http.MethodHead, http.MethodPost}, a.threads, false},
		{"/job/create", changing, a.create, false},
		{"/job/bulk-create", posting, a.bulkCreate, true},
		{"/job/tree-create", posting, a.treeCreate, true},
		{"/job/info/{id}", reading, a.info, false},
		{"/job/list", reading, a.list, false},
		{"/job/retryfailed", changing, a.retryFailed, true},
		{"/models", reading, a.models, false},
		{"/flow/map", reading, a.flowMap, false},
		{"/statistic/jobs", reading, a.statistic, false},
		{"/statistic/studio/queue", reading, a.queueOf("fs"), false},
		{"/statistic/online/queue", reading, a.queueOf("fso"), false},
	}
}
