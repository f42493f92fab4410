package exchange_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
)

// alter returns a change of the frames with an action.
func alter(action string, change func(f *exchange.Frame) []*exchange.Frame) func([]byte) [][]byte {
	return func(data []byte) [][]byte {
		var f exchange.Frame
		if err := json.Unmarshal(data, &f); err != nil || f.Action != action {
			return [][]byte{data}
		}
		var out [][]byte
		for _, g := range change(&f) {
			encoded, err := g.Encode()
			if err != nil {
				panic(err)
			}
			out = append(out, encoded)
		}
		return out
	}
}

// one is a change of a frame's fields.
func one(change func(f *exchange.Frame)) func(f *exchange.Frame) []*exchange.Frame {
	return func(f *exchange.Frame) []*exchange.Frame {
		change(f)
		return []*exchange.Frame{f}
	}
}

// TestBadPrimaries has a primary break the protocol in every way that is known. Each
// time the old content stays and the error says what was wrong.
func TestBadPrimaries(t *testing.T) {
	foreign := exchange.NewID()
	var page exchange.IDList
	raw := func(text string) func([]byte) [][]byte {
		return func(data []byte) [][]byte {
			if strings.Contains(string(data), `"action":"grains"`) {
				return [][]byte{[]byte(text)}
			}
			return [][]byte{data}
		}
	}
	for name, c := range map[string]struct {
		alter func([]byte) [][]byte
		says  string
	}{
		"stalls before it begins": {alter("begin", func(*exchange.Frame) []*exchange.Frame { return nil }), "no frame came"},
		"stalls in the middle":    {alter("grains", func(*exchange.Frame) []*exchange.Frame { return nil }), "no frame came"},
		"begins with another":     {alter("begin", one(func(f *exchange.Frame) { f.Action = "hello" })), "not begin"},
		"is too old":              {alter("begin", one(func(f *exchange.Frame) { f.Begin.Version = 0 })), "too old"},
		"has no limits":           {alter("begin", one(func(f *exchange.Frame) { f.Begin.MaxGrains = 0 })), "no limits"},
		"lies about the hash":     {alter("slice", one(func(f *exchange.Frame) { f.State.Hash, f.State.Digest = strings.Repeat("0", 40), "" })), "do not match"},
		"lies about the digest":   {alter("slice", one(func(f *exchange.Frame) { f.State.Digest = strings.Repeat("0", 64) })), "do not match"},
		"states too few":          {alter("slice", one(func(f *exchange.Frame) { f.State.Count = 1 })), "do not match"},
		"states too many":         {alter("slice", one(func(f *exchange.Frame) { f.State.Count = 1 << 40 })), "at most"},
		"states a negative count": {alter("slice", one(func(f *exchange.Frame) { f.State.Count = -1 })), "at most"},
		"has no state":            {alter("slice", one(func(f *exchange.Frame) { f.State = nil })), "no state"},
		"lists ids for ever":      {alter("ids", one(func(f *exchange.Frame) { f.More = true })), "empty and not the last"},
		"lists one page for ever": {alter("ids", one(func(f *exchange.Frame) {
			if f.More = true; page == nil {
				page = f.IDs
			}
			f.IDs = page
		})), "do not match"},
		"pages of nothing":         {alter("ids", one(func(f *exchange.Frame) { f.More, f.IDs = true, nil })), "empty and not the last"},
		"lists an id twice":        {alter("ids", one(func(f *exchange.Frame) { f.IDs[1] = f.IDs[0] })), "ascending"},
		"sends a foreign grain":    {alter("grains", one(func(f *exchange.Frame) { f.Grains[0].SliceID = foreign })), "another slice"},
		"sends what nobody wants":  {alter("grains", one(func(f *exchange.Frame) { f.Grains[0].ID = foreign })), "not asked for"},
		"sends a grain twice":      {alter("grains", one(func(f *exchange.Frame) { f.Grains = append(f.Grains, f.Grains[0]) })), "came twice"},
		"leaves a grain out":       {alter("grains", one(func(f *exchange.Frame) { f.Grains = f.Grains[1:] })), "do not match"},
		"lies about a length":      {alter("grains", one(func(f *exchange.Frame) { f.Grains[0].PayloadLen++ })), "as long as it says"},
		"changes an encoding":      {alter("grains", one(func(f *exchange.Frame) { f.Grains[0].Encoding = "rot13" })), "encoding must be"},
		"gives two grains one key": {alter("grains", one(func(f *exchange.Frame) { f.Grains[0].Key = f.Grains[1].Key })), "one grain_key"},
		"sends empty frames for ever": {alter("grains", func(f *exchange.Frame) []*exchange.Frame {
			return []*exchange.Frame{{Action: "grains", ID: f.ID, More: true}, f}
		}), "empty and not the last"},
		"begins with a later part": {alter("grains", one(func(f *exchange.Frame) { f.Part = &exchange.Part{Text: "x"} })), "out of order"},
		"sends parts without end": {alter("grains", func(f *exchange.Frame) []*exchange.Frame {
			g := f.Grains[0]
			g.PayloadLen = 3
			part := func(head *exchange.Grain) *exchange.Frame {
				return &exchange.Frame{Action: "grains", ID: f.ID, Part: &exchange.Part{Grain: head, Text: "xx"}, More: true}
			}
			return []*exchange.Frame{part(&g), part(nil), part(nil), part(nil)}
		}), "as long as it says"},
		"sends an oversize grain": {alter("grains", func(f *exchange.Frame) []*exchange.Frame {
			g := f.Grains[0]
			g.PayloadLen = exchange.MaxPayload + 1
			return []*exchange.Frame{{Action: "grains", ID: f.ID, Part: &exchange.Part{Grain: &g, Text: "x"}, More: true}}
		}), "larger than"},
		"lets the last part out": {alter("grains", func(f *exchange.Frame) []*exchange.Frame {
			g := f.Grains[0]
			g.PayloadLen = 9
			return []*exchange.Frame{{Action: "grains", ID: f.ID, Part: &exchange.Part{Grain: &g, Text: "x"}}}
		}), "last part is missing"},
		"answers another request": {alter("ids", one(func(f *exchange.Frame) { f.ID += 7 })), "was awaited"},
		"answers another action":  {alter("ids", one(func(f *exchange.Frame) { f.Action = "slice" })), "in answer to"},
		"fails without a reason":  {alter("ids", one(func(f *exchange.Frame) { f.Action = "error" })), "without a reason"},
		"refuses":                 {alter("ids", one(func(f *exchange.Frame) { f.Action, f.Error = "error", &exchange.Problem{Message: "not today"} })), "not today"},
		"sends no JSON":           {raw("{"), "cannot be read"},
		"sends a number":          {raw("7"), "cannot be read"},
		"sends an oversize frame": {raw(strings.Repeat(" ", exchange.MaxFrame+1)), "cannot be read"},
		"lists a subscription twice": {alter("subscriptions", one(func(f *exchange.Frame) { f.Subscriptions = append(f.Subscriptions, f.Subscriptions[0]) })),
			"twice"},
		"lists one without a slice":           {alter("subscriptions", one(func(f *exchange.Frame) { f.Subscriptions[0].Slice = nil })), "without id or slice"},
		"lists one of no type":                {alter("subscriptions", one(func(f *exchange.Frame) { f.Subscriptions[0].Slice.Type = "x" })), "slice_type"},
		"lists a name that drives a terminal": {alter("subscriptions", one(func(f *exchange.Frame) { f.Subscriptions[0].Name = "rotors\x1b[2J" })), "no control characters"},
		"lists a slice's name of two lines":   {alter("subscriptions", one(func(f *exchange.Frame) { f.Subscriptions[0].Slice.Name = "rotors\nall is well" })), "no control characters"},
		"lists subscriptions for nothing":     {alter("subscriptions", one(func(f *exchange.Frame) { f.Subscriptions, f.More = nil, true })), "does not end"},
	} {
		t.Run(name, func(t *testing.T) {
			w := exchangetest.NewWorld(t, exchangetest.NewMemory(), exchangetest.NewMemory())
			sub := w.Publish("rotors", 20, 40)
			w.Sync(false)
			before := w.Content(sub.SliceID)
			w.Must(w.Primary.AddGrains(t.Context(), sub.SliceID, exchangetest.Grains(sub.SliceID, 100, 10, 40), false))
			w.PrimaryEnd = func(e *exchangetest.End) { e.Alter = c.alter }
			if strings.HasPrefix(name, "stalls") {
				w.Patient = 20 * time.Millisecond
			}
			r := w.Sync(false)
			text := r.Error
			for _, result := range r.Results {
				text += result.Error
			}
			if r.OK() || !strings.Contains(text, c.says) {
				t.Errorf("%q does not say %q", text, c.says)
			}
			if w.Content(sub.SliceID) != before {
				t.Error("the content changed")
			}
			w.PrimaryEnd, w.Patient = nil, 0
			if r := w.Sync(false); !r.OK() {
				t.Errorf("afterwards: %+v", r)
			}
			w.Same(sub.SliceID)
		})
	}
}

// TestBadSecondaries has a secondary break the protocol. The primary answers what can
// be answered and ends the session otherwise.
func TestBadSecondaries(t *testing.T) {
	for name, c := range map[string]struct {
		frames []string
		says   string // in the last answer; empty: the session ends
	}{
		"no JSON":              {[]string{"{"}, ""},
		"no action":            {[]string{`{"id":1}`}, ""},
		"an id below the last": {[]string{`{"action":"subscriptions","id":2}`, `{"action":"subscriptions","id":1}`}, ""},
		"an unknown action":    {[]string{`{"action":"dance","id":1,"step":2}`}, "unknown-action"},
		"an unknown field":     {[]string{`{"action":"subscriptions","id":1,"later":{"a":[1]}}`}, `"subscriptions"`},
		"no slice":             {[]string{`{"action":"ids","id":1}`}, "bad-frame"},
		"a foreign slice":      {[]string{`{"action":"ids","id":1,"slice":"2bea8308-1840-4802-ad38-72b53e31594c"}`}, "no-access"},
		"done without outcome": {[]string{`{"action":"done","id":1}`}, "bad-frame"},
		"done of a foreign subscription": {[]string{
			`{"action":"done","id":1,"done":{"subscription":"2bea8308-1840-4802-ad38-72b53e31594c","slice":"2bea8308-1840-4802-ad38-72b53e31594c"}}`}, "no-access"},
		"ids that are cut": {[]string{`{"action":"grains","id":1,"ids":"AAAA"}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := exchangetest.NewWorld(t, exchangetest.NewMemory(), exchangetest.NewMemory())
			w.Publish("rotors", 3, 40)
			here, there := exchangetest.Pipe()
			served := make(chan error, 1)
			go func() {
				p := &exchange.Primary{Server: w.Publisher.ID, Catalog: w.Primary, Content: w.Primary, Journal: w.Primary, Log: quiet}
				served <- p.Serve(t.Context(), there, w.Receiver.ID, time.Now())
				there.Close()
			}()
			if _, err := here.Receive(t.Context()); err != nil { // begin
				t.Fatal(err)
			}
			var answer []byte
			for _, frame := range c.frames {
				w.Must(here.Send(t.Context(), []byte(frame)))
				answer, _ = here.Receive(t.Context())
			}
			if (c.says == "") != (answer == nil) || !strings.Contains(string(answer), c.says) {
				t.Errorf("answered %q, want %q", answer, c.says)
			}
			here.Close()
			if err := <-served; (err != nil) != (c.says == "") {
				t.Errorf("the session ended with %v", err)
			}
		})
	}
}

// TestAForeignSliceIsNotRead asks for everything of a slice that is another company's, and
// of one that does not exist: the answers are alike.
func TestAForeignSliceIsNotRead(t *testing.T) {
	w := exchangetest.NewWorld(t, exchangetest.NewMemory(), exchangetest.NewMemory())
	w.Publish("rotors", 3, 40)
	foreign := exchange.Slice{ID: exchange.NewID(), Name: "secret", Type: exchange.DefaultType, AllowSync: true}
	other := exchange.Company{ID: exchange.NewID(), Name: "other", Active: true}
	w.Must(w.Primary.CreateCompany(t.Context(), other))
	w.Must(w.Primary.CreateSlice(t.Context(), foreign))
	grains := exchangetest.Grains(foreign.ID, 0, 3, 40)
	w.Must(w.Primary.AddGrains(t.Context(), foreign.ID, grains, false))
	theirs := exchange.Subscription{ID: exchange.NewID(), SliceID: foreign.ID, CompanyID: other.ID, Name: "secret", Active: true}
	w.Must(w.Primary.CreateSubscription(t.Context(), theirs))
	here, there := exchangetest.Pipe()
	go func() {
		p := &exchange.Primary{Server: w.Publisher.ID, Catalog: w.Primary, Content: w.Primary, Journal: w.Primary, Log: quiet}
		_ = p.Serve(t.Context(), there, w.Receiver.ID, time.Now())
	}()
	peer, err := exchange.Open(t.Context(), here, time.Minute)
	w.Must(err)
	list, err := peer.Subscriptions(t.Context(), false)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	ids := []exchange.ID{grains[0].ID, grains[1].ID}
	answers := map[exchange.ID][]string{}
	for _, slice := range []exchange.ID{foreign.ID, exchange.NewID()} {
		_, state := peer.State(t.Context(), slice)
		_, pieces := peer.Pieces(t.Context(), slice, exchange.Whole, 3)
		_, _, listed := peer.IDs(t.Context(), slice, exchange.Whole)
		read := peer.Grains(t.Context(), slice, ids, func(g exchange.Grain) error {
			t.Errorf("a grain came: %+v", g)
			return nil
		})
		done := peer.Done(t.Context(), exchange.Done{Subscription: theirs.ID, Slice: slice, OK: true})
		for _, err := range []error{state, pieces, listed, read, done} {
			if err == nil || exchange.Broken(err) {
				t.Fatalf("%v", err)
			}
			answers[slice] = append(answers[slice], err.Error())
		}
	}
	for slice, texts := range answers {
		if !slices.Equal(texts, answers[foreign.ID]) {
			t.Errorf("%s: %q, not as a foreign slice: %q", slice, texts, answers[foreign.ID])
		}
	}
	// Grains of a foreign slice do not come by way of the own one either.
	err = peer.Grains(t.Context(), list[0].SliceID, ids, func(g exchange.Grain) error {
		t.Errorf("a grain came: %+v", g)
		return nil
	})
	w.Must(err)
	here.Close()
}

// TestAKeyTwiceInAChangingSlice has a grain come with the key of another while the slice
// changes on the primary, as when a grain got new content between two lists of ids. The
// slice is read again, and nothing is said against the primary.
func TestAKeyTwiceInAChangingSlice(t *testing.T) {
	w := exchangetest.NewWorld(t, exchangetest.NewMemory(), exchangetest.NewMemory())
	sub := w.Publish("rotors", 20, 40)
	w.Sync(false)
	w.Must(w.Primary.AddGrains(t.Context(), sub.SliceID, exchangetest.Grains(sub.SliceID, 100, 10, 40), false))
	changes := 0
	w.PrimaryEnd = func(e *exchangetest.End) {
		e.Alter = alter("grains", one(func(f *exchange.Frame) {
			if changes++; changes == 1 {
				f.Grains[0].Key = f.Grains[1].Key
				w.Must(w.Primary.AddGrains(t.Context(), sub.SliceID, exchangetest.Grains(sub.SliceID, 200, 10, 40), false))
			}
		}))
	}
	for _, result := range w.Sync(false).Results {
		if result.Error != "" || result.Outcome != exchange.OutcomeSynced || result.Count != 40 {
			t.Errorf("%+v", result)
		}
	}
	if changes < 2 {
		t.Errorf("the grains were asked for %d times; want again", changes)
	}
}
