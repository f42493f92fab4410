package exchange

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange/rest"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The bounds of a page.
const (
	pageSize    = 50
	maxPageSize = 250
	maxPage     = 1_000_000
)

// page is what a caller asks to see of a list.
type page struct{ number, size int }

// offset returns how many items stand before the page.
func (p page) offset() int { return (p.number - 1) * p.size }

// pageOf reads page and pagesize.
func pageOf(c *call) (page, error) {
	p := page{1, pageSize}
	for name, field := range map[string]struct {
		to   *int
		most int
	}{"page": {&p.number, maxPage}, "pagesize": {&p.size, maxPageSize}} {
		text := c.URL.Query().Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return p, fault.New(fault.Invalid, "bad-page", "%s must be a number from 1", name).WithParam(name)
		}
		*field.to = min(n, field.most)
	}
	return p, nil
}

// answer is one page of a list.
type answer struct {
	Data   any         `json:"data"`
	Paging rest.Paging `json:"paging"`
}

// answerOf answers with the items of a page, of which there are total in all.
func answerOf[T any](items []T, p page, total int) answer {
	return answer{Data: append([]T{}, items...), Paging: rest.Paging{Number: p.number, Size: p.size, Total: total}}
}

// cut returns a page of a list that is whole.
func cut[T any](list []T, p page) answer {
	from := min(p.offset(), len(list))
	return answerOf(list[from:min(from+p.size, len(list))], p, len(list))
}

// listed answers with a page of a list, filtered and sorted by the fields of its items:
// filter=f:v,g:v (all have to be equal) and sort=f:asc,g:desc.
func listed[T any](c *call, list []T) (any, error) {
	p, err := pageOf(c)
	if err != nil {
		return nil, err
	}
	query := c.URL.Query()
	list, err = arranged(list, query.Get("filter"), query.Get("sort"))
	if err != nil {
		return nil, err
	}
	return cut(list, p), nil
}

// paged adapts a reader of a whole list.
func paged[K, T any](c *call, read func(context.Context, K) ([]T, error)) func(K) (any, error) {
	return func(k K) (any, error) {
		list, err := read(c.Context(), k)
		if err != nil {
			return nil, err
		}
		return listed(c, list)
	}
}

// item is an item with its fields as JSON has them.
type item[T any] struct {
	value  T
	fields map[string]any
}

// arranged filters and sorts a list.
func arranged[T any](list []T, filter, sort string) ([]T, error) {
	if filter == "" && sort == "" {
		return list, nil
	}
	items := make([]item[T], len(list))
	for i, v := range list {
		data, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		items[i].value = v
		if err := json.Unmarshal(data, &items[i].fields); err != nil {
			return nil, err
		}
	}
	for _, pair := range pairs(filter) {
		items = slices.DeleteFunc(items, func(one item[T]) bool { return !strings.EqualFold(fmt.Sprint(one.fields[pair[0]]), pair[1]) })
	}
	orders := pairs(sort)
	slices.SortStableFunc(items, func(a, b item[T]) int {
		for _, o := range orders {
			way := 1
			if strings.EqualFold(o[1], "desc") {
				way = -1
			}
			if order := compare(a.fields[o[0]], b.fields[o[0]]); order != 0 {
				return way * order
			}
		}
		return 0
	})
	kept := make([]T, len(items))
	for i, one := range items {
		kept[i] = one.value
	}
	return kept, nil
}

// pairs reads f:v,g:v.
func pairs(text string) (list [][2]string) {
	for part := range strings.SplitSeq(text, ",") {
		if name, value, _ := strings.Cut(part, ":"); name != "" {
			list = append(list, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
		}
	}
	return list
}

// compare orders two values of JSON: numbers by value, everything else as text.
func compare(a, b any) int {
	x, xok := a.(float64)
	y, yok := b.(float64)
	if xok && yok {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}
