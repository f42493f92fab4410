package odoo

import (
	"maps"
	"slices"
	"strings"
)

// call is execute_kw.
type call struct {
	*Server
	table  *table
	args   []any
	kwargs map[string]any
	jobs   []map[string]any // that follow if the call succeeds
}

// methods are those of models.
var methods = map[string]func(*call) (any, error){
	"create": (*call).create, "write": (*call).write, "read": (*call).read, "search": (*call).search, "search_read": (*call).searchRead,
	"search_count": (*call).count, "unlink": (*call).unlink, "fields_get": (*call).fieldsGet, "name_get": (*call).nameGet, "fso_merge": (*call).merge,
}

// arg returns a parameter by its place or name.
func (c *call) arg(place int, name string) any {
	if place < len(c.args) {
		return c.args[place]
	}
	return c.kwargs[name]
}

// quiet reports whether the context forbids transfer jobs.
func (c *call) quiet() bool {
	context, _ := c.kwargs["context"].(map[string]any)
	return context["create_sync_job"] == false
}

// records returns the ids of a parameter; each must exist.
func (c *call) records(v any) ([]int64, error) {
	if id, ok := v.(int64); ok {
		v = []any{id}
	}
	list, ok := v.([]any)
	if !ok {
		return nil, raised("TypeError: %#v is no list of ids", v)
	}
	var ids []int64
	for _, one := range list {
		id, ok := one.(int64)
		if !ok {
			return nil, raised("TypeError: %#v is no id", one)
		}
		if c.table.rows[id] == nil {
			return nil, warn("One of the documents you are trying to access has been deleted, please try again after refreshing.")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// values checks the values of a write, and returns the row that it makes.
func (c *call) values(old map[string]any, v any) (map[string]any, bool, error) {
	given, ok := v.(map[string]any)
	if !ok {
		return nil, false, raised("TypeError: %#v are no values", v)
	}
	row, tracked := maps.Clone(old), false
	for _, name := range slices.Sorted(maps.Keys(given)) {
		f, ok := c.table.fields[name]
		if !ok {
			return nil, false, raised("ValueError: Invalid field %q on model %q", name, c.table.Name)
		}
		kept, err := c.accept(c.table, f, old[name], given[name])
		if err != nil {
			return nil, false, err
		}
		row[name] = kept
		tracked = tracked || c.table.tracked(name)
	}
	if c.table.Name == "res.partner" {
		first, _ := row["firstname"].(string)
		last, _ := row["lastname"].(string)
		row["name"] = strings.TrimSpace(first + " " + last)
	}
	now := c.options.Now().UTC()
	row["write_date"] = now.Format(secondsForm)
	tracked = tracked && !c.quiet()
	if tracked {
		row["sosync_write_date"] = now.Format(exactForm)
	}
	return row, tracked, nil
}

// unique refuses a value that another record has.
func (c *call) unique(id int64, row map[string]any) error {
	for _, f := range c.table.Fields {
		if !f.Unique || row[f.Name] == nil {
			continue
		}
		for other, r := range c.table.rows {
			if other != id && r[f.Name] == row[f.Name] {
				return warn("The operation cannot be completed: %s must be unique.", f.Name)
			}
		}
	}
	return nil
}

// create creates a record.
func (c *call) create() (any, error) {
	row, tracked, err := c.values(map[string]any{}, c.arg(0, "vals"))
	if err != nil {
		return nil, err
	}
	for _, f := range c.table.Fields {
		if f.Required && row[f.Name] == nil {
			return nil, warn("The field %s of %s is required.", f.Name, c.table.Name)
		}
	}
	id := c.table.last + 1
	if err := c.unique(id, row); err != nil {
		return nil, err
	}
	c.table.last = id
	row["create_date"] = row["write_date"]
	c.table.rows[id] = row
	if tracked {
		c.post(id, "", nil)
	}
	return id, nil
}

// write changes records.
func (c *call) write() (any, error) {
	ids, err := c.records(c.arg(0, "ids"))
	if err != nil {
		return nil, err
	}
	rows, edited := map[int64]map[string]any{}, []int64{}
	for _, id := range ids {
		row, tracked, err := c.values(c.table.rows[id], c.arg(1, "vals"))
		if err == nil {
			err = c.unique(id, row)
		}
		if err != nil {
			return nil, err
		}
		rows[id] = row
		if tracked {
			edited = append(edited, id)
		}
	}
	maps.Copy(c.table.rows, rows)
	for _, id := range edited {
		c.post(id, "", nil)
	}
	return true, nil
}

// read reads records by their ids.
func (c *call) read() (any, error) {
	ids, err := c.records(c.arg(0, "ids"))
	if err != nil {
		return nil, err
	}
	return c.show(ids, c.arg(1, "fields"))
}

// show returns fields of records.
func (c *call) show(ids []int64, wanted any) (any, error) {
	names, _ := wanted.([]any)
	if len(names) == 0 {
		for name := range c.table.fields {
			names = append(names, name)
		}
	}
	list := []any{}
	for _, id := range ids {
		row := map[string]any{"id": id}
		for _, one := range names {
			name, _ := one.(string)
			if _, ok := c.table.fields[name]; !ok && name != "id" {
				return nil, raised("ValueError: Invalid field %q on model %q", name, c.table.Name)
			} else if ok {
				row[name] = c.shown(c.table, id, name)
			}
		}
		list = append(list, row)
	}
	return list, nil
}

// unlink removes records and empties what refers to them.
func (c *call) unlink() (any, error) {
	ids, err := c.records(c.arg(0, "ids"))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if !c.quiet() && !c.table.Plain {
			c.post(id, "delete", nil)
		}
		c.lead(id, nil)
		delete(c.table.rows, id)
	}
	return true, nil
}

// lead makes what refers to a record refer to another one, or to none.
func (c *call) lead(from int64, to any) {
	for _, t := range c.tables {
		for _, f := range t.Fields {
			if f.Model != c.table.Name {
				continue
			}
			for _, row := range t.rows {
				ids, many := row[f.Name].([]int64)
				switch {
				case many && slices.Contains(ids, from):
					ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return id == from })
					if id, ok := to.(int64); ok && !slices.Contains(ids, id) {
						ids = append(ids, id)
					}
					row[f.Name] = ids
				case row[f.Name] == from:
					row[f.Name] = to
				}
			}
		}
	}
}

// fieldsGet describes the fields.
func (c *call) fieldsGet() (any, error) {
	all := map[string]any{"id": map[string]any{"type": "integer"}}
	for name, f := range c.table.fields {
		d := map[string]any{"type": string(f.Kind), "string": name, "required": f.Required}
		if f.Model != "" {
			d["relation"] = f.Model
		}
		all[name] = d
	}
	return all, nil
}

// nameGet returns the names of records.
func (c *call) nameGet() (any, error) {
	ids, err := c.records(c.arg(0, "ids"))
	list := []any{}
	for _, id := range ids {
		list = append(list, []any{id, c.table.name(id)})
	}
	return list, err
}

// merge makes one record of two.
func (c *call) merge() (any, error) {
	ids, err := c.records([]any{c.arg(0, "remove_id"), c.arg(1, "keep_id")})
	if err != nil {
		return nil, err
	}
	if ids[0] == ids[1] {
		return nil, warn("A record cannot be merged with itself.")
	}
	c.lead(ids[0], ids[1])
	delete(c.table.rows, ids[0])
	return true, nil
}
