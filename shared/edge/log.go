package edge

import (
	"context"
	"io"
	"log/slog"
	"runtime"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/trace"
)

// Program describes the program in its log.
type Program struct {
	// Project is the Google Cloud project that traces belong to; empty leaves the
	// link to the trace out.
	Project string
	// Error Reporting groups errors by Service and Version.
	Service, Version string
}

// NewLogger returns a logger that writes one JSON object a line with the field
// names that Cloud Logging understands: severity, trace and span of the context,
// and the attributes entity, run, page and function as labels, by which records are
// found without a search through their text. A record of severity
// ERROR has Error Reporting's form, with the place in the code that wrote it.
func NewLogger(w io.Writer, level slog.Level, p Program) *slog.Logger {
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: cloudNames})
	return slog.New(&cloud{out: h, program: p})
}

// cloudNames renames slog's own fields.
func cloudNames(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.MessageKey:
		a.Key = "message"
	case slog.LevelKey:
		if l, ok := a.Value.Any().(slog.Level); ok {
			return slog.String("severity", severity(l))
		}
	}
	return a
}

// severity names a level as Cloud Logging does.
func severity(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "ERROR"
	case l >= slog.LevelWarn:
		return "WARNING"
	case l >= slog.LevelInfo:
		return "INFO"
	default:
		return "DEBUG"
	}
}

// cloud adds the fields that Cloud Logging reads, always at the top of the object:
// groups are built here and not by the handler below.
type cloud struct {
	out     slog.Handler
	program Program
	labels  []slog.Attr
	groups  []group
}

// group is an open group with its attributes.
type group struct {
	name  string
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (h *cloud) Enabled(ctx context.Context, l slog.Level) bool { return h.out.Enabled(ctx, l) }

// WithAttrs implements slog.Handler.
func (h *cloud) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	if len(h.groups) == 0 {
		c.out, c.labels = h.out.WithAttrs(attrs), append(slices.Clone(h.labels), labelsOf(attrs)...)
		return &c
	}
	c.groups = slices.Clone(h.groups)
	last := &c.groups[len(c.groups)-1]
	last.attrs = append(slices.Clone(last.attrs), attrs...)
	return &c
}

// WithGroup implements slog.Handler.
func (h *cloud) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.groups = append(slices.Clone(h.groups), group{name: name})
	return &c
}

// Handle implements slog.Handler.
func (h *cloud) Handle(ctx context.Context, r slog.Record) error {
	attrs := make([]slog.Attr, 0, r.NumAttrs()+4)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	labels := h.labels
	if len(h.groups) == 0 {
		labels = append(slices.Clip(labels), labelsOf(attrs)...)
	}
	for i := len(h.groups) - 1; i >= 0; i-- {
		g := h.groups[i]
		attrs = []slog.Attr{{Key: g.name, Value: slog.GroupValue(append(slices.Clip(g.attrs), attrs...)...)}}
	}
	if len(labels) > 0 {
		attrs = append(attrs, slog.Attr{Key: "logging.googleapis.com/labels", Value: slog.GroupValue(labels...)})
	}
	attrs = append(attrs, h.traceOf(ctx)...)
	if r.Level >= slog.LevelError {
		attrs = append(attrs, h.report(r.PC)...)
	}
	whole := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	whole.AddAttrs(attrs...)
	return h.out.Handle(ctx, whole)
}

// labelled are the attributes that become labels as well.
var labelled = []string{"entity", "run", "page", "function"}

// labelsOf returns the labels among attributes. A label's value is text.
func labelsOf(attrs []slog.Attr) []slog.Attr {
	var labels []slog.Attr
	for _, a := range attrs {
		if slices.Contains(labelled, a.Key) && a.Value.Kind() != slog.KindGroup {
			labels = append(labels, slog.String(a.Key, a.Value.Resolve().String()))
		}
	}
	return labels
}

// traceOf returns the fields that tie a record to the context's trace.
func (h *cloud) traceOf(ctx context.Context) []slog.Attr {
	id, span, sampled := trace.Parts(ctx)
	if id == "" {
		return nil
	}
	if h.program.Project != "" {
		id = "projects/" + h.program.Project + "/traces/" + id
	}
	return []slog.Attr{
		slog.String("logging.googleapis.com/trace", id),
		slog.String("logging.googleapis.com/spanId", span),
		slog.Bool("logging.googleapis.com/trace_sampled", sampled),
	}
}

// reported marks a record as an error event, whatever its text looks like.
const reported = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"

// report returns the fields that Error Reporting groups errors by.
func (h *cloud) report(pc uintptr) []slog.Attr {
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return []slog.Attr{
		slog.String("@type", reported),
		slog.Group("serviceContext", "service", h.program.Service, "version", h.program.Version),
		slog.Group("context", slog.Group("reportLocation",
			"filePath", frame.File, "lineNumber", frame.Line, "functionName", frame.Function)),
	}
}
