package edge

import (
	"context"
	"io"
	"log/slog"

	"gitlab.com/eshopbox-team/return-sync/shared/trace"
)

// NewLogger returns a logger that writes one JSON object a line with the field
// names that Cloud Logging understands. project is the Google Cloud project
// that traces belong to; empty leaves the link to the trace out.
func NewLogger(w io.Writer, level slog.Level, project string) *slog.Logger {
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: cloudNames})
	return slog.New(&traced{Handler: h, project: project})
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
		return slog.String("severity", severity(a.Value.Any().(slog.Level)))
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

// traced adds the trace of the context to each record.
type traced struct {
	slog.Handler
	project string
}

// Handle adds the trace and passes the record on.
func (h *traced) Handle(ctx context.Context, r slog.Record) error {
	if id := trace.ID(ctx); id != "" {
		name := id
		if h.project != "" {
			name = "projects/" + h.project + "/traces/" + id
		}
		r.AddAttrs(slog.String("logging.googleapis.com/trace", name))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the trace for loggers made from this one.
func (h *traced) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &traced{Handler: h.Handler.WithAttrs(attrs), project: h.project}
}

// WithGroup keeps the trace for loggers made from this one.
func (h *traced) WithGroup(name string) slog.Handler {
	return &traced{Handler: h.Handler.WithGroup(name), project: h.project}
}
