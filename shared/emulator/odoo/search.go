package odoo

import (
	"cmp"
	"slices"
	"strings"
)

// found returns the ids of the records that a domain, a limit and an order ask for.
func (c *call) found() ([]int64, error) {
	domain, _ := c.arg(0, "args").([]any)
	if named, ok := c.kwargs["domain"].([]any); ok && len(c.args) == 0 {
		domain = named
	}
	var ids []int64
	for _, id := range c.table.ids() {
		ok, err := c.matches(id, domain)
		if err != nil {
			return nil, err
		}
		if ok {
			ids = append(ids, id)
		}
	}
	switch order, _ := c.kwargs["order"].(string); strings.ToLower(order) {
	case "", "id", "id asc":
	case "id desc":
		slices.Reverse(ids)
	default:
		return nil, raised("ValueError: the order %q is not emulated", order)
	}
	if offset, ok := c.kwargs["offset"].(int64); ok {
		ids = ids[min(int(offset), len(ids)):]
	}
	if limit, ok := c.kwargs["limit"].(int64); ok && limit > 0 {
		ids = ids[:min(int(limit), len(ids))]
	}
	return ids, nil
}

// matches reports whether a record fits all conditions.
func (c *call) matches(id int64, domain []any) (bool, error) {
	for _, one := range domain {
		condition, ok := one.([]any)
		if !ok || len(condition) != 3 {
			return false, raised("ValueError: the domain %v is not emulated", domain)
		}
		name, _ := condition[0].(string)
		operator, _ := condition[1].(string)
		if _, known := c.table.fields[name]; !known && name != "id" {
			return false, raised("ValueError: Invalid field %q in leaf %v", name, condition)
		}
		var have any = id
		if name != "id" {
			have = c.table.rows[id][name]
		}
		if ok, err := compare(have, operator, condition[2]); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// compare is one condition.
func compare(have any, operator string, want any) (bool, error) {
	switch operator {
	case "=":
		return equal(have, want), nil
	case "!=":
		return !equal(have, want), nil
	case "in", "not in":
		list, _ := want.([]any)
		in := slices.ContainsFunc(list, func(v any) bool { return equal(have, v) })
		return in == (operator == "in"), nil
	case "like", "ilike":
		a, _ := have.(string)
		b, _ := want.(string)
		if operator == "ilike" {
			a, b = strings.ToLower(a), strings.ToLower(b)
		}
		return strings.Contains(a, b), nil
	case ">", ">=", "<", "<=":
		n, ok := order(have, want)
		return ok && (n > 0 && operator[0] == '>' || n < 0 && operator[0] == '<' || n == 0 && len(operator) == 2), nil
	}
	return false, raised("ValueError: the operator %q is not emulated", operator)
}

// equal compares as the database would: false is empty.
func equal(have, want any) bool {
	if want == false || want == nil {
		return have == nil || have == false || have == ""
	}
	if ids, many := have.([]int64); many {
		id, ok := want.(int64)
		return ok && slices.Contains(ids, id)
	}
	n, ok := order(have, want)
	return have == want || ok && n == 0
}

// order compares numbers, and texts.
func order(a, b any) (int, bool) {
	x, xok := number(a)
	y, yok := number(b)
	if xok && yok {
		return cmp.Compare(x, y), true
	}
	s, sok := a.(string)
	t, tok := b.(string)
	return strings.Compare(s, t), sok && tok
}

// number returns a number.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// search returns ids.
func (c *call) search() (any, error) {
	ids, err := c.found()
	list := []any{}
	for _, id := range ids {
		list = append(list, id)
	}
	return list, err
}

// searchRead returns fields of the records that were found.
func (c *call) searchRead() (any, error) {
	ids, err := c.found()
	if err != nil {
		return nil, err
	}
	return c.show(ids, c.arg(1, "fields"))
}

// count counts.
func (c *call) count() (any, error) {
	ids, err := c.found()
	return int64(len(ids)), err
}
