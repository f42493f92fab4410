package airtable

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// pages mounts the page that shows the bases to people.
func (s *Server) pages() {
	s.mux.HandleFunc("GET /{$}", s.page)
	s.mux.HandleFunc("GET /bases/{base}/{$}", s.page)
	s.mux.HandleFunc("GET /bases/{base}/{table}", s.page)
}

// The page's content.
type (
	tab struct {
		Name, URL string
		Open      bool
		Records   int
	}
	cell struct {
		Field, Text string
		Kind        string // check, edit or read
		Checked     bool
	}
	line struct {
		Record string
		Number int
		Cells  []cell
	}
	group struct {
		Name  string
		Lines []line
	}
	screen struct {
		Bases, Tables, Views []tab
		Base, Table, Filter  string
		Fields               []*field
		Columns              []string
		Groups               []group
		Shown, Total         int
		Error                string
	}
)

// mostLines is how many records the page shows.
const mostLines = 500

// page shows a table as a grid.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'")
	shown, found := s.screen(r.PathValue("base"), r.PathValue("table"), r.URL.Query().Get("view"))
	if !found {
		http.Error(w, "There is no such base, table or view.", http.StatusNotFound)
		return
	}
	_ = pageTemplate.Execute(w, shown) // the reader may have left
}

// screen returns the content of the page of a base, table and view; empty names mean
// the first.
func (s *Server) screen(baseID, tableName, viewName string) (out screen, found bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.bases[0]
	if baseID != "" {
		if b = s.base(baseID); b == nil {
			return out, false
		}
	}
	for _, one := range s.bases {
		out.Bases = append(out.Bases, tab{Name: one.name, URL: "/bases/" + one.id + "/", Open: one == b})
	}
	out.Base = b.id
	if len(b.tables) == 0 {
		return out, tableName == ""
	}
	t := b.tables[0]
	if tableName != "" {
		if t = b.table(tableName); t == nil {
			return out, false
		}
	}
	for _, one := range b.tables {
		out.Tables = append(out.Tables, tab{Name: one.name, URL: "/bases/" + b.id + "/" + one.id, Open: one == t, Records: len(one.order)})
	}
	view := &t.views[0]
	if viewName != "" {
		if view = t.view(viewName); view == nil {
			return out, false
		}
	}
	for i := range t.views {
		one := &t.views[i]
		out.Views = append(out.Views, tab{Name: one.Name, URL: "/bases/" + b.id + "/" + t.id + "?view=" + one.ID, Open: one == view})
	}
	out.Table, out.Filter, out.Total = t.id, view.FilterByFormula, len(t.order)
	records, err := t.choose(query{View: view.ID})
	if err != nil {
		out.Error = err.Error()
	}
	out.Shown = min(len(records), mostLines)
	out.fill(t, view, records[:out.Shown])
	return out, true
}

// fill writes the records into the grid.
func (out *screen) fill(t *table, view *View, records []*record) {
	for _, f := range t.fields {
		if len(view.Fields) == 0 || named(view.Fields, f) {
			out.Fields, out.Columns = append(out.Fields, f), append(out.Columns, f.name)
		}
	}
	at := map[string]int{}
	for n, r := range records {
		name := ""
		if view.Group != "" {
			name = show(r.value(t.field(view.Group)))
		}
		if _, known := at[name]; !known {
			at[name] = len(out.Groups)
			out.Groups = append(out.Groups, group{Name: name})
		}
		row := line{Record: r.id, Number: n + 1}
		for _, f := range out.Fields {
			value, kind := r.value(f), "edit"
			if f.computed() {
				kind = "read"
			} else if f.kind == "checkbox" {
				kind = "check"
			}
			row.Cells = append(row.Cells, cell{Field: f.id, Text: show(value), Kind: kind, Checked: value == true})
		}
		here := &out.Groups[at[name]]
		here.Lines = append(here.Lines, row)
	}
}

// show is a value as the grid shows it.
func show(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case []string:
		return strings.Join(v, ", ")
	case bool:
		return "✔"
	}
	return fmt.Sprint(value)
}
