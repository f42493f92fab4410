package spapi

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// filter chooses reports of a list.
type filter struct {
	types, states, places []string
	since, until          time.Time
	size                  int
}

// readFilter reads a list's parameters; reason says what is wrong with them.
func readFilter(query url.Values, now time.Time) (f filter, reason string) {
	f = filter{size: 10, since: now.Add(-keep), until: now}
	for name, values := range query {
		value := values[0]
		var ok bool
		switch name {
		case "reportTypes":
			f.types = strings.Split(value, ",")
			ok = len(f.types) <= 10
		case "marketplaceIds":
			f.places = strings.Split(value, ",")
			ok = len(f.places) <= 10
		case "processingStatuses":
			f.states = strings.Split(value, ",")
			ok = !slices.ContainsFunc(f.states, func(s string) bool {
				return !slices.Contains([]string{inQueue, inProgress, isDone, isCancelled, isFatal}, s)
			})
		case "pageSize":
			size, err := strconv.Atoi(value)
			f.size, ok = size, err == nil && size >= 1 && size <= 100
		case "createdSince", "createdUntil":
			at, err := time.Parse(time.RFC3339, value)
			ok = err == nil
			if name == "createdSince" {
				f.since = at
			} else {
				f.until = at
			}
		default: // an unknown parameter
		}
		if !ok {
			return f, "Invalid input in " + name
		}
	}
	if len(f.types) == 0 {
		return f, "reportTypes or nextToken is required"
	}
	return f, ""
}

// takes reports whether the filter chooses a report.
func (f filter) takes(r shown, created time.Time) bool {
	shared := func(place string) bool { return slices.Contains(f.places, place) }
	return slices.Contains(f.types, r.ReportType) &&
		(len(f.states) == 0 || slices.Contains(f.states, r.ProcessingStatus)) &&
		(len(f.places) == 0 || slices.ContainsFunc(r.MarketplaceIDs, shared)) &&
		!created.Before(f.since) && !created.After(f.until)
}
