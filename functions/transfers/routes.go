package transfers

import (
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
)

// route is an address of the API.
type route struct {
	path     string
	methods  []string
	handle   edge.Handler
	text     bool // answers are texts
	textPost bool // those of POST are
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
		{"/service/status", reading, a.status, false, false},
		{"/service/version", reading, a.version, true, false},
		{"/service/drift", reading, a.drift, false, false},
		{"/service/forcedriftcheck", changing, a.forceDriftCheck, true, false},
		{"/service/processjobs", changing, a.start(a.Worker), true, false},
		{"/service/processprotocol", changing, a.start(a.Protocol), true, false},
		{"/service/quick-check", reading, a.quickCheck, false, false},
		{"/service/threads", []string{http.MethodGet, http.MethodHead, http.MethodPost}, a.threads, false, true},
		{"/job/create", changing, a.create, false, false},
		{"/job/bulk-create", posting, a.bulkCreate, true, false},
		{"/job/tree-create", posting, a.treeCreate, true, false},
		{"/job/info/{id}", reading, a.info, false, false},
		{"/job/list", reading, a.list, false, false},
		{"/job/retryfailed", changing, a.retryFailed, true, false},
		{"/models", reading, a.models, false, false},
		{"/flow/map", reading, a.flowMap, false, false},
		{"/statistic/jobs", reading, a.statistic, false, false},
		{"/statistic/studio/queue", reading, a.queueOf("fs"), false, false},
		{"/statistic/online/queue", reading, a.queueOf("fso"), false, false},
		{"/statistic/studio/flows", reading, a.flowsOf("fs"), false, false},
		{"/statistic/online/flows", reading, a.flowsOf("fso"), false, false},
	}
}
